/* What comes from the broker, as entries of the journal. */
#ifndef SERVICE_INTAKE_H
#define SERVICE_INTAKE_H

#include "runtime/bus/bus.h"
#include "runtime/service/service.h"

enum {
	BROKER_SHARDS = 16,   /* queues; the same for everyone who shares a broker */
	BROKER_PREFETCH = 64, /* deliveries of each that may be unsettled */
};

struct intake;

/* Connects, and calls `on_deliveries` when there is something to take. */
enum status intake_open(struct member *member, void (*on_deliveries)(void *context), struct intake **intake_out,
			struct error *error) MUST_CHECK;
void intake_close(struct intake *intake); /* NULL is allowed */

/* Up to `most` entries, in their order, without a number; what is no event of a tenant we know is DEAD already. They live in
 * `arena` until they are settled. */
void intake_take(struct intake *intake, struct arena *arena, uint32_t most, entry_list *entries_out);
/* All that was taken is in the store, or (false) will be taken again: not given back, for the broker counts how often a
 * delivery comes back, and gives it up. */
void intake_settle(struct intake *intake, bool stored);

#endif
