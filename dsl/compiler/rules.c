/* Rules: their parts, each once; what later layers override or disable; and what each reads, writes and raises. Which rule runs
 * first is rule_order.c, which one is tried at all index_build.c. */
#include "dsl/compiler/internal.h"

#include <stdlib.h>

/* The parts of one rule's braces, by kind. */
struct rule_parts {
	const struct syntax *on, *when, *dedupe, *once, *at_most, *damp, *holds, *unless, *valid, *then;
};

struct rule_builder {
	struct compiler *compiler;
	struct rule *rule;
	struct rule_source source;
	struct rule_parts parts;
	struct footprint *footprint;
	const struct entity *first_created;
};

/* --- parts */
static const struct syntax **place_of(struct rule_parts *parts, uint16_t kind)
{
	switch (kind) {
	case SYNTAX_on:
		return &parts->on;
	case SYNTAX_when:
		return &parts->when;
	case SYNTAX_dedupe:
		return &parts->dedupe;
	case SYNTAX_once:
		return &parts->once;
	case SYNTAX_at_most:
		return &parts->at_most;
	case SYNTAX_damp:
		return &parts->damp;
	case SYNTAX_holds:
		return &parts->holds;
	case SYNTAX_unless:
		return &parts->unless;
	case SYNTAX_valid:
		return &parts->valid;
	case SYNTAX_then:
		return &parts->then;
	default:
		return NULL;
	}
}

static void parts_read(struct rule_builder *builder)
{
	for (each_child (child, builder->source.body)) {
		const struct syntax **place = place_of(&builder->parts, child->kind);
		if (place && *place)
			diagnostic_add(builder->compiler->diagnostics, DIAGNOSTIC_ITEM_TWICE,
				       span_in(builder->source.file, child),
				       child->kind == SYNTAX_when ? "`%s` stands twice; join the conditions with `and`"
								  : "`%s` stands twice in this rule",
				       syntax_kind_name(child->kind));
		else if (place)
			*place = child;
	}
}

static const struct event_kind *rule_event(struct rule_builder *builder)
{
	const struct syntax *name = builder->source.declaration->syntax;
	struct compiler *compiler = builder->compiler;
	uint32_t file = builder->source.file;
	if (!builder->parts.on || !builder->parts.then) {
		const char *lacks = builder->parts.on     ? "`then …`"
				    : builder->parts.then ? "`on EVENT`"
							  : "`on EVENT` and `then …`";
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_RULE_INCOMPLETE,
			       span_in(builder->source.declaration->file, syntax_with_role(name, ROLE_name)),
			       "the rule `%.*s` has no %s", TEXT_ARGS(builder->rule->name), lacks);
		return NULL;
	}
	return event_read(compiler, file, syntax_with_role(builder->parts.on, ROLE_event));
}

/* --- code: each part its own, all with the event and the actor as parameters */
static const struct type *actor_type(struct compiler *compiler)
{
	const struct entity *user = schema_entity(&compiler->program->schema, TEXT("user"));
	return user ? type_ref(compiler, user) : type_simple(compiler, TYPE_NOTHING);
}

static struct coder rule_coder(struct rule_builder *builder)
{
	struct compiler *compiler = builder->compiler;
	struct coder coder = coder_new(compiler, builder->source.file);
	coder.event = builder->rule->event;
	coder.footprint = builder->footprint;
	coder.slot_count = coder.parameter_count = RULE_PARAMETERS;
	coder_variable(&coder, TEXT("actor"), SLOT_ACTOR, actor_type(compiler), true, NULL);
	coder_variable(&coder, builder->rule->alias, SLOT_EVENT, event_value_type(compiler, builder->rule->event), false,
		       builder->parts.on);
	return coder;
}

/* What the guard proved holds in all that runs behind it. */
static struct coder behind_guard(struct rule_builder *builder)
{
	struct coder coder = rule_coder(builder);
	if (builder->parts.when)
		facts_add(&coder, syntax_value(builder->parts.when));
	return coder;
}

static const struct code *guard_build(struct rule_builder *builder)
{
	if (!builder->parts.when)
		return NULL;
	struct coder coder = rule_coder(builder);
	struct operand truth = condition(&coder, syntax_value(builder->parts.when));
	return coder_finish(&coder, operand_slot(&coder, &truth), truth.node);
}

static const struct code *body_build(struct rule_builder *builder)
{
	struct coder coder = behind_guard(builder);
	coder.effects = true;
	const struct syntax *body = syntax_named(builder->parts.then, 0);
	if (body)
		statements(&coder, body);
	builder->first_created = coder.first_created;
	return coder_finish(&coder, SLOT_NONE, NODE_NONE);
}

/* `by a, b`: one list value. NULL without `by`. */
static const struct code *keys_build(struct rule_builder *builder, const struct syntax *part)
{
	const struct syntax *by = syntax_child(part, SYNTAX_by);
	if (!by)
		return NULL;
	struct coder coder = behind_guard(builder);
	slot_list slots = {0};
	uint32_t nodes[64], count = 0;
	for (each_child (child, by)) {
		if (child->kind == SYNTAX_token)
			continue;
		struct operand key = expression(&coder, child, NULL);
		*list_add(builder->compiler->arena, &slots) = operand_slot(&coder, &key);
		if (count < 64)
			nodes[count++] = key.node;
	}
	uint32_t result = coder_slot(&coder), first = coder_operands(&coder, slots.items, slots.count);
	uint32_t step = coder_step(&coder, STEP_LIST, result, 0, first, slots.count);
	uint32_t node = coder_node(&coder, NODE_OTHER, by, NULL, result, step, nodes, count);
	return coder_finish(&coder, result, node);
}

static const struct code *duration_build(struct rule_builder *builder, const struct syntax *value)
{
	struct coder coder = behind_guard(builder);
	struct operand length = expression_as(&coder, value, type_simple(builder->compiler, TYPE_DURATION));
	require_set(&coder, value, &length, "the length of time");
	return coder_finish(&coder, operand_slot(&coder, &length), length.node);
}

static int64_t positive_seconds(struct rule_builder *builder, const struct syntax *duration)
{
	uint32_t errors = builder->compiler->diagnostics->errors;
	int64_t seconds = seconds_read(builder->compiler, builder->source.file, duration);
	if (seconds <= 0 && errors == builder->compiler->diagnostics->errors)
		diagnostic_add(builder->compiler->diagnostics, DIAGNOSTIC_LITERAL, span_in(builder->source.file, duration),
			       "a span of no length: nothing can happen within it");
	return seconds;
}

/* `5 per 30min` */
static struct rate rate_build(struct rule_builder *builder, const struct syntax *part)
{
	const struct syntax *rate = syntax_child(part, SYNTAX_rate);
	const struct syntax *number = syntax_child(rate, SYNTAX_number), *duration = syntax_child(rate, SYNTAX_duration);
	int64_t count = number_read(builder->compiler, builder->source.file, number);
	if (count > UINT32_MAX || count < 1)
		diagnostic_add(builder->compiler->diagnostics, DIAGNOSTIC_LITERAL, span_in(builder->source.file, number),
			       "how often is a number from 1 on");
	return (struct rate){.count = (uint32_t)count, .per = positive_seconds(builder, duration)};
}

/* --- dedupe, unless */
static void dedupe_build(struct rule_builder *builder)
{
	const struct syntax *dedupe = builder->parts.dedupe, *by = syntax_child(dedupe, SYNTAX_by);
	struct compiler *compiler = builder->compiler;
	builder->rule->dedupe_keys = keys_build(builder, dedupe);
	builder->rule->dedupe_entity = builder->first_created;
	if (!builder->first_created) {
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_DEDUPE_CREATES, span_in(builder->source.file, dedupe),
			       "`dedupe` remembers the record that the rule creates, and `%.*s` creates none",
			       TEXT_ARGS(builder->rule->name));
		return;
	}
	const struct syntax *still = by + by->size;
	while (still < dedupe + dedupe->size && still->kind == SYNTAX_token)
		still += still->size;
	if (still >= dedupe + dedupe->size)
		return;
	struct coder coder = coder_new(compiler, builder->source.file);
	coder.footprint = builder->footprint;
	coder_variable(&coder, builder->first_created->name, coder_slot(&coder), type_ref(compiler, builder->first_created),
		       false, dedupe);
	coder.parameter_count = coder.slot_count;
	struct operand truth = condition(&coder, still);
	builder->rule->dedupe_while = coder_finish(&coder, operand_slot(&coder, &truth), truth.node);
}

static void unless_build(struct rule_builder *builder)
{
	const struct syntax *unless = builder->parts.unless, *where = syntax_child(unless, SYNTAX_where);
	struct compiler *compiler = builder->compiler;
	const struct event_kind *event = event_read(compiler, builder->source.file, syntax_with_role(unless, ROLE_event));
	builder->rule->unless.within = duration_build(builder, syntax_with_role(unless, ROLE_within));
	builder->rule->unless.event = event;
	if (!event || !where)
		return;
	struct coder coder = coder_new(compiler, builder->source.file);
	coder.footprint = builder->footprint;
	coder.event = builder->rule->event;
	coder.slot_count = coder.parameter_count = 1 + RULE_PARAMETERS;
	coder_variable(&coder, TEXT("actor"), 1 + SLOT_ACTOR, actor_type(compiler), true, NULL);
	coder_variable(&coder, builder->rule->alias, 1 + SLOT_EVENT, event_value_type(compiler, builder->rule->event), false,
		       builder->parts.on);
	coder_variable(&coder, alias_read(compiler, builder->source.file, unless, event), 0, event_value_type(compiler, event),
		       false, unless);
	struct operand truth = condition(&coder, syntax_value(where));
	builder->rule->unless.where = coder_finish(&coder, operand_slot(&coder, &truth), truth.node);
}

static void limits_build(struct rule_builder *builder)
{
	struct rule *rule = builder->rule;
	const struct rule_parts *parts = &builder->parts;
	if (parts->once) {
		rule->once_keys = keys_build(builder, parts->once);
		rule->once_per = positive_seconds(builder, syntax_child(parts->once, SYNTAX_duration));
	}
	if (parts->at_most) {
		rule->at_most_keys = keys_build(builder, parts->at_most);
		rule->at_most = rate_build(builder, parts->at_most);
	}
	if (parts->damp) {
		rule->damp_keys = keys_build(builder, parts->damp);
		rule->damp = rate_build(builder, parts->damp);
	}
	if (parts->holds)
		rule->holds_for = duration_build(builder, syntax_value(parts->holds));
	if (parts->unless)
		unless_build(builder);
}

/* --- footprints: ascending, each once */
static int by_number(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	return (a > b) - (a < b);
}

static uint32_t sort_unique(uint32_t *items, uint32_t count)
{
	uint32_t kept = 0;
	if (count)
		qsort(items, count, sizeof(*items), by_number);
	for (uint32_t i = 0; i < count; i++)
		if (!kept || items[kept - 1] != items[i])
			items[kept++] = items[i];
	return kept;
}

static void footprint_settle(struct rule *rule, struct footprint *footprint)
{
	rule->read_count = sort_unique(footprint->reads.items, footprint->reads.count);
	rule->reads = footprint->reads.items;
	rule->write_count = sort_unique(footprint->writes.items, footprint->writes.count);
	rule->writes = footprint->writes.items;
	rule->emit_count = sort_unique(footprint->emits.items, footprint->emits.count);
	rule->emits = footprint->emits.items;
}

/* --- one rule */
static bool rule_build(struct compiler *compiler, struct rule_source source, struct rule *rule)
{
	struct footprint footprint = {0};
	struct rule_builder builder = {.compiler = compiler, .rule = rule, .source = source, .footprint = &footprint};
	const struct declaration *declaration = source.declaration;
	*rule = (struct rule){.name = declaration->name,
			      .module = declaration->module,
			      .label = label_read(compiler, declaration->file, declaration->syntax),
			      .span = span_in(source.file, source.body),
			      .index_field = SLOT_NONE};
	if (source.body == syntax_with_role(declaration->syntax, ROLE_body))
		rule->span = span_in(declaration->file, declaration->syntax);
	parts_read(&builder);
	rule->event = rule_event(&builder);
	if (!rule->event)
		return false;
	rule->alias = alias_read(compiler, source.file, builder.parts.on, rule->event);
	valid_read(compiler, source.file, builder.parts.valid, &rule->valid_from, &rule->valid_until);
	rule->guard = guard_build(&builder);
	rule->body = body_build(&builder);
	if (builder.parts.dedupe)
		dedupe_build(&builder);
	limits_build(&builder);
	footprint_settle(rule, &footprint);
	return true;
}

/* --- layers */
static const struct syntax *body_of(const struct declaration *declaration)
{
	return syntax_with_role(declaration->syntax, ROLE_body);
}

static bool is_lower(struct compiler *compiler, const struct declaration *change, const struct declaration *target,
		     const char *word)
{
	if (target->layer < change->layer)
		return true;
	diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_TARGET, span_in(change->file, change->syntax),
		       "`%s` changes a rule of a lower layer; `%.*s` belongs to this pack: change it there", word,
		       TEXT_ARGS(target->name));
	return false;
}

/* The bodies that the highest layer gave, by the rule's own name; and which are switched off. */
static void layers_read(struct compiler *compiler, struct map *bodies, struct map *disabled)
{
	const declaration_list *overrides = &compiler->by_kind[SYNTAX_override_rule];
	for (uint32_t i = 0; i < overrides->count; i++) {
		struct declaration *change = overrides->items[i];
		const struct syntax *target = syntax_with_role(change->syntax, ROLE_target);
		struct declaration *found = target_find(compiler, SPACE_RULE, change->file, target);
		if (!found || !is_lower(compiler, change, found, "override"))
			continue;
		struct declaration *before = map_get(bodies, found->name);
		if (before && before->layer == change->layer)
			diagnostic_add(compiler->diagnostics, DIAGNOSTIC_DECLARED_TWICE, span_in(change->file, change->syntax),
				       "`%.*s` is overridden twice in this layer", TEXT_ARGS(found->name));
		else if (!before || before->layer < change->layer)
			map_put(bodies, found->name, change);
	}
	const declaration_list *disables = &compiler->by_kind[SYNTAX_disable_rule];
	for (uint32_t i = 0; i < disables->count; i++) {
		struct declaration *change = disables->items[i];
		const struct syntax *target = syntax_with_role(change->syntax, ROLE_target);
		struct declaration *found = target_find(compiler, SPACE_RULE, change->file, target);
		if (found && is_lower(compiler, change, found, "disable"))
			map_put(disabled, found->name, change);
	}
}

/* A rule that a layer replaced or disabled is checked all the same: whoever owns it wants to know. */
static void rule_checked(struct compiler *compiler, struct declaration *declaration)
{
	struct rule rule;
	rule_build(compiler, (struct rule_source){declaration, body_of(declaration), declaration->file}, &rule);
}

static void rule_add(struct compiler *compiler, struct rule_source source)
{
	struct rule rule;
	if (!rule_build(compiler, source, &rule))
		return;
	rule.index = compiler->rules.count;
	*list_add(compiler->arena, &compiler->rules) = rule;
	*list_add(compiler->arena, &compiler->rule_sources) = source;
}

void rules_build(struct compiler *compiler)
{
	const declaration_list *declared = &compiler->by_kind[SYNTAX_rule];
	struct map bodies = map_in(compiler->arena), disabled = map_in(compiler->arena);
	layers_read(compiler, &bodies, &disabled);
	for (uint32_t i = 0; i < declared->count; i++) {
		struct declaration *declaration = declared->items[i], *change = map_get(&bodies, declaration->name);
		if (!body_of(declaration) || map_get(&compiler->spaces[SPACE_RULE], declaration->name) != declaration)
			continue; /* the second of two with one name */
		if (change || map_get(&disabled, declaration->name))
			rule_checked(compiler, declaration);
		if (map_get(&disabled, declaration->name))
			continue;
		if (change)
			rule_add(compiler, (struct rule_source){declaration, body_of(change), change->file});
		else
			rule_add(compiler, (struct rule_source){declaration, body_of(declaration), declaration->file});
	}
}
