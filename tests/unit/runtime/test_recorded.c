/* Reading recorded lines: order by time across files, times in every form, what is no event. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/recorded.h"

struct desk {
	struct arena arena;
	char paths[2][64];
	const char *names[2];
	struct recording recording;
	struct error error;
};

static void file_write(struct desk *desk, int number, const char *content)
{
	snprintf(desk->paths[number], sizeof desk->paths[number], "%s/recorded_test_XXXXXX", P_tmpdir);
	int file = mkstemp(desk->paths[number]);
	assert_true(file >= 0);
	assert_int_equal(write(file, content, strlen(content)), strlen(content));
	close(file);
	desk->names[number] = desk->paths[number];
}

static void desk_open(struct desk *desk, const char *first, const char *second, moment first_at)
{
	*desk = (struct desk){0};
	arena_init(&desk->arena, "test", 0);
	file_write(desk, 0, first);
	file_write(desk, 1, second);
	assert_int_equal(recording_read(&desk->arena, desk->names, 2, first_at, &desk->recording, &desk->error), OK);
}

static void desk_close(struct desk *desk)
{
	unlink(desk->paths[0]);
	unlink(desk->paths[1]);
	arena_release(&desk->arena);
}

static void test_order(void **state)
{
	struct desk desk;

	(void)state;
	desk_open(&desk,
		  "\xef\xbb\xbf{\"specversion\":\"1.0\",\"time\":\"2026-01-01T00:00:03Z\"}\r\n"
		  "\r\n  \n{\"specversion\":\"1.0\",\"time\":\"2026-01-01T01:00:01+01:00\"}",
		  "{\"connector\":\"c\",\"received_at\":\"2026-01-01T00:00:02.999Z\"}\n"
		  "{\"connector\":\"c\",\"received_at\":\"2026-01-01T00:00:03Z\"}\n",
		  INT64_MIN);
	assert_int_equal(desk.recording.read, 4);
	assert_int_equal(desk.recording.problems.count, 0);
	assert_int_equal(desk.recording.lines.count, 4);
	const uint32_t wanted[][2] = {{0, 4}, {1, 1}, {0, 1}, {1, 2}};
	for (int i = 0; i < 4; i++) {
		assert_int_equal(desk.recording.lines.items[i].file, wanted[i][0]);
		assert_int_equal(desk.recording.lines.items[i].line, wanted[i][1]);
	}
	assert_int_equal(desk.recording.lines.items[0].at, 1767225601);
	desk_close(&desk);
}

static void test_without_a_time(void **state)
{
	struct desk desk;

	(void)state;
	desk_open(&desk, "{\"connector\":\"c\"}\n", "{\"connector\":\"c\",\"received_at\":\"soon\"}\n", INT64_MIN);
	assert_int_equal(desk.recording.lines.count, 0);
	assert_int_equal(desk.recording.problems.count, 2);
	assert_non_null(strstr(desk.recording.problems.items[0].sentence.bytes, "--at"));
	assert_non_null(strstr(desk.recording.problems.items[1].sentence.bytes, "\"soon\" is no time"));
	desk_close(&desk);
	desk_open(&desk, "{\"connector\":\"c\"}\n", "", 77);
	assert_int_equal(desk.recording.lines.count, 1);
	assert_int_equal(desk.recording.lines.items[0].at, 77);
	desk_close(&desk);
}

static void test_no_events(void **state)
{
	struct desk desk;

	(void)state;
	desk_open(&desk, "7\n\"x\"\n{\"a\":\n[1]\n", "\xff\n{\"received_at\":7}\n", INT64_MIN);
	assert_int_equal(desk.recording.read, 6);
	assert_int_equal(desk.recording.lines.count, 0);
	assert_int_equal(desk.recording.problems.count, 6);
	assert_int_equal(desk.recording.problems.items[2].line, 3);
	assert_int_equal(desk.recording.problems.items[4].file, 1);
	desk_close(&desk);
	/* of neither form: said as that, not as a time that is missing */
	desk_open(&desk, "{\"id\":\"1\"}\n", "", INT64_MIN);
	assert_int_equal(desk.recording.problems.count, 1);
	assert_true(text_starts(desk.recording.problems.items[0].sentence, TEXT("neither a CloudEvent")));
	desk_close(&desk);
}

static void test_no_file(void **state)
{
	struct arena arena;
	struct recording recording;
	struct error error;
	const char *none = "/nowhere/at/all.jsonl";

	(void)state;
	arena_init(&arena, "test", 0);
	assert_int_not_equal(recording_read(&arena, &none, 1, INT64_MIN, &recording, &error), OK);
	assert_non_null(strstr(error.sentence, "/nowhere/at/all.jsonl"));
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_without_a_time),
		cmocka_unit_test(test_no_events),
		cmocka_unit_test(test_no_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
