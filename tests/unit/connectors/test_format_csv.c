/* Lines of separated values: what is quoted, what is guarded, and in which bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "connectors/format_csv.h"

static struct arena arena;

static struct text line(struct csv_style style, const struct csv_cell *cells, uint32_t count)
{
	struct text_builder builder = {.arena = &arena};

	csv_line_add(&builder, &style, cells, count);
	return builder_text(&builder);
}

#define CELL(literal)                                                                                                          \
	{                                                                                                                      \
		TEXT(literal), true                                                                                            \
	}
#define NUMBER(literal)                                                                                                        \
	{                                                                                                                      \
		TEXT(literal), false                                                                                           \
	}

static void quotes_where_needed(void **state)
{
	static const struct csv_cell CELLS[] = {CELL("a"),    CELL(""),   CELL("a,b"),  CELL("say \"x\""),
						CELL("1\n2"), CELL(" x"), NUMBER("1,5")};
	struct csv_style style = {.separator = ','};

	(void)state;
	assert_true(text_is(line(style, CELLS, 7), "a,,\"a,b\",\"say \"\"x\"\"\",\"1\n2\",\" x\",\"1,5\"\n"));
	style.separator = ';';
	style.crlf = true;
	assert_true(text_is(line(style, CELLS, 7), "a;;a,b;\"say \"\"x\"\"\";\"1\n2\";\" x\";1,5\r\n"));
	assert_true(text_is(line(style, CELLS, 0), "\r\n"));
}

static void quotes_around_texts_or_all(void **state)
{
	static const struct csv_cell CELLS[] = {CELL(""), CELL("\""), NUMBER(""), NUMBER("2")};
	struct csv_style style = {.separator = ';', .quote = CSV_QUOTE_TEXTS};

	(void)state;
	assert_true(text_is(line(style, CELLS, 4), "\"\";\"\"\"\";;2\n"));
	style.quote = CSV_QUOTE_ALL;
	assert_true(text_is(line(style, CELLS, 4), "\"\";\"\"\"\";\"\";\"2\"\n"));
}

static void formulas_are_guarded(void **state)
{
	static const struct csv_cell CELLS[] = {CELL("=1+1"), CELL("+49"),  CELL("-x"),  CELL("@a"),
						CELL("\tx"),  CELL("  =1"), CELL("a=1"), NUMBER("-1")};
	struct csv_style style = {.separator = ';', .guard_formulas = true};

	(void)state;
	assert_true(text_is(line(style, CELLS, 8), "'=1+1;'+49;'-x;'@a;'\tx;'  =1;a=1;-1\n"));
	style.guard_formulas = false;
	assert_true(text_is(line(style, CELLS, 8), "=1+1;+49;-x;@a;\tx;\"  =1\";a=1;-1\n"));
}

static void in_the_bytes_of_the_encoding(void **state)
{
	static const struct csv_cell CELLS[] = {CELL("ö\"€"), CELL("ß")};
	struct csv_style style = {.separator = ';', .encoding = ENCODING_WINDOWS_1252};
	struct text_builder builder = {.arena = &arena};

	(void)state;
	assert_true(text_is(line(style, CELLS, 2), "\"\xf6\"\"\x80\";\xdf\n"));
	csv_text_add(&builder, &style, TEXT("ö;\"€"));
	assert_true(text_is(builder_text(&builder), "\xf6;\"\x80\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quotes_where_needed),
		cmocka_unit_test(quotes_around_texts_or_all),
		cmocka_unit_test(formulas_are_guarded),
		cmocka_unit_test(in_the_bytes_of_the_encoding),
	};

	arena_init(&arena, "csv", 0);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_release(&arena);
	return failed;
}
