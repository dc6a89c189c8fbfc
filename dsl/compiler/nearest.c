/* Optimal string alignment over three rows. Never allocates; names longer than NAME_LIMIT are not compared. */
#include "dsl/compiler/nearest.h"

#include <stdlib.h>

enum { NAME_LIMIT = 63 };

static char lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte + 32) : byte;
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t folded_distance(struct text a, struct text b)
{
	uint32_t rows[3][NAME_LIMIT + 2];
	for (uint32_t j = 0; j <= b.length; j++)
		rows[0][j] = j;
	for (uint32_t i = 1; i <= a.length; i++) {
		uint32_t *row = rows[i % 3];
		const uint32_t *above = rows[(i + 2) % 3], *above_that = rows[(i + 1) % 3];
		row[0] = i;
		for (uint32_t j = 1; j <= b.length; j++) {
			char x = lower(a.bytes[i - 1]), y = lower(b.bytes[j - 1]);
			row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (x != y));
			bool swapped = i > 1 && j > 1 && x == lower(b.bytes[j - 2]) && y == lower(a.bytes[i - 2]);
			if (swapped && x != y)
				row[j] = least(row[j], above_that[j - 2] + 1);
		}
	}
	return rows[a.length % 3][b.length];
}

uint32_t name_distance(struct text a, struct text b, uint32_t limit)
{
	uint32_t longer = a.length > b.length ? a.length - b.length : b.length - a.length;
	if (longer >= limit || a.length > NAME_LIMIT || b.length > NAME_LIMIT)
		return limit;
	uint32_t distance = folded_distance(a, b);
	if (!distance && !text_equal(a, b))
		distance = 1;
	return least(distance, limit);
}

uint32_t name_slips(struct text name)
{
	if (name.length <= 4)
		return 1;
	return name.length <= 7 ? 2 : 3;
}

/* `prio` is short for `priority`: the shortest name that begins so. */
static int64_t shortened(struct text wanted, const struct text *names, uint32_t count)
{
	int64_t found = -1;
	for (uint32_t i = 0; i < count && wanted.length >= 3; i++)
		if (text_starts(names[i], wanted) && (found < 0 || names[i].length < names[found].length))
			found = i;
	return found;
}

int64_t nearest_name(struct text wanted, const struct text *names, uint32_t count)
{
	int64_t nearest = -1;
	uint32_t limit = name_slips(wanted) + 1;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t distance = names[i].length > 1 ? name_distance(wanted, names[i], limit) : limit;
		if (distance >= limit)
			continue;
		limit = distance;
		nearest = i;
	}
	return nearest >= 0 ? nearest : shortened(wanted, names, count);
}
