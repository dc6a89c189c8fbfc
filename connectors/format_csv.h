/* Lines of separated values (RFC 4180, and what others make of it): cells become the bytes of a line. */
#ifndef CONNECTORS_FORMAT_CSV_H
#define CONNECTORS_FORMAT_CSV_H

#include "engine/base/encoding.h"

enum csv_quote {
	CSV_QUOTE_NEEDED, /* cells that hold a separator, a quote, a line end, or a blank at one end */
	CSV_QUOTE_TEXTS,  /* those, and all that are texts, also empty ones */
	CSV_QUOTE_ALL,
};

struct csv_style {
	enum encoding encoding;
	enum csv_quote quote;
	char separator;
	bool crlf;
	bool guard_formulas; /* a text that a spreadsheet would take for a formula begins with an apostrophe */
};

struct csv_cell {
	struct text text; /* UTF-8; the encoding has all of its characters */
	bool is_text;     /* and no number */
};

/* A line with its end. */
void csv_line_add(struct text_builder *builder, const struct csv_style *style, const struct csv_cell *cells, uint32_t count);
/* One that is written already, as it stands. */
void csv_text_add(struct text_builder *builder, const struct csv_style *style, struct text line);

#endif
