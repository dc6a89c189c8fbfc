/* Which fields a statement writes, and what it leaves behind in the rule's footprint. Equal shapes are one `struct write`, so
 * that ten thousand rules that set a status share it. */
#include "dsl/compiler/schema_draft.h"
#include "dsl/compiler/statement.h"

/* --- footprints */
void footprint_write(struct coder *coder, const struct entity *entity, uint32_t field)
{
	if (coder->footprint)
		*list_add(coder->compiler->arena, &coder->footprint->writes) = (uint32_t)entity->index << 16 | field;
}

void footprint_emit(struct coder *coder, const struct event_kind *event)
{
	if (coder->footprint)
		*list_add(coder->compiler->arena, &coder->footprint->emits) = event->index;
}

uint32_t slot_of(struct coder *coder, struct value value)
{
	uint32_t slot = coder_slot(coder);
	coder_step(coder, STEP_CONSTANT, slot, coder_constant(coder, value), 0, 0);
	return slot;
}

/* --- shapes */
typedef LIST(uint16_t) field_numbers;

static uint32_t write_intern(struct compiler *compiler, const struct write *write)
{
	struct text_builder key = {.arena = compiler->arena};
	builder_format(&key, "%u:%u:", write->entity->index, write->field_count);
	builder_add(&key, (struct text){(const char *)write->fields, (uint32_t)(write->field_count * sizeof(uint16_t))});
	builder_add(&key, (struct text){(const char *)write->key_fields, (uint32_t)(write->key_count * sizeof(uint16_t))});
	if (!compiler->write_by_shape.arena)
		compiler->write_by_shape = map_in(compiler->arena);
	uintptr_t known = (uintptr_t)map_get(&compiler->write_by_shape, builder_text(&key));
	if (known)
		return (uint32_t)known - 1;
	*list_add(compiler->arena, &compiler->writes) = *write;
	map_put(&compiler->write_by_shape, builder_text(&key), (void *)(uintptr_t)compiler->writes.count);
	return compiler->writes.count - 1;
}

static uint32_t write_number(struct coder *coder, const struct syntax *at, const struct write *write)
{
	uint32_t number = write_intern(coder->compiler, write);
	if (number <= UINT16_MAX)
		return number;
	diagnostic_add(coder->compiler->diagnostics, DIAGNOSTIC_TOO_MANY, span_of(coder, at),
		       "these packs write more than %d different sets of fields", UINT16_MAX);
	return SLOT_NONE;
}

/* --- one field */
static const struct field *field_find(struct coder *coder, const struct syntax *name, const struct map *fields,
				      struct text owner)
{
	struct compiler *compiler = coder->compiler;
	struct text word = syntax_text(compiler, coder->file, name);
	if (name->kind == SYNTAX_string)
		word = string_content(compiler, coder->file, name);
	const struct field *field = map_get(fields, word);
	if (field)
		return field;
	struct diagnostic *diagnostic = diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_FIELD, span_of(coder, name),
						       "no field `%.*s` on %.*s", TEXT_ARGS(word), TEXT_ARGS(owner));
	suggest_from_map(compiler, diagnostic, word, fields);
	return NULL;
}

static bool is_writable(struct coder *coder, const struct syntax *name, const struct field *field)
{
	bool standard = field->index < FIELD_FIRST_OWN;
	if (!standard && !field->computed)
		return true;
	diagnostic_add(coder->compiler->diagnostics, DIAGNOSTIC_COMPUTED, span_of(coder, name),
		       standard ? "`%.*s` is kept by Stellwerk itself and cannot be written"
				: "`%.*s` is computed and cannot be written",
		       TEXT_ARGS(field->name));
	return false;
}

static void report_again(struct coder *coder, const struct syntax *name, const struct field *field)
{
	diagnostic_add(coder->compiler->diagnostics, DIAGNOSTIC_ITEM_TWICE, span_of(coder, name),
		       "the field `%.*s` is given twice", TEXT_ARGS(field->name));
}

/* The value in a slot of the field's type. */
static uint32_t value_read(struct coder *coder, const struct syntax *assignment, const struct field *field)
{
	const struct syntax *value = syntax_value(assignment);
	if (!value)
		return SLOT_NONE;
	struct operand operand = expression_as(coder, value, field->type);
	if (field->required)
		require_set(coder, value, &operand,
			    arena_format(coder->compiler->arena, "the field `%.*s`", TEXT_ARGS(field->name)));
	return operand_slot(coder, &operand);
}

/* Values of fields that do not exist are checked all the same: they may hold mistakes of their own. */
static void value_check(struct coder *coder, const struct syntax *assignment)
{
	const struct syntax *value = syntax_value(assignment);
	if (value && value->kind == SYNTAX_missing)
		expression(coder, value, NULL);
}

static bool needs_value(const struct field *field)
{
	return field->required && !field->fallback && !field->sequence && !field->computed;
}

/* One message for all fields that are not given. */
static void report_missing(struct coder *coder, const struct syntax *at, const struct field *fields, uint32_t from,
			   uint32_t count, const bool *given, struct text owner)
{
	struct text_builder names = {.arena = coder->compiler->arena};
	for (uint32_t i = from; i < count; i++)
		if (!given[i] && needs_value(&fields[i]))
			builder_format(&names, "%s`%.*s`", names.length ? ", " : "", TEXT_ARGS(fields[i].name));
	if (!names.length)
		return;
	struct text list = builder_text(&names);
	diagnostic_add(coder->compiler->diagnostics, DIAGNOSTIC_REQUIRED_FIELD, span_of(coder, at),
		       "%.*s needs a value for %.*s", TEXT_ARGS(owner), TEXT_ARGS(list));
}

/* --- rows */
uint32_t write_read(struct coder *coder, const struct syntax *record, const struct entity *entity, bool creates,
		    slot_list *slots_out)
{
	struct arena *arena = coder->compiler->arena;
	bool *given = arena_array(arena, bool, entity->field_count), good = true;
	field_numbers numbers = {0};
	for (each_child (child, record)) {
		if (child->kind != SYNTAX_assignment)
			continue;
		const struct syntax *name = syntax_with_role(child, ROLE_name);
		const struct field *field = field_find(coder, name, &entity->field_by_name, entity->name);
		if (!field || !is_writable(coder, name, field)) {
			value_check(coder, child);
			good = false;
			continue;
		}
		if (given[field->index])
			report_again(coder, name, field);
		given[field->index] = true;
		*list_add(arena, slots_out) = value_read(coder, child, field);
		*list_add(arena, &numbers) = field->index;
		footprint_write(coder, entity, field->index);
	}
	if (creates && good)
		report_missing(coder, record, entity->fields, FIELD_FIRST_OWN, entity->field_count, given, entity->name);
	if (!good)
		return SLOT_NONE;
	struct write write = {.entity = entity, .fields = numbers.items, .field_count = numbers.count};
	return write_number(coder, record, &write);
}

static bool is_given(const struct write *write, uint16_t field)
{
	for (uint32_t i = 0; i < write->field_count; i++)
		if (write->fields[i] == field)
			return true;
	return false;
}

uint32_t write_with_keys(struct coder *coder, const struct syntax *by, uint32_t number)
{
	struct write write = coder->compiler->writes.items[number];
	field_numbers keys = {0};
	bool good = true;
	for (each_child (child, by)) {
		if (child->kind == SYNTAX_token)
			continue;
		const struct field *field = field_find(coder, child, &write.entity->field_by_name, write.entity->name);
		if (field && !is_given(&write, field->index)) {
			good = false;
			if (needs_value(field))
				continue; /* reported as a required field */
			diagnostic_add(coder->compiler->diagnostics, DIAGNOSTIC_REQUIRED_FIELD, span_of(coder, child),
				       "`upsert` looks for the record by `%.*s`, so it needs a value in the braces",
				       TEXT_ARGS(field->name));
		}
		good &= field != NULL;
		if (field)
			*list_add(coder->compiler->arena, &keys) = field->index;
	}
	write.key_fields = keys.items;
	write.key_count = keys.count;
	return good ? write_number(coder, by, &write) : SLOT_NONE;
}

/* --- events */
/* The field's `default`, compiled where the event is raised: it knows none of the names there. */
static uint32_t default_slot(struct coder *coder, const struct event_kind *event, const struct field *field)
{
	const struct event_draft *draft = &coder->compiler->draft->events.items[event->index];
	struct field_source source = draft->fields.items[field->index].source;
	uint32_t file = coder->file, variables = coder->variables.count;
	coder->file = source.file;
	coder->variables.count = 0;
	struct operand value = expression_as(coder, syntax_value(syntax_child(source.syntax, SYNTAX_default)), field->type);
	coder->file = file;
	coder->variables.count = variables;
	return operand_slot(coder, &value);
}

static void fill_missing(struct coder *coder, uint32_t *slots, const struct event_kind *event)
{
	uint32_t missing = SLOT_NONE;
	for (uint32_t i = 0; i < event->field_count; i++) {
		if (slots[i] != SLOT_NONE)
			continue;
		const struct field *field = &event->fields[i];
		if (field->fallback && field->fallback != &SCHEMA_PENDING) {
			slots[i] = default_slot(coder, event, field);
			continue;
		}
		if (missing == SLOT_NONE)
			missing = slot_of(coder, value_missing());
		slots[i] = missing;
	}
}

uint32_t *event_fields_read(struct coder *coder, const struct syntax *record, const struct event_kind *event,
			    const struct syntax *at)
{
	struct arena *arena = coder->compiler->arena;
	bool *given = arena_array(arena, bool, event->field_count + 1), good = true;
	uint32_t *slots = arena_array(arena, uint32_t, event->field_count + 1);
	memset(slots, 0xff, sizeof(*slots) * (event->field_count + 1));
	for (each_child (child, record)) {
		if (child->kind != SYNTAX_assignment)
			continue;
		const struct syntax *name = syntax_with_role(child, ROLE_name);
		const struct field *field = field_find(coder, name, &event->field_by_name, event->name);
		if (!field) {
			value_check(coder, child);
			good = false;
			continue;
		}
		if (given[field->index])
			report_again(coder, name, field);
		given[field->index] = true;
		slots[field->index] = value_read(coder, child, field);
	}
	if (good)
		report_missing(coder, at, event->fields, 0, event->field_count, given, event->name);
	fill_missing(coder, slots, event);
	return good ? slots : NULL;
}
