/* Names and paths: what an identifier stands for here, and what a dot reads from it. The one place that decides whether a field
 * may be missing. */
#include "dsl/compiler/expression.h"

#include <stdio.h>

/* --- whether something is set */
bool field_is_set(const struct field *field)
{
	return field->required || field->fallback || field->computed || field->sequence || field->index < FIELD_FIRST_OWN;
}

static bool event_field_is_set(const struct field *field)
{
	return field->required || field->key || field->fallback;
}

struct text path_of(const struct coder *coder, const struct syntax *syntax)
{
	syntax = without_parentheses(syntax);
	const struct syntax *head = syntax;
	while (head->kind == SYNTAX_member && (head = syntax_named(head, 0)))
		;
	if (!head || head->kind != SYNTAX_identifier)
		return TEXT("");
	return syntax_source(coder->compiler, coder->file, syntax);
}

void reads_add(struct coder *coder, const struct entity *entity, const struct field *field)
{
	if (coder->footprint)
		*list_add(coder->compiler->arena, &coder->footprint->reads) = (uint32_t)entity->index << 16 | field->index;
}

/* --- bare names */
bool enum_constant(struct coder *coder, const struct type *type, struct text name, struct value *value_out)
{
	(void)coder;
	if (!type || type->kind != TYPE_ENUM)
		return false;
	for (uint32_t i = 0; i < type->enumeration->count; i++)
		if (text_equal(type->enumeration->values[i].name, name)) {
			*value_out = (struct value){.kind = VALUE_ENUM, .count = i, .enumeration = type->enumeration};
			return true;
		}
	return false;
}

/* `noc` where a ref to queue is wanted: the seed "queue.noc"; calendars and holidays are seeds of their own kind. */
static bool seed_constant(struct coder *coder, const struct type *type, struct text name, struct value *value_out)
{
	if (!type || type->kind != TYPE_REF || !type->entity)
		return false;
	char full[256];
	int length = snprintf(full, sizeof(full), "%.*s.%.*s", TEXT_ARGS(type->entity->name), TEXT_ARGS(name));
	if (length < 0 || (size_t)length >= sizeof(full))
		return false;
	const struct map *spaces = coder->compiler->spaces;
	bool known = map_get(&spaces[SPACE_SEED], (struct text){full, (uint32_t)length}) ||
		     (text_is(type->entity->name, "calendar") && map_get(&spaces[SPACE_CALENDAR], name)) ||
		     (text_is(type->entity->name, "holidays") && map_get(&spaces[SPACE_HOLIDAYS], name));
	if (known)
		*value_out = value_ref(type->entity->index, record_id_derive(0, full, (size_t)length));
	return known;
}

bool is_seed(struct coder *coder, const struct type *type, struct text name)
{
	struct value ignored;
	return seed_constant(coder, type, name, &ignored);
}

static struct declaration *plain_define(struct coder *coder, struct text name)
{
	struct text module =
		coder->file < coder->compiler->input_count ? coder->compiler->inputs[coder->file].module : TEXT("");
	struct declaration *declaration = name_find(coder->compiler, SPACE_FUNCTION, module, name);
	const struct function_note *note = declaration ? declaration->object : NULL;
	return note && note->kind == FUNCTION_DEFINE && !note->parameter_count ? declaration : NULL;
}

static const struct variable *find_outwards(const struct coder *coder, struct text name)
{
	for (; coder; coder = coder->outer) {
		const struct variable *variable = coder_find(coder, name);
		if (variable)
			return variable;
	}
	return NULL;
}

static bool has_this(const struct coder *coder)
{
	while (coder->outer)
		coder = coder->outer;
	return coder->this_entity;
}

bool name_stands_alone(struct coder *coder, struct text name)
{
	return find_outwards(coder, name) || text_is(name, "now") || text_is(name, "unset") ||
	       (text_is(name, "this") && has_this(coder)) || plain_define(coder, name) || is_builtin_word(name);
}

bool needs_hint(struct coder *coder, const struct syntax *syntax)
{
	syntax = without_parentheses(syntax);
	const struct syntax *first = syntax_named(syntax, 0);
	if (syntax->kind == SYNTAX_identifier)
		return !name_stands_alone(coder, syntax_text(coder->compiler, coder->file, syntax));
	if (syntax->kind == SYNTAX_list)
		return !first || needs_hint(coder, first);
	return syntax->kind == SYNTAX_binary && first && syntax_has_word(coder->compiler, coder->file, syntax, "..") &&
	       needs_hint(coder, first);
}

/* --- what to say of a name that is none */
static void collect_names(struct coder *coder, const struct type *wanted, text_list *names)
{
	struct arena *arena = coder->compiler->arena;
	for (const struct coder *at = coder; at; at = at->outer)
		for (uint32_t i = 0; i < at->variables.count; i++)
			*list_add(arena, names) = at->variables.items[i].name;
	for (uint32_t i = 0; wanted && wanted->kind == TYPE_ENUM && i < wanted->enumeration->count; i++)
		*list_add(arena, names) = wanted->enumeration->values[i].name;
	const struct map *functions = &coder->compiler->spaces[SPACE_FUNCTION], *seeds = &coder->compiler->spaces[SPACE_SEED];
	for (uint32_t i = 0; i < functions->capacity; i++)
		if (functions->entries[i].value)
			*list_add(arena, names) = functions->entries[i].key;
	for (uint32_t i = 0; wanted && wanted->kind == TYPE_REF && i < seeds->capacity; i++) {
		struct text key = seeds->entries[i].key;
		if (seeds->entries[i].value && text_starts(key, wanted->entity->name) &&
		    key.length > wanted->entity->name.length)
			*list_add(arena, names) = text_slice(key, wanted->entity->name.length + 1, key.length);
	}
	*list_add(arena, names) = TEXT("now");
}

static struct operand unknown_name(struct coder *coder, const struct syntax *syntax, struct text name,
				   const struct type *wanted)
{
	struct compiler *compiler = coder->compiler;
	if (schema_entity(&compiler->program->schema, name)) {
		struct diagnostic *diagnostic =
			complain(coder, DIAGNOSTIC_NOT_A_VALUE, syntax, "`%.*s` is an entity, not a value", TEXT_ARGS(name));
		diagnostic->hint = text_format(compiler->arena, "ask for its records: `all(%.*s where …)`", TEXT_ARGS(name));
		return operand_error(coder, syntax);
	}
	struct diagnostic *diagnostic;
	if (wanted && wanted->kind == TYPE_ENUM) {
		struct text type = wanted->enumeration->name.length ? wanted->enumeration->name : show(coder, wanted);
		diagnostic = complain(coder, DIAGNOSTIC_UNKNOWN_NAME, syntax, "`%.*s` is no value of %.*s", TEXT_ARGS(name),
				      TEXT_ARGS(type));
	} else if (wanted && wanted->kind == TYPE_REF) {
		diagnostic =
			complain(coder, DIAGNOSTIC_UNKNOWN_NAME, syntax, "nothing is called `%.*s` here, and no record %.*s is",
				 TEXT_ARGS(name), TEXT_ARGS(wanted->entity->name));
	} else {
		diagnostic = complain(coder, DIAGNOSTIC_UNKNOWN_NAME, syntax, "nothing is called `%.*s` here", TEXT_ARGS(name));
	}
	text_list names = {0};
	if (compiler->diagnostics->errors <= DIAGNOSTIC_LIMIT)
		collect_names(coder, wanted, &names);
	suggest(compiler, diagnostic, name, names.items, names.count);
	return operand_error(coder, syntax);
}

static struct operand variable_operand(struct coder *coder, const struct syntax *syntax, const struct variable *variable)
{
	struct operand operand =
		operand_new(coder, NODE_PATH, syntax, variable->type, variable->slot, coder->steps.count, NULL, 0);
	operand.may_miss = variable->may_miss && !is_proved(coder, variable->name);
	operand.stays = true;
	return operand;
}

/* Without a node: the head of a path has none of its own. */
static bool word_head(struct coder *coder, struct text name, struct operand *operand_out)
{
	*operand_out = (struct operand){.node = NODE_NONE};
	if (text_is(name, "now")) {
		operand_out->type = simple(coder, TYPE_TIME);
		operand_out->slot = coder_slot(coder);
		coder_step(coder, STEP_NOW, operand_out->slot, 0, 0, 0);
		return true;
	}
	if (text_is(name, "this") && coder->this_entity) {
		operand_out->type = type_ref(coder->compiler, coder->this_entity);
		operand_out->slot = 0;
		return true;
	}
	return false;
}

struct operand name_expression(struct coder *coder, const struct syntax *syntax, const struct type *wanted)
{
	struct text name = syntax_text(coder->compiler, coder->file, syntax);
	const struct variable *variable = coder_find(coder, name);
	struct value value;
	struct operand operand;
	uint32_t first_step = coder->steps.count;
	bool meant = !variable || (wanted && !type_fits(wanted, variable->type));
	if (meant && (enum_constant(coder, wanted, name, &value) || seed_constant(coder, wanted, name, &value)))
		return operand_constant(coder, syntax, value, wanted);
	if (variable)
		return variable_operand(coder, syntax, variable);
	if (text_is(name, "unset"))
		return operand_constant(coder, syntax, value_missing(), wanted ? wanted : simple(coder, TYPE_NOTHING));
	if (word_head(coder, name, &operand))
		return operand_new(coder, NODE_PATH, syntax, operand.type, operand.slot, first_step, NULL, 0);
	struct declaration *define = plain_define(coder, name);
	if (define)
		return define_value(coder, syntax, define);
	if (builtin_word(coder, syntax, name, &operand))
		return operand;
	return unknown_name(coder, syntax, name, wanted);
}

/* --- members */
struct path {
	const struct syntax *links[PARSE_MAX_DEPTH + 1]; /* member nodes, from the head outwards */
	uint32_t count;
	const struct syntax *head;
};

static bool path_read(const struct syntax *syntax, struct path *path_out)
{
	uint32_t count = 0;
	const struct syntax *head = syntax;
	for (; head && head->kind == SYNTAX_member; head = syntax_named(head, 0))
		if (count++ > PARSE_MAX_DEPTH)
			return false;
	*path_out = (struct path){.count = count, .head = head};
	for (const struct syntax *at = syntax; at && at->kind == SYNTAX_member; at = syntax_named(at, 0))
		path_out->links[--count] = at;
	return head;
}

static struct text link_name(struct coder *coder, const struct syntax *link, const struct syntax **at_out)
{
	const struct syntax *name = syntax_with_role(link, ROLE_name);
	*at_out = name ? name : link;
	if (!name)
		return TEXT("");
	return name->kind == SYNTAX_string ? string_content(coder->compiler, coder->file, name)
					   : syntax_text(coder->compiler, coder->file, name);
}

/* Clocks are read like fields, so a slip in their name is one too. */
static void suggest_clock(struct coder *coder, struct diagnostic *diagnostic, struct text name, struct text owner)
{
	text_list names = {0};
	for (uint32_t i = 0; i < coder->compiler->clocks.count; i++) {
		const struct clock *clock = &coder->compiler->clocks.items[i];
		if (clock->entity && text_equal(clock->entity->name, owner))
			*list_add(coder->compiler->arena, &names) = clock->name;
	}
	suggest(coder->compiler, diagnostic, name, names.items, names.count);
}

static struct operand no_field(struct coder *coder, const struct syntax *at, struct text name, struct text owner,
			       const struct map *fields)
{
	struct diagnostic *diagnostic =
		complain(coder, DIAGNOSTIC_UNKNOWN_FIELD, at, "no field `%.*s` on %.*s", TEXT_ARGS(name), TEXT_ARGS(owner));
	suggest_from_map(coder->compiler, diagnostic, name, fields);
	if (!diagnostic->hint.length)
		suggest_clock(coder, diagnostic, name, owner);
	return operand_error(coder, at);
}

/* The next link is read from `object` into a new slot. No node yet. */
static struct operand read_field(struct coder *coder, struct operand object, uint32_t field, const struct type *type,
				 bool is_set, struct text path)
{
	uint32_t slot = coder_slot(coder);
	uint32_t constant = coder_constant(coder, value_text(path));
	coder_step(coder, STEP_FIELD, slot, operand_slot(coder, &object), field, constant);
	return (struct operand){.type = type,
				.slot = slot,
				.may_miss = (object.may_miss || !is_set) && !is_proved(coder, path),
				.node = NODE_NONE};
}

static struct operand record_member(struct coder *coder, const struct syntax *at, struct operand object, struct text name,
				    struct text path)
{
	const struct record_type *record = object.type->record;
	struct text *names = arena_array(coder->compiler->arena, struct text, record->count + 1);
	for (uint32_t i = 0; i < record->count; i++) {
		names[i] = record->fields[i].name;
		if (text_equal(names[i], name))
			return read_field(coder, object, i, record->fields[i].type, record->fields[i].required, path);
	}
	struct diagnostic *diagnostic =
		complain(coder, DIAGNOSTIC_UNKNOWN_FIELD, at, "the record has no field `%.*s`", TEXT_ARGS(name));
	suggest(coder->compiler, diagnostic, name, names, record->count);
	return operand_error(coder, at);
}

static struct operand data_member(struct coder *coder, struct operand object, struct text name)
{
	uint32_t slot = coder_slot(coder);
	uint32_t constant = coder_constant(coder, value_text(name));
	coder_step(coder, STEP_DATA_MEMBER, slot, operand_slot(coder, &object), constant, 0);
	return (struct operand){.type = object.type, .slot = slot, .may_miss = true, .node = NODE_NONE};
}

static struct operand member_of(struct coder *coder, const struct syntax *at, struct operand object, struct text name,
				struct text path)
{
	const struct field *field;
	switch (object.type->kind) {
	case TYPE_ERROR:
		return object;
	case TYPE_REF:
		field = entity_field(object.type->entity, name);
		if (!field)
			return no_field(coder, at, name, object.type->entity->name, &object.type->entity->field_by_name);
		reads_add(coder, object.type->entity, field);
		object = read_field(coder, object, field->index, field->type, field_is_set(field), path);
		object.stays = field->computed;
		return object;
	case TYPE_EVENT:
		field = event_field(object.type->event, name);
		if (!field)
			return no_field(coder, at, name, object.type->event->name, &object.type->event->field_by_name);
		return read_field(coder, object, field->index, field->type, event_field_is_set(field), path);
	case TYPE_RECORD:
		return record_member(coder, at, object, name, path);
	case TYPE_DATA:
		return data_member(coder, object, name);
	default:
		break;
	}
	struct text type = show(coder, object.type);
	complain(coder, DIAGNOSTIC_UNKNOWN_FIELD, at, "%.*s has no fields, so no `%.*s`", TEXT_ARGS(type), TEXT_ARGS(name));
	return operand_error(coder, at);
}

/* `response` in `record.response.due_at`: a clock that runs on the entity, unless a field is called so. */
static const struct clock *clock_named(struct coder *coder, const struct operand *object, struct text name, uint32_t *index_out)
{
	if (object->type->kind != TYPE_REF || entity_field(object->type->entity, name))
		return NULL;
	struct declaration *declaration = map_get(&coder->compiler->spaces[SPACE_CLOCK], name);
	if (!declaration || declaration->index >= coder->compiler->clocks.count)
		return NULL;
	const struct clock *clock = &coder->compiler->clocks.items[declaration->index];
	*index_out = declaration->index;
	return clock->entity == object->type->entity && text_equal(clock->name, name) ? clock : NULL;
}

static struct operand clock_member(struct coder *coder, struct operand object, const struct clock *clock, uint32_t index,
				   const struct syntax *link, struct text path)
{
	const struct syntax *at;
	struct text name = link_name(coder, link, &at);
	const struct field *field = clock->state ? entity_field(clock->state, name) : NULL;
	if (!field && clock->state)
		return no_field(coder, at, name, clock->name, &clock->state->field_by_name);
	if (!field)
		return operand_error(coder, at);
	reads_add(coder, clock->state, field);
	uint32_t slot = coder_slot(coder);
	coder_step(coder, STEP_CLOCK_FIELD, slot, operand_slot(coder, &object), field->index, index);
	return (struct operand){.type = field->type, .slot = slot, .may_miss = !is_proved(coder, path), .node = NODE_NONE};
}

static struct operand setting_head(struct coder *coder, const struct syntax *link)
{
	const struct syntax *at;
	struct text name = link_name(coder, link, &at);
	struct declaration *declaration = map_get(&coder->compiler->spaces[SPACE_SETTING], name);
	if (!declaration || declaration->index >= coder->compiler->settings.count) {
		struct diagnostic *diagnostic =
			complain(coder, DIAGNOSTIC_UNKNOWN_SETTING, at, "there is no setting `%.*s`", TEXT_ARGS(name));
		suggest_from_map(coder->compiler, diagnostic, name, &coder->compiler->spaces[SPACE_SETTING]);
		return operand_error(coder, at);
	}
	const struct setting *setting = &coder->compiler->settings.items[declaration->index];
	uint32_t slot = coder_slot(coder);
	coder_step(coder, STEP_SETTING, slot, declaration->index, 0, 0);
	bool has_default = setting->fallback || (declaration->syntax && syntax_child(declaration->syntax, SYNTAX_default));
	return (struct operand){.type = setting->type, .slot = slot, .may_miss = !has_default, .node = NODE_NONE};
}

static struct operand before_head(struct coder *coder, const struct syntax *link)
{
	const struct syntax *at;
	struct text name = link_name(coder, link, &at);
	const struct event_kind *event = coder->event;
	if (event->origin != EVENT_UPDATED && event->origin != EVENT_DELETED) {
		complain(coder, DIAGNOSTIC_NOT_A_VALUE, link,
			 "`before` is known only in rules on NAME.updated and NAME.deleted");
		return operand_error(coder, link);
	}
	const struct field *field = entity_field(event->entity, name);
	if (!field)
		return no_field(coder, at, name, event->entity->name, &event->entity->field_by_name);
	reads_add(coder, event->entity, field);
	uint32_t slot = coder_slot(coder);
	coder_step(coder, STEP_BEFORE, slot, field->index, 0, 0);
	return (struct operand){.type = field->type, .slot = slot, .may_miss = !field_is_set(field), .node = NODE_NONE};
}

/* The head of a path, and how many links it has eaten. */
static struct operand path_head(struct coder *coder, const struct path *path, uint32_t *eaten_out)
{
	*eaten_out = 0;
	if (path->head->kind != SYNTAX_identifier)
		return expression(coder, path->head, NULL);
	struct text name = syntax_text(coder->compiler, coder->file, path->head);
	const struct variable *variable = coder_find(coder, name);
	if (variable)
		return (struct operand){.type = variable->type,
					.slot = variable->slot,
					.may_miss = variable->may_miss && !is_proved(coder, name),
					.node = NODE_NONE};
	*eaten_out = 1;
	if (text_is(name, "setting"))
		return setting_head(coder, path->links[0]);
	if (text_is(name, "before") && coder->event)
		return before_head(coder, path->links[0]);
	*eaten_out = 0;
	struct operand operand;
	if (word_head(coder, name, &operand))
		return operand;
	return name_expression(coder, path->head, NULL);
}

struct operand member_expression(struct coder *coder, const struct syntax *syntax, const struct type *wanted)
{
	(void)wanted;
	struct path path;
	if (!path_read(syntax, &path))
		return operand_error(coder, syntax);
	uint32_t first_step = coder->steps.count, i;
	struct operand at = path_head(coder, &path, &i);
	uint32_t head_node = at.node;
	for (; i < path.count && !is_error(&at); i++) {
		const struct syntax *name_at;
		struct text name = link_name(coder, path.links[i], &name_at);
		struct text source = source_of(coder, path.links[i]);
		uint32_t clock_index;
		const struct clock *clock = clock_named(coder, &at, name, &clock_index);
		if (!clock) {
			at = member_of(coder, name_at, at, name, source);
		} else if (i + 1 < path.count) {
			at = clock_member(coder, at, clock, clock_index, path.links[i + 1],
					  source_of(coder, path.links[i + 1]));
			i++;
		} else {
			complain(coder, DIAGNOSTIC_NOT_A_VALUE, name_at,
				 "`%.*s` is a clock; take one of its fields, such as `.due_at` or `.state`", TEXT_ARGS(name));
			return operand_error(coder, syntax);
		}
	}
	if (is_error(&at))
		return at.node == NODE_NONE ? operand_error(coder, syntax) : at;
	struct operand operand = operand_new(coder, NODE_PATH, syntax, at.type, at.slot, first_step,
					     head_node == NODE_NONE ? NULL : &head_node, head_node != NODE_NONE);
	operand.may_miss = at.may_miss;
	operand.stays = at.stays;
	return operand;
}
