/* What statement.c and its neighbours share: writes.c (which fields), effect.c (what leaves the turn), work.c (what waits). */
#ifndef COMPILER_STATEMENT_H
#define COMPILER_STATEMENT_H

#include "dsl/compiler/internal.h"

/* The steps from `first_step` on that belong to nothing yet are the statement's. */
void node_of_statement(struct coder *coder, const struct syntax *syntax, uint32_t first_step);

/* --- writes.c; without a footprint they do nothing */
void footprint_write(struct coder *coder, const struct entity *entity, uint32_t field);
void footprint_emit(struct coder *coder, const struct event_kind *event);
/* A slot that holds a value nobody wrote. */
uint32_t slot_of(struct coder *coder, struct value value);
/* The write as it was, found by the fields of `by`. SLOT_NONE after a message. */
uint32_t write_with_keys(struct coder *coder, const struct syntax *by, uint32_t write);
/* A slot for each field of the event; NULL after a message about the whole. `at` is where missing fields are reported. */
uint32_t *event_fields_read(struct coder *coder, const struct syntax *record, const struct event_kind *event,
			    const struct syntax *at);

/* --- effect.c */
void effect_call(struct coder *coder, const struct syntax *syntax);
void effect_start(struct coder *coder, const struct syntax *syntax);
void effect_cancel(struct coder *coder, const struct syntax *syntax);
void run_statement(struct coder *coder, const struct syntax *syntax);
void effect_notify(struct coder *coder, const struct syntax *syntax);
/* What `call`, `run`, `start` and `undo call` name, with the arguments in slots. False after a message. */
struct invoked {
	const struct declaration *declaration;
	const struct type *result; /* NULL: nothing */
	uint32_t index;
	uint32_t *slots;
	uint32_t count;
};
bool invocation_read(struct coder *coder, const struct syntax *invocation, enum name_space space, struct invoked *out);
/* Who stands behind `notify` or `approve by`: the roles, and a slot for each place (a record, a text, or a list of them). */
struct receivers {
	LIST(struct text) roles;
	slot_list slots;
	bool may_all_miss; /* no role, and nobody who must be there */
};
struct receivers receivers_read(struct coder *coder, const struct syntax *statement);

/* --- points.c */
/* The step is a durable point, called by what its author wrote. Known there is what has a name now. */
void point_add(struct coder *coder, uint32_t step, struct text name);
/* … and at the end of a `parallel` what its strands have named. Points come by their steps. */
void point_known(struct coder *coder, uint32_t point);
/* When the code stands: names become unique, and what is needed behind each point is found. */
void points_finish(struct coder *coder, const struct code *code, struct workflow *workflow);

/* --- work.c */
void work_call(struct coder *coder, const struct syntax *call, struct text name);
void work_hold(struct coder *coder, const struct syntax *syntax);
void work_approve(struct coder *coder, const struct syntax *syntax);
void work_step(struct coder *coder, const struct syntax *syntax);
void work_parallel(struct coder *coder, const struct syntax *syntax);
void work_wait(struct coder *coder, const struct syntax *syntax);
void work_sleep(struct coder *coder, const struct syntax *syntax);

#endif
