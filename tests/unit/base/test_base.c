/* The vocabulary that everything stands on: texts, lists, maps, arenas, errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/list.h"
#include "engine/base/error.h"
#include "engine/base/map.h"

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

/* --- text */
static void texts_compare(void **state)
{
	(void)state;
	assert_true(text_equal(TEXT("abc"), text_from("abc")));
	assert_false(text_equal(TEXT("abc"), TEXT("abd")));
	assert_false(text_equal(TEXT("abc"), TEXT("ab")));
	assert_true(text_equal(TEXT(""), (struct text){0}));
	assert_true(text_compare(TEXT("a"), TEXT("b")) < 0);
	assert_true(text_compare(TEXT("b"), TEXT("a")) > 0);
	assert_true(text_compare(TEXT("ab"), TEXT("a")) > 0);
	assert_true(text_compare(TEXT(""), TEXT("a")) < 0);
	assert_true(text_compare(TEXT("\x7f"), TEXT("\xc3\xa4")) < 0); /* bytes are not signed */
	assert_int_equal(text_compare(TEXT("a"), TEXT("a")), 0);
	assert_int_equal(text_hash(TEXT("priority")), text_hash(text_slice(TEXT("xpriority"), 1, 9)));
	assert_true(text_hash(TEXT("a")) != text_hash(TEXT("a\0")));
}

static void texts_in_parts(void **state)
{
	(void)state;
	assert_true(text_starts(TEXT("abc"), TEXT("ab")) && text_starts(TEXT("abc"), TEXT("")));
	assert_false(text_starts(TEXT("ab"), TEXT("abc")));
	assert_true(text_ends(TEXT("abc"), TEXT("bc")) && text_ends(TEXT("abc"), TEXT("abc")));
	assert_false(text_ends(TEXT("bc"), TEXT("abc")));
	assert_int_equal(text_find(TEXT("abcbc"), TEXT("bc")), 1);
	assert_int_equal(text_find(TEXT("abc"), TEXT("")), 0);
	assert_int_equal(text_find(TEXT(""), TEXT("a")), -1);
	assert_int_equal(text_find((struct text){0}, TEXT("a")), -1);
	assert_true(text_starts((struct text){0}, TEXT("")) && text_ends(TEXT("a"), (struct text){0}));
	assert_true(text_is(text_trim(TEXT(" \t a b\r\n")), "a b"));
	assert_true(text_is(text_trim(TEXT(" \n ")), ""));
	assert_true(text_is(text_slice(TEXT("abc"), 3, 3), ""));
	assert_true(text_is(text_slice((struct text){0}, 0, 0), ""));
	assert_true(text_is(text_copy(&arena, TEXT("abc")), "abc"));
	assert_string_equal(text_format(&arena, "%d-%s", 7, "x").bytes, "7-x");
}

static void utf8(void **state)
{
	(void)state;
	static const char *const GOOD[] = {"",
					   "a",
					   "\x7f",
					   "\xc2\x80",
					   "\xdf\xbf",
					   "\xe0\xa0\x80",
					   "\xed\x9f\xbf",
					   "\xee\x80\x80",
					   "\xef\xbf\xbf",
					   "\xf0\x90\x80\x80",
					   "\xf4\x8f\xbf\xbf",
					   "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z"};
	static const char *const BAD[] = {"\x80",
					  "\xbf",
					  "\xc0\x80",
					  "\xc1\xbf",
					  "\xc2",
					  "\xc2\x41",
					  "\xe0\x9f\xbf",
					  "\xe1\x80",
					  "\xed\xa0\x80",
					  "\xed\xbf\xbf",
					  "\xf0\x8f\xbf\xbf",
					  "\xf0\x90\x80",
					  "\xf4\x90\x80\x80",
					  "\xf5\x80\x80\x80",
					  "\xff",
					  "\xfe",
					  "a\xc3"};
	for (size_t i = 0; i < sizeof(GOOD) / sizeof(*GOOD); i++)
		if (!text_is_utf8(text_from(GOOD[i])))
			fail_msg("good %zu", i);
	for (size_t i = 0; i < sizeof(BAD) / sizeof(*BAD); i++)
		if (text_is_utf8(text_from(BAD[i])))
			fail_msg("bad %zu", i);
	assert_int_equal(text_characters(TEXT("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80")), 4);
	assert_int_equal(text_characters(TEXT("\xff\xc3")), 2);
	assert_int_equal(text_character_length(TEXT("a\xe2\x82\xac"), 1), 3);
	assert_int_equal(text_character_length(TEXT("a\xe2\x82\xac"), 2), 0);
}

static void builders(void **state)
{
	(void)state;
	struct text_builder builder = {.arena = &arena};
	assert_true(text_is(builder_text(&builder), ""));
	for (int i = 0; i < 1000; i++) {
		builder_add(&builder, TEXT("ab"));
		builder_add_char(&builder, 'c');
		builder_add_string(&builder, "");
		builder_format(&builder, "%d", i % 10);
	}
	struct text text = builder_text(&builder);
	assert_int_equal(text.length, 4000);
	assert_int_equal(strlen(text.bytes), 4000);
	assert_true(text_is(text_slice(text, 3996, 4000), "abc9"));
}

/* --- lists and maps */
static void lists(void **state)
{
	(void)state;
	LIST(uint64_t) list = {0};
	for (uint64_t i = 0; i < 5000; i++) {
		uint64_t *item = list_add(&arena, &list);
		assert_int_equal(*item, 0);
		*item = i * i;
	}
	assert_int_equal(list.count, 5000);
	for (uint64_t i = 0; i < 5000; i++)
		assert_int_equal(list.items[i], i * i);
	assert_int_equal(*list_last(&list), (uint64_t)4999 * 4999);
}

static void maps(void **state)
{
	(void)state;
	struct map map = map_in(&arena);
	assert_null(map_get(&map, TEXT("none")));
	for (int i = 0; i < 20000; i++)
		assert_null(map_put(&map, text_format(&arena, "key %d", i), arena_copy(&arena, &i, sizeof(i))));
	assert_int_equal(map.count, 20000);
	for (int i = 0; i < 20000; i++) {
		const int *value = map_get(&map, text_format(&arena, "key %d", i));
		assert_true(value && *value == i);
	}
	assert_null(map_get(&map, TEXT("key 20000")));
	assert_null(map_get(&map, TEXT("")));
	int other = 1;
	const int *before = map_put(&map, TEXT("key 7"), &other);
	assert_true(before && *before == 7);
	assert_ptr_equal(map_get(&map, TEXT("key 7")), &other);
	assert_int_equal(map.count, 20000);
	assert_null(map_put(&map, TEXT(""), &other));
	assert_ptr_equal(map_get(&map, TEXT("")), &other);
}

/* --- arenas */
static void arenas_hand_out(void **state)
{
	(void)state;
	char *pieces[2000];
	for (size_t i = 0; i < 2000; i++) {
		pieces[i] = arena_alloc(&arena, i * 7 % 600);
		assert_int_equal((uintptr_t)pieces[i] % 16, 0);
		for (size_t k = 0; k < i * 7 % 600; k++)
			assert_int_equal(pieces[i][k], 0);
		memset(pieces[i], (int)(i & 0xff), i * 7 % 600);
	}
	for (size_t i = 0; i < 2000; i++)
		for (size_t k = 0; k < i * 7 % 600; k++)
			assert_int_equal((unsigned char)pieces[i][k], i & 0xff);
	assert_non_null(arena_alloc(&arena, 0));
	memset(arena_alloc_raw(&arena, 10 << 20, 64), 1, 10 << 20); /* beyond any block */
	assert_string_equal(arena_string(&arena, "abcdef", 3), "abc");
	assert_string_equal(arena_format(&arena, "%05d", 42), "00042");
	assert_true(arena.used > 10 << 20);
	arena_reset(&arena);
	assert_int_equal(arena.used, 0);
	assert_non_null(arena_new(&arena, struct map));
}

/* How many pieces fit before the guard is reached. */
static uint32_t pieces_within(struct arena *small, size_t piece)
{
	jmp_buf jump;
	volatile uint32_t count = 0;
	if (arena_guard(small, jump))
		return count;
	for (;;) {
		memset(arena_alloc(small, piece), 1, piece);
		count = count + 1;
	}
}

static void limits_lead_to_the_guard(void **state)
{
	(void)state;
	struct arena small;
	arena_init(&small, "small", 100000);
	for (int round = 0; round < 3; round++) { /* after a reset all of it is there again */
		assert_int_equal(pieces_within(&small, 1000), 100);
		assert_true(small.used <= 100000);
		arena_reset(&small);
	}
	assert_int_equal(pieces_within(&small, 100001), 0);
	assert_int_equal(pieces_within(&small, SIZE_MAX - 4), 0);
	assert_int_equal(pieces_within(&small, SIZE_MAX / 2), 0);
	arena_release(&small);
	arena_init(&small, "no limit", 0);
	assert_int_equal(pieces_within(&small, SIZE_MAX - 4), 0);
	arena_release(&small);
}

/* --- errors */
static void errors_are_sentences(void **state)
{
	(void)state;
	struct error error;
	assert_int_equal(error_set(&error, INVALID, "the field %s is unknown", "x"), INVALID);
	assert_string_equal(error.sentence, "the field x is unknown");
	assert_int_equal(error_within(&error, "rule %d", 7), INVALID);
	assert_string_equal(error.sentence, "rule 7: the field x is unknown");
	assert_int_equal(error_set(NULL, LIMIT, "nobody listens"), LIMIT);
	char longest[2000];
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = 0;
	error_set(&error, RETRY, "%s", longest);
	assert_int_equal(strlen(error.sentence), sizeof(error.sentence) - 1);
	for (int i = 0; i < 3; i++)
		error_within(&error, "%s", i == 2 ? longest : "somewhere");
	assert_int_equal(strlen(error.sentence), sizeof(error.sentence) - 1);
	for (size_t start = 0; start < 4; start++) { /* cut between characters, wherever they begin */
		memset(longest, 'x', sizeof(longest) - 1);
		for (size_t i = start; i + 3 < sizeof(longest); i += 3)
			memcpy(longest + i, "\xe2\x82\xac", 3);
		error_set(&error, INVALID, "%s", longest);
		assert_true(text_is_utf8(text_from(error.sentence)));
		assert_true(strlen(error.sentence) > sizeof(error.sentence) - 5);
		error_within(&error, "a");
		assert_true(text_is_utf8(text_from(error.sentence)));
	}
	assert_string_equal(status_name(LIMIT), "limit");
	assert_string_equal(status_name(OK), "ok");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(texts_compare, set_up, tear_down),
		cmocka_unit_test_setup_teardown(texts_in_parts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(utf8, set_up, tear_down),
		cmocka_unit_test_setup_teardown(builders, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lists, set_up, tear_down),
		cmocka_unit_test_setup_teardown(maps, set_up, tear_down),
		cmocka_unit_test_setup_teardown(arenas_hand_out, set_up, tear_down),
		cmocka_unit_test_setup_teardown(limits_lead_to_the_guard, set_up, tear_down),
		cmocka_unit_test_setup_teardown(errors_are_sentences, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
