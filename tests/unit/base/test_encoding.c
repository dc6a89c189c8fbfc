/* Encodings: every byte of them, what they lack, and what is no UTF-8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "engine/base/encoding.h"

static struct text encoded(struct arena *arena, enum encoding encoding, struct text text)
{
	struct text_builder builder = {.arena = arena};

	encoding_add(&builder, encoding, text);
	return builder_text(&builder);
}

static void names(void **state)
{
	enum encoding encoding;

	(void)state;
	for (int i = 0; i < ENCODING_COUNT; i++) {
		assert_true(encoding_find(text_from(encoding_name((enum encoding)i)), &encoding));
		assert_int_equal(encoding, i);
	}
	assert_false(encoding_find(TEXT("windows_1251"), &encoding));
	assert_false(encoding_find(TEXT(""), &encoding));
}

static void windows_has_its_own_places(void **state)
{
	static const struct text ALL = {"€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ", sizeof("€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ") - 1};
	static const char BYTES[] =
		"\x80\x82\x83\x84\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8e\x91\x92\x93\x94\x95\x96\x97\x98\x99\x9a"
		"\x9b\x9c\x9e\x9f";
	struct arena arena;

	(void)state;
	arena_init(&arena, "encoding", 0);
	assert_int_equal(encoding_lacks(ENCODING_WINDOWS_1252, ALL).length, 0);
	assert_true(text_is(encoded(&arena, ENCODING_WINDOWS_1252, ALL), BYTES));
	assert_true(text_is(encoded(&arena, ENCODING_WINDOWS_1252, TEXT("Größe ÿ")), "Gr\xf6\xdf"
										     "e \xff"));
	assert_true(text_is(encoding_lacks(ENCODING_ISO_8859_1, ALL), "€"));
	assert_true(text_is(encoded(&arena, ENCODING_ISO_8859_1, TEXT("¤ÿ")), "\xa4\xff"));
	arena_release(&arena);
}

static void what_is_lacking(void **state)
{
	(void)state;
	assert_true(text_is(encoding_lacks(ENCODING_WINDOWS_1252, TEXT("Öl и ж")), "и"));
	assert_true(text_is(encoding_lacks(ENCODING_WINDOWS_1252, TEXT("a\xc2\x81")), "\xc2\x81")); /* a place that is empty */
	assert_true(text_is(encoding_lacks(ENCODING_ASCII, TEXT("abcä")), "ä"));
	assert_true(text_is(encoding_lacks(ENCODING_WINDOWS_1252, TEXT("😀")), "😀"));
	assert_int_equal(encoding_lacks(ENCODING_UTF8, TEXT("😀и")).length, 0);
	/* malformed: cut short, too long, a surrogate, a lonely tail */
	assert_int_equal(encoding_lacks(ENCODING_UTF8, TEXT("a\xe2\x82")).length, 1);
	assert_int_equal(encoding_lacks(ENCODING_UTF8_BOM, TEXT("\xc0\xaf")).length, 1);
	assert_int_equal(encoding_lacks(ENCODING_WINDOWS_1252, TEXT("\xed\xa0\x80")).length, 1);
	assert_int_equal(encoding_lacks(ENCODING_ISO_8859_1, TEXT("\x80")).length, 1);
}

static void replaced(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, "encoding", 0);
	assert_true(text_is(encoding_replace(&arena, ENCODING_WINDOWS_1252, TEXT("жÖжж.ж"), TEXT("?")), "?Ö??.?"));
	assert_true(text_is(encoding_replace(&arena, ENCODING_ASCII, TEXT("Öl"), TEXT("--")), "--l"));
	assert_true(text_is(encoding_replace(&arena, ENCODING_ASCII, TEXT("a\xff"), TEXT("?")), "a?"));
	assert_true(text_is(encoding_replace(&arena, ENCODING_UTF8, TEXT("ж"), TEXT("?")), "ж"));
	assert_true(text_is(encoding_replace(&arena, ENCODING_ASCII, TEXT(""), TEXT("?")), ""));
	arena_release(&arena);
}

static void marks(void **state)
{
	(void)state;
	assert_true(text_is(encoding_mark(ENCODING_UTF8_BOM), "\xef\xbb\xbf"));
	assert_int_equal(encoding_mark(ENCODING_UTF8).length, 0);
	assert_int_equal(encoding_mark(ENCODING_WINDOWS_1252).length, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),           cmocka_unit_test(windows_has_its_own_places),
		cmocka_unit_test(what_is_lacking), cmocka_unit_test(replaced),
		cmocka_unit_test(marks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
