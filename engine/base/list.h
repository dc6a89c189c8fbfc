/* A growing array in an arena: `LIST(struct rule) rules; *list_add(&arena, &rules) = rule;` Old copies stay in the arena
 * until it is reset, so a pointer into the list lives only until the next add. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/arena.h"

#define LIST(type)                                                                                                             \
	struct {                                                                                                               \
		type *items;                                                                                                   \
		uint32_t count, capacity;                                                                                      \
	}

/* A pointer to a new, zeroed item at the end. */
#define list_add(arena, list)                                                                                                  \
	((void)((list)->count == (list)->capacity ? list_grow((arena), (void **)&(list)->items, &(list)->capacity,             \
							      (list)->count, sizeof(*(list)->items))                           \
						  : (void)0),                                                                  \
	 (__typeof__((list)->items))list_slot(&(list)->items[(list)->count++], sizeof(*(list)->items)))

#define list_last(list) (&(list)->items[(list)->count - 1])

void list_grow(struct arena *arena, void **items, uint32_t *capacity, uint32_t count, size_t item_size);
void *list_slot(void *slot, size_t size);

#endif
