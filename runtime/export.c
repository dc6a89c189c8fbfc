/* Writes what a format makes of the rows, file after file. Holds one page of rows and one piece of a file at a time. */
#include "runtime/export.h"

#include <inttypes.h>
#include <stdio.h>

#include "engine/base/map.h"
#include "runtime/export_lines.h"

enum { PIECE_BYTES = 1 << 16 };

struct exporting {
	const struct export_order *order;
	const struct export_sink *sink;
	struct export_result *result;
	struct error *error;
	struct csv_style style;
	struct arena names_arena, arena; /* of all files; of the piece that is being written */
	struct map names;
	struct text_builder piece, line;
	uint64_t rows, bytes; /* of the file */
	bool is_open;
};

static enum status demands_check(struct exporting *exporting) MUST_CHECK;
static enum status pages_write(struct exporting *exporting) MUST_CHECK;
static enum status file_close(struct exporting *exporting) MUST_CHECK;

enum status export_run(const struct export_order *order, const struct export_sink *sink, struct export_result *result_out,
		       struct error *error)
{
	struct exporting exporting = {.order = order,
				      .sink = sink,
				      .result = result_out,
				      .error = error,
				      .style = lines_style(order->format, order->readable)};

	*result_out = (struct export_result){0};
	arena_init(&exporting.names_arena, "names of files", 0);
	arena_init(&exporting.arena, "piece of a file", 0);
	exporting.names = map_in(&exporting.names_arena);
	exporting.piece.arena = exporting.line.arena = &exporting.arena;
	enum status status = demands_check(&exporting);
	if (status == OK && order->format->rows_count)
		status = pages_write(&exporting);
	if (status == OK && exporting.is_open)
		status = file_close(&exporting);
	arena_release(&exporting.arena);
	arena_release(&exporting.names_arena);
	return status;
}

/* --- what must hold */
static enum status demand_evaluate(struct exporting *exporting, const struct code *code, struct value *value_out)
{
	const struct export_order *order = exporting->order;
	struct value *frame = arena_array(&exporting->arena, struct value, code->slot_count + 1);

	memcpy(frame, order->arguments, sizeof *frame * order->format->parameter_count);
	return engine_evaluate(order->engine, code, frame, order->now, order->ports, value_out, exporting->error);
}

static enum status demands_check(struct exporting *exporting)
{
	const struct format *format = exporting->order->format;
	struct value holds = value_bool(true), sentence = value_missing();
	enum status status = OK;

	for (uint32_t i = 0; status == OK && i < format->demand_count; i++) {
		status = demand_evaluate(exporting, format->demands[i].holds, &holds);
		if (status != OK || value_is_true(holds))
			continue;
		status = demand_evaluate(exporting, format->demands[i].sentence, &sentence);
		if (status == OK)
			return error_set(exporting->error, INVALID, "%.*s: %.*s", TEXT_ARGS(format->name),
					 TEXT_ARGS(sentence.kind == VALUE_TEXT ? value_as_text(sentence)
									       : TEXT("a demand does not hold")));
	}
	return status;
}

/* --- pieces: what was written leaves when it is worth a trip */
static enum status piece_send(struct exporting *exporting, uint32_t least)
{
	enum status status = OK;

	if (exporting->piece.length < least)
		return OK;
	if (exporting->piece.length)
		status = exporting->sink->write(exporting->sink->host, builder_text(&exporting->piece), exporting->error);
	arena_reset(&exporting->arena);
	exporting->piece = exporting->line = (struct text_builder){.arena = &exporting->arena};
	return status;
}

static enum status line_end(struct exporting *exporting)
{
	struct text line = builder_text(&exporting->line);

	builder_add(&exporting->piece, line);
	exporting->bytes += line.length;
	exporting->line.length = 0;
	return piece_send(exporting, PIECE_BYTES);
}

/* --- lines that are no rows */
static enum status line_evaluate(struct exporting *exporting, const struct code *code, struct format_line *line)
{
	const struct export_order *order = exporting->order;

	return engine_format_line(order->engine, order->format, code, order->arguments, (int64_t)exporting->result->files,
				  order->now, order->ports, line, exporting->error);
}

static enum status line_write(struct exporting *exporting, const struct code *code)
{
	struct format_line line;
	enum status status = code ? line_evaluate(exporting, code, &line) : OK;

	if (!code || status != OK)
		return status;
	lines_line(&exporting->line, &exporting->style, &line);
	return line_end(exporting);
}

/* --- files */
/* What a folder takes for a name, and nothing that leads out of it. */
static bool is_file_name(struct text name)
{
	if (!name.length || name.length > 200 || name.bytes[0] == '.' || !text_is_utf8(name))
		return false;
	for (uint32_t i = 0; i < name.length; i++)
		if ((unsigned char)name.bytes[i] < 0x20 || strchr("/\\:*?\"<>|\x7f", name.bytes[i]))
			return false;
	return true;
}

static enum status name_take(struct exporting *exporting, struct text name)
{
	if (!is_file_name(name))
		return error_set(exporting->error, INVALID, "%.*s: \"%.*s\" can be no file's name",
				 TEXT_ARGS(exporting->order->format->name), TEXT_ARGS(name));
	name = text_copy(&exporting->names_arena, name);
	if (map_put(&exporting->names, name, exporting))
		return error_set(exporting->error, INVALID,
				 "%.*s: two files of this export would be called %.*s; a name with {n} in it is one of its own",
				 TEXT_ARGS(exporting->order->format->name), TEXT_ARGS(name));
	return exporting->sink->open(exporting->sink->host, name, exporting->error);
}

static enum status file_open(struct exporting *exporting, const struct format_rows *rows)
{
	const struct format *format = exporting->order->format;
	struct format_line name;

	exporting->result->files++;
	exporting->rows = exporting->bytes = 0;
	exporting->is_open = true;
	enum status status = line_evaluate(exporting, format->file, &name);
	if (status == OK)
		status = name_take(exporting, name.text);
	if (status != OK)
		return status;
	builder_add(&exporting->piece, encoding_mark(exporting->style.encoding));
	exporting->bytes = exporting->piece.length;
	status = line_write(exporting, format->header);
	if (status != OK)
		return status;
	lines_begin(&exporting->line, format, &exporting->style, rows);
	return line_end(exporting);
}

static enum status file_close(struct exporting *exporting)
{
	lines_end(&exporting->line, exporting->order->format, exporting->rows);
	enum status status = line_end(exporting);

	if (status == OK)
		status = line_write(exporting, exporting->order->format->footer);
	if (status == OK)
		status = piece_send(exporting, 0);
	exporting->is_open = false;
	return status == OK ? exporting->sink->close(exporting->sink->host, exporting->rows, exporting->error) : status;
}

/* --- rows */
static enum status missed(struct exporting *exporting, const struct format_row *row)
{
	bool refused = row->refused.length;
	char number[40];

	exporting->result->refused += refused;
	exporting->result->left_out += !refused;
	snprintf(number, sizeof number, "row %" PRIu64, row->number);
	return exporting->sink->missed(exporting->sink->host, row->called.length ? row->called : text_from(number),
				       refused ? row->refused : row->left_out, refused, exporting->error);
}

/* Whether the row that stands in exporting->line is for the next file. */
static bool is_full(const struct exporting *exporting)
{
	const struct format *format = exporting->order->format;

	if (!exporting->rows)
		return false;
	return (format->split_rows && exporting->rows >= (uint64_t)format->split_rows) ||
	       (format->size && exporting->bytes + exporting->line.length > (uint64_t)format->size);
}

static void row_add(struct exporting *exporting, const struct format_rows *rows, const struct format_row *row)
{
	lines_row(&exporting->line, exporting->order->format, &exporting->style, rows, row->cells, exporting->rows);
}

static enum status row_write(struct exporting *exporting, const struct format_rows *rows, const struct format_row *row)
{
	enum status status = exporting->is_open ? OK : file_open(exporting, rows);

	if (status != OK)
		return status;
	row_add(exporting, rows, row);
	if (is_full(exporting)) {
		exporting->line.length = 0; /* its bytes are made again: they belong behind another header */
		status = file_close(exporting);
		if (status == OK)
			status = file_open(exporting, rows);
		if (status != OK)
			return status;
		row_add(exporting, rows, row);
	}
	const struct format *format = exporting->order->format;
	if (format->size && exporting->bytes + exporting->line.length > (uint64_t)format->size)
		return error_set(exporting->error, LIMIT,
				 "%.*s: a file with row %" PRIu64 " alone has more than %" PRId64 " bytes",
				 TEXT_ARGS(format->name), row->number, format->size);
	exporting->rows++;
	exporting->result->rows++;
	return line_end(exporting);
}

static enum status page_write(struct exporting *exporting, const struct format_page *page)
{
	enum status status = OK;

	for (uint32_t i = 0; i < page->rows.count && status == OK; i++) {
		const struct format_row *row = &page->rows.items[i];
		if (row->refused.length || row->left_out.length)
			status = missed(exporting, row);
		else if (!exporting->result->refused) /* else nobody will see it */
			status = row_write(exporting, page->of, row);
	}
	return status;
}

static enum status pages_write(struct exporting *exporting)
{
	const struct export_order *order = exporting->order;
	struct format_place place = {0};
	struct format_page page = {.more = true};
	enum status status = OK;

	while (status == OK && page.more) {
		status = engine_format_page(order->engine, order->format, order->arguments, &place, order->now, order->ports,
					    &page, exporting->error);
		if (status == OK)
			status = page_write(exporting, &page);
	}
	return status;
}
