/* Every type comes back from the store as it went in. */
#include "tests/unit/store/sample.h"

#include "engine/base/json.h"

static struct value number(enum value_kind kind, const char *text)
{
	struct decimal decimal;

	assert_int_equal(decimal_parse(text_from(text), &decimal), OK);
	return value_number(kind, decimal);
}

static struct value money(const char *text, const char *currency)
{
	struct value value = number(VALUE_MONEY, text);

	value.count = currency_pack(currency);
	return value;
}

static bool same(struct value a, struct value b);

static bool same_items(struct value a, struct value b, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (!same(a.items[i], b.items[i]))
			return false;
	return true;
}

/* Stricter than value_equal: zeros behind the point count, MISSING is MISSING. */
static bool same(struct value a, struct value b)
{
	if (a.kind != b.kind)
		return false;
	switch ((enum value_kind)a.kind) {
	case VALUE_MISSING:
		return true;
	case VALUE_DECIMAL:
	case VALUE_PERCENT:
	case VALUE_MONEY:
		return a.mantissa == b.mantissa && a.scale == b.scale && a.count == b.count;
	case VALUE_TEXT:
		return text_equal(value_as_text(a), value_as_text(b));
	case VALUE_DURATION:
		return a.integer == b.integer && a.unit == b.unit;
	case VALUE_ENUM:
		return a.count == b.count && a.enumeration == b.enumeration;
	case VALUE_REF:
		return id_equal(a.id, b.id) && a.entity == b.entity;
	case VALUE_LIST:
	case VALUE_RECORD:
		return a.count == b.count && same_items(a, b, a.count);
	case VALUE_RANGE:
		return same_items(a, b, 2);
	case VALUE_DATA:
		return json_kind(a.json) == json_kind(b.json) && json_count(a.json) == json_count(b.json);
	default:
		return a.integer == b.integer;
	}
}

static void check(struct value value, const struct type *(*make)(struct sample *), const char *what)
{
	struct sample sample;

	sample_open(&sample);
	struct entity *entity = sample_entity(&sample, "thing");
	const struct field *field = sample_field(&sample, entity, "value", make(&sample));
	if (value.kind == VALUE_ENUM)
		value.enumeration = field->type->enumeration;
	assert_int_equal(sample_migrate(&sample, NULL), OK);
	struct value *values = sample_values(&sample, entity);
	values[field->index] = value;
	struct record_id id = sample_create(&sample, entity, values);
	struct value *read = sample_read(&sample, entity, id);
	if (!same(read[field->index], value))
		fail_msg("%s came back as %.*s", what, TEXT_ARGS(value_show(&sample.arena, read[field->index], NULL)));
	assert_true(same(read[FIELD_ID], value_ref(entity->index, id)));
	assert_int_equal(read[FIELD_VERSION].integer, 1);
	sample_close(&sample);
}

#define MAKER(name, expression)                                                                                                \
	static const struct type *name(struct sample *sample)                                                                  \
	{                                                                                                                      \
		return expression;                                                                                             \
	}
MAKER(a_bool, sample_type(sample, TYPE_BOOL))
MAKER(an_int, sample_type(sample, TYPE_INT))
MAKER(a_decimal, sample_type(sample, TYPE_DECIMAL))
MAKER(a_percent, sample_type(sample, TYPE_PERCENT))
MAKER(a_money, sample_type(sample, TYPE_MONEY))
MAKER(a_text, sample_type(sample, TYPE_TEXT))
MAKER(a_date, sample_type(sample, TYPE_DATE))
MAKER(a_time, sample_type(sample, TYPE_TIME))
MAKER(a_time_of_day, sample_type(sample, TYPE_TIME_OF_DAY))
MAKER(a_duration, sample_type(sample, TYPE_DURATION))
MAKER(an_enum, sample_enum(sample, 3, "low", "high", "very_high"))
MAKER(a_list, sample_of(sample, TYPE_LIST, sample_type(sample, TYPE_DECIMAL)))
MAKER(texts, sample_of(sample, TYPE_LIST, sample_type(sample, TYPE_TEXT)))
MAKER(ranges, sample_of(sample, TYPE_LIST, sample_of(sample, TYPE_RANGE, sample_type(sample, TYPE_TIME))))
MAKER(a_data, sample_type(sample, TYPE_DATA))

static void test_scalars(void **state)
{
	(void)state;
	check(value_bool(true), a_bool, "true");
	check(value_bool(false), a_bool, "false");
	check(value_int(INT64_MAX), an_int, "the largest int");
	check(value_int(INT64_MIN), an_int, "the smallest int");
	check(value_missing(), an_int, "missing");
	check(number(VALUE_DECIMAL, "12.50"), a_decimal, "12.50");
	check(number(VALUE_DECIMAL, "-0.000001"), a_decimal, "-0.000001");
	check(number(VALUE_DECIMAL, "99999999999999999999999999999999999999"), a_decimal, "38 nines");
	check(number(VALUE_DECIMAL, "0.1000000000000000000000000001"), a_decimal, "28 places");
	check(number(VALUE_PERCENT, "0.19"), a_percent, "19%");
	check(money("15.50", "EUR"), a_money, "15.50 EUR");
	check(money("-3", "CHF"), a_money, "-3 CHF");
	check(value_text(TEXT("")), a_text, "the empty text");
	check(value_text(TEXT("Grüße \"'; DROP TABLE thing;-- \n\t😀")), a_text, "a hostile text");
	check((struct value){.kind = VALUE_DATE, .integer = -719162}, a_date, "0001-01-01");
	check(value_time(-62135596800), a_time, "the first moment");
	check(value_time(253402300799), a_time, "the last moment");
	check((struct value){.kind = VALUE_TIME_OF_DAY, .integer = 86400}, a_time_of_day, "24:00");
	for (int unit = UNIT_SECOND; unit <= UNIT_END_OF_WORK_DAY; unit++)
		check(value_duration(-7, (enum duration_unit)unit), a_duration, "a duration");
	check((struct value){.kind = VALUE_ENUM, .count = 2}, an_enum, "very_high");
}

static void test_lists(void **state)
{
	const struct value numbers[] = {number(VALUE_DECIMAL, "1.10"), value_missing(),
					number(VALUE_DECIMAL, "12345678901234567890.123456789")};
	const struct value words[] = {value_text(TEXT("a\"b")), value_text(TEXT("")), value_text(TEXT("ü\n"))};
	const struct value open[] = {value_time(5), value_missing()}, closed[] = {value_time(5), value_time(9)};
	const struct value pauses[] = {{.kind = VALUE_RANGE, .count = 2, .items = closed},
				       {.kind = VALUE_RANGE, .count = 2, .items = open}};

	(void)state;
	check((struct value){.kind = VALUE_LIST, .count = 3, .items = numbers}, a_list, "decimals");
	check((struct value){.kind = VALUE_LIST}, a_list, "the empty list");
	check((struct value){.kind = VALUE_LIST, .count = 3, .items = words}, texts, "texts");
	check((struct value){.kind = VALUE_LIST, .count = 2, .items = pauses}, ranges, "pauses");
}

static void test_data(void **state)
{
	struct arena arena;
	const struct json *json;
	struct error error;

	(void)state;
	arena_init(&arena, "test", 0);
	assert_int_equal(json_parse(&arena, TEXT("{\"a\":[1,2.5,null],\"b\":\"x\"}"), &json, &error), OK);
	check((struct value){.kind = VALUE_DATA, .json = json}, a_data, "a document");
	assert_int_equal(json_parse(&arena, TEXT("\"plain\""), &json, &error), OK);
	check((struct value){.kind = VALUE_DATA, .json = json}, a_data, "a text document");
	arena_release(&arena);
}

static void test_refs_and_records(void **state)
{
	struct sample sample;

	(void)state;
	sample_open(&sample);
	struct entity *target = sample_entity(&sample, "target"), *thing = sample_entity(&sample, "thing");
	struct record_field fields[] = {{.name = TEXT("to"), .type = sample_ref(&sample, target)},
					{.name = TEXT("level"), .type = sample_enum(&sample, 2, "a", "b")},
					{.name = TEXT("on"), .type = sample_type(&sample, TYPE_BOOL)}};
	struct record_type record = {fields, 3};
	struct type record_of = {.kind = TYPE_RECORD, .record = &record};
	const struct field *ref = sample_field(&sample, thing, "ref", fields[0].type);
	const struct field *data = sample_field(&sample, thing, "data", &record_of);
	assert_int_equal(sample_migrate(&sample, NULL), OK);
	struct record_id id = sample_create(&sample, target, sample_values(&sample, target));
	struct value *values = sample_values(&sample, thing);
	struct value items[] = {value_ref(target->index, id),
				{.kind = VALUE_ENUM, .count = 1, .enumeration = fields[1].type->enumeration},
				value_bool(true)};
	values[ref->index] = items[0];
	values[data->index] = (struct value){.kind = VALUE_RECORD, .count = 3, .items = items};
	struct value *read = sample_read(&sample, thing, sample_create(&sample, thing, values));
	assert_true(same(read[ref->index], values[ref->index]));
	assert_true(same(read[data->index], values[data->index]));
	sample_close(&sample);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scalars),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_refs_and_records),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
