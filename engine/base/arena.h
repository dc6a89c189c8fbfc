/* Memory with a named lifetime: process, pack, turn, compile. Allocation never fails where it is called: an arena over its
 * limit (or a machine out of memory) unwinds to the one door that opened it, which reports LIMIT and resets the arena.
 * Therefore nothing that must be closed by hand (a file, a foreign object) may be owned by a frame between the two. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *block; /* the newest; older ones hang behind it */
	char *at, *end;            /* what is free in it */
	size_t used;               /* bytes handed out since the last reset */
	size_t limit;              /* of `used`; 0: none */
	const char *name;          /* "turn", "pack": for messages */
	jmp_buf *escape;           /* where to go when memory ends; NULL aborts */
};

void arena_init(struct arena *arena, const char *name, size_t limit);
/* Gives everything back but keeps one block, of at most 1 MiB, for the next use. */
void arena_reset(struct arena *arena);
void arena_release(struct arena *arena);

/* Zeroed, aligned for any type. */
void *arena_alloc(struct arena *arena, size_t size);
/* As arena_alloc but not zeroed. */
void *arena_alloc_raw(struct arena *arena, size_t size, size_t alignment);
void *arena_copy(struct arena *arena, const void *bytes, size_t size);
/* NUL behind the bytes. */
char *arena_string(struct arena *arena, const char *bytes, size_t length);
char *arena_format(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define arena_new(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define arena_array(arena, type, count) ((type *)arena_alloc((arena), sizeof(type) * (size_t)(count)))

/* The door: `if (arena_guard(&arena, jump)) return LIMIT;` Opens once per lifetime, in the function that owns the arena. */
#define arena_guard(arena, jump) ((arena)->escape = &(jump), setjmp(jump) != 0)

#endif
