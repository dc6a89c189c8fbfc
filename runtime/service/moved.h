/* What an entry of the origin MOVED says: an instance of a workflow goes on with the packs of its tenant, in place of those it
 * began on. docs/decisions/0025 */
#ifndef SERVICE_MOVED_H
#define SERVICE_MOVED_H

#include "engine/engine.h"
#include "runtime/store/journal.h"

typedef LIST(struct point_change) point_changes;

/* The content of the entry. `to`: the program for which the move was checked; it is done with no other. */
struct text moved_content(struct arena *arena, const struct program *from, const struct program *to,
			  const point_changes *points, struct text by);

#endif
