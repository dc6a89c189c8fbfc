/* What the files that run turns share; nobody else includes this. */
#ifndef SERVICE_TURNING_H
#define SERVICE_TURNING_H

#include "engine/base/json.h"
#include "runtime/service/turns.h"

struct turns {
	struct store *store;
	struct programs *programs;
	struct ports ports;
	struct arena arena; /* one entry */
	struct arena kept;  /* one transaction: sentences */
	bool moves_follow;  /* turns_moves_follow */
	turn_heard_fn *heard;
	void *context;
};

/* One entry's turn. */
struct turning {
	struct turns *turns;
	const struct loaded *loaded; /* of the entry's tenant */
	struct entry *entry;
	const struct json *parsed;  /* its content, when the batch has read it already */
	const struct json *content; /* NULL when the entry has none */
	const struct turn *turn;    /* NULL: nothing to do */
	const struct event *event;  /* what began it, if that is an event */
	stack_list elsewhere;       /* other programs that it is about as well */
	moment now;
	bool is_double; /* of an event that had its turn */
	bool is_taken;  /* the journal says that this very entry was handled: nothing of it may be kept */
	struct error *error;
};

/* --- turns.c */
extern enum status (*const TURNS[ENTRY_ORIGIN_COUNT])(struct turning *turning);
void engine_ready(const struct turns *turns, const struct loaded *loaded);
/* The turn's changes and calls. */
enum status plan_keep(struct turning *turning, struct turned *turned) MUST_CHECK;

/* --- moved.c */
enum status moved_turn(struct turning *turning) MUST_CHECK;

/* --- elsewhere.c: docs/decisions/0011-an-instance-is-a-row.md */
/* Which other programs the turn is about as well; `reckoned` is what the engine has said of it, and comes back. */
enum status elsewhere_find(struct turning *turning, enum status reckoned) MUST_CHECK;
/* It is for one of them alone: the same again, there. */
enum status foreign_run(struct turning *turning, struct turned *turned) MUST_CHECK;
/* What happened in this turn is told to them, too. */
enum status signals_run(struct turning *turning, struct turned *turned) MUST_CHECK;

#endif
