/* Tables for the terminal: as wide as their cells need, the last column cut or wrapped to what is left of the line. */
#include "runtime/table.h"
#include "engine/base/check.h"

#include <inttypes.h>

enum { ROOM_LEAST = 12 /* columns for the last cell of a line, however wide the others are */ };

struct print_table table_new(struct arena *arena, const char *const *titles, uint32_t columns)
{
	CHECK(columns && columns <= TABLE_COLUMNS);
	struct print_table table = {.arena = arena, .columns = columns};
	for (uint32_t i = 0; i < columns; i++) {
		table.right[i] = titles[i][0] == '>';
		table.titles[i] = text_from(titles[i] + table.right[i]);
	}
	return table;
}

void table_add(struct print_table *table, struct text text, enum style style)
{
	*list_add(table->arena, &table->cells) = (struct table_cell){text, style};
}

void table_add_string(struct print_table *table, const char *string)
{
	table_add(table, text_copy(table->arena, text_from(string)), STYLE_PLAIN);
}

void table_add_number(struct print_table *table, int64_t number)
{
	char digits[32], grouped[48];
	int length = snprintf(digits, sizeof(digits), "%" PRId64, number), out = 0;
	for (int i = 0; i < length; i++) {
		grouped[out++] = digits[i];
		if (digits[i] != '-' && i + 1 < length && (length - 1 - i) % 3 == 0)
			grouped[out++] = ' ';
	}
	grouped[out] = 0;
	table_add_string(table, grouped);
}

static void blanks(FILE *stream, uint32_t count)
{
	fprintf(stream, "%*s", (int)count, "");
}

/* The longest beginning that is not wider than `width`. */
static struct text cut(struct text text, uint32_t width)
{
	while (text.length && text_width(text) > width) {
		text.length--;
		while (text.length && ((unsigned char)text.bytes[text.length] & 0xc0) == 0x80)
			text.length--;
	}
	return text;
}

static void cell_print(const struct print_table *table, FILE *stream, const struct table_cell *cell, uint32_t column,
		       const uint32_t *widths, uint32_t room)
{
	struct text text = cell->text;
	bool last = column + 1 == table->columns, long_one = last && !table->right[column] && text_width(text) > room;
	if (long_one)
		text = cut(text, room - 1);
	uint32_t width = text_width(text), missing = widths[column] > width ? widths[column] - width : 0;
	if (table->right[column])
		blanks(stream, missing);
	if (cell->style != STYLE_PLAIN)
		fputs(style_on(stream, cell->style), stream);
	print_safe(stream, text);
	if (long_one)
		fputs("…", stream);
	if (cell->style != STYLE_PLAIN)
		fputs(style_on(stream, STYLE_PLAIN), stream);
	if (!last && !table->right[column])
		blanks(stream, missing);
	fputs(last ? "\n" : "  ", stream);
}

/* The longest beginning that is not wider than `width` and ends with a word, if one ends there. */
static struct text line_cut(struct text text, uint32_t width)
{
	struct text line = cut(text, width);
	uint32_t end = line.length;
	if (end == text.length)
		return line;
	while (end && text.bytes[end] != ' ')
		end--;
	return end ? text_slice(text, 0, end) : line;
}

static void cell_wrap(FILE *stream, const struct table_cell *cell, uint32_t indent, uint32_t room)
{
	struct text rest = cell->text;
	do {
		struct text line = line_cut(rest, room);
		if (cell->style != STYLE_PLAIN)
			fputs(style_on(stream, cell->style), stream);
		print_safe(stream, line);
		if (cell->style != STYLE_PLAIN)
			fputs(style_on(stream, STYLE_PLAIN), stream);
		fputs("\n", stream);
		rest = text_trim(text_slice(rest, line.length, rest.length));
		if (rest.length)
			blanks(stream, indent);
	} while (rest.length);
}

void table_print(const struct print_table *table, FILE *stream, uint32_t indent)
{
	uint32_t widths[TABLE_COLUMNS] = {0}, before_last = indent;
	bool head = false;
	for (uint32_t i = 0; i < table->columns; i++) {
		widths[i] = text_width(table->titles[i]);
		head = head || table->titles[i].length;
	}
	for (uint32_t i = 0; i < table->cells.count; i++) {
		uint32_t width = text_width(table->cells.items[i].text);
		if (width > widths[i % table->columns])
			widths[i % table->columns] = width;
	}
	for (uint32_t i = 0; i + 1 < table->columns; i++)
		before_last += widths[i] + 2;
	uint32_t room = terminal_width() > before_last + ROOM_LEAST ? terminal_width() - before_last : ROOM_LEAST;
	if (head) {
		blanks(stream, indent);
		for (uint32_t i = 0; i < table->columns; i++)
			cell_print(table, stream, &(struct table_cell){table->titles[i], STYLE_DIM}, i, widths, room);
	}
	for (uint32_t i = 0; i < table->cells.count; i++) {
		if (i % table->columns == 0)
			blanks(stream, indent);
		if (table->wraps && i % table->columns + 1 == table->columns)
			cell_wrap(stream, &table->cells.items[i], before_last, room);
		else
			cell_print(table, stream, &table->cells.items[i], i % table->columns, widths, room);
	}
}
