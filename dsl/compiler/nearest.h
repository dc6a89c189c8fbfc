/* Which name an author probably meant: the one with the fewest slips of the finger between. */
#ifndef COMPILER_NEAREST_H
#define COMPILER_NEAREST_H

#include "engine/base/text.h"

/* Insertions, deletions, replacements and swaps of neighbours that lead from a to b, in bytes; `limit` when there are as many
 * or more. Upper and lower case alone are one slip. */
uint32_t name_distance(struct text a, struct text b, uint32_t limit);

/* How many slips are still believable for a name of this length: 1 up to 4 bytes, 2 up to 7, then 3. */
uint32_t name_slips(struct text name);

/* The index of the nearest name within name_slips(wanted), the first among equals; then of the shortest one that begins with it
 * (`prio` of three bytes or more); -1 when there is none. A name that equals `wanted` is nearest. Names of one byte are never
 * proposed. */
int64_t nearest_name(struct text wanted, const struct text *names, uint32_t count);

#endif
