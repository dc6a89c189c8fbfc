/* What can be proved of rules before they run: two that may write different values to one field, in no declared order; and
 * rules that can never run. Says nothing where it is not sure. */
#include "dsl/compiler/claims.h"

/* In all: beyond them the proof is left out, not the pack. */
enum { PAIR_LIMIT = 200000, SEARCH_LIMIT = 5000 };

/* A field that a rule sets on a record which the event itself leads to. */
struct claimed_write {
	uint32_t rule;
	struct text key;   /* event, path and field */
	struct text field; /* as the author wrote it */
	struct text value; /* with `$` for the alias */
	claim_list claims;
	struct span span;
};

typedef LIST(struct claimed_write) write_list;

struct analysis {
	struct compiler *compiler;
	struct map groups;   /* key -> write_list */
	struct map numbers;  /* rule's name -> its number + 1 */
	struct map reported; /* pairs */
	LIST(struct text) keys;
	claim_list *guards; /* by rule */
	uint32_t pairs, searches;
	uint8_t *later, *earlier; /* by rule, while two are compared */
	uint32_t *work;
	bool *broken; /* by rule: a mistake was found in it */
};

/* --- what a rule writes */
static struct claim_place place_of(const struct analysis *analysis, uint32_t rule)
{
	struct compiler *compiler = analysis->compiler;
	const struct rule *owner = &compiler->rules.items[rule];
	return (struct claim_place){.compiler = compiler,
				    .file = compiler->rule_sources.items[rule].file,
				    .alias = owner->alias,
				    .type = event_value_type(compiler, owner->event)};
}

static void write_add(struct analysis *analysis, uint32_t rule, const struct syntax *set, const struct syntax *assignment,
		      const claim_list *claims)
{
	struct compiler *compiler = analysis->compiler;
	const struct rule *owner = &compiler->rules.items[rule];
	struct claim_place place = place_of(analysis, rule);
	uint32_t file = place.file;
	const struct syntax *target = syntax_named(set, 0), *name = syntax_with_role(assignment, ROLE_name);
	const struct syntax *value = syntax_value(assignment);
	struct text path = claim_text(&place, target), word = syntax_text(compiler, file, name);
	if (!value || path.bytes[0] != '$' || (path.length > 1 && path.bytes[1] != '.'))
		return;
	struct claimed_write write = {
		.rule = rule,
		.key = text_format(compiler->arena, "%u %.*s.%.*s", owner->event->index, TEXT_ARGS(path), TEXT_ARGS(word)),
		.field = text_format(compiler->arena, "%.*s.%.*s", TEXT_ARGS(syntax_text(compiler, file, target)),
				     TEXT_ARGS(word)),
		.value = claim_text(&place, value),
		.span = span_in(file, name)};
	for (uint32_t i = 0; i < claims->count; i++)
		*list_add(compiler->arena, &write.claims) = claims->items[i];
	write_list *group = map_get(&analysis->groups, write.key);
	if (!group) {
		group = arena_new(compiler->arena, write_list);
		map_put(&analysis->groups, write.key, group);
		*list_add(compiler->arena, &analysis->keys) = write.key;
	}
	*list_add(compiler->arena, group) = write;
}

/* Only what surely happens when the claims hold: nothing behind `else`, in loops, or after a `stop`. False at a `stop`. */
static bool body_walk(struct analysis *analysis, uint32_t rule, const struct syntax *statement, claim_list *claims)
{
	if (statement->kind == SYNTAX_block) {
		for (each_child (child, statement))
			if (!body_walk(analysis, rule, child, claims))
				return false;
	} else if (statement->kind == SYNTAX_set) {
		for (each_child (child, syntax_child(statement, SYNTAX_record)))
			if (child->kind == SYNTAX_assignment)
				write_add(analysis, rule, statement, child, claims);
	} else if (statement->kind == SYNTAX_if) {
		struct claim_place place = place_of(analysis, rule);
		uint32_t before = claims->count;
		claims_add(&place, syntax_named(statement, 0), claims);
		body_walk(analysis, rule, syntax_child(statement, SYNTAX_block), claims);
		claims->count = before;
	}
	return statement->kind != SYNTAX_stop && statement->kind != SYNTAX_fail;
}

static void rule_walk(struct analysis *analysis, uint32_t rule)
{
	struct compiler *compiler = analysis->compiler;
	const struct rule_source *source = &compiler->rule_sources.items[rule];
	const struct syntax *when = syntax_child(source->body, SYNTAX_when), *then = syntax_child(source->body, SYNTAX_then);
	struct claim_place place = place_of(analysis, rule);
	claim_list claims = {0};
	if (when && syntax_value(when))
		claims_add(&place, syntax_value(when), &claims);
	analysis->guards[rule] = claims;
	const struct syntax *body = then ? syntax_named(then, 0) : NULL;
	if (body)
		body_walk(analysis, rule, body, &claims);
}

/* --- declared order: does `from` say, through others or not, that `to` comes before or after it? */
static uint32_t number_of(struct analysis *analysis, uint32_t file, const struct syntax *target)
{
	struct compiler *compiler = analysis->compiler;
	struct text name = syntax_text(compiler, file, target);
	const struct declaration *found = name_find(compiler, SPACE_RULE, compiler->inputs[file].module, name);
	int64_t dot = text_find(name, TEXT("."));
	if (!found && dot >= 0) /* behind a pack's name; rule_order.c has checked it */
		found = name_find(compiler, SPACE_RULE, compiler->inputs[file].module,
				  text_slice(name, (uint32_t)dot + 1, name.length));
	return found ? (uint32_t)(uintptr_t)map_get(&analysis->numbers, found->name) : 0;
}

/* Marks the rule and all that it says it comes before (or after), on and on. A worklist, for chains may be as long as the pack.
 */
static void reach(struct analysis *analysis, uint32_t rule, bool before, uint8_t *seen)
{
	struct compiler *compiler = analysis->compiler;
	uint32_t count = 0;
	memset(seen, 0, compiler->rules.count);
	analysis->work[count++] = rule;
	seen[rule] = 1;
	while (count) {
		const struct rule_source *source = &compiler->rule_sources.items[analysis->work[--count]];
		for (each_child (item, source->body)) {
			if (item->kind != SYNTAX_order || syntax_has_word(compiler, source->file, item, "before") != before)
				continue;
			for (each_child (target, item)) {
				uint32_t number =
					target->kind == SYNTAX_dotted_name ? number_of(analysis, source->file, target) : 0;
				if (number && !seen[number - 1]) {
					seen[number - 1] = 1;
					analysis->work[count++] = number - 1;
				}
			}
		}
	}
}

/* `a before x` and `b after x` meet in x; so do longer chains. */
static bool is_ordered(struct analysis *analysis, uint32_t a, uint32_t b)
{
	const struct compiler *compiler = analysis->compiler;
	if (compiler->rule_sources.items[a].declaration->layer != compiler->rule_sources.items[b].declaration->layer ||
	    analysis->searches++ > SEARCH_LIMIT)
		return true;
	for (int way = 0; way < 2; way++) {
		reach(analysis, way ? b : a, true, analysis->later);
		reach(analysis, way ? a : b, false, analysis->earlier);
		for (uint32_t i = 0; i < compiler->rules.count; i++)
			if (analysis->later[i] && analysis->earlier[i])
				return true;
	}
	return false;
}

/* --- conflicts */
static bool dates_apart(const struct rule *a, const struct rule *b)
{
	return (a->valid_until != DATE_OPEN && b->valid_from != DATE_OPEN && a->valid_until <= b->valid_from) ||
	       (b->valid_until != DATE_OPEN && a->valid_from != DATE_OPEN && b->valid_until <= a->valid_from);
}

/* What an event looks like for which both run: the claims of both, each once. */
static struct text witness(struct analysis *analysis, const struct claimed_write *a, const struct claimed_write *b)
{
	struct text_builder builder = {.arena = analysis->compiler->arena};
	struct map seen = map_in(analysis->compiler->arena);
	const claim_list *lists[2] = {&a->claims, &b->claims};
	uint32_t shown = 0;
	for (int l = 0; l < 2; l++)
		for (uint32_t i = 0; i < lists[l]->count && shown < 6; i++)
			if (!map_put(&seen, lists[l]->items[i].source, (void *)a))
				builder_format(&builder, "%s%.*s", shown++ ? " and " : " where ",
					       TEXT_ARGS(lists[l]->items[i].source));
	return builder_text(&builder);
}

static void conflict_report(struct analysis *analysis, const struct claimed_write *a, const struct claimed_write *b)
{
	struct compiler *compiler = analysis->compiler;
	const struct rule *first = &compiler->rules.items[a->rule], *second = &compiler->rules.items[b->rule];
	struct text pair = text_format(compiler->arena, "%u %u", a->rule, b->rule), sample = witness(analysis, a, b);
	if (map_put(&analysis->reported, pair, (void *)a))
		return;
	struct diagnostic *diagnostic = diagnostic_add(
		compiler->diagnostics, DIAGNOSTIC_RULES_CONFLICT, b->span,
		"`%.*s` and `%.*s` may both run for one %.*s%.*s, and write different values to `%.*s`", TEXT_ARGS(first->name),
		TEXT_ARGS(second->name), TEXT_ARGS(first->event->name), TEXT_ARGS(sample), TEXT_ARGS(b->field));
	diagnostic->hint = text_format(compiler->arena, "say in `%.*s` which comes first: `after %.*s` or `before %.*s`",
				       TEXT_ARGS(second->name), TEXT_ARGS(first->name), TEXT_ARGS(first->name));
	diagnostic->other = a->span;
}

static void pair_check(struct analysis *analysis, const struct claimed_write *a, const struct claimed_write *b)
{
	const struct compiler *compiler = analysis->compiler;
	if (a->rule == b->rule || text_equal(a->value, b->value) || claims_disjoint(&a->claims, &b->claims) ||
	    dates_apart(&compiler->rules.items[a->rule], &compiler->rules.items[b->rule]) ||
	    is_ordered(analysis, a->rule, b->rule))
		return;
	if (a->rule < b->rule)
		conflict_report(analysis, a, b);
	else
		conflict_report(analysis, b, a);
}

/* Rules that ask one path for different constants never meet. In a large group only those are compared that may: the writes
 * that ask the group's commonest path for the same constant, and those that ask it for none. */
static const struct claim *single_value(const struct claimed_write *write, struct text path)
{
	for (uint32_t i = 0; i < write->claims.count; i++) {
		const struct claim *claim = &write->claims.items[i];
		if (claim->kind == CLAIM_VALUES && !claim->not_these && claim->count == 1 &&
		    (!path.length || text_equal(claim->path, path)))
			return claim;
	}
	return NULL;
}

static struct text commonest_path(struct analysis *analysis, const write_list *group)
{
	struct map counts = map_in(analysis->compiler->arena);
	struct text best = {0};
	uintptr_t most = 0;
	for (uint32_t i = 0; i < group->count; i++) {
		const struct claim *claim = single_value(&group->items[i], (struct text){0});
		if (!claim)
			continue;
		uintptr_t count = (uintptr_t)map_get(&counts, claim->path) + 1;
		map_put(&counts, claim->path, (void *)count);
		if (count > most) {
			most = count;
			best = claim->path;
		}
	}
	return best;
}

static void pairs_check(struct analysis *analysis, const write_list *first, const write_list *second)
{
	for (uint32_t i = 0; i < first->count; i++)
		for (uint32_t k = first == second ? i + 1 : 0; k < second->count && analysis->pairs < PAIR_LIMIT;
		     k++, analysis->pairs++)
			pair_check(analysis, &first->items[i], &second->items[k]);
}

static void group_check(struct analysis *analysis, const write_list *group)
{
	struct arena *arena = analysis->compiler->arena;
	struct text path = commonest_path(analysis, group);
	struct map buckets = map_in(arena);
	LIST(write_list *) all = {0};
	write_list open = {0};
	for (uint32_t i = 0; i < group->count; i++) {
		const struct claim *claim = path.length ? single_value(&group->items[i], path) : NULL;
		write_list *bucket = claim ? map_get(&buckets, claim->values[0]) : &open;
		if (!bucket) {
			bucket = arena_new(arena, write_list);
			map_put(&buckets, claim->values[0], bucket);
			*list_add(arena, &all) = bucket;
		}
		*list_add(arena, bucket) = group->items[i];
	}
	pairs_check(analysis, &open, &open);
	for (uint32_t i = 0; i < all.count; i++) {
		pairs_check(analysis, all.items[i], all.items[i]);
		pairs_check(analysis, &open, all.items[i]);
	}
}

static void conflicts_find(struct analysis *analysis)
{
	for (uint32_t i = 0; i < analysis->keys.count; i++)
		group_check(analysis, map_get(&analysis->groups, analysis->keys.items[i]));
}

/* --- rules that can never run */
static bool is_warned_without_threshold(const struct compiler *compiler, const struct event_kind *event)
{
	for (uint32_t i = 0; i < compiler->clocks.count; i++)
		if (compiler->clocks.items[i].warned == event)
			return !compiler->clocks.items[i].warn_count;
	return false;
}

static void dead_find(struct analysis *analysis, uint32_t rule)
{
	struct compiler *compiler = analysis->compiler;
	const struct rule *dead = &compiler->rules.items[rule];
	if (claims_disjoint(&analysis->guards[rule], &analysis->guards[rule]))
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_DEAD_RULE, dead->span,
			       "`%.*s` can never run: the conditions behind `when` contradict each other",
			       TEXT_ARGS(dead->name));
	else if (is_warned_without_threshold(compiler, dead->event))
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_DEAD_RULE, dead->span,
			       "`%.*s` can never run: the clock has no `warn at`, so it never raises %.*s",
			       TEXT_ARGS(dead->name), TEXT_ARGS(dead->event->name));
}

/* What is said of half a rule would be a second message for one mistake. */
static void broken_find(struct analysis *analysis)
{
	const struct compiler *compiler = analysis->compiler;
	for (uint32_t d = 0; d < compiler->diagnostics->items.count; d++) {
		const struct diagnostic *diagnostic = &compiler->diagnostics->items.items[d];
		for (uint32_t i = 0; i < compiler->rules.count; i++) {
			const struct rule_source *source = &compiler->rule_sources.items[i];
			analysis->broken[i] |= diagnostic->span.file == source->file &&
					       diagnostic->span.start >= source->body->start &&
					       diagnostic->span.start < source->body->end;
		}
	}
}

void analyse(struct compiler *compiler)
{
	uint32_t count = compiler->rules.count;
	if (!count)
		return;
	struct analysis analysis = {.compiler = compiler,
				    .groups = map_in(compiler->arena),
				    .numbers = map_in(compiler->arena),
				    .reported = map_in(compiler->arena)};
	analysis.guards = arena_array(compiler->arena, claim_list, count);
	analysis.later = arena_array(compiler->arena, uint8_t, count);
	analysis.earlier = arena_array(compiler->arena, uint8_t, count);
	analysis.work = arena_array(compiler->arena, uint32_t, count);
	analysis.broken = arena_array(compiler->arena, bool, count);
	for (uint32_t i = 0; i < count; i++)
		map_put(&analysis.numbers, compiler->rules.items[i].name, (void *)(uintptr_t)(i + 1));
	broken_find(&analysis);
	for (uint32_t i = 0; i < count; i++)
		if (!analysis.broken[i])
			rule_walk(&analysis, i);
	conflicts_find(&analysis);
	for (uint32_t i = 0; i < count; i++)
		if (!analysis.broken[i])
			dead_find(&analysis, i);
}
