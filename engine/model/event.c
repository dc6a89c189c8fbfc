/* JSON becomes typed values, and back. Nothing is guessed: what does not fit is refused with a sentence that names the member,
 * the type that is wanted and what stood there. */
#include "engine/model/event.h"
#include "engine/base/json.h"
#include "engine/model/duration.h"

static const char *const KINDS[] = {[JSON_NULL] = "null",   [JSON_BOOL] = "a bool", [JSON_NUMBER] = "a number",
				    [JSON_TEXT] = "a text", [JSON_LIST] = "a list", [JSON_OBJECT] = "an object"};

/* Where a value stands, for sentences: "tags[2]". */
struct place {
	const struct schema *schema;
	struct arena *arena;
	struct text name;
	struct error *error;
};

static enum status misfit(const struct place *place, const struct type *type, const struct json *json)
{
	struct text wanted = type_show(place->arena, type);
	enum json_kind kind = json_kind(json);
	if (kind == JSON_TEXT) {
		struct text text = json_text(json);
		uint32_t shown = text.length > 60 ? 60 : text.length;
		while (shown < text.length && ((unsigned char)text.bytes[shown] & 0xc0) == 0x80)
			shown--; /* whole characters */
		return error_set(place->error, INVALID, "`%.*s` must be %.*s; found the text \"%.*s%s\"",
				 TEXT_ARGS(place->name), TEXT_ARGS(wanted), (int)shown, text.bytes,
				 shown < text.length ? "…" : "");
	}
	return error_set(place->error, INVALID, "`%.*s` must be %.*s; found %s", TEXT_ARGS(place->name), TEXT_ARGS(wanted),
			 KINDS[kind]);
}

static enum status read_value(const struct place *place, const struct type *type, const struct json *json,
			      struct value *value_out);

static enum status read_int(const struct json *json, struct value *value_out)
{
	int64_t integer;
	struct decimal decimal;
	if (json_kind(json) == JSON_NUMBER) {
		if (json_int(json, &integer) != OK)
			return INVALID;
	} else if (json_kind(json) != JSON_TEXT || decimal_parse(json_text(json), &decimal) != OK ||
		   decimal_to_int(decimal, &integer) != OK) {
		return INVALID;
	}
	*value_out = value_int(integer);
	return OK;
}

static enum status read_number(const struct json *json, enum value_kind kind, struct value *value_out)
{
	struct decimal decimal;
	enum status status = json_kind(json) == JSON_NUMBER ? json_decimal(json, &decimal)
			     : json_kind(json) == JSON_TEXT ? decimal_parse_json(json_text(json), &decimal)
							    : INVALID;
	if (status == OK)
		*value_out = value_number(kind, decimal);
	return status;
}

static enum status read_percent(const struct json *json, struct value *value_out)
{
	struct decimal decimal, hundredth = {.mantissa = 1, .scale = 2};
	if (json_kind(json) == JSON_TEXT && text_ends(json_text(json), TEXT("%"))) {
		struct text text = json_text(json);
		if (decimal_parse(text_slice(text, 0, text.length - 1), &decimal) != OK ||
		    decimal_multiply(decimal, hundredth, &decimal) != OK)
			return INVALID;
		*value_out = value_number(VALUE_PERCENT, decimal);
		return OK;
	}
	return read_number(json, VALUE_PERCENT, value_out);
}

/* "15.50 EUR" */
static enum status read_money(const struct json *json, struct value *value_out)
{
	if (json_kind(json) != JSON_TEXT)
		return INVALID;
	struct text text = json_text(json);
	struct decimal decimal;
	if (text.length < 5 || text.bytes[text.length - 4] != ' ')
		return INVALID;
	for (uint32_t i = text.length - 3; i < text.length; i++)
		if (text.bytes[i] < 'A' || text.bytes[i] > 'Z')
			return INVALID;
	if (decimal_parse(text_slice(text, 0, text.length - 4), &decimal) != OK)
		return INVALID;
	*value_out = value_number(VALUE_MONEY, decimal);
	value_out->count = currency_pack(text.bytes + text.length - 3);
	return OK;
}

static enum status read_text_like(const struct type *type, struct text text, struct value *value_out)
{
	moment at;
	date day;
	clock_time time;
	switch (type->kind) {
	case TYPE_DATE:
		if (date_parse(text, &day) != OK)
			return INVALID;
		*value_out = (struct value){.kind = VALUE_DATE, .integer = day};
		return OK;
	case TYPE_TIME:
		if (moment_parse(text, NULL, &at) != OK)
			return INVALID;
		*value_out = value_time(at);
		return OK;
	case TYPE_TIME_OF_DAY:
		if (clock_time_parse(text, &time) != OK)
			return INVALID;
		*value_out = (struct value){.kind = VALUE_TIME_OF_DAY, .integer = time};
		return OK;
	case TYPE_DURATION:
		return duration_parse(text, value_out, NULL);
	default:
		*value_out = value_text(text);
		return OK;
	}
}

static enum status read_enum(const struct enumeration *enumeration, struct text name, struct value *value_out)
{
	for (uint32_t i = 0; i < enumeration->count; i++)
		if (text_equal(enumeration->values[i].name, name)) {
			*value_out = (struct value){.kind = VALUE_ENUM, .count = i, .enumeration = enumeration};
			return OK;
		}
	return INVALID;
}

static enum status read_list(const struct place *place, const struct type *element, const struct json *json,
			     struct value *value_out)
{
	uint32_t count = json_count(json), i = 0;
	struct value *items = arena_alloc_raw(place->arena, sizeof(*items) * (count ? count : 1), 16);
	for (const struct json *item = json_first(json); item; item = json_next(item), i++) {
		enum status status = read_value(place, element, item, &items[i]);
		if (status != OK)
			return place->error ? error_within(place->error, "item %u", i + 1) : status;
	}
	*value_out = (struct value){.kind = VALUE_LIST, .count = count, .items = items};
	return OK;
}

static enum status read_record(const struct place *place, const struct record_type *record, const struct json *json,
			       struct value *value_out)
{
	struct value *items = arena_array(place->arena, struct value, record->count + 1);
	for (uint32_t i = 0; i < record->count; i++) {
		const struct json *member = json_member(json, record->fields[i].name);
		if (!member)
			continue;
		struct place inner = *place;
		inner.name = text_format(place->arena, "%.*s.%.*s", TEXT_ARGS(place->name), TEXT_ARGS(record->fields[i].name));
		enum status status = read_value(&inner, record->fields[i].type, member, &items[i]);
		if (status != OK)
			return status;
	}
	*value_out = (struct value){.kind = VALUE_RECORD, .count = record->count, .items = items};
	return OK;
}

static enum status read_range(const struct place *place, const struct type *element, const struct json *json,
			      struct value *value_out)
{
	struct value *ends = arena_array(place->arena, struct value, 2);
	const struct json *from = json_first(json), *until = from ? json_next(from) : NULL;
	if (json_count(json) != 2)
		return INVALID;
	if (read_value(place, element, from, &ends[0]) != OK || read_value(place, element, until, &ends[1]) != OK)
		return INVALID;
	*value_out = (struct value){.kind = VALUE_RANGE, .count = 2, .items = ends};
	return OK;
}

static enum status read_event_record(const struct place *place, const struct event_kind *kind, const struct json *json,
				     struct value *value_out)
{
	struct value *fields;
	enum status status = event_from_json(place->arena, place->schema, kind, json, &fields, place->error);
	if (status == OK)
		*value_out = (struct value){.kind = VALUE_RECORD, .count = kind->field_count, .items = fields};
	return status;
}

/* INVALID without a sentence: the caller says what was wanted. */
static enum status read_fitting(const struct place *place, const struct type *type, const struct json *json,
				struct value *value_out)
{
	enum json_kind kind = json_kind(json);
	struct record_id id;
	switch (type->kind) {
	case TYPE_BOOL:
		*value_out = value_bool(kind == JSON_BOOL && json_bool(json));
		return kind == JSON_BOOL ? OK : INVALID;
	case TYPE_INT:
		return read_int(json, value_out);
	case TYPE_DECIMAL:
		return read_number(json, VALUE_DECIMAL, value_out);
	case TYPE_PERCENT:
		return read_percent(json, value_out);
	case TYPE_MONEY:
		return read_money(json, value_out);
	case TYPE_ENUM:
		return kind == JSON_TEXT ? read_enum(type->enumeration, json_text(json), value_out) : INVALID;
	case TYPE_REF:
		if (kind != JSON_TEXT || record_id_parse(json_text(json), &id) != OK)
			return INVALID;
		*value_out = value_ref(type->entity->index, id);
		return OK;
	case TYPE_LIST:
		return kind == JSON_LIST ? read_list(place, type->element, json, value_out) : INVALID;
	case TYPE_RANGE:
		return kind == JSON_LIST ? read_range(place, type->element, json, value_out) : INVALID;
	case TYPE_RECORD:
		return kind == JSON_OBJECT ? read_record(place, type->record, json, value_out) : INVALID;
	case TYPE_EVENT:
		return kind == JSON_OBJECT ? read_event_record(place, type->event, json, value_out) : INVALID;
	case TYPE_DATA:
		*value_out = (struct value){.kind = VALUE_DATA, .json = json};
		return OK;
	case TYPE_NOTHING:
	case TYPE_ERROR:
		return INVALID;
	default:
		return kind == JSON_TEXT ? read_text_like(type, json_text(json), value_out) : INVALID;
	}
}

static enum status read_value(const struct place *place, const struct type *type, const struct json *json,
			      struct value *value_out)
{
	if (json_kind(json) == JSON_NULL) {
		*value_out = value_missing();
		return OK;
	}
	if (place->error)
		place->error->sentence[0] = 0;
	enum status status = read_fitting(place, type, json, value_out);
	if (status != OK && (!place->error || !place->error->sentence[0]))
		return misfit(place, type, json);
	return status;
}

enum status value_from_json(struct arena *arena, const struct schema *schema, const struct type *type, const struct json *json,
			    struct text where, struct value *value_out, struct error *error)
{
	struct place place = {.schema = schema, .arena = arena, .name = where, .error = error};
	return read_value(&place, type, json, value_out);
}

/* --- events */
static enum status unknown_member(const struct event_kind *kind, struct text name, struct error *error)
{
	return error_set(error, INVALID, "%.*s has no field `%.*s`", TEXT_ARGS(kind->name), TEXT_ARGS(name));
}

static enum status check_field(const struct event_kind *kind, const struct field *field, struct value value,
			       struct error *error)
{
	bool needed = field->key || (field->required && !field->fallback);
	if (value.kind == VALUE_MISSING && needed)
		return error_set(error, INVALID, "%.*s needs the field `%.*s`", TEXT_ARGS(kind->name), TEXT_ARGS(field->name));
	if (field->max_length && value.kind == VALUE_TEXT && text_characters(value_as_text(value)) > field->max_length)
		return error_set(error, INVALID, "`%.*s` may have %u characters; it has %u", TEXT_ARGS(field->name),
				 field->max_length, text_characters(value_as_text(value)));
	return OK;
}

/* Members mostly come in the order of the fields: the next one is tried before the map. */
enum status event_from_json(struct arena *arena, const struct schema *schema, const struct event_kind *kind,
			    const struct json *object, struct value **fields_out, struct error *error)
{
	struct place place = {.schema = schema, .arena = arena, .error = error};
	if (json_kind(object) != JSON_OBJECT)
		return error_set(error, INVALID, "%.*s must be a JSON object", TEXT_ARGS(kind->name));
	struct value *fields = arena_array(arena, struct value, kind->field_count + 1u);
	uint32_t next = 0;
	for (const struct json *member = json_first(object); member; member = json_next(member)) {
		struct text name = json_name(member);
		const struct field *field = next < kind->field_count ? &kind->fields[next] : NULL;
		if (!field || !text_equal(field->name, name))
			field = event_field(kind, name);
		if (!field)
			return unknown_member(kind, name, error);
		place.name = field->name;
		enum status status = read_value(&place, field->type, member, &fields[field->index]);
		if (status != OK)
			return status;
		next = field->index + 1u;
	}
	for (uint32_t i = 0; i < kind->field_count; i++) {
		enum status status = check_field(kind, &kind->fields[i], fields[i], error);
		if (status != OK)
			return status;
	}
	*fields_out = fields;
	return OK;
}

/* --- keys */
static struct record_id id_with(struct record_id id, const void *bytes, size_t size)
{
	struct record_id part = record_id_derive(0, bytes, size);
	struct record_id both[2] = {id, part};
	return record_id_derive(0, both, sizeof(both));
}

static struct record_id id_with_value(struct record_id id, struct value value)
{
	if (value.kind == VALUE_TEXT)
		return id_with(id, value.text, value.count);
	if (value.kind == VALUE_REF)
		return id_with(id, &value.id, sizeof(value.id));
	uint64_t rest[2] = {value.kind, value_hash(value)};
	return id_with(id, rest, sizeof(rest));
}

struct record_id event_key_id(const struct event_kind *kind, const struct value *fields)
{
	struct record_id id = record_id_derive(0, kind->name.bytes, kind->name.length);
	for (uint32_t i = 0; i < kind->field_count; i++)
		if (kind->fields[i].key)
			id = id_with_value(id, fields[i]);
	return id;
}
