/* JSON: what is written is read back, what is not JSON is refused with its place, and what is hostile costs no more than its
 * length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "engine/base/json.h"

static struct arena arena;

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, "test", 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

/* A copy that ends where its memory ends, so that a sanitizer sees a byte read too far. */
static enum status parse_bytes(const char *bytes, size_t length, const struct json **json_out, struct error *error)
{
	char *copy = malloc(length ? length : 1);
	assert_non_null(copy);
	memcpy(copy, bytes, length);
	enum status status = json_parse(&arena, (struct text){copy, (uint32_t)length}, json_out, error);
	memset(copy, '#', length); /* the document may not need its source any more */
	free(copy);
	return status;
}

static const struct json *parsed(const char *source)
{
	const struct json *json = NULL;
	struct error error = {0};
	if (parse_bytes(source, strlen(source), &json, &error) != OK)
		fail_msg("%s: %s", source, error.sentence);
	return json;
}

static const char *refused(const char *bytes, size_t length)
{
	static struct error error;
	const struct json *json;
	error.sentence[0] = 0;
	if (parse_bytes(bytes, length, &json, &error) != INVALID)
		fail_msg("was read: %.60s", bytes);
	assert_true(strlen(error.sentence) > 10);
	return error.sentence;
}

static const char *written(const struct json *json)
{
	struct text_builder builder = {.arena = &arena};
	struct json_writer writer = {.text = &builder};
	json_write_document(&writer, json);
	return builder_text(&builder).bytes;
}

/* --- reading */
static void kinds_and_members(void **state)
{
	(void)state;
	const struct json *json = parsed(
		" {\"a\": null, \"b\": [1, \"x\", {}], \"\": true, \"c\": \"\\u00e4\\ud83d\\ude00\\n\", \"d\": false}\r\n");
	assert_int_equal(json_kind(json), JSON_OBJECT);
	assert_int_equal(json_count(json), 5);
	assert_int_equal(json_kind(json_member(json, TEXT("a"))), JSON_NULL);
	assert_true(json_bool(json_member(json, TEXT(""))));
	assert_false(json_bool(json_member(json, TEXT("d"))));
	assert_null(json_member(json, TEXT("A")));
	assert_null(json_member(json, TEXT("aa")));
	assert_null(json_member(json_member(json, TEXT("b")), TEXT("a")));
	assert_true(text_is(json_text(json_member(json, TEXT("c"))), "\xc3\xa4\xf0\x9f\x98\x80\n"));
	const struct json *list = json_member(json, TEXT("b")), *item = json_first(list);
	assert_int_equal(json_kind(list), JSON_LIST);
	assert_int_equal(json_count(list), 3);
	assert_int_equal(json_kind(item), JSON_NUMBER);
	item = json_next(item);
	assert_true(text_is(json_text(item), "x"));
	assert_null(json_first(json_next(item)));
	assert_null(json_next(json_next(item)));
	static const char *const NAMES[] = {"a", "b", "", "c", "d"};
	int i = 0;
	for (const struct json *member = json_first(json); member; member = json_next(member))
		assert_true(text_is(json_name(member), NAMES[i++]));
	assert_int_equal(json_count(parsed("7")), 0);
	assert_int_equal(json_kind(parsed("\xef\xbb\xbf{}")), JSON_OBJECT); /* a byte order mark */
}

static void assert_decimal(const char *source, const char *expected)
{
	struct decimal decimal;
	char buffer[DECIMAL_TEXT];
	assert_int_equal(json_decimal(parsed(source), &decimal), OK);
	decimal_write(decimal, buffer);
	assert_string_equal(buffer, expected);
}

static void numbers(void **state)
{
	(void)state;
	assert_decimal("0", "0");
	assert_decimal("-0", "0");
	assert_decimal("85.0", "85");
	assert_decimal("97.4", "97.4");
	assert_decimal("-12.50", "-12.5");
	assert_decimal("0.1", "0.1");
	assert_decimal("0.30000000000000004", "0.30000000000000004");
	assert_decimal("1e3", "1000");
	assert_decimal("1.5e-3", "0.0015");
	assert_decimal("1.23456789012e-7", "0.000000123456789012");
	assert_decimal("123456789.123456", "123456789.123456");
	assert_decimal("9007199254740992", "9007199254740992");
	struct decimal decimal;
	int64_t integer;
	static const char *const BEYOND[] = {"1e999", "-1e999", "1e300", "9007199254740994", "12345678901234567890"};
	for (size_t i = 0; i < sizeof(BEYOND) / sizeof(*BEYOND); i++) {
		assert_int_equal(json_decimal(parsed(BEYOND[i]), &decimal), LIMIT);
		assert_int_equal(json_int(parsed(BEYOND[i]), &integer), LIMIT);
	}
	assert_int_equal(json_int(parsed("-42"), &integer), OK);
	assert_int_equal(integer, -42);
	assert_int_equal(json_int(parsed("42.0"), &integer), OK);
	assert_int_equal(json_int(parsed("42.5"), &integer), INVALID);
}

/* Every double's decimal, where it has one, reads back as the double. */
static void random_numbers(void **state)
{
	(void)state;
	uint64_t seed = 7;
	for (int i = 0; i < 20000; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		double number = (double)((int64_t)seed >> (seed & 31)) / (double)(1u << ((seed >> 8) & 31));
		char source[40], buffer[DECIMAL_TEXT];
		snprintf(source, sizeof(source), "%.17g", number);
		struct decimal decimal;
		if (json_decimal(parsed(source), &decimal) != OK)
			continue; /* whole and beyond 2^53, or more digits than a decimal has */
		decimal_write(decimal, buffer);
		if (strtod(buffer, NULL) != number)
			fail_msg("%s became %s", source, buffer);
		if (i % 1000 == 0)
			arena_reset(&arena);
	}
}

/* --- refusing */
/* Each for a reason of its own. */
static const char *const NOT_JSON[] = {"",
				       " ",
				       "\n\t",
				       "{",
				       "}",
				       "[",
				       "]",
				       "[1",
				       "[1,",
				       "[1,]",
				       "[,1]",
				       "[1 2]",
				       "[1,,2]",
				       "{\"a\"",
				       "{\"a\":",
				       "{\"a\":1",
				       "{\"a\":1,",
				       "{\"a\":1,}",
				       "{,}",
				       "{a:1}",
				       "{'a':1}",
				       "{\"a\" 1}",
				       "{\"a\":1 \"b\":2}",
				       "{1:2}",
				       "[1}",
				       "{\"a\":1]",
				       "nul",
				       "nulll",
				       "tru",
				       "True",
				       "NULL",
				       "undefined",
				       "NaN",
				       "Infinity",
				       "-Infinity",
				       "[nan]",
				       "01",
				       "-01",
				       "00",
				       "1.",
				       ".5",
				       "-.5",
				       "-",
				       "+1",
				       "1e",
				       "1e+",
				       "1.e5",
				       "0x10",
				       "1_000",
				       "1.2.3",
				       "1-2",
				       "--1",
				       "- 1",
				       "1 2",
				       "{} {}",
				       "[]]",
				       "[] x",
				       "\"",
				       "\"a",
				       "\"\\\"",
				       "\"\\x41\"",
				       "\"\\u12\"",
				       "\"\\u12g4\"",
				       "\"\\ud800\"",
				       "\"\\udc00\"",
				       "\"\\ud800\\u0041\"",
				       "\"a\nb\"",
				       "\"a\tb\"",
				       "\"\x01\"",
				       "\x01",
				       "[1]\x01",
				       "\"\\",
				       "\"\\u",
				       "// c\n1",
				       "/* c */ 1",
				       "[1] // c",
				       "\"a\" \"b\"",
				       "\xff",
				       "\"\xff\"",
				       "\"\xc3\"",
				       "\"\xc0\xaf\"",
				       "\"\xe0\x80\x80\"",
				       "\"\xed\xa0\x80\"",
				       "\"\xf5\x80\x80\x80\"",
				       "\"\xf4\x90\x80\x80\"",
				       "\"\x80\"",
				       "\"\\u0000\"",
				       "\"a\\\\\\u0000\"",
				       "\xef\xbb\xbf",
				       "\xef\xbb",
				       "[\xef\xbb\xbf]",
				       "{\"a\":1,\"a\":2}",
				       "{\"x\":{\"b\":1,\"c\":2,\"b\":3}}",
				       "[{\"\":1,\"\":2}]",
				       "1234567890123456789012345678901234567890123456789012345678901234"};

static void what_is_not_json(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(NOT_JSON) / sizeof(*NOT_JSON); i++)
		refused(NOT_JSON[i], strlen(NOT_JSON[i]));
	refused("[1]\0", 4);
	refused("\"a\0b\"", 5);
	refused("\0", 1);
	refused("{\"a\0\":1}", 8);
	assert_true(text_is(json_text(parsed("\"\\\\u0000\"")), "\\u0000")); /* a backslash, not a NUL */
}

static void sentences_name_the_place(void **state)
{
	(void)state;
	static const struct {
		const char *source, *sentence;
	} KNOWN[] = {
		{"", "not JSON: there is nothing in it"},
		{"{\n  \"a\": 1,\n  \"b\": tru\n}", "not JSON: line 3, column 8: this cannot stand here"},
		{"{\"\xc3\xa4\": \x01}", "not JSON: line 1, column 7: a control character"},
		{"{\"a\": [1, 2", "not JSON: line 1, column 12: the document ends here, unfinished"},
		{"{\"a\": \"x", "not JSON: line 1, column 9: the document ends here, within a text"},
		{"[1]\n[2]", "not JSON: line 2, column 1: something follows the document"},
		{"[007]", "not JSON: line 1, column 2: this is not how JSON writes a number"},
		{"[\"\xff\"]", "not JSON: line 1, column 3: a byte that is not UTF-8"},
		{"{\"a\":1,\"b\":2,\"a\":3}", "not usable JSON: an object has the name \"a\" twice"},
	};
	for (size_t i = 0; i < sizeof(KNOWN) / sizeof(*KNOWN); i++)
		assert_string_equal(refused(KNOWN[i].source, strlen(KNOWN[i].source)), KNOWN[i].sentence);
}

static const char EVENT[] = "{\"id\":\"evt-0\",\"at\":\"2026-01-05T08:00:00.051Z\",\"n\":-1.25e2,\"list\":[true,false,null,{"
			    "\"\xc3\xa4\":\"\\u00e4\\\"\"}]}";

static void cut_at_each_byte(void **state)
{
	(void)state;
	for (size_t length = 0; length < sizeof(EVENT) - 1; length++)
		refused(EVENT, length);
	parsed(EVENT);
}

static void long_names_are_cut_between_characters(void **state)
{
	(void)state;
	char source[700];
	for (int start = 0; start < 4; start++) {
		char name[200];
		memset(name, 'x', sizeof(name));
		for (int i = start; i + 3 < 199; i += 3)
			memcpy(name + i, "\xe2\x82\xac", 3);
		snprintf(source, sizeof(source), "{\"%.*s\":1,\"%.*s\":2}", 195 - (195 - start) % 3, name,
			 195 - (195 - start) % 3, name);
		assert_true(text_is_utf8(text_from(refused(source, strlen(source)))));
	}
}

/* Each byte replaced by each other: an answer, never a crash; and what is read can be written and read again. */
static void each_byte_changed(void **state)
{
	(void)state;
	char changed[sizeof(EVENT)];
	for (size_t i = 0; i < sizeof(EVENT) - 1; i++)
		for (int byte = 0; byte < 256; byte++) {
			memcpy(changed, EVENT, sizeof(EVENT));
			changed[i] = (char)byte;
			const struct json *json, *again;
			if (parse_bytes(changed, sizeof(EVENT) - 1, &json, NULL) == OK) {
				const char *text = written(json);
				assert_int_equal(parse_bytes(text, strlen(text), &again, NULL), OK);
				assert_string_equal(written(again), text);
			}
			arena_reset(&arena);
		}
}

static char *repeated(const char *part, size_t count, const char *end)
{
	size_t length = strlen(part);
	char *made = malloc(length * count + strlen(end) + 1);
	assert_non_null(made);
	for (size_t i = 0; i < count; i++)
		memcpy(made + i * length, part, length);
	memcpy(made + length * count, end, strlen(end) + 1);
	return made;
}

static void depth(void **state)
{
	(void)state;
	static const char *const PARTS[] = {"[", "{\"a\":", "[{\"a\":", " [ "};
	for (size_t i = 0; i < sizeof(PARTS) / sizeof(*PARTS); i++) {
		char *deep = repeated(PARTS[i], 100000, "1");
		assert_non_null(strstr(refused(deep, strlen(deep)), "nested more than 200 deep"));
		free(deep);
	}
	char source[2 * JSON_MAX_DEPTH + 4];
	for (int levels = JSON_MAX_DEPTH; levels <= JSON_MAX_DEPTH + 1; levels++) {
		memset(source, '[', (size_t)levels);
		memset(source + levels, ']', (size_t)levels);
		const struct json *json;
		assert_int_equal(parse_bytes(source, 2 * (size_t)levels, &json, NULL), levels == JSON_MAX_DEPTH ? OK : INVALID);
	}
	char *flat = repeated("[],\"[[[\",", 100000, "1]"); /* many, but not deep */
	flat[0] = '[';
	flat[1] = '1';
	const struct json *json;
	assert_int_equal(parse_bytes(flat, strlen(flat), &json, NULL), OK);
	free(flat);
}

static double seconds_now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* 100,000 names, all different or the last one twice: seconds would be wrong, minutes are what comparing all pairs takes. */
static void many_names(void **state)
{
	(void)state;
	for (int twice = 0; twice < 2; twice++) {
		struct text_builder builder = {.arena = &arena};
		builder_add_string(&builder, "{");
		for (int i = 0; i < 100000; i++)
			builder_format(&builder, "\"name%d\":%d,", i * 7919 % 100000, i);
		builder_format(&builder, "\"name%d\":0}", twice ? 99999 : 100000);
		struct text source = builder_text(&builder);
		const struct json *json;
		double start = seconds_now();
		assert_int_equal(json_parse(&arena, source, &json, NULL), twice ? INVALID : OK);
		assert_true(seconds_now() - start < 5);
		if (!twice)
			assert_int_equal(json_count(json), 100001);
	}
	for (int count = 1; count < 60; count++) { /* around the edge between the two ways */
		struct text_builder builder = {.arena = &arena};
		builder_add_string(&builder, "{");
		for (int i = 0; i < count; i++)
			builder_format(&builder, "\"n%d\":%d,", i, i);
		builder_format(&builder, "\"n%d\":0}", count / 2);
		struct text source = builder_text(&builder);
		refused(source.bytes, source.length);
	}
}

/* --- memory */
static bool reaches_guard(size_t limit)
{
	struct arena small;
	jmp_buf jump;
	arena_init(&small, "small", limit);
	bool reached = arena_guard(&small, jump);
	const struct json *json;
	if (!reached)
		assert_int_equal(json_parse(&small, (struct text){EVENT, sizeof(EVENT) - 1}, &json, NULL), OK);
	assert_ptr_equal(small.escape, &jump);
	arena_release(&small);
	return reached;
}

static void the_guard_is_reached(void **state)
{
	(void)state;
	int reached = 0;
	for (size_t limit = 16; limit < 4000; limit += 16) {
		reached += reaches_guard(limit);
		cJSON *other = cJSON_Parse("{\"a\":[1]}"); /* others in the process keep their malloc */
		assert_non_null(other);
		cJSON_Delete(other);
	}
	assert_in_range(reached, 10, 240);
	parsed(EVENT);
}

/* --- writing */
static void written_as_read(void **state)
{
	(void)state;
	static const char *const SAME[] = {"null",
					   "true",
					   "[]",
					   "{}",
					   "[[],{}]",
					   "\"\"",
					   "-12.5",
					   "{\"a\":[1,2,{\"b\":null}],\"c\":\"x\"}",
					   "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f/\xc3\xa4\xf0\x9f\x98\x80\"",
					   "1e999",
					   "-1e999",
					   "1.2345678901234567e+19",
					   "{\"\\\"\\n\":1}"};
	for (size_t i = 0; i < sizeof(SAME) / sizeof(*SAME); i++)
		assert_string_equal(written(parsed(SAME[i])), SAME[i]);
}

static void commas_and_indentation(void **state)
{
	(void)state;
	struct text_builder builder = {.arena = &arena};
	struct json_writer writer = {.text = &builder, .indent = 2};
	json_open_object(&writer);
	json_write_name(&writer, TEXT("a"));
	json_write_int(&writer, INT64_MIN);
	json_write_name(&writer, TEXT("b"));
	json_open_list(&writer);
	json_write_bool(&writer, true);
	json_write_null(&writer);
	json_open_list(&writer);
	json_close_list(&writer);
	json_write_decimal(&writer, (struct decimal){.mantissa = 1250, .scale = 2});
	json_close_list(&writer);
	json_write_name(&writer, TEXT("c"));
	json_write_text(&writer, TEXT(":"));
	json_write_name(&writer, TEXT("d"));
	json_open_object(&writer);
	json_close_object(&writer);
	json_close_object(&writer);
	assert_string_equal(builder_text(&builder).bytes, "{\n  \"a\":-9223372036854775808,\n  \"b\":[\n    true,\n    null,\n "
							  "   [],\n    12.50\n  ],\n  \"c\":\":\",\n  \"d\":{}\n}");
}

static void malformed_text_is_replaced(void **state)
{
	(void)state;
	struct text_builder builder = {.arena = &arena};
	struct json_writer writer = {.text = &builder};
	json_write_text(&writer, TEXT("a\xff"
				      "b\xc3"));
	assert_string_equal(builder_text(&builder).bytes, "\"a\xef\xbf\xbd"
							  "b\xef\xbf\xbd\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(kinds_and_members, set_up, tear_down),
		cmocka_unit_test_setup_teardown(numbers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(random_numbers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_not_json, set_up, tear_down),
		cmocka_unit_test_setup_teardown(sentences_name_the_place, set_up, tear_down),
		cmocka_unit_test_setup_teardown(cut_at_each_byte, set_up, tear_down),
		cmocka_unit_test_setup_teardown(long_names_are_cut_between_characters, set_up, tear_down),
		cmocka_unit_test_setup_teardown(each_byte_changed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(depth, set_up, tear_down),
		cmocka_unit_test_setup_teardown(many_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_guard_is_reached, set_up, tear_down),
		cmocka_unit_test_setup_teardown(written_as_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(commas_and_indentation, set_up, tear_down),
		cmocka_unit_test_setup_teardown(malformed_text_is_replaced, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
