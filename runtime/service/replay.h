/* The recorded past of one tenant, happening again: what the journal has kept, on the packs that ran then, through the same
 * turns as the service's, in a store of its own that is thrown away. Reads the service's store and never writes it. Nothing is
 * sent out: what was answered then is the answer now.
 *
 * It begins with nothing. As long as it repeats, everything happens as it did: the same entries at the same moments, timers
 * among them. From some moment on it can go on by itself, with other packs or the same ones: then only what came from outside
 * comes again, and timers run when they are due. docs/decisions/0021-the-past-happens-again.md */
#ifndef SERVICE_REPLAY_H
#define SERVICE_REPLAY_H

#include "runtime/service/turns.h"
#include "runtime/store/past.h"
#include "runtime/store/stack.h"

/* What was recorded of a tenant. */
struct tape {
	struct store *store;
	const struct loader *loader;
	struct tenant tenant;
	struct arena *arena;
	past_turns turns;
	activation_list activations; /* of its own, and before those of `default` */
	stored_packs packs;          /* all that were ever installed; without their files */
	tenant_settings settings;    /* as they were before the first turn */
};

/* Everything of it lives in `arena`; the store must outlive it. */
enum status tape_read(struct store *store, const struct loader *loader, const struct tenant *tenant, struct arena *arena,
		      struct tape *tape_out, struct error *error) MUST_CHECK;

struct replay;

/* The tape must outlive it. */
enum status replay_open(const struct tape *tape, struct replay **replay_out, struct error *error) MUST_CHECK;
void replay_close(struct replay *replay);
/* The same as it stands now; both go their own ways from here. */
enum status replay_fork(struct replay *replay, struct replay **other_out, struct error *error) MUST_CHECK;

/* What comes next of the tape: its place, and the entry. NULL: the tape is at its end. */
const struct past_turn *replay_next(const struct replay *replay);
uint32_t replay_place(const struct replay *replay);

/* Lets what comes next happen just as it did. */
enum status replay_repeat(struct replay *replay, struct error *error) MUST_CHECK;

/* Makes installed packs known to its store, where it does not have them; so a stack of them can be compiled from there. Others
 * are put there before (pack_put). NOT_FOUND: one is nowhere. */
enum status replay_keep_packs(struct replay *replay, const hash_list *packs, struct error *error) MUST_CHECK;
/* From `at` on these packs, the lowest first, whatever the tape says of packs; its store knows them. INVALID: they can not be
 * activated over the rows of then. */
enum status replay_use(struct replay *replay, const struct program *program, const hash_list *packs, moment at,
		       struct error *error) MUST_CHECK;

/* By itself: what is due before the next one from outside, and then that one. At the end of the tape nothing. */
enum status replay_go_on(struct replay *replay, struct error *error) MUST_CHECK;

/* What is left to say of going on by itself. */
struct replay_said {
	uint32_t outside;  /* entries from outside that came again */
	uint32_t own;      /* timers that ran */
	uint32_t answered; /* answers that found their call */
	uint32_t unasked;  /* answers of then to calls that were not made now: nobody was there to hear them */
};
const struct replay_said *replay_said(const struct replay *replay);

/* What became of the last entry: state, sentence and trace. Until the next. */
const struct entry *replay_last(const struct replay *replay);
struct store *replay_store(struct replay *replay);
/* What the tenant runs now. NOT_FOUND: nothing was activated yet. */
enum status replay_loaded(struct replay *replay, const struct loaded **loaded_out, struct error *error) MUST_CHECK;
void replay_listen(struct replay *replay, turn_heard_fn *heard, void *context);

/* In its store the tenant is this one. */
enum { REPLAY_TENANT = 0 };

#endif
