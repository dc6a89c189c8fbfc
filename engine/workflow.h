/* Workflows, inside the engine. An instance is a row; a turn loads it, gives it what it waited for, lets every strand go on to
 * its next durable point, and writes it back. workflow.c are the ways in, workflow_run.c moves strands, workflow_rest.c knows
 * what each durable point waits for, workflow_key.c and workflow_signal.c how an event finds it, workflow_undo.c what happens
 * when it fails, workflow_row.c where it is kept; workflow_move.h how it comes to another version of its workflow. */
#ifndef ENGINE_WORKFLOW_H
#define ENGINE_WORKFLOW_H

#include "engine/context.h"
#include "engine/workflow_data.h"

struct work {
	struct context *context;
	const struct code *code; /* of its workflow */
	struct instance instance;
	struct text id; /* of the instance, as text */
};

/* --- workflow.c */
/* What became of an instance by `status`, which is OK or says why it could not go on since `before`: then it is as it was then,
 * and holds. OK unless fatal. */
enum status work_settle(struct context *context, struct savepoint before, struct record_id id, enum status status) MUST_CHECK;

/* --- workflow_row.c */
enum status work_create(struct context *context, const struct workflow *workflow, const struct value *arguments,
			struct record_id id) MUST_CHECK;
/* NOT_FOUND: there is none, or it is over. It runs on another program: FOREIGN when the host has that, which the turn's
 * `elsewhere` then names; else CONFLICT, with a sentence, and it holds from now on. */
enum status work_load(struct context *context, struct record_id id, struct work *work_out) MUST_CHECK;
enum status work_keep(struct work *work) MUST_CHECK;
/* … which ran on another program until now. */
enum status work_keep_here(struct work *work) MUST_CHECK;
/* Those of a workflow with these arguments that are not over. */
enum status work_find(struct context *context, const struct workflow *workflow, const struct value *arguments,
		      struct record_id **ids_out, uint32_t *count_out) MUST_CHECK;
/* A system event whose fields are the workflow's name, the instance, and a sentence (NULL: has none). */
enum status work_raise(struct work *work, const char *event, const struct text *sentence) MUST_CHECK;
struct text id_text(struct context *context, struct record_id id);

/* --- workflow_key.c: by what an event and those that wait for it find each other */
enum { KEY_PATH_MOST = 4 };

struct captured {              /* by the condition of a wait */
	uint32_t slot, origin; /* the slot is read from the origin by this path, right before the wait */
	uint16_t path[KEY_PATH_MOST];
	uint32_t length;
	bool is_read_again; /* in the next round of a loop */
	bool varies;        /* a loop sets the origin anew */
};

struct wait_key { /* of a `wait`: which field of the event must equal what is captured */
	const struct work_wait *wait;
	const struct step *step; /* the wait's */
	const struct captured *captured;
	uint32_t field, by; /* of the event; in `captured` */
	bool varies;        /* what is captured is not known before the wait begins */
	bool is_early;      /* what comes early is kept for it */
	uint32_t number;    /* among those of its workflow that are early */
};

const struct wait_key *wait_key_of(const struct context *context, const struct step *step);
const struct wait_key *const *workflow_waits(const struct context *context, const struct workflow *workflow,
					     uint32_t *count_out);
/* The text under which the wait is found: its kind of event, and what a field of it must equal when that is known.
 * `is_early`: the wait has not begun. */
enum status wait_key_text(struct work *work, const struct wait_key *key, bool is_early, struct text *text_out) MUST_CHECK;
/* The texts under which those stand that may wait for the event. */
enum status event_keys(struct context *context, const struct event *event, struct text **keys_out,
		       uint32_t *count_out) MUST_CHECK;
/* The wait's condition. */
enum status wait_truth(struct work *work, const struct wait_key *key, bool is_early, const struct event *event,
		       struct value *truth_out) MUST_CHECK;
/* Gives the slot, which the wait at `step` compares, the value that it would have if the wait began now. NOT_FOUND: it is not
 * read by a path from something that is known. */
enum status wait_capture(struct work *work, uint32_t step, uint32_t slot) MUST_CHECK;
/* The early waits that the strand may still come to: a bit each, by number. */
uint32_t waits_ahead(const struct work *work, const struct strand *strand);

/* --- workflow_signal.c */
/* Wakes who waits for the event; those who will wait for it later keep it. */
enum status signal_hear(struct context *context, const struct event *event) MUST_CHECK;
/* The oldest kept event that the wait takes, which is kept no more; MISSING: none. */
enum status signal_take(struct work *work, const struct wait_key *key, struct value *event_out) MUST_CHECK;
/* Before an instance is kept: rows stand for the waits it may still come to, and what is kept for no wait goes. */
enum status signals_prepare(struct work *work) MUST_CHECK;

/* --- workflow_run.c */
/* Lets every strand go on that can, and keeps the instance. */
enum status work_advance(struct work *work) MUST_CHECK;
bool work_is_going(const struct instance *instance); /* forward */
/* The strand has what it waited for. */
void strand_go_on(struct work *work, uint32_t number, uint32_t step);
/* It came to its end: nothing waits any more. */
enum status work_finish(struct work *work, enum instance_state state) MUST_CHECK;

/* --- workflow_rest.c */
/* What a rest with that number is called outside: the id of its call, its wait or its approval. */
struct record_id rest_id(const struct instance *instance, uint64_t rest);
/* A strand has come to the step `at`, a durable point or the end of the code. */
enum status rest_begin(struct work *work, uint32_t number, uint32_t at) MUST_CHECK;
enum status rest_call(struct work *work, uint32_t number) MUST_CHECK; /* once more */
/* The strand waits no longer; rows and timers of its rest go. */
enum status rest_clear(struct work *work, uint32_t number) MUST_CHECK;
enum status rest_answered(struct work *work, uint32_t number, const struct call_answer *answer) MUST_CHECK;
enum status rest_timed_out(struct work *work, uint32_t number) MUST_CHECK;
enum status rest_decided(struct work *work, uint32_t number, bool approved, struct value actor) MUST_CHECK;
/* Goes on when the event is what it waits for. */
enum status rest_event(struct work *work, uint32_t number, const struct event *event, bool *taken_out) MUST_CHECK;
/* "event thing.closed until …": for people. */
struct text rest_show(const struct work *work, const struct strand *strand);

/* --- workflow_undo.c */
/* For good: says so and undoes what was done. */
enum status work_fail(struct work *work, struct text sentence) MUST_CHECK;
/* Somebody wants it so: undoes what was done. */
enum status work_cancel(struct work *work, struct text sentence) MUST_CHECK;
/* The arguments of undos are there now: they are taken before their slots are used again. */
void undo_take(struct work *work, uint32_t strand);
enum status undo_answered(struct work *work, const struct call_answer *answer) MUST_CHECK;
enum status undo_resume(struct work *work, enum resume resume) MUST_CHECK;

/* A call to a connector, and a row that says who waits for its answer. `strand`: STRAND_NONE for an undo. */
enum status work_call_out(struct work *work, const struct action *action, const struct value *arguments, uint32_t rest,
			  uint32_t strand) MUST_CHECK;
/* The row `rest` in `workflow_wait`. `event`, and the key by which it is found: empty for a call. */
enum status wait_row(struct work *work, uint32_t rest, struct text event, struct text key, uint32_t strand) MUST_CHECK;
/* The row of a strand that waits, after its wait has become another one's. */
enum status wait_row_renew(struct work *work, uint32_t strand) MUST_CHECK;
enum status wait_row_drop(struct work *work, uint32_t rest) MUST_CHECK;

#endif
