/* What table.c (shape, rows, result) and table_cells.c (what stands in a cell) share. */
#ifndef COMPILER_TABLE_H
#define COMPILER_TABLE_H

#include "dsl/compiler/expression.h"

struct cell_source {
	uint32_t first, count;      /* tests, in builder->items */
	bool any, none, output;     /* `*`, `-`; behind `||` */
	const struct syntax *place; /* the first thing in it, or the bar before it */
};

struct table_input {
	const struct syntax *syntax; /* the header's cell */
	const struct type *type;     /* NULL after a message */
	const struct code *code;
	struct map codes; /* cells that are code, by their text */
};

struct table_output {
	const struct record_field *field;
	bool may_miss;
	struct map codes;
};

struct table_builder {
	struct compiler *compiler;
	struct declaration *declaration;
	struct function_note *note;
	const struct record_type *declared; /* the outputs of the signature */
	uint32_t file;                      /* of the rows that are being read */
	uint32_t row_number;
	struct coder cells;  /* slot 0: the input's value */
	struct coder values; /* of the outputs */
	LIST(const struct syntax *) items;
	LIST(struct cell_source) cell_sources; /* of the row that is being read */
	LIST(struct table_input) inputs;
	LIST(struct table_output) outputs; /* in column order */
	LIST(uint32_t) output_index;       /* column -> declared output */
	LIST(struct table_row) rows;
	enum hit_policy policy;
	enum hit_fold fold;
	bool complete; /* one row holds always */
	bool failed;
};

/* A frame with the table's parameters; behind the input's value when there is a subject. */
struct coder table_coder(struct table_builder *builder, const struct type *subject);
void cell_build(struct table_builder *builder, struct table_input *input, const struct cell_source *source,
		struct cell *cell_out);
/* NULL for `-`, and after a message. */
const struct code *output_build(struct table_builder *builder, struct table_output *output, const struct cell_source *source);

#endif
