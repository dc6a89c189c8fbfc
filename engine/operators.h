/* What the operators of Flow compute, on values that are there: a MISSING operand is the evaluator's business. */
#ifndef ENGINE_OPERATORS_H
#define ENGINE_OPERATORS_H

#include "engine/context.h"

/* STEP_ADD .. STEP_DIVIDE, STEP_NEGATE (b is ignored). INVALID or LIMIT with a sentence. */
enum status operate(struct context *context, enum step_operation operation, struct value a, struct value b,
		    struct value *result_out) MUST_CHECK;
/* STEP_EQUAL .. STEP_MATCHES on values that are there. INVALID when they have no order. */
enum status compare(struct context *context, enum step_operation operation, struct value a, struct value b,
		    bool *holds_out) MUST_CHECK;
/* Text matches a pattern in which * stands for anything and ? for one character. */
bool wildcard_matches(struct text text, struct text pattern);

#endif
