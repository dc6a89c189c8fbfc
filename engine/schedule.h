/* Schedules: what happens at a time of its own accord. Each has one timer, which its own run sets anew. */
#ifndef ENGINE_SCHEDULE_H
#define ENGINE_SCHEDULE_H

#include "engine/model/program.h"

struct context;

/* The first moment after `after` at which it is due. A time in the hour that the spring change skips is the instant of the
 * change, one in the doubled hour its first; each day counts once. Workdays are `calendar`'s, or Monday to Friday for NULL.
 * LIMIT: there is none within years. Every N: N later. */
enum status schedule_next(const struct schedule *schedule, const struct calendar *calendar, moment after,
			  moment *next_out) MUST_CHECK;

/* Its timer is due: guard, body, next timer. A schedule that the program no longer has is forgotten. */
enum status schedule_run(struct context *context, struct text name, moment due) MUST_CHECK;

#endif
