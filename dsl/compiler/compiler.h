/* The door of the compiler: sources in, a program and diagnostics out. Does no I/O: who calls has read the files. */
#ifndef COMPILER_COMPILER_H
#define COMPILER_COMPILER_H

#include "dsl/compiler/diagnostic.h"
#include "engine/model/program.h"

struct source_input {
	struct text path;   /* shown in messages: "rules/default/crm/rules.flow" */
	struct text module; /* the folder below the pack: "crm"; empty for the pack's own files */
	struct text text;
	uint32_t layer; /* 0 is the lowest pack of the stack */
	bool is_script; /* a .lua file: only `script … from` looks at it */
	bool is_test;   /* for who chooses the inputs: it stands in a folder `tests`; the compiler does not ask */
};

/* Everything lives in `arena`. The program is complete only when diagnostics->errors is 0. */
struct program *compile(struct arena *arena, const struct source_input *inputs, uint32_t input_count,
			struct diagnostics *diagnostics);

/* An expression of the prompt or the command line, against a compiled program. NULL when it has errors. Its code has no
 * parameters. Queries, types and branches that it needs are added to the program, so `arena` must live as long. Spans are in
 * file number program->file_count, whose text is `source`. */
const struct code *compile_expression(struct arena *arena, struct program *program, struct text source,
				      const struct type **type_out, struct diagnostics *diagnostics);

/* What was compiled, as text: schema, steps, index. For `dump` and for golden tests. */
void program_dump(struct text_builder *builder, const struct program *program, struct text only);

#endif
