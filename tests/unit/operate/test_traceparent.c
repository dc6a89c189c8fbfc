/* Trace Context: what the specification allows is read, everything else is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "runtime/operate/traceparent.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN "00f067aa0ba902b7"

static void test_read_and_written(void **state)
{
	struct traceparent trace;
	char text[TRACEPARENT_TEXT + 1];

	(void)state;
	assert_int_equal(traceparent_parse(TEXT("00-" TRACE "-" SPAN "-01"), &trace), OK);
	assert_string_equal(trace.trace_id, TRACE);
	assert_string_equal(trace.span_id, SPAN);
	assert_true(trace.sampled);
	assert_int_equal(traceparent_write(&trace, text), TRACEPARENT_TEXT);
	assert_string_equal(text, "00-" TRACE "-" SPAN "-01");
	assert_int_equal(traceparent_parse(TEXT("00-" TRACE "-" SPAN "-02"), &trace), OK);
	assert_false(trace.sampled);
	assert_int_equal(traceparent_parse(TEXT("cc-" TRACE "-" SPAN "-0b-of-later"), &trace), OK);
	assert_true(trace.sampled);
}

static void test_what_is_none(void **state)
{
	static const char *const BAD[] = {
		"",
		"00-" TRACE "-" SPAN "-0",
		"00-" TRACE "-" SPAN "-01-more",                   /* version 00 ends there */
		"cc-" TRACE "-" SPAN "-01more",                    /* a later one goes on with a dash */
		"ff-" TRACE "-" SPAN "-01",                        /* no version */
		"00-4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN "-01", /* upper case */
		"00-00000000000000000000000000000000-" SPAN "-01", /* no trace */
		"00-" TRACE "-0000000000000000-01",                /* no span */
		"00_" TRACE "-" SPAN "-01",
		"00-" TRACE "-" SPAN "-zz",
	};
	struct traceparent trace;

	(void)state;
	for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
		assert_int_equal(traceparent_parse(text_from(BAD[i]), &trace), INVALID);
		assert_string_equal(trace.trace_id, "");
	}
}

static void test_new_and_child(void **state)
{
	struct traceparent trace, other, child, back;
	char text[TRACEPARENT_TEXT + 1];

	(void)state;
	traceparent_new(&trace);
	traceparent_new(&other);
	assert_string_not_equal(trace.trace_id, other.trace_id);
	traceparent_child(&trace, &child);
	assert_string_equal(trace.trace_id, child.trace_id);
	assert_string_not_equal(trace.span_id, child.span_id);
	traceparent_write(&child, text);
	assert_int_equal(traceparent_parse(text_from(text), &back), OK);
	assert_string_equal(back.span_id, child.span_id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read_and_written),
		cmocka_unit_test(test_what_is_none),
		cmocka_unit_test(test_new_and_child),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
