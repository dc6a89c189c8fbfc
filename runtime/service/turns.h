/* Turns against the real store, many in one transaction: entries of the journal in, everything they lead to committed, or
 * nothing. All roles of the service handle what began a turn through here: the worker what came from outside, the clock what is
 * due, the courier what was answered.
 *
 * An entry that can not be handled is dead: its own changes are taken back, its reason is kept beside it, and its neighbours go
 * on. What fails because of the world (the database is gone, somebody else was first) takes the whole transaction back and is
 * RETRY: the caller comes again with the same entries. */
#ifndef SERVICE_TURNS_H
#define SERVICE_TURNS_H

#include "runtime/service/programs.h"
#include "runtime/store/journal.h"

struct turns;

struct turns *turns_open(struct store *store, struct programs *programs);
void turns_close(struct turns *turns);

/* Told of each turn while the store stands as it left it; the turn is observed (engine_observe). NULL: all that was told of
 * these entries was taken back, and they come again. For who looks at turns that happen again: the service has no time for it.
 */
typedef void turn_heard_fn(void *context, const struct loaded *loaded, const struct turn *turn);
void turns_listen(struct turns *turns, turn_heard_fn *heard, void *context);
/* Whoever is moved goes on with the program that its tenant runs, whichever that is. */
void turns_moves_follow(struct turns *turns);

/* What became of a transaction, for metrics. */
struct turned {
	uint32_t done, dead, doubles; /* entries */
	uint32_t calls;               /* put into the outbox */
	uint32_t timers;              /* set */
	uint32_t failed_rules;
	bool one_by_one; /* for together something was refused */
};

/* So many processes over one thing: then it is set aside, where a person sees it. An entry is dead with that many attempts, and
 * what was due by itself is not due any more until the person lets it have its turn. */
enum { DEATHS_MOST = 3 };

/* Handles the entries in their order (one that is DEAD already is only recorded), at the moment `now`. Those with a number are
 * PENDING in the journal and are settled; those without are recorded as handled, or counted as doubles. `state` and `sentence`
 * of each tell what became of it. An ENTRY_ANSWER's content: {"ok":true,"value":…} or {"ok":false,"sentence":"…","final":true}.
 */
enum status turns_run(struct turns *turns, struct entry *entries, uint32_t count, moment now, struct turned *turned_out,
		      struct error *error) MUST_CHECK;

/* The same, with something the caller writes in the same transaction after the turns: `also` may be NULL. */
typedef enum status also_fn(void *context, struct store *store, struct error *error);
enum status turns_run_with(struct turns *turns, struct entry *entries, uint32_t count, moment now, also_fn *also, void *context,
			   struct turned *turned_out, struct error *error) MUST_CHECK;

#endif
