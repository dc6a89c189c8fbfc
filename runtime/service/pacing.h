/* When the next call to somewhere may go out: no more at once than is good for it, no more in a time than it allows, and none
 * while it is down. A place is a connector of a tenant, so that the silence of one keeps nobody else waiting. Only numbers: the
 * time is the caller's, milliseconds since 1970, and nothing is sent or stored here. But for what is out, several processes
 *share what they know of a place (place_state).
 *
 *	a place is up → (BREAK_AFTER failures in a row) → down for BREAK_FIRST seconds → one call tries → up
 *	                                                           → fails → down, twice as long, BREAK_LAST at most
 */
#ifndef SERVICE_PACING_H
#define SERVICE_PACING_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/arena.h"
#include "engine/base/map.h"

enum {
	PACE_AT_ONCE = 8, /* calls to one place that are out at a time */
	BREAK_AFTER = 5,
	BREAK_FIRST = 30, /* seconds */
	BREAK_LAST = 600,
	TRY_LAST = 60, /* after that long the call that tried has been forgotten, with its process */
};

/* What the place allows: `count` calls in `seconds`; 0: it has said nothing. */
struct pace {
	uint32_t count;
	int64_t seconds;
};

struct place {
	uint32_t out;
	/* when the last ones were sent, the oldest at `first`: as many as may go out in the time of the limit */
	int64_t *sent;
	uint32_t sent_room, first, sent_count;
	int64_t not_before;   /* it asked to be left alone until then, or is down */
	uint32_t failures;    /* in a row */
	int64_t down_for;     /* milliseconds; 0: it is up */
	int64_t trying_until; /* it is down, and until then one call is out to see whether it still is; 0: none is */
};

struct pacing {
	struct arena arena;
	struct map places;
};

void pacing_open(struct pacing *pacing);
void pacing_close(struct pacing *pacing);
/* Made when it is not there. */
struct place *pacing_place(struct pacing *pacing, int64_t tenant, struct text connector);

/* How many calls may go out at `now` (milliseconds); 0: `*again_out` says when it is worth asking again, INT64_MAX when one
 * that is out comes back. */
uint32_t place_room(struct place *place, struct pace pace, int64_t now, int64_t *again_out);
void place_sent(struct pacing *pacing, struct place *place, struct pace pace, int64_t now);

/* What one that was out says of the place. */
enum place_news { PLACE_SAME, PLACE_DOWN, PLACE_UP };
enum place_news place_answered(struct place *place);
enum place_news place_failed(struct place *place, int64_t now);
/* What others must know of it. `sent` lives in the arena, the oldest first. */
struct place_state {
	int64_t *sent;
	uint32_t sent_count, failures;
	int64_t down_for, not_before, trying_until;
};
void place_tell(const struct place *place, struct arena *arena, struct place_state *state_out);
/* What others have told is what counts. What is later than `now` was written by a clock that was wrong. */
void place_hear(struct pacing *pacing, struct place *place, const struct place_state *state, int64_t now);

/* How many are down. */
uint32_t pacing_down(const struct pacing *pacing);
/* It says itself that it wants none before then. */
void place_wait(struct place *place, int64_t until);

#endif
