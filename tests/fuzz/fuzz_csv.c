/* Any texts as cells of a line, in any style. What must hold: a reader that knows nothing but RFC 4180 reads back as many
 * cells, each with the same bytes; with the guard none of them is a formula. */
#include "connectors/format_csv.h"
#include "engine/base/check.h"

enum { CELLS = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

struct reader {
	struct text line; /* without its end */
	uint32_t at;
	char separator;
};

static bool at_end_of_cell(const struct reader *reader)
{
	return reader->at == reader->line.length || reader->line.bytes[reader->at] == reader->separator;
}

static void quoted_read(struct reader *reader, struct text_builder *cell)
{
	for (reader->at++;; reader->at++) {
		CHECK(reader->at < reader->line.length);
		if (reader->line.bytes[reader->at] == '"' && reader->line.bytes[++reader->at] != '"')
			return; /* the line ends with a NUL */
		builder_add_char(cell, reader->line.bytes[reader->at]);
	}
}

static struct text cell_read(struct arena *arena, struct reader *reader)
{
	struct text_builder cell = {.arena = arena};
	if (reader->at < reader->line.length && reader->line.bytes[reader->at] == '"') {
		quoted_read(reader, &cell);
		CHECK(at_end_of_cell(reader));
	}
	for (; !at_end_of_cell(reader); reader->at++) {
		char byte = reader->line.bytes[reader->at];
		CHECK(byte != '"' && byte != '\n' && byte != '\r');
		builder_add_char(&cell, byte);
	}
	return builder_text(&cell);
}

static struct text encoded(struct arena *arena, enum encoding encoding, struct text text)
{
	struct text_builder builder = {.arena = arena};
	encoding_add(&builder, encoding, text);
	return builder_text(&builder);
}

static void cell_check(struct arena *arena, const struct csv_style *style, const struct csv_cell *cell, struct text read)
{
	struct text own = encoded(arena, style->encoding, cell->text);
	if (style->guard_formulas && cell->is_text) {
		struct text seen = text_trim(read);
		CHECK(!seen.length || !memchr("=+-@", seen.bytes[0], 4));
		if (!text_equal(read, own) && read.length)
			read = text_slice(read, 1, read.length);
	}
	CHECK(text_equal(read, own));
}

static void line_check(struct arena *arena, const struct csv_style *style, const struct csv_cell *cells, uint32_t count)
{
	struct text_builder builder = {.arena = arena};
	csv_line_add(&builder, style, cells, count);
	struct text line = builder_text(&builder), end = style->crlf ? TEXT("\r\n") : TEXT("\n");
	CHECK(text_ends(line, end));
	line = text_copy(arena, text_slice(line, 0, line.length - end.length));
	struct reader reader = {.line = line, .separator = style->separator};
	for (uint32_t i = 0; i < count; i++) {
		cell_check(arena, style, &cells[i], cell_read(arena, &reader));
		CHECK(i + 1 < count ? reader.line.bytes[reader.at++] == style->separator : reader.at == reader.line.length);
	}
}

/* Cells are parted by a byte that no UTF-8 has. */
static uint32_t cells_read(struct arena *arena, enum encoding encoding, struct text rest, struct csv_cell *cells)
{
	uint32_t count = 0;
	while (count < CELLS) {
		const char *end = rest.length ? memchr(rest.bytes, 0xff, rest.length) : NULL;
		struct text cell = text_slice(rest, 0, end ? (uint32_t)(end - rest.bytes) : rest.length);
		bool is_text = !cell.length || cell.bytes[0] & 1;
		cells[count++] = (struct csv_cell){encoding_replace(arena, encoding, cell, TEXT("?")), is_text};
		if (!end)
			break;
		rest = text_slice(rest, cell.length + 1, rest.length);
	}
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const char SEPARATORS[] = ",;\t|";
	struct csv_cell cells[CELLS];
	struct arena arena;
	if (length < 2)
		return 0;
	struct csv_style style = {.encoding = (enum encoding)(bytes[0] % ENCODING_COUNT),
				  .quote = (enum csv_quote)(bytes[1] & 3),
				  .separator = SEPARATORS[bytes[1] >> 2 & 3],
				  .crlf = bytes[1] & 16,
				  .guard_formulas = bytes[1] & 32};
	arena_init(&arena, "fuzz", 0);
	uint32_t count =
		cells_read(&arena, style.encoding, (struct text){(const char *)bytes + 2, (uint32_t)length - 2}, cells);
	line_check(&arena, &style, cells, count);
	arena_release(&arena);
	return 0;
}
