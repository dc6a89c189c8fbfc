/* Widths, harmless output, tables that line up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/table.h"

#include <stdlib.h>

static void widths(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint32_t width;
	} cases[] = {
		{"", 0},         {"abc", 3},      {"Störung", 7}, {"漢字", 4}, {"e\xcc\x81", 1}, {"😀", 2},
		{"\xff\xfe", 2}, {"\xe6\xbc", 2}, {"a\tb", 3},    {"→", 1},    {"\xf0\x9f", 2},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(text_width(text_from(cases[i].text)), cases[i].width);
}

static char *printed(struct text text)
{
	char *bytes;
	size_t size;
	FILE *stream = open_memstream(&bytes, &size);
	print_safe(stream, text);
	fclose(stream);
	return bytes;
}

static void nothing_commands_the_terminal(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"Störung", "Störung"},
		{"a\033[2Jb", "a\xef\xbf\xbd[2Jb"},
		{"a\tb", "a b"},
		{"\xc2\x9b", "\xef\xbf\xbd"},
		{"\xe2\x80\xae", "\xef\xbf\xbd"},
		{"\xff", "\xef\xbf\xbd"},
		{"a\rb", "a\xef\xbf\xbd"
			 "b"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *bytes = printed(text_from(cases[i][0]));
		assert_string_equal(bytes, cases[i][1]);
		free(bytes);
	}
}

static void tables_line_up(void **state)
{
	(void)state;
	static const char *const titles[] = {"Name", ">Zahl", "Text"};
	struct arena arena;
	char *bytes;
	size_t size;
	arena_init(&arena, "test", 0);
	struct print_table table = table_new(&arena, titles, 3);
	table_add_string(&table, "Störung");
	table_add_number(&table, 1234567);
	table_add_string(&table, "x");
	table_add_string(&table, "a");
	table_add_number(&table, -5);
	table_add_string(&table, "ein Text, der länger ist als der Platz, den eine Zeile des Terminals für ihn übrig hat, wenn "
				 "es keines ist");
	FILE *stream = open_memstream(&bytes, &size);
	table_print(&table, stream, 2);
	fclose(stream);
	assert_string_equal(
		bytes,
		"  Name          Zahl  Text\n"
		"  Störung  1 234 567  x\n"
		"  a               -5  ein Text, der länger ist als der Platz, den eine Zeile des Terminals für ihn übrig "
		"hat, wenn es keines ist\n");
	free(bytes);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(widths),
		cmocka_unit_test(nothing_commands_the_terminal),
		cmocka_unit_test(tables_line_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
