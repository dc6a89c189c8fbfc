/* How many processes have died over one thing that has no entry in the journal yet: something that is due, a call. */
#ifndef STORE_DEATHS_H
#define STORE_DEATHS_H

#include "runtime/store/store.h"

/* One more is at it, and may not come to its end; `count_out` with this one. What comes again under the same id at another time
 * (`due`) is another thing. */
enum status deaths_count(struct store *store, int64_t tenant, struct record_id id, moment due, uint32_t *count_out,
			 struct error *error) MUST_CHECK;
/* It has come to its end, or was set aside. */
enum status deaths_forget(struct store *store, int64_t tenant, struct record_id id, struct error *error) MUST_CHECK;

#endif
