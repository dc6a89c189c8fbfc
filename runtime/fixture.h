/* What a connector has answered, as a test in Flow that says it again. */
#ifndef RUNTIME_FIXTURE_H
#define RUNTIME_FIXTURE_H

#include "engine/base/error.h"
#include "engine/model/program.h"

struct fixture {
	const struct action *action;
	const struct value *arguments; /* action->parameter_count */
	struct value result;           /* of action->result */
	struct text request;           /* "GET /things": for people */
	moment at;
};

/* INVALID: a value of that type can not be written in Flow (a record of the store, a document). */
enum status fixture_write(struct arena *arena, const struct fixture *fixture, struct text *flow_out,
			  struct error *error) MUST_CHECK;
/* A text in quotes, as Flow reads it. */
void flow_quote(struct text_builder *flow, struct text text);

#endif
