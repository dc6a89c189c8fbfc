/* What the files of the standard functions share; eval.c only knows parts.h. */
#ifndef ENGINE_BUILTINS_H
#define ENGINE_BUILTINS_H

#include "engine/context.h"

struct call {
	struct context *context;
	const struct value *arguments; /* as the signature says; those without `?` are set */
	uint32_t count;
	struct value *result; /* MISSING before */
};

/* One function for all overloads of a name: builtin_LOWER, … */
#define BUILTIN(name, NAME, parameters, result, doc) enum status builtin_##NAME(const struct call *call);
#include "engine/model/builtins.def"
#undef BUILTIN

static inline const struct zone *call_zone(const struct call *call)
{
	const struct zone *zone = call->context->program->zone;
	return zone ? zone : zone_utc();
}

static inline struct text call_text(const struct call *call, uint32_t position)
{
	return value_as_text(call->arguments[position]);
}

static inline enum status call_answer(const struct call *call, struct value value)
{
	*call->result = value;
	return OK;
}

#endif
