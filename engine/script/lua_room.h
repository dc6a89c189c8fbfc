/* What the files of this room share. Outside of it nobody sees Lua. Two unwinding worlds meet here and are never mixed: a Lua
 * error may pass only frames of Lua and of this room's C functions; an arena that is full unwinds only where no Lua call is
 * active (host_read guards the one place where the engine is called from inside). */
#ifndef SCRIPT_LUA_ROOM_H
#define SCRIPT_LUA_ROOM_H

#include <lauxlib.h>
#include <lua.h>

#include "engine/script/script.h"

enum fatal { FATAL_NONE, FATAL_INSTRUCTIONS, FATAL_DEPTH, FATAL_MEMORY, FATAL_TIME, FATAL_READER, FATAL_ARENA };

/* What a chunk calls its own file in messages; replaced by the path at the door, because Lua cuts long names. */
#define FILE_TOKEN "\1"

struct script_host {
	lua_State *lua;
	struct script_limits limits;
	const struct script_reader *reader;
	const struct program *program;
	uint32_t calls; /* that are active, one inside the other */
	/* of the outermost call */
	uint64_t spent;
	uint32_t depth;
	size_t used, memory_end; /* bytes of the state; where they must end */
	size_t resting;          /* bytes of the state after loading */
	int64_t cpu_end;         /* CPU nanoseconds */
	uint32_t ticks;
	enum fatal fatal; /* once set, no script catches anything any more */
	uint32_t fatal_line;
	bool defining; /* the chunk itself runs: globals may be made */
	struct arena *arena;
	struct error reader_error;
	enum status reader_status;
	const struct script *running;
};

static inline struct script_host *host_of(lua_State *lua)
{
	return *(struct script_host **)lua_getextraspace(lua);
}

/* --- script_lua.c */
/* Counts work that no instruction counts; does not return when the limit is reached. */
void host_spend(lua_State *lua, uint64_t steps);
/* Ends the whole call: not catchable. */
int host_end(lua_State *lua, enum fatal fatal);
/* "packs/one/module/routing.lua", cut at the size. */
void script_path(const struct script_host *host, const struct script *script, char *buffer, size_t size);

/* --- lua_plain.c: Lua's words for the commonest mistakes, in an author's */
void script_plain(const char *message, char *sentence, size_t size);

/* --- lua_sandbox.c: what a script finds */
void sandbox_open(lua_State *lua);
/* Puts a new environment for one call on the stack. */
void sandbox_environment(lua_State *lua);
/* Makes the table on the top of the stack unwritable: an empty one that looks into it takes its place. */
void sandbox_freeze(lua_State *lua);
/* As tostring, on the top of the stack, without addresses: the same on every run. */
void sandbox_text(lua_State *lua, int index);
int string_counted(lua_State *lua); /* a C function of Lua's (upvalue 1), its texts paid for first */
void text_open(lua_State *lua);     /* lua_text.c: pushes the library `string` */
void table_open(lua_State *lua);    /* lua_table.c: pushes the library `table` */
int table_pairs(lua_State *lua);
int table_next(lua_State *lua);

/* --- lua_exact.c: exact numbers, money, dates, times, durations, refs are boxes */
void exact_open(lua_State *lua); /* adds the constructors to the table on the top */
void exact_push(lua_State *lua, struct value value);
/* NULL when it is no box. */
const struct value *exact_at(lua_State *lua, int index);
/* The value as people read it; cut at the size; returns its length. */
size_t exact_show(lua_State *lua, struct value value, char *buffer, size_t size);
/* lua_parts.c: `key` of a box that is no REF, and the constructors. */
int part_index(lua_State *lua, struct value value, const char *key);
void parts_open(lua_State *lua);
/* lua_reference.c: `key` of the box that is a REF. */
int reference_index(lua_State *lua, struct value reference, const char *key);

/* --- lua_value.c */
/* Pushes an argument; raises Lua errors, so only inside a protected call. */
void value_push(lua_State *lua, struct value value, const struct type *type);
/* "the text \"abc\"", "nothing (nil)": what stands at the index, for messages; raises no error. */
void lua_describe(lua_State *lua, int index, char *buffer, size_t size);
/* The value at the index by its type, in `arena`; raises no Lua error. `where` ("field `queue` of the result") begins the
 * sentence. */
enum status value_take(lua_State *lua, int index, const struct type *type, const char *where, struct arena *arena,
		       struct value *value_out, struct error *error) MUST_CHECK;

/* --- lua_pattern.c: Lua's patterns with every step counted */
enum { PATTERN_CAPTURES = 32, PATTERN_DEPTH = 200, PATTERN_POSITION = -2, PATTERN_OPEN = -1 };

struct pattern_match {
	const char *source, *source_end, *pattern_end;
	int level; /* captures begun */
	int depth;
	uint64_t budget;     /* steps left */
	const char *problem; /* a sentence when the pattern itself is wrong; "" when the budget is used up */
	struct {
		const char *start;
		ptrdiff_t length; /* or PATTERN_POSITION, PATTERN_OPEN */
	} capture[PATTERN_CAPTURES];
};

/* Where the match that begins at `at` ends; NULL: none, or match->problem. */
const char *pattern_try(struct pattern_match *match, const char *at, const char *pattern);

#endif
