/* The arithmetic of a clock: a start, pauses, a target and a calendar in; elapsed, due and remaining out. Knows no rows, no
 * events and no program, so that every sentence of the rules can be tested by itself. */
#ifndef ENGINE_CLOCK_RECKON_H
#define ENGINE_CLOCK_RECKON_H

#include "engine/base/calendar.h"
#include "engine/model/value.h"

#define PAUSE_OPEN INT64_MAX

struct pause { /* [from, until) */
	moment from, until;
};

struct reckoning {
	struct work_time work;
	moment started_at;
	const struct pause *pauses; /* ascending and disjoint; only the last may be PAUSE_OPEN */
	uint32_t pause_count;
	int64_t target; /* by unit: seconds of working time (SECOND, WORK_SECOND), working days (DAY, WORK_DAY), or the end of
			   the working day (END_OF_WORK_DAY) */
	enum duration_unit unit;
};

/* Working seconds from the start to `at`, without the pauses. */
int64_t reckon_elapsed(const struct reckoning *reckoning, moment at);
/* The instant at which the target is reached. NOT_FOUND: not before the pause that is open. LIMIT: a calendar that never opens
 * again. INVALID: the target's unit is none that a clock can count in (months), or it is negative. */
enum status reckon_due(const struct reckoning *reckoning, moment *due_out) MUST_CHECK;
/* The instant at which that share (0.75 is 75 %) of the target's working time is reached; statuses as reckon_due. */
enum status reckon_share(const struct reckoning *reckoning, struct decimal share, moment *at_out) MUST_CHECK;
/* Working seconds that would be left at `at` if the open pause ended then; 0 when it is reached. Statuses as reckon_due. */
enum status reckon_remaining(const struct reckoning *reckoning, moment at, int64_t *seconds_out) MUST_CHECK;

#endif
