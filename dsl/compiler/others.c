/* Views and roles, and what reports share with them. Their names and conditions are checked like all others; who shows and
 * guards by them comes later, so nothing of them is kept. */
#include "dsl/compiler/others.h"

/* --- words and names */
void word_check(struct compiler *compiler, uint32_t file, const struct syntax *at, const char *const *words, uint32_t count,
		const char *what)
{
	struct text word = syntax_text(compiler, file, at), known[32];
	struct text_builder list = {.arena = compiler->arena};
	for (uint32_t i = 0; i < count; i++) {
		known[i] = text_from(words[i]);
		if (text_equal(known[i], word))
			return;
		builder_format(&list, "%s%s", i ? ", " : "", words[i]);
	}
	struct text all = builder_text(&list);
	struct diagnostic *diagnostic =
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_OPTION, span_in(file, at),
			       "`%.*s` is no %s; there are %.*s", TEXT_ARGS(word), what, TEXT_ARGS(all));
	suggest(compiler, diagnostic, word, known, count);
}

void name_check(struct compiler *compiler, uint32_t file, const struct syntax *name, enum name_space space,
		enum syntax_kind kind, const char *what)
{
	struct text word = syntax_text(compiler, file, name);
	const struct declaration *found = name_find(compiler, space, compiler->inputs[file].module, word);
	if (found && found->syntax->kind == kind)
		return;
	struct diagnostic *diagnostic = diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_NAME, span_in(file, name),
						       "there is no %s `%.*s`", what, TEXT_ARGS(word));
	suggest_from_map(compiler, diagnostic, word, &compiler->spaces[space]);
}

/* --- paths */
static const struct clock *clock_on(const struct entity *entity, struct text name)
{
	for (uint32_t i = 0; i < entity->clock_count; i++)
		if (text_equal(entity->clocks[i]->name, name))
			return entity->clocks[i];
	return NULL;
}

static void path_broken(struct compiler *compiler, uint32_t file, const struct syntax *at, const struct entity *entity,
			struct text name)
{
	struct diagnostic *diagnostic = diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_FIELD, span_in(file, at),
						       "no field `%.*s` on %.*s", TEXT_ARGS(name), TEXT_ARGS(entity->name));
	suggest_from_map(compiler, diagnostic, name, &entity->field_by_name);
}

void path_check(struct compiler *compiler, uint32_t file, const struct entity *entity, const struct syntax *path)
{
	for (each_child (child, path)) {
		if (child->kind != SYNTAX_identifier)
			continue;
		struct text name = syntax_text(compiler, file, child);
		const struct clock *clock = entity ? clock_on(entity, name) : NULL;
		const struct field *field = entity && !clock ? entity_field(entity, name) : NULL;
		if (clock) {
			entity = clock->state;
			continue;
		}
		if (!field && entity)
			path_broken(compiler, file, child, entity, name);
		if (!field || field->type->kind == TYPE_ERROR)
			return;
		if (!entity)
			return;
		bool last = child + child->size >= path + path->size;
		if (!last && field->type->kind != TYPE_REF && field->type->kind != TYPE_RECORD) {
			diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_FIELD, span_in(file, path),
				       "`%.*s` is %.*s and has no fields", TEXT_ARGS(name),
				       TEXT_ARGS(type_show(compiler->arena, field->type)));
			return;
		}
		if (field->type->kind == TYPE_RECORD)
			return;
		entity = field->type->entity;
	}
}

/* --- code that is compiled only to be checked */
struct coder view_coder(struct compiler *compiler, uint32_t file, const struct record_field *parameters, uint32_t count,
			const struct entity *entity)
{
	struct coder coder = coder_new(compiler, file);
	coder.allows_missing = true;
	for (uint32_t i = 0; i < count; i++)
		coder_variable(&coder, parameters[i].name, coder_slot(&coder), parameters[i].type, false, NULL);
	if (entity)
		coder_variable(&coder, entity->name, coder_slot(&coder), type_ref(compiler, entity), false, NULL);
	const struct entity *user = schema_entity(&compiler->program->schema, TEXT("user"));
	if (user && user != entity)
		coder_variable(&coder, user->name, coder_slot(&coder), type_ref(compiler, user), false, NULL);
	coder.parameter_count = coder.slot_count;
	return coder;
}

void view_condition(struct coder *coder, const struct syntax *syntax)
{
	struct operand truth = condition(coder, syntax);
	coder_finish(coder, operand_slot(coder, &truth), truth.node);
}

void view_value(struct coder *coder, const struct syntax *value, const struct type *wanted)
{
	struct operand operand = wanted ? expression_as(coder, value, wanted) : expression(coder, value, NULL);
	coder_finish(coder, operand_slot(coder, &operand), operand.node);
}

/* --- show, where, sort, do */
static void events_check(struct compiler *compiler, uint32_t file, const struct syntax *list)
{
	for (each_child (child, list))
		if (child->kind == SYNTAX_dotted_name)
			event_read(compiler, file, child);
}

void view_items_check(struct compiler *compiler, uint32_t file, const struct syntax *list, const struct entity *entity,
		      const struct record_field *parameters, uint32_t count)
{
	for (each_child (item, list)) {
		if (item->kind == SYNTAX_show || item->kind == SYNTAX_sort) {
			for (each_child (path, item))
				if (path->kind == SYNTAX_dotted_name)
					path_check(compiler, file, entity, path);
		} else if (item->kind == SYNTAX_where && entity) {
			struct coder coder = view_coder(compiler, file, parameters, count, entity);
			view_condition(&coder, syntax_value(item));
		} else if (item->kind == SYNTAX_do) {
			events_check(compiler, file, item);
		}
	}
}

/* --- views */
static void view_by_check(struct compiler *compiler, uint32_t file, const struct syntax *by, const struct entity *entity)
{
	for (each_child (child, by)) {
		if (child->kind == SYNTAX_token || !entity)
			continue;
		struct text name = syntax_text(compiler, file, child);
		if (child->kind == SYNTAX_identifier && !entity_field(entity, name))
			path_broken(compiler, file, child, entity, name);
	}
}

static void view_check(struct compiler *compiler, const struct declaration *declaration)
{
	static const char *const SHAPES[] = {"list", "table", "board", "calendar", "timeline", "form", "card", "map", "tree"};
	const struct syntax *by = syntax_child(declaration->syntax, SYNTAX_by);
	WORD_CHECK(compiler, declaration->file, syntax_with_role(declaration->syntax, ROLE_shape), SHAPES, "shape of a view");
	const struct entity *entity =
		entity_read(compiler, declaration->file, syntax_child(declaration->syntax, SYNTAX_dotted_name));
	if (by)
		view_by_check(compiler, declaration->file, by, entity);
	view_items_check(compiler, declaration->file, declaration->syntax, entity, NULL, 0);
}

/* --- roles */
static void right_check(struct compiler *compiler, uint32_t file, const struct syntax *right)
{
	const struct entity *entity = entity_read(compiler, file, syntax_child(right, SYNTAX_dotted_name));
	const struct syntax *where = syntax_child(right, SYNTAX_where);
	if (!entity)
		return;
	for (each_child (child, right))
		if (child->kind == SYNTAX_identifier && !entity_field(entity, syntax_text(compiler, file, child)))
			path_broken(compiler, file, child, entity, syntax_text(compiler, file, child));
	if (!where)
		return;
	struct coder coder = view_coder(compiler, file, NULL, 0, entity);
	view_condition(&coder, syntax_value(where));
}

static void names_check(struct compiler *compiler, uint32_t file, const struct syntax *list, enum name_space space,
			enum syntax_kind kind, const char *what)
{
	for (each_child (child, list))
		if (child->kind == SYNTAX_dotted_name)
			name_check(compiler, file, child, space, kind, what);
}

static void role_check(struct compiler *compiler, const struct declaration *declaration)
{
	for (each_child (item, declaration->syntax)) {
		if (item->kind == SYNTAX_right)
			right_check(compiler, declaration->file, item);
		else if (item->kind == SYNTAX_see)
			names_check(compiler, declaration->file, item, SPACE_OTHER, SYNTAX_view, "view");
		else if (item->kind == SYNTAX_include)
			names_check(compiler, declaration->file, item, SPACE_ROLE, SYNTAX_role, "role");
		else if (item->kind == SYNTAX_do)
			events_check(compiler, declaration->file, item);
	}
}

/* --- roles that include themselves */
static const struct declaration *role_of(const struct compiler *compiler, const struct declaration *from,
					 const struct syntax *name)
{
	return name_find(compiler, SPACE_ROLE, from->module, syntax_text(compiler, from->file, name));
}

static bool includes(const struct compiler *compiler, const struct declaration *from, const struct declaration *wanted,
		     struct map *seen, uint32_t depth)
{
	if (depth > 100 || map_put(seen, from->name, (void *)from))
		return false;
	for (each_child (item, from->syntax)) {
		if (item->kind != SYNTAX_include)
			continue;
		for (each_child (name, item)) {
			const struct declaration *other =
				name->kind == SYNTAX_dotted_name ? role_of(compiler, from, name) : NULL;
			if (other && (other == wanted || includes(compiler, other, wanted, seen, depth + 1)))
				return true;
		}
	}
	return false;
}

/* One message a circle: whoever was found on the way is known already. */
static void circles_find(struct compiler *compiler)
{
	struct map known = map_in(compiler->arena);
	for (uint32_t i = 0; i < compiler->by_kind[SYNTAX_role].count; i++) {
		const struct declaration *role = compiler->by_kind[SYNTAX_role].items[i];
		struct map seen = map_in(compiler->arena);
		if (!syntax_child(role->syntax, SYNTAX_include) || map_get(&known, role->name) ||
		    !includes(compiler, role, role, &seen, 0))
			continue;
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_CYCLE, span_in(role->file, role->syntax),
			       "the role `%.*s` includes itself", TEXT_ARGS(role->name));
		for (uint32_t k = 0; k < seen.capacity; k++)
			if (seen.entries[k].value)
				map_put(&known, seen.entries[k].key, seen.entries[k].value);
	}
}

/* --- what is checked and not run: said once a kind, where it stands first. docs/decisions/0005 */
struct unrun {
	enum syntax_kind kind, inside; /* the declaration, and what of it is not run */
	const char *name;              /* what that is called, where its kind alone says too little */
	const char *what;
};

static const struct unrun UNRUN[] = {
	{SYNTAX_report, SYNTAX_report, NULL, "reports"},
	{SYNTAX_view, SYNTAX_view, NULL, "views"},
	{SYNTAX_role, SYNTAX_role, NULL, "the rights of roles"},
	{SYNTAX_metric, SYNTAX_metric, NULL, "metrics"},
	{SYNTAX_budget, SYNTAX_budget_item, "mail.sent", "budgets of messages"},
	{SYNTAX_translation, SYNTAX_translation, NULL, "translations"},
	{SYNTAX_setting, SYNTAX_attribute, NULL, "the bounds of settings"},
	{SYNTAX_entity, SYNTAX_attribute, "searchable", "`searchable` fields"},
	{SYNTAX_connector, SYNTAX_poll, NULL, "polls"},
};

static const struct syntax *unrun_find(const struct compiler *compiler, const struct declaration *declaration,
				       const struct unrun *unrun)
{
	const struct syntax *end = declaration->syntax + declaration->syntax->size;
	for (const struct syntax *node = declaration->syntax; node < end; node++) {
		const struct syntax *name =
			node->kind == unrun->inside && unrun->name ? syntax_with_role(node, ROLE_name) : NULL;
		if (node->kind == SYNTAX_budget_item && unrun->name)
			name = syntax_with_role(node, ROLE_what);
		if (node->kind == unrun->inside &&
		    (!unrun->name || (name && text_is(syntax_text(compiler, declaration->file, name), unrun->name))))
			return node;
	}
	return NULL;
}

static void unrun_tell(struct compiler *compiler, const struct unrun *unrun)
{
	const declaration_list *declared = &compiler->by_kind[unrun->kind];
	for (uint32_t i = 0; i < declared->count; i++) {
		const struct syntax *found = unrun_find(compiler, declared->items[i], unrun);
		if (!found)
			continue;
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_NOT_EXECUTED, span_in(declared->items[i]->file, found),
			       "%s are checked, but this version does nothing with them yet", unrun->what);
		return;
	}
}

void others_check(struct compiler *compiler)
{
	static const struct {
		enum syntax_kind kind;
		void (*check)(struct compiler *, const struct declaration *);
	} KINDS[] = {{SYNTAX_metric, metric_check},
		     {SYNTAX_report, report_check},
		     {SYNTAX_view, view_check},
		     {SYNTAX_role, role_check}};
	for (size_t k = 0; k < sizeof(KINDS) / sizeof(*KINDS); k++)
		for (uint32_t i = 0; i < compiler->by_kind[KINDS[k].kind].count; i++)
			KINDS[k].check(compiler, compiler->by_kind[KINDS[k].kind].items[i]);
	circles_find(compiler);
	for (size_t k = 0; k < sizeof(UNRUN) / sizeof(*UNRUN); k++)
		unrun_tell(compiler, &UNRUN[k]);
}
