/* A hash map from text to a pointer, in an arena. Keys are not copied: they must live as long as the map. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "engine/base/text.h"

struct map_entry {
	struct text key;
	uint64_t hash;
	void *value; /* NULL: free */
};

struct map {
	struct arena *arena;
	struct map_entry *entries;
	uint32_t count, capacity; /* capacity is a power of two */
};

static inline struct map map_in(struct arena *arena)
{
	return (struct map){.arena = arena};
}

/* NULL when there is none. */
void *map_get(const struct map *map, struct text key);
/* The value must not be NULL. Returns the value that stood there before, or NULL. */
void *map_put(struct map *map, struct text key, void *value);

#endif
