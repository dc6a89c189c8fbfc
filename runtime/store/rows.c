/* Values to columns and back: every value comes back as it went in, also the zeros behind a point. Enums are kept by name, so
 * that a pack may put its values in another order. Lists, records and ranges are JSON whose leaves are texts: a JSON number
 * would be a double to whoever reads it. */
#include "runtime/store/rows.h"

#include <stdio.h>

#include "engine/base/check.h"
#include "engine/base/json.h"
#include "engine/model/event.h"
#include "runtime/store/sql.h"

static void packed_write(struct json_writer *writer, struct value value, const struct type *type);
static enum status packed_read(struct arena *arena, const struct type *type, const struct json *json, struct value *value_out,
			       struct error *error) MUST_CHECK;

static const char *const unit_names[] = {
	[UNIT_SECOND] = "s",           [UNIT_DAY] = "day",           [UNIT_MONTH] = "month",
	[UNIT_WORK_SECOND] = "work_s", [UNIT_WORK_DAY] = "work_day", [UNIT_END_OF_WORK_DAY] = "end_of_work_day",
};
enum { UNIT_COUNT = sizeof unit_names / sizeof *unit_names };

static struct text number_text(struct arena *arena, struct value value, bool normal)
{
	char buffer[DECIMAL_TEXT + 8] = "", *at = buffer;
	struct decimal decimal = value_decimal(value);

	if (value.kind == VALUE_MONEY) {
		currency_unpack(value.count, at);
		at += strlen(at);
		*at++ = ' ';
	}
	at += decimal_write(normal ? decimal_normal(decimal) : decimal, at);
	return text_copy(arena, (struct text){buffer, (uint32_t)(at - buffer)});
}

static struct text json_of(struct arena *arena, struct value value, const struct type *type)
{
	struct text_builder text = {.arena = arena};
	struct json_writer writer = {.text = &text};

	packed_write(&writer, value, type);
	return builder_text(&text);
}

struct sql_value sql_from_id(struct arena *arena, struct record_id id)
{
	unsigned char *bytes = arena_alloc_raw(arena, 16, 1);

	for (int i = 0; i < 8; i++) {
		bytes[i] = (unsigned char)(id.high >> (56 - 8 * i));
		bytes[8 + i] = (unsigned char)(id.low >> (56 - 8 * i));
	}
	return sql_bytes(bytes, 16);
}

struct record_id id_from_sql(struct sql_value value)
{
	struct record_id id = {0};

	for (uint32_t i = 0; i < 8 && value.text.length == 16; i++) {
		id.high = id.high << 8 | (unsigned char)value.text.bytes[i];
		id.low = id.low << 8 | (unsigned char)value.text.bytes[8 + i];
	}
	return id;
}

struct sql_value sql_from_value(struct arena *arena, struct value value, const struct type *type)
{
	switch ((enum value_kind)value.kind) {
	case VALUE_MISSING:
		return sql_null();
	case VALUE_BOOL:
	case VALUE_DATE:
	case VALUE_TIME:
	case VALUE_TIME_OF_DAY:
		return sql_integer(value.integer);
	case VALUE_INT:
		return column_is_decimal(type) ? sql_text(number_text(arena, value, false)) : sql_integer(value.integer);
	case VALUE_DECIMAL:
	case VALUE_PERCENT:
	case VALUE_MONEY:
		return sql_text(number_text(arena, value, false));
	case VALUE_TEXT:
		return sql_text(value_as_text(value));
	case VALUE_DURATION:
		CHECK(value.unit < UNIT_COUNT);
		return sql_text(text_format(arena, "%lld %s", (long long)value.integer, unit_names[value.unit]));
	case VALUE_ENUM:
		CHECK(value.count < value.enumeration->count);
		return sql_text(value.enumeration->values[value.count].name);
	case VALUE_REF:
		return sql_from_id(arena, value.id);
	case VALUE_LIST:
	case VALUE_RECORD:
	case VALUE_RANGE:
	case VALUE_DATA:
		break;
	}
	return sql_text(json_of(arena, value, type));
}

struct sql_value sql_comparable_value(struct arena *arena, struct value value, const struct type *type)
{
	if (column_is_decimal(type) && value.kind != VALUE_MISSING)
		return sql_text(number_text(arena, value, true));
	return sql_from_value(arena, value, type);
}

/* --- back */
static enum status misfit(const struct type *type, struct sql_value stored, struct error *error)
{
	struct arena scratch;
	char shown[32] = "NULL";

	if (stored.kind == SQL_INTEGER)
		snprintf(shown, sizeof shown, "%lld", (long long)stored.integer);
	else if (stored.kind == SQL_TEXT)
		snprintf(shown, sizeof shown, "\"%.24s\"", stored.text.bytes);
	else if (stored.kind == SQL_BYTES)
		snprintf(shown, sizeof shown, "%u bytes", stored.text.length);
	arena_init(&scratch, "message", 0);
	struct text wanted = type_show(&scratch, type);
	error_set(error, INVALID, "the database holds %s where %.*s belongs; something else wrote to it", shown,
		  TEXT_ARGS(wanted));
	arena_release(&scratch);
	return INVALID;
}

static bool integer_read(struct text text, int64_t *integer_out)
{
	struct decimal decimal;

	return decimal_parse(text, &decimal) == OK && decimal_to_int(decimal, integer_out) == OK;
}

static bool number_read(struct text text, enum value_kind kind, struct value *value_out)
{
	struct decimal decimal;
	uint32_t currency = 0;

	if (kind == VALUE_MONEY) {
		if (text.length < 5 || text.bytes[3] != ' ')
			return false;
		currency = currency_pack(text.bytes);
		text = text_slice(text, 4, text.length);
	}
	if (decimal_parse(text, &decimal) != OK)
		return false;
	*value_out = value_number(kind, decimal);
	value_out->count = currency;
	return true;
}

static bool duration_read(struct text text, struct value *value_out)
{
	int64_t blank = text_find(text, TEXT(" ")), amount;

	if (blank < 0 || !integer_read(text_slice(text, 0, (uint32_t)blank), &amount))
		return false;
	struct text unit = text_slice(text, (uint32_t)blank + 1, text.length);
	for (uint32_t i = 0; i < UNIT_COUNT; i++) {
		if (text_is(unit, unit_names[i])) {
			*value_out = value_duration(amount, i);
			return true;
		}
	}
	return false;
}

static bool enum_read(struct text text, const struct enumeration *enumeration, struct value *value_out)
{
	for (uint32_t i = 0; i < enumeration->count; i++) {
		if (text_equal(text, enumeration->values[i].name)) {
			*value_out = (struct value){.kind = VALUE_ENUM, .count = i, .enumeration = enumeration};
			return true;
		}
	}
	return false;
}

/* What sql_from_value wrote as TEXT, but for documents. */
static bool scalar_read(struct arena *arena, const struct type *type, struct text text, struct value *value_out)
{
	switch (type->kind) {
	case TYPE_DECIMAL:
		return number_read(text, VALUE_DECIMAL, value_out);
	case TYPE_PERCENT:
		return number_read(text, VALUE_PERCENT, value_out);
	case TYPE_MONEY:
		return number_read(text, VALUE_MONEY, value_out);
	case TYPE_DURATION:
		return duration_read(text, value_out);
	case TYPE_ENUM:
		return enum_read(text, type->enumeration, value_out);
	case TYPE_TEXT:
	case TYPE_FILE:
	case TYPE_SECRET:
		*value_out = value_text(text_copy(arena, text));
		return true;
	default:
		return false;
	}
}

static bool integer_value(const struct type *type, int64_t integer, struct value *value_out)
{
	static const uint8_t kinds[] = {
		[TYPE_BOOL] = VALUE_BOOL,
		[TYPE_INT] = VALUE_INT,
		[TYPE_DATE] = VALUE_DATE,
		[TYPE_TIME] = VALUE_TIME,
		[TYPE_TIME_OF_DAY] = VALUE_TIME_OF_DAY,
	};

	if (column_kind_of(type) != COLUMN_INTEGER)
		return false;
	*value_out = (struct value){.kind = kinds[type->kind], .integer = integer};
	return true;
}

enum status value_from_sql(struct arena *arena, const struct type *type, struct sql_value stored, struct value *value_out,
			   struct error *error)
{
	const struct json *json;

	*value_out = value_missing();
	switch (stored.kind) {
	case SQL_NULL:
		return OK;
	case SQL_INTEGER:
		return integer_value(type, stored.integer, value_out) ? OK : misfit(type, stored, error);
	case SQL_BYTES:
		if (type->kind != TYPE_REF || stored.text.length != 16)
			return misfit(type, stored, error);
		*value_out = value_ref(type->entity ? type->entity->index : 0, id_from_sql(stored));
		return OK;
	case SQL_TEXT:
		break;
	}
	if (scalar_read(arena, type, stored.text, value_out))
		return OK;
	if (column_kind_of(type) != COLUMN_TEXT || json_parse(arena, stored.text, &json, NULL) != OK)
		return misfit(type, stored, error);
	return packed_read(arena, type, json, value_out, error);
}

enum status row_from_sql(struct arena *arena, const struct entity *entity, struct statement *statement,
			 struct value *values_out, struct error *error)
{
	uint32_t column = 0;

	for (uint32_t i = 0; i < entity->field_count; i++) {
		const struct field *field = &entity->fields[i];
		values_out[i] = value_missing();
		if (column_kind(field) == COLUMN_NONE)
			continue;
		enum status status =
			value_from_sql(arena, field->type, statement_column(statement, column++), &values_out[i], error);
		if (status != OK)
			return error_within(error, "%.*s.%.*s", TEXT_ARGS(entity->name), TEXT_ARGS(field->name));
	}
	if (values_out[FIELD_ID].kind == VALUE_REF)
		values_out[FIELD_ID].entity = entity->index;
	return OK;
}

/* --- lists, records, ranges: JSON whose leaves are the texts of columns */
static void packed_write(struct json_writer *writer, struct value value, const struct type *type)
{
	char id[RECORD_ID_TEXT + 1];

	switch ((enum value_kind)value.kind) {
	case VALUE_MISSING:
		json_write_null(writer);
		return;
	case VALUE_LIST:
	case VALUE_RANGE:
		json_open_list(writer);
		for (uint32_t i = 0; i < (value.kind == VALUE_RANGE ? 2 : value.count); i++)
			packed_write(writer, value.items[i], type->element);
		json_close_list(writer);
		return;
	case VALUE_RECORD:
		json_open_object(writer);
		for (uint32_t i = 0; i < value.count; i++) {
			bool event = type->kind == TYPE_EVENT;
			json_write_name(writer, event ? type->event->fields[i].name : type->record->fields[i].name);
			packed_write(writer, value.items[i],
				     event ? type->event->fields[i].type : type->record->fields[i].type);
		}
		json_close_object(writer);
		return;
	case VALUE_DATA:
		json_write_document(writer, value.json);
		return;
	case VALUE_REF:
		record_id_write(value.id, id);
		json_write_text(writer, text_from(id));
		return;
	default:
		break;
	}
	struct sql_value scalar = sql_from_value(writer->text->arena, value, type);
	if (scalar.kind == SQL_INTEGER)
		scalar.text = text_format(writer->text->arena, "%lld", (long long)scalar.integer);
	json_write_text(writer, scalar.text);
}

static enum status items_read(struct arena *arena, const struct type *type, const struct json *json, struct value *value_out,
			      struct error *error)
{
	uint32_t count = json_count(json), at = 0;
	struct value *items = arena_array(arena, struct value, count + 1);

	for (const struct json *item = json_first(json); item; item = json_next(item)) {
		enum status status = packed_read(arena, type->element, item, &items[at++], error);
		if (status != OK)
			return status;
	}
	*value_out =
		(struct value){.kind = type->kind == TYPE_RANGE ? VALUE_RANGE : VALUE_LIST, .count = count, .items = items};
	return OK;
}

/* By name: a field that came later is not set in older rows. */
static enum status record_read(struct arena *arena, const struct type *type, const struct json *json, struct value *value_out,
			       struct error *error)
{
	bool event = type->kind == TYPE_EVENT;
	uint32_t count = event ? type->event->field_count : type->record->count;
	struct value *items = arena_array(arena, struct value, count + 1);

	for (uint32_t i = 0; i < count; i++) {
		struct text name = event ? type->event->fields[i].name : type->record->fields[i].name;
		const struct type *item_type = event ? type->event->fields[i].type : type->record->fields[i].type;
		const struct json *item = json_member(json, name);
		enum status status = item ? packed_read(arena, item_type, item, &items[i], error) : OK;
		if (status != OK)
			return status;
	}
	*value_out = (struct value){.kind = VALUE_RECORD, .count = count, .items = items};
	return OK;
}

static enum status packed_read(struct arena *arena, const struct type *type, const struct json *json, struct value *value_out,
			       struct error *error)
{
	struct record_id id;
	int64_t integer;

	*value_out = value_missing();
	if (type->kind == TYPE_DATA) {
		*value_out = (struct value){.kind = VALUE_DATA, .json = json};
		return OK;
	}
	switch (json_kind(json)) {
	case JSON_NULL:
		return OK;
	case JSON_LIST:
		if (type->kind == TYPE_LIST || (type->kind == TYPE_RANGE && json_count(json) == 2))
			return items_read(arena, type, json, value_out, error);
		break;
	case JSON_OBJECT:
		if (type->kind == TYPE_RECORD || type->kind == TYPE_EVENT)
			return record_read(arena, type, json, value_out, error);
		break;
	case JSON_TEXT:
		if (scalar_read(arena, type, json_text(json), value_out))
			return OK;
		if (type->kind == TYPE_REF && record_id_parse(json_text(json), &id) == OK) {
			*value_out = value_ref(type->entity ? type->entity->index : 0, id);
			return OK;
		}
		if (integer_read(json_text(json), &integer) && integer_value(type, integer, value_out))
			return OK;
		return misfit(type, sql_text(json_text(json)), error);
	default:
		break;
	}
	return misfit(type, sql_text(TEXT("…")), error);
}
