/* The lines of a file, as the kind of its format writes them. */
#ifndef RUNTIME_EXPORT_LINES_H
#define RUNTIME_EXPORT_LINES_H

#include "connectors/format_csv.h"
#include "engine/engine.h"

/* `readable`: UTF-8 and plain line ends, whatever the format says. */
struct csv_style lines_style(const struct format *format, bool readable);

/* What stands before the first row, and behind the last one. */
void lines_begin(struct text_builder *builder, const struct format *format, const struct csv_style *style,
		 const struct format_rows *rows);
void lines_end(struct text_builder *builder, const struct format *format, uint64_t rows);
/* A row, of which `before` others stand in the file. */
void lines_row(struct text_builder *builder, const struct format *format, const struct csv_style *style,
	       const struct format_rows *rows, const struct format_cell *cells, uint64_t before);
/* One that is no row. */
void lines_line(struct text_builder *builder, const struct csv_style *style, const struct format_line *line);

#endif
