/* Regular expressions: what they find and replace, and that none can run away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <time.h>

#include "engine/base/pattern.h"

static struct arena arena;
static struct error error;

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

static void assert_extracted(const char *pattern, const char *text, const char *expected)
{
	struct text found = TEXT("");
	enum status status = pattern_extract(&arena, text_from(pattern), text_from(text), &found, &error);
	assert_int_equal(status, expected ? OK : NOT_FOUND);
	if (expected && !text_is(found, expected))
		fail_msg("`%s` on \"%s\" found \"%.*s\"", pattern, text, TEXT_ARGS(found));
}

static void assert_replaced(const char *pattern, const char *text, const char *with, const char *expected)
{
	struct text replaced = TEXT("");
	assert_int_equal(pattern_replace(&arena, text_from(pattern), text_from(text), text_from(with), &replaced, &error), OK);
	if (!text_is(replaced, expected))
		fail_msg("`%s` on \"%s\" made \"%.*s\"", pattern, text, TEXT_ARGS(replaced));
}

static void extracts(void **state)
{
	(void)state;
	assert_extracted("disk ([A-Z]):", "low space on disk C: (4%)", "C");
	assert_extracted("[0-9]+", "a 12 b 34", "12");
	assert_extracted("(?:a|b)+", "xxabab", "abab");
	assert_extracted("[0-9]+", "none", NULL);
	assert_extracted("a(b)?", "a", NULL); /* the group took no part */
	assert_extracted("a(b*)", "a", "");
	assert_extracted("", "abc", "");
	assert_extracted("x", "", NULL);
	assert_extracted("^\\w+", "\xc3\xa4rger \xf0\x9f\x98\x80", "\xc3\xa4rger"); /* characters, not bytes */
	assert_extracted("(.)$", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80");
	assert_extracted("(?i)\xc3\x9c"
			 "ber",
			 "\xc3\xbc"
			 "BER",
			 "\xc3\xbc"
			 "BER");
}

static void replaces(void **state)
{
	(void)state;
	assert_replaced("[0-9]+", "a1b22c", "#", "a#b#c");
	assert_replaced("(\\w+)@(\\w+)", "me@home you@work", "$2.$1", "home.me work.you");
	assert_replaced("x", "abc", "y", "abc");
	assert_replaced("b", "abc", "", "ac");
	assert_replaced("", "ab", "-", "-a-b-");
	assert_replaced("a", "", "b", "");
	assert_replaced("\xc3\xa4", "\xc3\xa4\xc3\xa4", "ae", "aeae");
	assert_replaced("a", "aa", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80\xf0\x9f\x98\x80");
	struct text replaced;
	assert_int_equal(pattern_replace(&arena, TEXT("a"), TEXT("a"), TEXT("$7"), &replaced, &error),
			 INVALID); /* no such group */
	assert_true(strlen(error.sentence) > 10);
}

static void bad_patterns_have_a_sentence(void **state)
{
	(void)state;
	static const char *const BAD[] = {"(", ")", "[", "a{2,1}", "*", "(?<n", "\\", "[z-a]", "(?z)"};
	for (size_t i = 0; i < sizeof(BAD) / sizeof(*BAD); i++) {
		error.sentence[0] = 0;
		assert_int_equal(pattern_check(text_from(BAD[i]), &error), INVALID);
		assert_non_null(strstr(error.sentence, "is no regular expression"));
		struct text found;
		assert_int_equal(pattern_extract(&arena, text_from(BAD[i]), TEXT("a"), &found, NULL), INVALID);
	}
	assert_int_equal(pattern_check(TEXT("^a+$"), &error), OK);
	char longest[5000];
	memset(longest, 'a', sizeof(longest));
	assert_int_equal(pattern_check((struct text){longest, sizeof(longest)}, &error), LIMIT);
}

static double seconds_now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void catastrophes_stop(void **state)
{
	(void)state;
	static const char *const PATTERNS[] = {"^(a+)+$",     "^(a|aa)+$",        "(a*)*b",
					       "(.*)*(.*)*x", "(?:a?){40}a{40}!", "(x+x+)+y|^(a|a?)+$"};
	char text[4001];
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 2] = '?';
	text[sizeof(text) - 1] = 0;
	for (size_t i = 0; i < sizeof(PATTERNS) / sizeof(*PATTERNS); i++) {
		struct text found, replaced;
		double start = seconds_now();
		enum status status = pattern_extract(&arena, text_from(PATTERNS[i]), text_from(text), &found, &error);
		assert_true(status == LIMIT || status == NOT_FOUND);
		status = pattern_replace(&arena, text_from(PATTERNS[i]), text_from(text), TEXT("-"), &replaced, &error);
		assert_true(status == LIMIT || status == OK);
		if (seconds_now() - start > 3)
			fail_msg("`%s` took %.1f s", PATTERNS[i], seconds_now() - start);
	}
	struct text found;
	assert_int_equal(pattern_extract(&arena, TEXT("^(a+)+$"), text_from(text), &found, &error), LIMIT);
	assert_non_null(strstr(error.sentence, "takes too long"));
}

/* Two hundred searches, each within the bound: together they are past it. */
static void a_replacement_is_bounded_as_a_whole(void **state)
{
	(void)state;
	uint32_t length = 200 * 1001;
	char *text = arena_alloc_raw(&arena, length, 1);
	for (uint32_t i = 0; i < length; i++)
		text[i] = i % 1001 == 1000 ? 'b' : 'a';
	struct text replaced;
	assert_int_equal(
		pattern_replace(&arena, TEXT("(?:a|c)*d|b"), (struct text){text, length}, TEXT("-"), &replaced, &error), LIMIT);
	assert_int_equal(pattern_replace(&arena, TEXT("(?:a|c)*d|b"), (struct text){text, 1001}, TEXT("-"), &replaced, &error),
			 OK);
	assert_int_equal(replaced.length, 1001);
}

static void long_texts_are_refused(void **state)
{
	(void)state;
	uint32_t length = 2 << 20;
	char *text = arena_alloc_raw(&arena, length, 1);
	memset(text, 'a', length);
	struct text found;
	assert_int_equal(pattern_extract(&arena, TEXT("b"), (struct text){text, length}, &found, &error), LIMIT);
	char *with = arena_alloc_raw(&arena, 4096, 1);
	memset(with, 'x', 4096);
	assert_int_equal(
		pattern_replace(&arena, TEXT("a"), (struct text){text, 4096}, (struct text){with, 4096}, &found, &error),
		LIMIT);
}

/* The bound is of one search, not of all searches that a compiled pattern ever did. */
static void a_pattern_does_not_tire(void **state)
{
	(void)state;
	char text[201];
	memset(text, 'a', 200);
	text[200] = 0;
	for (int i = 0; i < 300; i++) {
		assert_extracted("(?:a|b)*c", text, NULL);
		arena_reset(&arena);
	}
}

static void more_patterns_than_are_kept(void **state)
{
	(void)state;
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < 200; i++) {
			char pattern[32], text[32], expected[32];
			snprintf(pattern, sizeof(pattern), "n%d=(\\d+)", i);
			snprintf(text, sizeof(text), "n%d=%d;", i, i * 3);
			snprintf(expected, sizeof(expected), "%d", i * 3);
			assert_extracted(pattern, text, expected);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(extracts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(replaces, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bad_patterns_have_a_sentence, set_up, tear_down),
		cmocka_unit_test_setup_teardown(catastrophes_stop, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_replacement_is_bounded_as_a_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(long_texts_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_pattern_does_not_tire, set_up, tear_down),
		cmocka_unit_test_setup_teardown(more_patterns_than_are_kept, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
