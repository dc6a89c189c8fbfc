/* The envelope: both content modes, what is refused, and with which sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/bus/cloudevent.h"

static struct arena arena;
static struct error error;

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, "an envelope", 0);
	error = (struct error){0};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static void assert_says(const char *sentence)
{
	if (!strstr(error.sentence, sentence))
		fail_msg("\"%s\" does not say \"%s\"", error.sentence, sentence);
}

/* --- binary, from a table of names and values */
struct header {
	const char *name;
	struct text value;
};

static struct text header_find(void *context, const char *name)
{
	for (const struct header *header = context; header->name; header++)
		if (!strcmp(header->name, name))
			return header->value;
	return TEXT("");
}

static void a_structured_event_is_read(void **state)
{
	struct cloud_event event;

	(void)state;
	assert_int_equal(
		cloud_event_read(
			&arena,
			TEXT("{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\",\"subject\":\"u\","
			     "\"time\":\"2026-03-27T16:45:00Z\",\"tenant\":\"north\",\"colour\":\"red\","
			     "\"data\":{\"a\":[1,2.50]}}"),
			&event, &error),
		OK);
	assert_true(text_is(event.id, "1") && text_is(event.source, "/s") && text_is(event.type, "t"));
	assert_true(text_is(event.subject, "u") && text_is(event.tenant, "north"));
	assert_true(event.has_time && event.time == 1774629900);
	assert_true(text_starts(event.data, TEXT("{\"a\":[1,2.5")));
}

static void what_is_written_reads_the_same(void **state)
{
	struct cloud_event event = {.id = TEXT("\"1\""),
				    .source = TEXT("/ü"),
				    .type = TEXT("t"),
				    .has_time = true,
				    .time = 1700000000,
				    .traceparent = TEXT("00-1-2-01"),
				    .data = TEXT("{\"a\":\"\\u0001\"}")};
	struct cloud_event again;

	(void)state;
	assert_int_equal(cloud_event_read(&arena, cloud_event_write(&arena, &event), &again, &error), OK);
	assert_true(text_equal(again.id, event.id) && text_equal(again.source, event.source));
	assert_true(text_equal(again.traceparent, event.traceparent) && text_equal(again.data, event.data));
	assert_true(again.has_time && again.time == event.time);
	assert_int_equal(again.subject.length + again.tenant.length, 0);
}

struct headers {
	struct header list[16];
	uint32_t count;
};

static void header_add(void *context, const char *name, struct text value)
{
	struct headers *headers = context;

	headers->list[headers->count++] = (struct header){name, value};
}

static void what_is_written_as_attributes_reads_the_same(void **state)
{
	struct cloud_event event = {
		.id = TEXT("1"), .source = TEXT("/s"), .type = TEXT("t"), .subject = TEXT("u"), .has_time = true, .time = 17};
	struct cloud_event again;
	struct headers headers = {.count = 0};
	char time[MOMENT_TEXT];

	(void)state;
	cloud_event_attributes(&event, time, header_add, &headers);
	assert_int_equal(headers.count, 6);
	assert_string_equal(headers.list[0].name, "specversion");
	assert_int_equal(cloud_event_read_binary(&arena, header_find, headers.list, TEXT("application/json"), TEXT("[1]"),
						 &again, &error),
			 OK);
	assert_true(text_is(again.id, "1") && text_is(again.subject, "u") && again.time == 17);
	assert_true(text_is(again.data, "[1]"));
}

#define LEAST "\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\""
#define VERSION "\"specversion\":\"1.0\","

static void a_bad_structured_event_is_told_why(void **state)
{
	static const struct {
		const char *body, *sentence;
	} CASES[] = {
		{"", "JSON"},
		{"[]", "is a JSON object"},
		{"{\"specversion\":\"1.0\"", "JSON"},
		{"{" LEAST "}", "no `specversion`"},
		{"{\"specversion\":\"0.3\"," LEAST "}", "\"0.3\""},
		{"{\"specversion\":1.0," LEAST "}", "`specversion` must be a text"},
		{"{" VERSION "\"source\":\"/s\",\"type\":\"t\"}", "no `id`"},
		{"{" VERSION "\"id\":\"\",\"source\":\"/s\",\"type\":\"t\"}", "no `id`"},
		{"{" VERSION "\"id\":7,\"source\":\"/s\",\"type\":\"t\"}", "`id` must be a text"},
		{"{" VERSION "\"id\":\"a\\nb\",\"source\":\"/s\",\"type\":\"t\"}", "control character"},
		{"{" VERSION LEAST ",\"time\":\"yesterday\"}", "\"yesterday\""},
		{"{" VERSION LEAST ",\"data_base64\":\"AA==\"}", "data_base64"},
		{"{" VERSION LEAST ",\"data\":{\"a\":\"\xff\"}}", "UTF-8"},
		{"{" VERSION LEAST "," LEAST "}", "twice"},
	};
	struct cloud_event event;

	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		assert_int_equal(cloud_event_read(&arena, text_from(CASES[i].body), &event, &error), INVALID);
		assert_says(CASES[i].sentence);
	}
}

static void bad_attributes_are_told_why(void **state)
{
	static const struct {
		const char *name, *value, *type, *body, *sentence;
	} CASES[] = {
		{"specversion", "", "", "", "no `specversion`"},
		{"specversion", "2.0", "", "", "\"2.0\""},
		{"id", "", "", "", "no `id`"},
		{"id", "a\x01", "", "", "control character"},
		{"source", "\xc3\x28", "", "", "`source` is no UTF-8"},
		{"subject", "\xed\xa0\x80", "", "", "`subject` is no UTF-8"},
		{"time", "2026-13-01T00:00:00Z", "", "", "2026-13-01"},
		{"type", "t", "text/xml", "<a/>", "text/xml"},
		{"type", "t", "application/json", "{\"a\":", "JSON"},
		{"type", "t", "application/json", "{\"a\":\"\xff\"}", "UTF-8"},
	};
	struct cloud_event event;

	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		struct header headers[] = {{CASES[i].name, text_from(CASES[i].value)},
					   {"specversion", TEXT("1.0")},
					   {"id", TEXT("1")},
					   {"source", TEXT("/s")},
					   {"type", TEXT("t")},
					   {NULL}};
		assert_int_equal(cloud_event_read_binary(&arena, header_find, headers, text_from(CASES[i].type),
							 text_from(CASES[i].body), &event, &error),
				 INVALID);
		assert_says(CASES[i].sentence);
	}
}

static struct text filled(const char *before, char byte, uint32_t count, const char *behind)
{
	struct text_builder text = {.arena = &arena};

	builder_add_string(&text, before);
	for (uint32_t i = 0; i < count; i++)
		builder_add_char(&text, byte);
	builder_add_string(&text, behind);
	return builder_text(&text);
}

static void what_is_too_much_is_told_how_much_may_be(void **state)
{
	struct cloud_event event;
	struct header headers[] = {
		{"specversion", TEXT("1.0")}, {"id", TEXT("1")}, {"source", TEXT("/s")}, {"type", TEXT("t")}, {NULL}};
	enum { TEN_MB = 10 << 20 };

	(void)state;
	assert_int_equal(cloud_event_read_binary(&arena, header_find, headers, TEXT("application/json"),
						 filled("\"", 'x', TEN_MB, "\""), &event, &error),
			 LIMIT);
	assert_says("10485762 bytes; 1048576 are the most");
	assert_int_equal(cloud_event_read(&arena, filled("{" VERSION LEAST ",\"data\":\"", 'x', TEN_MB, "\"}"), &event, &error),
			 LIMIT);
	assert_says("1048576 are the most");
	assert_int_equal(
		cloud_event_read(&arena, filled("{" VERSION LEAST ",\"subject\":\"", 'x', 1025, "\"}"), &event, &error),
		INVALID);
	assert_says("`subject` has 1025 bytes");
	assert_int_equal(cloud_event_read(&arena, filled("{" VERSION LEAST ",\"data\":", '[', 100000, "}"), &event, &error),
			 INVALID);
	assert_says("deep");
}

static void a_batch_names_the_event_that_is_wrong(void **state)
{
	cloud_event_list events;

	(void)state;
	assert_int_equal(cloud_events_read(&arena, TEXT("[{" VERSION LEAST "},{" VERSION "\"id\":\"2\"}]"), &events, &error),
			 INVALID);
	assert_says("event 2 of the batch");
	assert_int_equal(cloud_events_read(&arena, TEXT("[{" VERSION LEAST "}]"), &events, &error), OK);
	assert_int_equal(events.count, 1);
	assert_int_equal(cloud_events_read(&arena, TEXT("{}"), &events, &error), INVALID);
	assert_says("JSON list");
	struct text_builder many = {.arena = &arena};
	builder_add_char(&many, '[');
	for (int i = 0; i < CLOUD_BATCH_MOST; i++)
		builder_add_string(&many, "1,");
	builder_add_string(&many, "1]");
	assert_int_equal(cloud_events_read(&arena, builder_text(&many), &events, &error), LIMIT);
	assert_says("10001 CloudEvents");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_structured_event_is_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_written_reads_the_same, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_written_as_attributes_reads_the_same, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_bad_structured_event_is_told_why, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bad_attributes_are_told_why, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_too_much_is_told_how_much_may_be, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_batch_names_the_event_that_is_wrong, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
