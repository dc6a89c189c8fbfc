/* Log lines: one JSON object each for tools, plain text on a terminal, no secret in either, and no line that a stranger wrote.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <pty.h>
#include <unistd.h>

#include "engine/base/json.h"
#include "runtime/operate/log.h"

static char heard[8192];
static int before = -1, from = -1;

/* stderr goes to `to` until log_heard. */
static void stderr_take(int to, int read_from)
{
	before = dup(STDERR_FILENO);
	dup2(to, STDERR_FILENO);
	close(to);
	from = read_from;
}

static const char *log_heard(void)
{
	dup2(before, STDERR_FILENO);
	close(before);
	ssize_t length = read(from, heard, sizeof heard - 1);
	assert_true(length > 0);
	heard[length] = 0;
	close(from);
	return heard;
}

static void pipe_take(void)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	stderr_take(ends[1], ends[0]);
}

static const char *member(const struct json *object, const char *name)
{
	const struct json *found = json_member(object, text_from(name));

	return found ? json_text(found).bytes : NULL;
}

static void test_lines_for_tools(void **state)
{
	struct arena arena;
	const struct json *line;
	struct error error;

	(void)state;
	arena_init(&arena, "a test", 0);
	log_role("worker");
	log_about(TEXT("nord"), TEXT("4bf92f3577b34da6a3ce929d0e0e4736"));
	pipe_take();
	log_line(LOG_DEBUG, "not said");
	log_line(LOG_WARNING, "it is \"%s\"\nand {\"level\":\"error\"}", "so\xff");
	const char *text = log_heard();
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1); /* one line, whatever is in it */
	assert_int_equal(json_parse(&arena, text_from(text), &line, &error), OK);
	assert_string_equal(member(line, "level"), "warning");
	assert_string_equal(member(line, "role"), "worker");
	assert_string_equal(member(line, "tenant"), "nord");
	assert_string_equal(member(line, "trace_id"), "4bf92f3577b34da6a3ce929d0e0e4736");
	assert_string_equal(member(line, "message"), "it is \"so\xef\xbf\xbd\"\nand {\"level\":\"error\"}");
	assert_int_equal(json_member(line, TEXT("time")) ? json_text(json_member(line, TEXT("time"))).length : 0,
			 strlen("2026-03-27T16:45:00.000Z"));
	log_about(TEXT(""), TEXT(""));
	pipe_take();
	log_line(LOG_ERROR, "of nobody");
	text = log_heard();
	assert_null(strstr(text, "tenant"));
	assert_null(strstr(text, "trace_id"));
	arena_release(&arena);
}

static void test_levels(void **state)
{
	enum log_level level;
	struct error error;

	(void)state;
	assert_int_equal(log_level_parse("debug", &level, &error), OK);
	assert_int_equal(level, LOG_DEBUG);
	assert_int_equal(log_level_parse("loud", &level, &error), INVALID);
	assert_non_null(strstr(error.sentence, "debug, info, warning and error"));
	log_least(LOG_ERROR);
	pipe_take();
	log_line(LOG_WARNING, "not said");
	log_least(LOG_DEBUG);
	log_line(LOG_DEBUG, "said");
	log_least(LOG_INFO);
	const char *text = log_heard();
	assert_null(strstr(text, "not said"));
	assert_non_null(strstr(text, "\"debug\""));
}

static void test_secrets(void **state)
{
	(void)state;
	log_hide("geheim-123");
	log_hide("");
	log_hide("abc"); /* too short to be one */
	log_hide_password("postgresql://stellwerk:pass%20wort@db.example:5432/stellwerk");
	log_hide_password("postgresql://stellwerk@db.example:5432/stellwerk");
	log_hide_password("amqp://localhost");
	pipe_take();
	log_line(LOG_INFO, "geheim-123 geheim-123geheim-123 abc 5432 postgresql://stellwerk:pass%%20wort@db");
	const char *text = log_heard();
	assert_non_null(strstr(text, "\"*** ****** abc 5432 postgresql://stellwerk:***@db\""));
}

static void test_long_lines_are_cut(void **state)
{
	static char sentence[10000];
	struct arena arena;
	const struct json *line;
	struct error error;

	(void)state;
	for (size_t i = 0; i + 2 < sizeof sentence; i += 2)
		memcpy(sentence + i, "\xc3\xa4", 2);
	arena_init(&arena, "a test", 0);
	pipe_take();
	log_line(LOG_INFO, "%s", sentence);
	assert_int_equal(json_parse(&arena, text_from(log_heard()), &line, &error), OK);
	arena_release(&arena);
}

static void test_lines_for_people(void **state)
{
	int ours, theirs;

	(void)state;
	assert_int_equal(openpty(&ours, &theirs, NULL, NULL, NULL), 0);
	log_role("api");
	stderr_take(theirs, ours);
	log_line(LOG_ERROR, "an event called \x1b[2J\nstellwerk says: all is well");
	const char *text = log_heard();
	assert_non_null(strstr(text, " api      ERROR an event called  [2J stellwerk says: all is well\r\n"));
	assert_null(strchr(text, '\x1b'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_for_tools),  cmocka_unit_test(test_levels),
		cmocka_unit_test(test_secrets),          cmocka_unit_test(test_long_lines_are_cut),
		cmocka_unit_test(test_lines_for_people),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
