/* What the files of the engine that write formats share. */
#ifndef ENGINE_FORMAT_H
#define ENGINE_FORMAT_H

#include "engine/parts.h"

/* A value as the text of a cell. Of a column: as wide as that allows, else `why_out` says in a sentence why not; the cell is
 * good when it is empty. */
void cell_of_column(struct context *context, const struct format *format, const struct format_column *column,
		    struct value value, struct format_cell *cell_out, struct text *why_out);
/* Of a line that has no columns. */
void cell_of_line(struct context *context, const struct format *format, struct value value, struct format_cell *cell_out,
		  struct text *why_out);

#endif
