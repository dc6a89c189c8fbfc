/* Budgets, migrations and translations: each line names something of the stack, which must be there (or, where it goes away,
 * must not). */
#include "dsl/compiler/pack_items.h"

/* --- budgets */
/* A budget may speak of a connector that only some stacks have. NULL: there is no such action here. */
static struct action *action_find(struct compiler *compiler, uint32_t file, const struct syntax *name)
{
	struct text word = syntax_text(compiler, file, name);
	int64_t dot = text_find(word, TEXT("."));
	bool connected = dot < 0 || map_get(&compiler->spaces[SPACE_CONNECTOR], text_slice(word, 0, (uint32_t)dot));
	const struct declaration *found = map_get(&compiler->spaces[SPACE_ACTION], word);
	if (!connected || found)
		return found ? &compiler->actions.items[found->index] : NULL;
	struct diagnostic *diagnostic = diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_FUNCTION, span_in(file, name),
						       "there is no action `%.*s`", TEXT_ARGS(word));
	suggest_from_map(compiler, diagnostic, word, &compiler->spaces[SPACE_ACTION]);
	return NULL;
}

/* What a layer above says counts. */
void budget_read(struct compiler *compiler, const struct declaration *declaration)
{
	uint32_t file = declaration->file;
	for (each_child (item, declaration->syntax)) {
		if (item->kind != SYNTAX_budget_item)
			continue;
		const struct syntax *what = syntax_with_role(item, ROLE_what), *rate = syntax_child(item, SYNTAX_rate);
		int64_t count = number_read(compiler, file, syntax_child(rate, SYNTAX_number));
		int64_t seconds = seconds_read(compiler, file, syntax_child(rate, SYNTAX_duration));
		bool is_call = syntax_has_word(compiler, file, item, "call");
		bool is_message = !is_call && text_is(syntax_text(compiler, file, what), "mail.sent"); /* nobody's event */
		struct action *action = is_call ? action_find(compiler, file, what) : NULL;
		struct event_kind *kind = is_call || is_message ? NULL : (struct event_kind *)event_read(compiler, file, what);
		if (count < 1 || count >= UINT32_MAX)
			continue;
		if (action) {
			action->budget_count = (uint32_t)count;
			action->budget_seconds = seconds;
		}
		if (kind) {
			kind->budget_count = (uint32_t)count;
			kind->budget_seconds = seconds;
		}
	}
}

/* --- migrations: entity.field, as it was and as it is */
static const struct entity *owner_of(struct compiler *compiler, uint32_t file, const struct syntax *name,
				     struct text *field_out)
{
	struct text word = syntax_text(compiler, file, name);
	int64_t dot = text_find(word, TEXT("."));
	struct text owner = dot < 0 ? word : text_slice(word, 0, (uint32_t)dot);
	*field_out = dot < 0 ? (struct text){0} : text_slice(word, (uint32_t)dot + 1, word.length);
	const struct entity *entity = schema_entity(&compiler->program->schema, owner);
	if (entity)
		return entity;
	struct diagnostic *diagnostic = diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_ENTITY, span_in(file, name),
						       "there is no entity `%.*s`", TEXT_ARGS(owner));
	suggest_from_map(compiler, diagnostic, owner, &compiler->program->schema.entity_by_name);
	return NULL;
}

static void field_must_exist(struct compiler *compiler, uint32_t file, const struct syntax *at, const struct entity *entity,
			     struct text field)
{
	if (entity_field(entity, field))
		return;
	struct diagnostic *diagnostic = diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_FIELD, span_in(file, at),
						       "no field `%.*s` on %.*s", TEXT_ARGS(field), TEXT_ARGS(entity->name));
	suggest_from_map(compiler, diagnostic, field, &entity->field_by_name);
}

static void field_must_be_gone(struct compiler *compiler, uint32_t file, const struct syntax *at, const struct entity *entity,
			       struct text field)
{
	if (entity_field(entity, field))
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_DECLARED_TWICE, span_in(file, at),
			       "`%.*s.%.*s` is still declared; take it out of the entity", TEXT_ARGS(entity->name),
			       TEXT_ARGS(field));
}

static void update_check(struct compiler *compiler, uint32_t file, const struct syntax *update, const struct entity *entity,
			 struct text name)
{
	field_must_exist(compiler, file, syntax_child(update, SYNTAX_dotted_name), entity, name);
	const struct field *field = entity_field(entity, name);
	const struct syntax *value = syntax_value(update);
	if (!field || !value)
		return;
	struct coder coder = coder_new(compiler, file);
	coder_variable(&coder, entity->name, coder_slot(&coder), type_ref(compiler, entity), false, NULL);
	coder.parameter_count = coder.slot_count;
	struct operand operand = expression_as(&coder, value, field->type);
	coder_finish(&coder, operand_slot(&coder, &operand), operand.node);
}

/* What stood there before: `where entity.field == value`. Its value may be one that the enum has no more, so it is a word. */
static struct text value_before(struct compiler *compiler, uint32_t file, const struct syntax *update)
{
	const struct syntax *where = syntax_child(update, SYNTAX_where);
	const struct syntax *comparison = where ? syntax_child(where, SYNTAX_binary) : NULL;
	const struct syntax *value = comparison ? syntax_child(comparison, SYNTAX_identifier) : NULL;
	if (value)
		return syntax_text(compiler, file, value);
	diagnostic_add(compiler->diagnostics, DIAGNOSTIC_LITERAL, span_in(file, where ? where : update),
		       "an update says which value it replaces: `where entity.field == old_value`");
	return (struct text){0};
}

/* An entity that is renamed or dropped is gone from the schema, and what it is called now is there. */
static void entity_step(struct compiler *compiler, uint32_t file, const struct syntax *item, struct migration *step)
{
	const struct schema *schema = &compiler->program->schema;
	if (schema_entity(schema, step->entity))
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_DECLARED_TWICE, span_in(file, item),
			       "`%.*s` is still declared; take the entity out", TEXT_ARGS(step->entity));
	if (step->kind != MIGRATION_RENAME || schema_entity(schema, step->to))
		return;
	struct diagnostic *diagnostic = diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_ENTITY, span_in(file, item),
						       "there is no entity `%.*s`", TEXT_ARGS(step->to));
	suggest_from_map(compiler, diagnostic, step->to, &schema->entity_by_name);
}

static void field_step(struct compiler *compiler, uint32_t file, const struct syntax *item, const struct entity *entity,
		       struct migration *step)
{
	const struct syntax *name = syntax_child(item, SYNTAX_dotted_name), *now = syntax_child(item, SYNTAX_identifier);
	step->entity = entity->name;
	if (step->kind == MIGRATION_UPDATE) {
		uint32_t errors = compiler->diagnostics->errors;
		update_check(compiler, file, item, entity, step->field);
		if (compiler->diagnostics->errors == errors)
			step->from = value_before(compiler, file, item);
		return;
	}
	field_must_be_gone(compiler, file, name, entity, step->field);
	if (step->kind == MIGRATION_RENAME)
		field_must_exist(compiler, file, now, entity, step->to);
}

static bool step_kind(const struct syntax *item, enum migration_kind *kind_out)
{
	*kind_out = item->kind == SYNTAX_rename ? MIGRATION_RENAME
		    : item->kind == SYNTAX_drop ? MIGRATION_DROP
						: MIGRATION_UPDATE;
	return item->kind == SYNTAX_rename || item->kind == SYNTAX_drop || item->kind == SYNTAX_update;
}

void migration_check(struct compiler *compiler, const struct declaration *declaration)
{
	uint32_t file = declaration->file;
	const struct syntax *version = syntax_with_role(declaration->syntax, ROLE_version);
	for (each_child (item, declaration->syntax)) {
		struct migration step = {.span = span_in(file, item)};
		if (!step_kind(item, &step.kind))
			continue;
		const struct syntax *name = syntax_child(item, SYNTAX_dotted_name), *now = syntax_value(item);
		if (step.kind == MIGRATION_RENAME)
			now = syntax_child(item, SYNTAX_identifier);
		step.version = version ? string_content(compiler, file, version) : (struct text){0};
		step.to = now ? syntax_text(compiler, file, now) : (struct text){0};
		step.entity = syntax_text(compiler, file, name);
		if (text_find(step.entity, TEXT(".")) < 0) {
			entity_step(compiler, file, item, &step);
		} else {
			const struct entity *entity = owner_of(compiler, file, name, &step.field);
			if (!entity)
				continue;
			field_step(compiler, file, item, entity, &step);
		}
		*list_add(compiler->arena, &compiler->migrations) = step;
	}
}

/* --- translations */
static bool value_exists(const struct type *type, struct text rest)
{
	if (!rest.length)
		return true;
	for (uint32_t i = 0; type && type->kind == TYPE_ENUM && i < type->enumeration->count; i++)
		if (text_equal(type->enumeration->values[i].name, rest))
			return true;
	return false;
}

static void split(struct text text, struct text *first_out, struct text *rest_out)
{
	int64_t dot = text.length ? text_find(text, TEXT(".")) : -1;
	*first_out = dot < 0 ? text : text_slice(text, 0, (uint32_t)dot);
	*rest_out = dot < 0 ? (struct text){0} : text_slice(text, (uint32_t)dot + 1, text.length);
}

static bool field_exists(const struct map *fields, struct text rest)
{
	struct text name, value;
	split(rest, &name, &value);
	const struct field *field = map_get(fields, name);
	return field && value_exists(field->type, value);
}

static bool setting_exists(const struct compiler *compiler, struct text rest)
{
	struct text name, value;
	split(rest, &name, &value);
	const struct declaration *found = map_get(&compiler->spaces[SPACE_SETTING], name);
	return found && value_exists(compiler->settings.items[found->index].type, value);
}

/* An event's own name has dots: the longest that fits, then a field. */
static bool event_exists(const struct compiler *compiler, struct text path)
{
	for (uint32_t at = path.length; at; at--) {
		if (at < path.length && path.bytes[at] != '.')
			continue;
		const struct event_kind *event = schema_event(&compiler->program->schema, text_slice(path, 0, at));
		if (event)
			return at == path.length || field_exists(&event->field_by_name, text_slice(path, at + 1, path.length));
	}
	return false;
}

static bool is_declared(const struct compiler *compiler, struct text module, struct text path)
{
	struct text first, rest;
	split(path, &first, &rest);
	const struct entity *entity = schema_entity(&compiler->program->schema, first);
	if (entity && (!rest.length || field_exists(&entity->field_by_name, rest)))
		return true;
	if (text_is(first, "setting") && setting_exists(compiler, rest))
		return true;
	if (event_exists(compiler, path))
		return true;
	for (enum name_space space = SPACE_FUNCTION; space < SPACE_COUNT; space++)
		if (space != SPACE_SETTING && name_find(compiler, space, module, path))
			return true;
	return false;
}

static void unknown_target(struct compiler *compiler, uint32_t file, const struct syntax *target, struct text path)
{
	struct text first, rest, name, value;
	split(path, &first, &rest);
	split(rest, &name, &value);
	struct diagnostic *diagnostic = diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_TARGET, span_in(file, target),
						       "nothing is called `%.*s`", TEXT_ARGS(path));
	const struct entity *entity = schema_entity(&compiler->program->schema, first);
	if (entity && !entity_field(entity, name))
		suggest_from_map(compiler, diagnostic, name, &entity->field_by_name);
	else if (text_is(first, "setting"))
		suggest_from_map(compiler, diagnostic, name, &compiler->spaces[SPACE_SETTING]);
	else if (!entity)
		suggest_from_map(compiler, diagnostic, first, &compiler->program->schema.entity_by_name);
}

void translation_check(struct compiler *compiler, const struct declaration *declaration)
{
	struct map seen = map_in(compiler->arena);
	for (each_child (item, declaration->syntax)) {
		if (item->kind != SYNTAX_translated)
			continue;
		const struct syntax *target = syntax_with_role(item, ROLE_target);
		struct text path = syntax_text(compiler, declaration->file, target);
		if (map_put(&seen, path, (void *)item))
			diagnostic_add(compiler->diagnostics, DIAGNOSTIC_ITEM_TWICE, span_in(declaration->file, item),
				       "`%.*s` is translated twice", TEXT_ARGS(path));
		if (!is_declared(compiler, declaration->module, path))
			unknown_target(compiler, declaration->file, target, path);
	}
}
