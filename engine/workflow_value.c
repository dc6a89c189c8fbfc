/* Values of a workflow's frame as JSON and back. Slots have no static type at hand, so each value says its own kind; what
 * points into the program is named by its place there, which holds because an instance is pinned to the program it started
 * with. */
#include "engine/workflow_data.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/check.h"
#include "engine/base/json.h"

static const char *const KINDS[] = {
	[VALUE_INT] = "int",           [VALUE_DECIMAL] = "decimal",
	[VALUE_PERCENT] = "percent",   [VALUE_MONEY] = "money",
	[VALUE_DATE] = "date",         [VALUE_TIME] = "time",
	[VALUE_DURATION] = "duration", [VALUE_TIME_OF_DAY] = "time_of_day",
	[VALUE_ENUM] = "enum",         [VALUE_REF] = "ref",
	[VALUE_LIST] = "list",         [VALUE_RECORD] = "record",
	[VALUE_RANGE] = "range",       [VALUE_DATA] = "data",
};
enum { KIND_COUNT = sizeof KINDS / sizeof *KINDS };

/* --- enumerations: numbered in the order in which the program mentions them */
struct enumeration_search {
	const struct enumeration *wanted; /* or NULL: */
	int64_t number;
	int64_t count;
	const struct enumeration *found;
};

static void visit_enumeration(struct enumeration_search *search, const struct enumeration *enumeration)
{
	if (!search->found && (search->wanted ? enumeration == search->wanted : search->count == search->number)) {
		search->found = enumeration;
		search->number = search->count;
	}
	search->count++;
}

static void visit_type(struct enumeration_search *search, const struct type *type)
{
	if (!type || search->found)
		return;
	if (type->kind == TYPE_ENUM)
		visit_enumeration(search, type->enumeration);
	else if (type->kind == TYPE_LIST || type->kind == TYPE_RANGE)
		visit_type(search, type->element);
	else if (type->kind == TYPE_RECORD)
		for (uint32_t i = 0; i < type->record->count; i++)
			visit_type(search, type->record->fields[i].type);
}

static void visit_value(struct enumeration_search *search, struct value value)
{
	if (value.kind == VALUE_ENUM)
		visit_enumeration(search, value.enumeration);
	else if (value.kind == VALUE_LIST || value.kind == VALUE_RECORD || value.kind == VALUE_RANGE)
		for (uint32_t i = 0; i < (value.kind == VALUE_RANGE ? 2 : value.count); i++)
			visit_value(search, value.items[i]);
}

static void visit_fields(struct enumeration_search *search, const struct field *fields, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		visit_type(search, fields[i].type);
}

static void visit_parameters(struct enumeration_search *search, const struct record_field *fields, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		visit_type(search, fields[i].type);
}

/* The constants are no part of `struct code` by number: those that its steps take are. */
static void visit_code(struct enumeration_search *search, const struct code *code)
{
	for (uint32_t i = 0; i < code->node_count; i++)
		visit_type(search, code->nodes[i].type);
	for (uint32_t i = 0; i < code->step_count; i++)
		if (code->steps[i].operation == STEP_CONSTANT)
			visit_value(search, code->constants[code->steps[i].a]);
}

static void visit_functions(struct enumeration_search *search, const struct program *program)
{
	for (uint32_t i = 0; i < program->function_count; i++) {
		visit_parameters(search, program->functions[i].parameters, program->functions[i].parameter_count);
		visit_type(search, program->functions[i].result);
	}
	for (uint32_t i = 0; i < program->table_count; i++) {
		visit_parameters(search, program->tables[i].parameters, program->tables[i].parameter_count);
		visit_parameters(search, program->tables[i].outputs->fields, program->tables[i].outputs->count);
	}
	for (uint32_t i = 0; i < program->script_count; i++) {
		visit_parameters(search, program->scripts[i].parameters, program->scripts[i].parameter_count);
		visit_type(search, program->scripts[i].result);
	}
	for (uint32_t i = 0; i < program->action_count; i++) {
		visit_parameters(search, program->actions[i].parameters, program->actions[i].parameter_count);
		visit_type(search, program->actions[i].result);
	}
}

static void search_program(struct enumeration_search *search, const struct program *program)
{
	const struct schema *schema = &program->schema;
	for (uint32_t i = 0; i < schema->entity_count; i++)
		visit_fields(search, schema->entities[i]->fields, schema->entities[i]->field_count);
	for (uint32_t i = 0; i < schema->event_count; i++)
		visit_fields(search, schema->events[i]->fields, schema->events[i]->field_count);
	visit_functions(search, program);
	for (uint32_t i = 0; i < program->setting_count; i++)
		visit_type(search, program->settings[i].type);
	for (uint32_t i = 0; i < program->type_count; i++)
		visit_type(search, program->types[i]);
	for (uint32_t i = 0; i < program->workflow_count; i++) {
		visit_parameters(search, program->workflows[i].parameters, program->workflows[i].parameter_count);
		visit_code(search, program->workflows[i].code);
	}
}

/* --- writing */
static void write_member(struct json_writer *writer, const char *name, int64_t integer)
{
	json_write_name(writer, text_from(name));
	json_write_int(writer, integer);
}

static void write_text_member(struct json_writer *writer, const char *name, const char *text)
{
	json_write_name(writer, text_from(name));
	json_write_text(writer, text_from(text));
}

static void write_items(struct json_writer *writer, const struct program *program, struct value value)
{
	uint32_t count = value.kind == VALUE_RANGE ? 2 : value.count;
	json_write_name(writer, TEXT("v"));
	json_open_list(writer);
	for (uint32_t i = 0; i < count; i++)
		workflow_value_write(writer, program, value.items[i]);
	json_close_list(writer);
}

static void write_enum(struct json_writer *writer, const struct program *program, struct value value)
{
	struct enumeration_search search = {.wanted = value.enumeration};
	search_program(&search, program);
	CHECK(search.found);
	write_member(writer, "v", value.count);
	write_member(writer, "e", search.number);
}

static void write_number(struct json_writer *writer, struct value value)
{
	char digits[DECIMAL_TEXT], currency[4];
	decimal_write(value_decimal(value), digits);
	write_text_member(writer, "v", digits);
	if (value.kind != VALUE_MONEY)
		return;
	currency_unpack(value.count, currency);
	write_text_member(writer, "c", currency);
}

static void write_integer(struct json_writer *writer, struct value value)
{
	char digits[24]; /* as text: JSON's numbers end at 2^53 */
	snprintf(digits, sizeof digits, "%" PRId64, value.integer);
	write_text_member(writer, "v", digits);
	if (value.kind == VALUE_DURATION)
		write_member(writer, "u", value.unit);
}

static void write_content(struct json_writer *writer, const struct program *program, struct value value)
{
	char id[RECORD_ID_TEXT + 1];
	switch (value.kind) {
	case VALUE_DECIMAL:
	case VALUE_PERCENT:
	case VALUE_MONEY:
		write_number(writer, value);
		break;
	case VALUE_ENUM:
		write_enum(writer, program, value);
		break;
	case VALUE_REF:
		record_id_write(value.id, id);
		write_text_member(writer, "v", id);
		write_member(writer, "e", value.entity);
		break;
	case VALUE_LIST:
	case VALUE_RECORD:
	case VALUE_RANGE:
		write_items(writer, program, value);
		break;
	case VALUE_DATA:
		json_write_name(writer, TEXT("v"));
		json_write_document(writer, value.json);
		break;
	default:
		write_integer(writer, value);
	}
}

void workflow_value_write(struct json_writer *writer, const struct program *program, struct value value)
{
	if (value.kind == VALUE_MISSING) {
		json_write_null(writer);
	} else if (value.kind == VALUE_BOOL) {
		json_write_bool(writer, value.integer);
	} else if (value.kind == VALUE_TEXT) {
		json_write_text(writer, value_as_text(value));
	} else {
		json_open_object(writer);
		write_text_member(writer, "k", KINDS[value.kind]);
		write_content(writer, program, value);
		json_close_object(writer);
	}
}

/* --- reading: false for what was not written here */
struct value_reader {
	struct arena *arena;
	const struct program *program;
};

static bool read_whole(const struct json *json, const char *name, int64_t *integer_out)
{
	const struct json *member = json_member(json, text_from(name));
	return member && json_kind(member) == JSON_NUMBER && json_int(member, integer_out) == OK;
}

static bool read_text(const struct json *json, const char *name, struct text *text_out)
{
	const struct json *member = json_member(json, text_from(name));
	if (!member || json_kind(member) != JSON_TEXT)
		return false;
	*text_out = json_text(member);
	return true;
}

static bool read_number(const struct json *json, struct value *value)
{
	struct text digits, currency;
	struct decimal decimal;
	if (!read_text(json, "v", &digits) || decimal_parse(digits, &decimal) != OK)
		return false;
	*value = value_number(value->kind, decimal);
	if (value->kind != VALUE_MONEY)
		return true;
	if (!read_text(json, "c", &currency) || currency.length != 3)
		return false;
	value->count = currency_pack(currency.bytes);
	return true;
}

static bool read_integer(const struct json *json, struct value *value)
{
	struct text digits;
	int64_t unit = 0;
	if (!read_text(json, "v", &digits))
		return false;
	value->integer = strtoll(digits.bytes, NULL, 10);
	if (value->kind == VALUE_DURATION && !read_whole(json, "u", &unit))
		return false;
	value->unit = (uint8_t)unit;
	return true;
}

static bool read_enum(const struct value_reader *reader, const struct json *json, struct value *value)
{
	struct enumeration_search search = {0};
	int64_t ordinal;
	if (!read_whole(json, "v", &ordinal) || !read_whole(json, "e", &search.number))
		return false;
	search_program(&search, reader->program);
	if (!search.found || ordinal < 0 || ordinal >= search.found->count)
		return false;
	value->enumeration = search.found;
	value->count = (uint32_t)ordinal;
	return true;
}

static bool read_ref(const struct value_reader *reader, const struct json *json, struct value *value)
{
	struct text id;
	int64_t entity;
	if (!read_text(json, "v", &id) || !read_whole(json, "e", &entity) || record_id_parse(id, &value->id) != OK)
		return false;
	value->entity = (uint16_t)entity;
	return entity >= 0 && entity < reader->program->schema.entity_count;
}

static bool read_value(const struct value_reader *reader, const struct json *json, struct value *value_out);

static bool read_items(const struct value_reader *reader, const struct json *json, struct value *value)
{
	const struct json *list = json_member(json, TEXT("v"));
	if (!list || json_kind(list) != JSON_LIST)
		return false;
	uint32_t count = json_count(list), i = 0;
	struct value *items = arena_array(reader->arena, struct value, count + 1);
	for (const struct json *item = json_first(list); item; item = json_next(item))
		if (!read_value(reader, item, &items[i++]))
			return false;
	value->items = items;
	value->count = count;
	return value->kind != VALUE_RANGE || count == 2;
}

static bool read_kind(const struct value_reader *reader, const struct json *json, struct value *value)
{
	switch (value->kind) {
	case VALUE_DECIMAL:
	case VALUE_PERCENT:
	case VALUE_MONEY:
		return read_number(json, value);
	case VALUE_ENUM:
		return read_enum(reader, json, value);
	case VALUE_REF:
		return read_ref(reader, json, value);
	case VALUE_LIST:
	case VALUE_RECORD:
	case VALUE_RANGE:
		return read_items(reader, json, value);
	case VALUE_DATA:
		value->json = json_member(json, TEXT("v"));
		return value->json != NULL;
	default:
		return read_integer(json, value);
	}
}

static bool read_object(const struct value_reader *reader, const struct json *json, struct value *value_out)
{
	struct text kind;
	*value_out = value_missing();
	if (!read_text(json, "k", &kind))
		return false;
	for (uint32_t i = 0; i < KIND_COUNT; i++)
		if (KINDS[i] && text_is(kind, KINDS[i])) {
			value_out->kind = (uint8_t)i;
			return read_kind(reader, json, value_out);
		}
	return false;
}

static bool read_value(const struct value_reader *reader, const struct json *json, struct value *value_out)
{
	switch (json_kind(json)) {
	case JSON_NULL:
		*value_out = value_missing();
		return true;
	case JSON_BOOL:
		*value_out = value_bool(json_bool(json));
		return true;
	case JSON_TEXT:
		*value_out = value_text(json_text(json));
		return true;
	case JSON_OBJECT:
		return read_object(reader, json, value_out);
	default:
		return false;
	}
}

enum status workflow_value_read(struct arena *arena, const struct program *program, const struct json *json,
				struct value *value_out)
{
	struct value_reader reader = {arena, program};
	return read_value(&reader, json, value_out) ? OK : INVALID;
}
