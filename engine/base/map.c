/* Open addressing with linear probing, at most three quarters full; and the growth of lists. Nothing is ever removed. */
#include "engine/base/map.h"
#include "engine/base/check.h"
#include "engine/base/list.h"

void list_grow(struct arena *arena, void **items, uint32_t *capacity, uint32_t count, size_t item_size)
{
	uint32_t wanted = *capacity ? *capacity * 2 : 8;
	CHECK(wanted > *capacity);
	void *grown = arena_alloc_raw(arena, wanted * item_size, 16);
	if (count)
		memcpy(grown, *items, count * item_size);
	*items = grown;
	*capacity = wanted;
}

void *list_slot(void *slot, size_t size)
{
	return memset(slot, 0, size);
}

static struct map_entry *map_slot(const struct map *map, struct text key, uint64_t hash)
{
	uint32_t mask = map->capacity - 1;
	for (uint32_t i = (uint32_t)hash & mask;; i = (i + 1) & mask) {
		struct map_entry *entry = &map->entries[i];
		if (!entry->value || (entry->hash == hash && text_equal(entry->key, key)))
			return entry;
	}
}

static void map_grow(struct map *map)
{
	struct map old = *map;
	map->capacity = old.capacity ? old.capacity * 2 : 16;
	map->entries = arena_array(map->arena, struct map_entry, map->capacity);
	for (uint32_t i = 0; i < old.capacity; i++)
		if (old.entries[i].value)
			*map_slot(map, old.entries[i].key, old.entries[i].hash) = old.entries[i];
}

void *map_get(const struct map *map, struct text key)
{
	if (!map->count)
		return NULL;
	return map_slot(map, key, text_hash(key))->value;
}

void *map_put(struct map *map, struct text key, void *value)
{
	CHECK(value);
	if (map->count * 4 >= map->capacity * 3)
		map_grow(map);
	uint64_t hash = text_hash(key);
	struct map_entry *entry = map_slot(map, key, hash);
	void *before = entry->value;
	if (!before)
		map->count++;
	*entry = (struct map_entry){.key = key, .hash = hash, .value = value};
	return before;
}
