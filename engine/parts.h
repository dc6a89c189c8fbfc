/* The pieces of the evaluator: each a file of its own, all reached through eval.c. */
#ifndef ENGINE_PARTS_H
#define ENGINE_PARTS_H

#include "engine/context.h"

/* builtins.c: row of builtins.def. The arguments are as the signature says; those that must not miss are there. */
enum status builtin_call(struct context *context, uint32_t row, const struct value *arguments, uint32_t count,
			 struct value *result_out) MUST_CHECK;
/* What must be known of a row's signature: whether a MISSING argument makes the result MISSING. */
bool builtin_takes_missing(uint32_t row, uint32_t position);

/* table.c: a RECORD of the outputs; all MISSING when no row fits. */
enum status table_call(struct context *context, const struct table *table, const struct value *arguments,
		       struct value *result_out) MUST_CHECK;
/* Prepares what makes large tables fast. The arena is the pack's. */
struct table_index *table_index_build(struct arena *arena, const struct table *table);

/* query.c */
enum status query_call(struct context *context, const struct query *query, const struct value *parameters,
		       struct value *result_out) MUST_CHECK;

/* effects.c: the steps that add to the plan. */
bool is_effect(enum step_operation operation);
enum status effect_run(struct context *context, const struct code *code, struct value *frame,
		       const struct step *step) MUST_CHECK;

/* A row of the owner's note entity; what `note` does, and a repeat that dedupe found. */
enum status note_add(struct context *context, struct value owner, struct value body) MUST_CHECK;

/* texts.c */
enum status text_join(struct context *context, const struct code *code, const struct value *frame, const struct step *step,
		      struct value *result_out) MUST_CHECK;
enum status text_by_picture(struct context *context, struct value value, struct text picture,
			    struct value *result_out) MUST_CHECK;

/* request.c: as it stands in a URL. */
enum status text_encode(struct context *context, struct value value, bool in_path, struct value *result_out) MUST_CHECK;

/* The value of a setting: the tenant's, or its default. */
enum status setting_read(struct context *context, const struct setting *setting, struct value *value_out) MUST_CHECK;

#endif
