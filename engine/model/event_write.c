/* Typed values as JSON: the inverse of event.c. Secrets are never written. */
#include "engine/base/json.h"
#include "engine/model/event.h"

static void write_members(struct json_writer *writer, const struct value *items, uint32_t count,
			  const struct record_field *fields)
{
	json_open_object(writer);
	for (uint32_t i = 0; i < count; i++) {
		if (items[i].kind == VALUE_MISSING)
			continue;
		json_write_name(writer, fields[i].name);
		value_to_json(writer, items[i], fields[i].type);
	}
	json_close_object(writer);
}

static void write_event(struct json_writer *writer, struct value value, const struct event_kind *kind)
{
	json_open_object(writer);
	for (uint32_t i = 0; i < value.count && i < kind->field_count; i++) {
		if (value.items[i].kind == VALUE_MISSING)
			continue;
		json_write_name(writer, kind->fields[i].name);
		value_to_json(writer, value.items[i], kind->fields[i].type);
	}
	json_close_object(writer);
}

static void write_items(struct json_writer *writer, struct value value, const struct type *element)
{
	json_open_list(writer);
	for (uint32_t i = 0; i < value.count; i++)
		value_to_json(writer, value.items[i], element);
	json_close_list(writer);
}

static void write_shown(struct json_writer *writer, struct value value)
{
	char buffer[128];
	struct arena arena;
	arena_init(&arena, "json", 0);
	struct text_builder builder = {.arena = &arena};
	if (value.kind == VALUE_TIME) {
		moment_write(value.integer, NULL, buffer);
		json_write_text(writer, text_from(buffer));
	} else {
		value_write(&builder, value, NULL);
		json_write_text(writer, builder_text(&builder));
	}
	arena_release(&arena);
}

static void write_structure(struct json_writer *writer, struct value value, const struct type *type)
{
	static const struct type NOTHING = {.kind = TYPE_NOTHING};
	const struct type *element = type && type->element ? type->element : &NOTHING;
	if (value.kind == VALUE_RECORD && type && type->kind == TYPE_RECORD)
		write_members(writer, value.items, value.count, type->record->fields);
	else if (value.kind == VALUE_RECORD && type && type->kind == TYPE_EVENT)
		write_event(writer, value, type->event);
	else
		write_items(writer, value, element);
}

/* A JSON number is a double to who reads it, exact to 15 digits; what has more of them goes as text. */
static void write_number(struct json_writer *writer, struct decimal decimal)
{
	static const int64_t EXACT = 1000000000000000;
	char digits[DECIMAL_TEXT];
	struct decimal normal = decimal_normal(decimal);
	if (normal.mantissa > -EXACT && normal.mantissa < EXACT) {
		json_write_decimal(writer, decimal);
		return;
	}
	uint32_t length = decimal_write(decimal, digits);
	json_write_text(writer, (struct text){digits, length});
}

void value_to_json(struct json_writer *writer, struct value value, const struct type *type)
{
	char id[RECORD_ID_TEXT + 1];
	if (type && type->kind == TYPE_SECRET) {
		json_write_text(writer, TEXT("(secret)"));
		return;
	}
	switch (value.kind) {
	case VALUE_MISSING:
		json_write_null(writer);
		return;
	case VALUE_BOOL:
		json_write_bool(writer, value.integer);
		return;
	case VALUE_INT:
	case VALUE_DECIMAL:
	case VALUE_PERCENT:
		write_number(writer, value_decimal(value));
		return;
	case VALUE_TEXT:
		json_write_text(writer, value_as_text(value));
		return;
	case VALUE_REF:
		record_id_write(value.id, id);
		json_write_text(writer, text_from(id));
		return;
	case VALUE_LIST:
	case VALUE_RECORD:
	case VALUE_RANGE:
		write_structure(writer, value, type);
		return;
	case VALUE_DATA:
		json_write_document(writer, value.json);
		return;
	default:
		write_shown(writer, value);
	}
}
