/* Shows diagnostics. Must survive any source: lines of megabytes, control characters, spans at the end of the file. */
#include "runtime/report.h"

enum { EXCERPT_BEFORE = 60, EXCERPT_MOST = 110 };

static bool is_of_file(const struct report *report, struct span span)
{
	return report->program && span.file < report->program->file_count;
}

static struct text source_of(const struct report *report, struct span span)
{
	return is_of_file(report, span) ? report->program->files[span.file].text : report->expression;
}

static struct text path_of(const struct report *report, struct span span)
{
	return is_of_file(report, span) ? report->program->files[span.file].path : TEXT("");
}

/* The line in which the span begins, and where in it; long ones are cut around that place. */
static struct text excerpt(struct text source, struct span span, uint32_t *at_out)
{
	uint32_t start = span.start > source.length ? source.length : span.start, from = start, to = start;
	while (from > 0 && source.bytes[from - 1] != '\n' && start - from < EXCERPT_BEFORE * 4)
		from--;
	if (start - from > EXCERPT_MOST)
		from = start - EXCERPT_BEFORE;
	while (from < start && ((unsigned char)source.bytes[from] & 0xc0) == 0x80)
		from++;
	while (to < source.length && source.bytes[to] != '\n' && source.bytes[to] != '\r' && to - from < EXCERPT_MOST * 2)
		to++;
	*at_out = start - from;
	struct text line = text_slice(source, from, to);
	while (text_width(line) > EXCERPT_MOST * 3 / 2)
		line.length--;
	return line;
}

static void caret(const struct report *report, struct span span, FILE *stream, enum style style)
{
	struct text source = source_of(report, span);
	uint32_t at;
	struct text line = excerpt(source, span, &at);
	if (at > line.length)
		at = line.length;
	char number[16] = "";
	if (is_of_file(report, span))
		snprintf(number, sizeof(number), "%u", span.line);
	styled(stream, STYLE_DIM, "%6s | ", number);
	print_safe(stream, line);
	uint32_t length = span.end > span.start ? span.end - span.start : 1;
	uint32_t marked =
		at < line.length ? text_width(text_slice(line, at, at + length < line.length ? at + length : line.length)) : 1;
	styled(stream, STYLE_DIM, "\n%6s | ", "");
	fprintf(stream, "%*s%s", (int)text_width(text_slice(line, 0, at)), "", style_on(stream, style));
	for (uint32_t i = 0; i < (marked ? marked : 1); i++)
		fputc('^', stream);
	fprintf(stream, "%s\n", style_on(stream, STYLE_PLAIN));
}

static void place(const struct report *report, struct span span, FILE *stream)
{
	struct text path = path_of(report, span);
	if (!path.length)
		return;
	fputs(style_on(stream, STYLE_BOLD), stream);
	print_safe(stream, path);
	fprintf(stream, ":%u:%u: %s", span.line, span.column, style_on(stream, STYLE_PLAIN));
}

enum style severity_style(enum severity severity)
{
	static const enum style styles[] = {STYLE_RED, STYLE_YELLOW, STYLE_CYAN};
	return styles[severity];
}

static void show(const struct report *report, const struct diagnostic *diagnostic, FILE *stream)
{
	const struct diagnostic_info *info = diagnostic_info(diagnostic->code);
	enum style style = severity_style(info->severity);
	place(report, diagnostic->span, stream);
	styled(stream, style, "%s %s: ", severity_name(info->severity), info->code);
	print_safe(stream, diagnostic->sentence);
	fputc('\n', stream);
	if (info->severity != SEVERITY_NOTE) /* a line each: there is nothing to look at */
		caret(report, diagnostic->span, stream, style);
	if (diagnostic->hint.length) {
		styled(stream, STYLE_CYAN, "%6s = ", "");
		print_safe(stream, diagnostic->hint);
		fputc('\n', stream);
	}
	if (diagnostic->other.line) {
		styled(stream, STYLE_DIM, "%6s = ", "");
		place(report, diagnostic->other, stream);
		fputs("this is the other place\n", stream);
		caret(report, diagnostic->other, stream, STYLE_BLUE);
	}
}

void report_diagnostics(const struct report *report, const struct diagnostics *diagnostics, FILE *stream)
{
	for (uint32_t i = 0; i < diagnostics->items.count; i++) {
		const struct diagnostic *diagnostic = &diagnostics->items.items[i];
		if (!report->errors_only || diagnostic_info(diagnostic->code)->severity == SEVERITY_ERROR)
			show(report, diagnostic, stream);
	}
	if (diagnostics->dropped)
		fprintf(stream, "… and %u more that are not shown\n", diagnostics->dropped);
}

void report_summary(const struct diagnostics *diagnostics, FILE *stream)
{
	uint32_t files = 0, last = UINT32_MAX; /* they are sorted by file */
	for (uint32_t i = 0; i < diagnostics->items.count; i++) {
		if (diagnostic_info(diagnostics->items.items[i].code)->severity == SEVERITY_NOTE)
			continue;
		files += diagnostics->items.items[i].span.file != last;
		last = diagnostics->items.items[i].span.file;
	}
	enum style style = diagnostics->errors ? STYLE_RED : STYLE_YELLOW;
	styled(stream, style, "%u error%s, %u warning%s in %u file%s\n", diagnostics->errors,
	       diagnostics->errors == 1 ? "" : "s", diagnostics->warnings, diagnostics->warnings == 1 ? "" : "s", files,
	       files == 1 ? "" : "s");
}

/* Line and column behind the span's last character. */
static void end_of(const struct report *report, struct span span, uint32_t *line_out, uint32_t *column_out)
{
	struct text source = source_of(report, span);
	uint32_t end = span.end < source.length ? span.end : source.length, from = span.start;
	*line_out = span.line;
	*column_out = span.column;
	for (uint32_t i = span.start; i < end; i++)
		if (source.bytes[i] == '\n') {
			++*line_out;
			*column_out = 1;
			from = i + 1;
		}
	if (from < end)
		*column_out += text_characters(text_slice(source, from, end));
}

static void place_json(const struct report *report, struct span span, struct json_writer *writer)
{
	uint32_t line, column;
	end_of(report, span, &line, &column);
	json_write_name(writer, TEXT("file"));
	json_write_text(writer, path_of(report, span));
	json_write_name(writer, TEXT("line"));
	json_write_int(writer, span.line);
	json_write_name(writer, TEXT("column"));
	json_write_int(writer, span.column);
	json_write_name(writer, TEXT("end_line"));
	json_write_int(writer, line);
	json_write_name(writer, TEXT("end_column"));
	json_write_int(writer, column);
}

void report_json(const struct report *report, const struct diagnostics *diagnostics, struct json_writer *writer)
{
	json_open_list(writer);
	for (uint32_t i = 0; i < diagnostics->items.count; i++) {
		const struct diagnostic *diagnostic = &diagnostics->items.items[i];
		const struct diagnostic_info *info = diagnostic_info(diagnostic->code);
		if (report->errors_only && info->severity != SEVERITY_ERROR)
			continue;
		json_open_object(writer);
		json_write_name(writer, TEXT("code"));
		json_write_text(writer, text_from(info->code));
		json_write_name(writer, TEXT("severity"));
		json_write_text(writer, text_from(severity_name(info->severity)));
		place_json(report, diagnostic->span, writer);
		json_write_name(writer, TEXT("message"));
		json_write_text(writer, diagnostic->sentence);
		if (diagnostic->hint.length) {
			json_write_name(writer, TEXT("hint"));
			json_write_text(writer, diagnostic->hint);
		}
		if (diagnostic->other.line) {
			json_write_name(writer, TEXT("other"));
			json_open_object(writer);
			place_json(report, diagnostic->other, writer);
			json_close_object(writer);
		}
		json_close_object(writer);
	}
	json_close_list(writer);
}
