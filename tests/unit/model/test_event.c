/* JSON into typed events and back: what fits, what is refused and in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "engine/base/json.h"
#include "engine/model/event.h"

static struct arena arena;
static struct error error;

static const struct enum_value LEVELS[] = {{.name = {"info", 4}}, {.name = {"warning", 7}}, {.name = {"critical", 8}}};
static const struct enumeration LEVEL = {.name = {"level", 5}, .values = LEVELS, .count = 3};
static const struct entity THING = {.name = {"thing", 5}, .index = 3};
static const struct type TEXT_TYPE = {.kind = TYPE_TEXT}, INT_TYPE = {.kind = TYPE_INT}, TIME_TYPE = {.kind = TYPE_TIME},
			 LEVEL_TYPE = {.kind = TYPE_ENUM, .enumeration = &LEVEL},
			 REF_TYPE = {.kind = TYPE_REF, .entity = &THING},
			 TEXTS_TYPE = {.kind = TYPE_LIST, .element = &TEXT_TYPE}, MONEY_TYPE = {.kind = TYPE_MONEY},
			 DURATION_TYPE = {.kind = TYPE_DURATION}, PERCENT_TYPE = {.kind = TYPE_PERCENT},
			 DECIMAL_TYPE = {.kind = TYPE_DECIMAL}, BOOL_TYPE = {.kind = TYPE_BOOL},
			 DATE_TYPE = {.kind = TYPE_DATE};

enum { NAME, NUMBER, LEVEL_FIELD, AT, THING_FIELD, TAGS, FIELD_COUNT };
static const struct field FIELDS[] = {
	{.name = {"name", 4}, .type = &TEXT_TYPE, .index = NAME, .required = true, .key = true, .max_length = 8},
	{.name = {"number", 6}, .type = &INT_TYPE, .index = NUMBER},
	{.name = {"level", 5}, .type = &LEVEL_TYPE, .index = LEVEL_FIELD},
	{.name = {"at", 2}, .type = &TIME_TYPE, .index = AT},
	{.name = {"thing", 5}, .type = &REF_TYPE, .index = THING_FIELD},
	{.name = {"tags", 4}, .type = &TEXTS_TYPE, .index = TAGS},
};
static struct event_kind kind = {.name = {"sample.raised", 13}, .fields = FIELDS, .field_count = FIELD_COUNT, .has_key = true};
static struct schema schema;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, "test", 0);
	kind.field_by_name = map_in(&arena);
	for (uint32_t i = 0; i < FIELD_COUNT; i++)
		map_put(&kind.field_by_name, FIELDS[i].name, (void *)(uintptr_t)&FIELDS[i]);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static const struct json *json(const char *source)
{
	const struct json *document;
	assert_int_equal(json_parse(&arena, text_from(source), &document, &error), OK);
	return document;
}

static struct value *fields_of(const char *source)
{
	struct value *fields;
	if (event_from_json(&arena, &schema, &kind, json(source), &fields, &error) != OK)
		fail_msg("%s: %s", source, error.sentence);
	return fields;
}

static void test_fields(void **state)
{
	(void)state;
	struct value *fields = fields_of("{\"name\": \"disk\", \"number\": 12, \"level\": \"critical\", \"at\": "
					 "\"2026-03-27T16:45:00+01:00\", \"thing\": \"00000000010000000000000002\", "
					 "\"tags\": [\"a\", \"b\"]}");
	assert_true(text_is(value_as_text(fields[NAME]), "disk"));
	assert_int_equal(fields[NUMBER].integer, 12);
	assert_int_equal(fields[LEVEL_FIELD].count, 2);
	assert_int_equal(fields[AT].integer, 1774626300);
	assert_int_equal(fields[THING_FIELD].kind, VALUE_REF);
	assert_int_equal(fields[THING_FIELD].entity, 3);
	assert_int_equal(fields[TAGS].count, 2);
	assert_true(text_is(value_as_text(fields[TAGS].items[1]), "b"));
}

static void test_any_order_and_what_is_not_there(void **state)
{
	(void)state;
	struct value *fields = fields_of("{\"tags\": [], \"number\": null, \"name\": \"x\"}");
	assert_true(text_is(value_as_text(fields[NAME]), "x"));
	assert_int_equal(fields[NUMBER].kind, VALUE_MISSING);
	assert_int_equal(fields[LEVEL_FIELD].kind, VALUE_MISSING);
	assert_int_equal(fields[TAGS].kind, VALUE_LIST);
}

static void refuses(const char *source, const char *part)
{
	struct value *fields;
	error.sentence[0] = 0;
	if (event_from_json(&arena, &schema, &kind, json(source), &fields, &error) != INVALID)
		fail_msg("%s is taken", source);
	if (!strstr(error.sentence, part))
		fail_msg("%s: \"%s\" does not say %s", source, error.sentence, part);
}

static void test_refused(void **state)
{
	(void)state;
	refuses("[]", "JSON object");
	refuses("{}", "`name`");
	refuses("{\"name\": null}", "`name`");
	refuses("{\"name\": \"x\", \"nmae\": 1}", "no field `nmae`");
	refuses("{\"name\": 5}", "`name` must be text; found a number");
	refuses("{\"name\": \"x\", \"number\": 1.5}", "`number` must be int");
	refuses("{\"name\": \"x\", \"number\": 1e300}", "`number` must be int");
	refuses("{\"name\": \"x\", \"level\": \"fatal\"}", "`level` must be level; found the text \"fatal\"");
	refuses("{\"name\": \"x\", \"at\": \"yesterday\"}", "`at` must be time");
	refuses("{\"name\": \"x\", \"thing\": \"no id\"}", "`thing` must be ref thing");
	refuses("{\"name\": \"x\", \"tags\": \"a\"}", "`tags` must be list of text");
	refuses("{\"name\": \"x\", \"tags\": [\"a\", {}]}", "item 2");
	refuses("{\"name\": \"123456789\"}", "may have 8 characters");
	assert_int_equal(fields_of("{\"name\": \"ÄÖÜäöüßé\"}")[NAME].count, 16);
}

/* Where nobody asks for the sentence there is none. */
static void test_refused_in_silence(void **state)
{
	(void)state;
	struct value value;
	assert_int_equal(value_from_json(&arena, &schema, &TEXTS_TYPE, json("[\"a\", 1]"), TEXT("x"), &value, NULL), INVALID);
	assert_int_equal(value_from_json(&arena, &schema, &INT_TYPE, json("\"a\""), TEXT("x"), &value, NULL), INVALID);
}

static void round_trip(const struct type *type, const char *source)
{
	struct value value;
	if (value_from_json(&arena, &schema, type, json(source), TEXT("x"), &value, &error) != OK)
		fail_msg("%s: %s", source, error.sentence);
	struct text_builder builder = {.arena = &arena};
	value_to_json(&(struct json_writer){.text = &builder}, value, type);
	assert_string_equal(builder_text(&builder).bytes, source);
}

static void test_round_trip(void **state)
{
	(void)state;
	round_trip(&BOOL_TYPE, "true");
	round_trip(&INT_TYPE, "-7");
	round_trip(&DECIMAL_TYPE, "12.5");
	round_trip(&PERCENT_TYPE, "0.19");
	round_trip(&MONEY_TYPE, "\"15.50 EUR\"");
	round_trip(&TEXT_TYPE, "\"with \\\"quotes\\\"\"");
	round_trip(&DATE_TYPE, "\"2026-03-27\"");
	round_trip(&TIME_TYPE, "\"2026-03-27T15:45:00Z\"");
	round_trip(&DURATION_TYPE, "\"1h30min\"");
	round_trip(&DURATION_TYPE, "\"5 workdays\"");
	round_trip(&LEVEL_TYPE, "\"warning\"");
	round_trip(&REF_TYPE, "\"00000000010000000000000002\"");
	round_trip(&TEXTS_TYPE, "[\"a\",\"b\"]");
	round_trip(&TEXTS_TYPE, "null");
}

static void test_keys(void **state)
{
	(void)state;
	struct record_id disk = event_key_id(&kind, fields_of("{\"name\": \"disk\", \"number\": 1}"));
	assert_true(id_equal(disk, event_key_id(&kind, fields_of("{\"number\": 2, \"name\": \"disk\"}"))));
	assert_false(id_equal(disk, event_key_id(&kind, fields_of("{\"name\": \"cpu\", \"number\": 1}"))));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),     cmocka_unit_test(test_any_order_and_what_is_not_there),
		cmocka_unit_test(test_refused),    cmocka_unit_test(test_refused_in_silence),
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_keys),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
