/* One `test` of a pack: a life of the world, its items in order. */
#ifndef RUNTIME_TRIAL_H
#define RUNTIME_TRIAL_H

#include "runtime/explain.h"
#include "runtime/world.h"

/* When a test does not say where its clock stands: Monday 2026-01-05 09:00 UTC. */
enum { TRIAL_DEFAULT_TIME = 1767603600 };

struct trial_failure {
	const struct test *test;
	const struct test_item *item;
	struct text sentence;
	/* what did not hold, and for `expect N …` each candidate that was looked at; NULL when there is nothing to draw */
	const struct code *code;
	const struct observed *nodes;
	const struct text *candidates; /* names, as many as trees */
	const struct observed *const *trees;
	uint32_t candidate_count;
};

/* Called while the world stands as the failing item found it. */
typedef void (*trial_listener)(void *context, const struct drawing *drawing, const struct trial_failure *failure);

/* Runs the test in a life of its own. `failures_out`: how many items failed; a failing `given`, `when` or `after` ends the
 * test, a failing `expect` does not. The status is not OK only when the host fails. */
enum status trial_run(struct world *world, const struct test *test, trial_listener listener, void *context,
		      uint32_t *failures_out, struct error *error) MUST_CHECK;

#endif
