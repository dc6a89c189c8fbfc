/* Writes lines of separated values. Must never write a cell that reads back as another one, or as two. */
#include "connectors/format_csv.h"

/* What a spreadsheet computes when it opens the file, after OWASP's "CSV Injection": also behind the blanks that it skips. */
static bool is_formula(struct text text)
{
	uint32_t at = 0;
	while (at < text.length && text.bytes[at] == ' ')
		at++;
	return at < text.length && memchr("=+-@\t\r\n", text.bytes[at], 7);
}

static bool needs_quotes(struct text text, char separator)
{
	if (!text.length)
		return false;
	if (text.bytes[0] == ' ' || text.bytes[text.length - 1] == ' ')
		return true;
	return memchr(text.bytes, separator, text.length) || memchr(text.bytes, '"', text.length) ||
	       memchr(text.bytes, '\n', text.length) || memchr(text.bytes, '\r', text.length);
}

static void quoted_add(struct text_builder *builder, enum encoding encoding, struct text text)
{
	builder_add_char(builder, '"');
	for (;;) {
		int64_t quote = text_find(text, TEXT("\""));
		if (quote < 0)
			break;
		encoding_add(builder, encoding, text_slice(text, 0, (uint32_t)quote + 1));
		builder_add_char(builder, '"');
		text = text_slice(text, (uint32_t)quote + 1, text.length);
	}
	encoding_add(builder, encoding, text);
	builder_add_char(builder, '"');
}

static struct text guarded(struct arena *arena, struct text text)
{
	struct text_builder builder = {.arena = arena};
	builder_add_char(&builder, '\'');
	builder_add(&builder, text);
	return builder_text(&builder);
}

static void cell_add(struct text_builder *builder, const struct csv_style *style, const struct csv_cell *cell)
{
	struct text text = cell->text;
	if (!text.length && style->quote == CSV_QUOTE_NEEDED)
		return;
	bool quotes = style->quote == CSV_QUOTE_ALL || (style->quote == CSV_QUOTE_TEXTS && cell->is_text);
	if (cell->is_text && style->guard_formulas && is_formula(text))
		text = guarded(builder->arena, text);
	if (quotes || needs_quotes(text, style->separator))
		quoted_add(builder, style->encoding, text);
	else if (text.length)
		encoding_add(builder, style->encoding, text);
}

static void end_add(struct text_builder *builder, const struct csv_style *style)
{
	builder_add_string(builder, style->crlf ? "\r\n" : "\n");
}

void csv_line_add(struct text_builder *builder, const struct csv_style *style, const struct csv_cell *cells, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (i)
			builder_add_char(builder, style->separator);
		cell_add(builder, style, &cells[i]);
	}
	end_add(builder, style);
}

void csv_text_add(struct text_builder *builder, const struct csv_style *style, struct text line)
{
	encoding_add(builder, style->encoding, line);
	end_add(builder, style);
}
