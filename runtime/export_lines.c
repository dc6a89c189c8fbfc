/* Rows as lines of separated values, as columns of fixed width, or as objects of one list. Must write whatever it is given:
 * what does not fit was refused before. */
#include "runtime/export_lines.h"

#include "engine/base/check.h"
#include "engine/base/json.h"

struct csv_style lines_style(const struct format *format, bool readable)
{
	static const enum csv_quote QUOTES[] = {
		[QUOTE_NEEDED] = CSV_QUOTE_NEEDED, [QUOTE_TEXTS] = CSV_QUOTE_TEXTS, [QUOTE_ALL] = CSV_QUOTE_ALL};

	return (struct csv_style){.encoding = readable ? ENCODING_UTF8 : format->encoding,
				  .quote = QUOTES[format->quote],
				  .separator = format->separator,
				  .crlf = format->crlf && !readable,
				  .guard_formulas = format->guard_formulas};
}

/* --- separated values */
static void cells_add(struct text_builder *builder, const struct csv_style *style, const struct format_cell *cells,
		      uint32_t count)
{
	struct csv_cell *own = arena_array(builder->arena, struct csv_cell, count + 1);

	for (uint32_t i = 0; i < count; i++)
		own[i] = (struct csv_cell){cells[i].text, cells[i].is_text};
	csv_line_add(builder, style, own, count);
}

static void titles_add(struct text_builder *builder, const struct csv_style *style, const struct format_rows *rows)
{
	struct csv_style plain = *style;
	struct csv_cell *cells = arena_array(builder->arena, struct csv_cell, rows->column_count + 1);

	plain.quote = plain.quote == CSV_QUOTE_TEXTS ? CSV_QUOTE_NEEDED : plain.quote; /* they are no data */
	for (uint32_t i = 0; i < rows->column_count; i++)
		cells[i] = (struct csv_cell){rows->columns[i].title, true};
	csv_line_add(builder, &plain, cells, rows->column_count);
}

void lines_line(struct text_builder *builder, const struct csv_style *style, const struct format_line *line)
{
	if (line->cells)
		cells_add(builder, style, line->cells, line->count);
	else
		csv_text_add(builder, style, line->text);
}

/* --- columns of fixed width: texts begin at the left, everything else ends at the right */
static void fill_add(struct text_builder *builder, char fill, uint32_t count)
{
	while (count--)
		builder_add_char(builder, fill);
}

static void column_add(struct text_builder *builder, const struct format_column *column, struct text text)
{
	uint32_t characters = text_characters(text);

	CHECK(characters <= column->total);
	uint32_t room = column->total - characters;
	bool is_negative = column->fill == '0' && text.length && text.bytes[0] == '-'; /* zeros stand behind the sign */
	if (column->kind == WRITTEN_TEXT) {
		builder_add(builder, text);
		fill_add(builder, column->fill, room);
		return;
	}
	builder_add_string(builder, is_negative ? "-" : "");
	fill_add(builder, column->fill, room);
	builder_add(builder, text_slice(text, is_negative, text.length));
}

static void fixed_add(struct text_builder *builder, const struct csv_style *style, const struct format_rows *rows,
		      const struct format_cell *cells)
{
	struct text_builder line = {.arena = builder->arena};

	for (uint32_t i = 0; i < rows->column_count; i++)
		column_add(&line, &rows->columns[i], cells[i].text);
	csv_text_add(builder, style, builder_text(&line));
}

/* --- objects */
static bool is_number(const struct format_column *column)
{
	return column->kind == WRITTEN_INT || column->kind == WRITTEN_DECIMAL || column->kind == WRITTEN_MONEY ||
	       column->kind == WRITTEN_PERCENT;
}

static void member_add(struct json_writer *writer, const struct format_column *column, const struct format_cell *cell)
{
	struct decimal number;

	json_write_name(writer, column->title);
	if (cell->is_missing)
		json_write_null(writer);
	else if (column->kind == WRITTEN_BOOL)
		json_write_bool(writer, text_is(cell->text, "true"));
	else if (is_number(column) && decimal_parse(cell->text, &number) == OK)
		json_write_decimal(writer, number);
	else
		json_write_text(writer, cell->text);
}

static void object_add(struct text_builder *builder, const struct format_rows *rows, const struct format_cell *cells,
		       uint64_t before)
{
	struct json_writer writer = {.text = builder};

	builder_add_string(builder, before ? ",\n" : "");
	json_open_object(&writer);
	for (uint32_t i = 0; i < rows->column_count; i++)
		member_add(&writer, &rows->columns[i], &cells[i]);
	json_close_object(&writer);
}

/* --- by kind */
void lines_begin(struct text_builder *builder, const struct format *format, const struct csv_style *style,
		 const struct format_rows *rows)
{
	if (format->kind == FORMAT_JSON)
		builder_add_string(builder, "[\n");
	else if (format->kind == FORMAT_CSV && format->titles)
		titles_add(builder, style, rows);
}

void lines_row(struct text_builder *builder, const struct format *format, const struct csv_style *style,
	       const struct format_rows *rows, const struct format_cell *cells, uint64_t before)
{
	if (format->kind == FORMAT_JSON)
		object_add(builder, rows, cells, before);
	else if (format->kind == FORMAT_TEXT)
		fixed_add(builder, style, rows, cells);
	else
		cells_add(builder, style, cells, rows->column_count);
}

void lines_end(struct text_builder *builder, const struct format *format, uint64_t rows)
{
	if (format->kind == FORMAT_JSON)
		builder_add_string(builder, rows ? "\n]\n" : "]\n");
}
