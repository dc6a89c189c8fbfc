/* Bump allocation in growing blocks. With ARENA_MALLOC each allocation has a block of its own, so that a sanitizer sees
 * every overrun and every use after a reset. */
#include "engine/base/arena.h"
#include "engine/base/check.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arena_block {
	struct arena_block *older;
	size_t size;
	_Alignas(16) char bytes[];
};

/* Blocks double, so the newest is the largest. A reset keeps it when it is no larger than this: turns that need 50 KB each
 * would otherwise ask the system for them each time, which cost two thirds of the rate of small turns. */
enum { FIRST_BLOCK = 16 * 1024, LARGEST_BLOCK = 4 * 1024 * 1024, LARGEST_KEPT = 1024 * 1024 };

void arena_init(struct arena *arena, const char *name, size_t limit)
{
	*arena = (struct arena){.name = name, .limit = limit};
}

static void blocks_free(struct arena_block *block, struct arena_block *keep)
{
	while (block != keep) {
		struct arena_block *older = block->older;
		free(block);
		block = older;
	}
}

void arena_reset(struct arena *arena)
{
#ifdef ARENA_MALLOC
	arena_release(arena);
#else
	struct arena_block *kept = arena->block;
	while (kept && kept->older && kept->size > LARGEST_KEPT) {
		struct arena_block *older = kept->older;
		free(kept);
		kept = older;
	}
	if (kept) {
		blocks_free(kept->older, NULL);
		kept->older = NULL;
	}
	arena->block = kept;
	arena->at = kept ? kept->bytes : NULL;
	arena->end = kept ? kept->bytes + kept->size : NULL;
	arena->used = 0;
#endif
}

void arena_release(struct arena *arena)
{
	blocks_free(arena->block, NULL);
	arena->block = NULL;
	arena->at = arena->end = NULL;
	arena->used = 0;
}

static void out_of_memory(struct arena *arena)
{
	if (arena->escape)
		longjmp(*arena->escape, 1);
	fprintf(stderr, "stellwerk: out of memory in the %s arena after %zu bytes\n", arena->name, arena->used);
	abort();
}

static size_t block_size(const struct arena *arena, size_t wanted)
{
#ifdef ARENA_MALLOC
	(void)arena;
	return wanted;
#else
	size_t size = arena->block ? arena->block->size * 2 : FIRST_BLOCK;
	if (size > LARGEST_BLOCK)
		size = LARGEST_BLOCK;
	return size < wanted ? wanted : size;
#endif
}

static void add_block(struct arena *arena, size_t wanted)
{
	size_t size = block_size(arena, wanted);
	struct arena_block *block = malloc(sizeof(*block) + size);
	if (!block)
		out_of_memory(arena);
	block->older = arena->block;
	block->size = size;
	arena->block = block;
	arena->at = block->bytes;
	arena->end = block->bytes + size;
}

void *arena_alloc_raw(struct arena *arena, size_t size, size_t alignment)
{
	if (size > PTRDIFF_MAX / 2 || (arena->limit && arena->used + size > arena->limit))
		out_of_memory(arena);
	uintptr_t at = ((uintptr_t)arena->at + alignment - 1) & ~(uintptr_t)(alignment - 1);
#ifdef ARENA_MALLOC
	bool fits = false;
#else
	bool fits = arena->at && at + size <= (uintptr_t)arena->end;
#endif
	if (!fits) {
		add_block(arena, size ? size : 1);
		at = (uintptr_t)arena->at;
	}
	arena->at = (char *)at + size;
	arena->used += size;
	return (void *)at;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	void *memory = arena_alloc_raw(arena, size, 16);
	return memset(memory, 0, size);
}

void *arena_copy(struct arena *arena, const void *bytes, size_t size)
{
	void *memory = arena_alloc_raw(arena, size, 16);
	return size ? memcpy(memory, bytes, size) : memory;
}

char *arena_string(struct arena *arena, const char *bytes, size_t length)
{
	char *string = arena_alloc_raw(arena, length + 1, 1);
	if (length)
		memcpy(string, bytes, length);
	string[length] = 0;
	return string;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
	va_list arguments, again;
	va_start(arguments, format);
	va_copy(again, arguments);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	CHECK(length >= 0);
	char *string = arena_alloc_raw(arena, (size_t)length + 1, 1);
	vsnprintf(string, (size_t)length + 1, format, again);
	va_end(again);
	return string;
}
