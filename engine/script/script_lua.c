/* The script host on Lua 5.4: loads chunks, calls them under their limits, says in sentences what went wrong. Must never let
 * an arena unwind past a Lua frame, nor anything of one call be seen by the next: the chunk runs anew for each call. */
#include "engine/base/check.h"
#include "engine/script/lua_room.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	HOOK_PERIOD = 1000,        /* instructions between two looks at the limits */
	BYTES_A_STEP = 64,         /* memory work that counts as one instruction */
	TEXT_SHARE = 8,            /* one text may be this part of the memory */
	GARBAGE_KEPT = 256 * 1024, /* between calls */
	ARGUMENTS_MOST = 1000,     /* `...` is copied by one instruction, however long */
	CPU_SECONDS = 10,          /* the last line of defence, for what no count foresees; far above any count */
	CPU_TICKS = 16,            /* hooks between two looks at the clock */
	PATH_SIZE = 512,
};

struct call {
	const struct script *script;
	const struct value *arguments; /* NULL: only run the chunk and find the function */
};

static int64_t cpu_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* --- memory: a refusal makes Lua collect and ask again; that work is counted too, so that it cannot go on for ever */
static bool growth_fits(struct script_host *host, const void *block, size_t old, size_t size)
{
	size_t held = block ? old : 0;
	bool too_long = !block && old == LUA_TSTRING && size > host->limits.memory / TEXT_SHARE;
	if (!too_long && host->used + (size - held) <= host->memory_end) {
		host->spent += (size - held) / BYTES_A_STEP;
		return true;
	}
	host->spent += host->used / BYTES_A_STEP;
	return false;
}

static void *allocate(void *user, void *block, size_t old, size_t size)
{
	struct script_host *host = user;
	size_t held = block ? old : 0;
	if (!size) {
		free(block);
		host->used -= held;
		return NULL;
	}
	if (size > held && !growth_fits(host, block, old, size))
		return NULL;
	void *memory = realloc(block, size);
	if (!memory)
		return size <= held ? block : NULL;
	host->used += size - held;
	return memory;
}

/* --- limits */
static uint32_t line_of(lua_State *lua)
{
	lua_Debug frame;
	for (int level = 0; level < 20 && lua_getstack(lua, level, &frame); level++) {
		lua_getinfo(lua, "l", &frame);
		if (frame.currentline > 0)
			return (uint32_t)frame.currentline;
	}
	return 0;
}

int host_end(lua_State *lua, enum fatal fatal)
{
	struct script_host *host = host_of(lua);
	if (!host->fatal) {
		host->fatal = fatal;
		host->fatal_line = line_of(lua);
	}
	lua_pushnil(lua);
	return lua_error(lua);
}

void host_spend(lua_State *lua, uint64_t steps)
{
	struct script_host *host = host_of(lua);
	host->spent = steps > UINT64_MAX - host->spent ? UINT64_MAX : host->spent + steps;
	if (host->spent > host->limits.instructions)
		host_end(lua, FATAL_INSTRUCTIONS);
}

static void look_at_arguments(lua_State *lua, lua_Debug *frame)
{
	if (lua_getlocal(lua, frame, -ARGUMENTS_MOST - 1))
		luaL_error(lua, "a function is called with more than %d arguments", ARGUMENTS_MOST);
}

static void hook(lua_State *lua, lua_Debug *frame)
{
	struct script_host *host = host_of(lua);
	switch (frame->event) {
	case LUA_HOOKCALL:
		if (++host->depth > host->limits.depth)
			host_end(lua, FATAL_DEPTH);
		look_at_arguments(lua, frame);
		break;
	case LUA_HOOKTAILCALL:
		look_at_arguments(lua, frame);
		break;
	case LUA_HOOKRET:
		host->depth--;
		break;
	default:
		if (++host->ticks % CPU_TICKS == 0 && cpu_now() > host->cpu_end)
			host_end(lua, FATAL_TIME);
		host_spend(lua, HOOK_PERIOD);
	}
}

static void limits_begin(struct script_host *host, struct arena *arena)
{
	host->spent = 0;
	host->depth = 0;
	host->ticks = 0;
	host->fatal = FATAL_NONE;
	host->arena = arena;
	host->cpu_end = cpu_now() + CPU_SECONDS * INT64_C(1000000000);
	host->memory_end = host->used + host->limits.memory;
	lua_sethook(host->lua, hook, LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, HOOK_PERIOD);
}

static void limits_end(struct script_host *host)
{
	lua_sethook(host->lua, NULL, 0, 0);
	host->memory_end = SIZE_MAX;
	if (host->used > host->resting + GARBAGE_KEPT)
		lua_gc(host->lua, LUA_GCCOLLECT);
}

/* --- opening */
static int open_state(lua_State *lua)
{
	sandbox_open(lua);
	return 0;
}

static enum status state_new(struct script_host *host)
{
	if (host->lua)
		lua_close(host->lua);
	host->used = 0;
	host->memory_end = SIZE_MAX;
	host->spent = 0;
	host->lua = lua_newstate(allocate, host);
	if (!host->lua)
		return LIMIT;
	*(struct script_host **)lua_getextraspace(host->lua) = host;
	lua_gc(host->lua, LUA_GCSTOP); /* between calls and at the memory limit only: so it is the same on every run */
	lua_pushcfunction(host->lua, open_state);
	enum status status = lua_pcall(host->lua, 0, 0, 0) == LUA_OK ? OK : LIMIT;
	host->resting = host->used;
	return status;
}

enum status script_open(struct script_limits limits, struct script_host **host_out)
{
	struct script_host *host = calloc(1, sizeof(*host));
	if (!host)
		return LIMIT;
	host->limits = limits;
	if (state_new(host) != OK) {
		script_close(host);
		return LIMIT;
	}
	*host_out = host;
	return OK;
}

void script_close(struct script_host *host)
{
	if (host && host->lua)
		lua_close(host->lua);
	free(host);
}

void script_read_through(struct script_host *host, const struct script_reader *reader)
{
	host->reader = reader;
}

void script_path(const struct script_host *host, const struct script *script, char *buffer, size_t size)
{
	int folder = 0;
	const char *path = "";
	if (host->program && script->span.file < host->program->file_count) {
		struct text flow = host->program->files[script->span.file].path;
		const char *slash = flow.length ? memrchr(flow.bytes, '/', flow.length) : NULL;
		path = flow.bytes;
		folder = slash ? (int)(slash + 1 - flow.bytes) : 0;
	}
	snprintf(buffer, size, "%.*s%.*s", folder, path, TEXT_ARGS(script->file));
}

/* --- calling */
static int find_function(lua_State *lua, const struct script *script, int environment)
{
	if (lua_isfunction(lua, -1))
		return 1;
	int holder = lua_istable(lua, -1) ? lua_gettop(lua) : environment;
	lua_pushlstring(lua, script->name.bytes, script->name.length);
	const char *dot = memrchr(script->name.bytes, '.', script->name.length);
	if (dot) {
		lua_pop(lua, 1);
		lua_pushlstring(lua, dot + 1, script->name.length - (size_t)(dot + 1 - script->name.bytes));
	}
	const char *name = lua_tostring(lua, -1);
	lua_pushvalue(lua, -1);
	if (lua_rawget(lua, holder) == LUA_TFUNCTION)
		return 1;
	return luaL_error(lua, FILE_TOKEN ": the file neither returns a function nor defines one called `%s`", name);
}

/* Protected. The chunk runs in an environment of this call only: what it keeps in globals or locals ends with the call. */
static int run(lua_State *lua)
{
	const struct call *call = lua_touserdata(lua, 1);
	struct script_host *host = host_of(lua);
	host->running = call->script;
	luaL_checkstack(lua, (int)call->script->parameter_count + 16, "too many arguments");
	lua_rawgetp(lua, LUA_REGISTRYINDEX, call->script);
	int chunk = lua_gettop(lua);
	CHECK(lua_isfunction(lua, chunk));
	lua_getupvalue(lua, chunk, 1); /* of a call that is active, if it is the same script */
	int before = lua_gettop(lua);
	sandbox_environment(lua);
	int environment = lua_gettop(lua);
	lua_pushvalue(lua, environment);
	lua_setupvalue(lua, chunk, 1);
	lua_pushvalue(lua, chunk);
	host->defining = true;
	lua_call(lua, 0, 1);
	host->defining = false;
	find_function(lua, call->script, environment);
	if (!call->arguments)
		return 0;
	for (uint32_t i = 0; i < call->script->parameter_count; i++)
		value_push(lua, call->arguments[i], call->script->parameters[i].type);
	lua_call(lua, (int)call->script->parameter_count, 1);
	lua_pushvalue(lua, before);
	lua_setupvalue(lua, chunk, 1);
	return 1;
}

static int compile(lua_State *lua)
{
	const struct script *script = lua_touserdata(lua, 1);
	if (luaL_loadbufferx(lua, script->source.bytes ? script->source.bytes : "", script->source.length, "=" FILE_TOKEN, "t"))
		return lua_error(lua);
	lua_rawsetp(lua, LUA_REGISTRYINDEX, script);
	return 0;
}

/* "\1:12: what" -> the line and what. */
static const char *message_split(const char *message, uint32_t *line_out)
{
	*line_out = 0;
	if (message[0] != FILE_TOKEN[0] || message[1] != ':')
		return message;
	char *end;
	unsigned long line = strtoul(message + 2, &end, 10);
	if (end == message + 2 || *end != ':')
		return message + 2 + strspn(message + 2, " ");
	*line_out = (uint32_t)line;
	return end + 1 + strspn(end + 1, " ");
}

/* What stands on the top after a failed call, as line and sentence; pops it. */
static void failure_read(lua_State *lua, uint32_t *line_out, char *sentence, size_t size)
{
	char shown[256];
	const char *message = shown;
	if (lua_type(lua, -1) == LUA_TSTRING)
		message = lua_tostring(lua, -1);
	else if (exact_at(lua, -1))
		exact_show(lua, *exact_at(lua, -1), shown, sizeof(shown));
	else
		snprintf(shown, sizeof(shown), "the script ended with error(%s) instead of a text", luaL_typename(lua, -1));
	script_plain(message_split(message, line_out), sentence, size);
	lua_pop(lua, 1);
}

static enum status limit_sentence(const struct script_host *host, const char *place, struct error *error)
{
	switch (host->fatal) {
	case FATAL_MEMORY:
		return error_set(error, LIMIT,
				 "%s: the script needs more than %zu KB of memory, or one text of more than %zu KB", place,
				 host->limits.memory / 1024, host->limits.memory / TEXT_SHARE / 1024);
	case FATAL_DEPTH:
		return error_set(error, LIMIT,
				 "%s: calls are nested more than %u deep; does a function call itself without an end?", place,
				 host->limits.depth);
	case FATAL_TIME:
		return error_set(error, LIMIT, "%s: the script computes for more than %d seconds", place, CPU_SECONDS);
	default:
		return error_set(error, LIMIT, "%s: the script does not come to an end within %llu instructions", place,
				 (unsigned long long)host->limits.instructions);
	}
}

/* A reader may have written its sentence where the caller wants it already. */
static enum status reader_failed(const struct script_host *host, struct error *error)
{
	lua_pop(host->lua, 1);
	if (host->reader_error.sentence[0])
		return error_set(error, host->reader_status, "%s", host->reader_error.sentence);
	if (error)
		error->status = host->reader_status;
	return host->reader_status;
}

static enum status call_failed(struct script_host *host, const struct script *script, int result, struct error *error)
{
	char path[PATH_SIZE], place[PATH_SIZE + 16], sentence[512];
	script_path(host, script, path, sizeof(path));
	if (!host->fatal && (result == LUA_ERRMEM || result == LUA_ERRERR))
		host->fatal = result == LUA_ERRMEM ? FATAL_MEMORY : FATAL_DEPTH;
	if (host->fatal == FATAL_READER)
		return reader_failed(host, error);
	uint32_t line = host->fatal_line;
	if (host->fatal)
		lua_pop(host->lua, 1);
	else
		failure_read(host->lua, &line, sentence, sizeof(sentence));
	if (line)
		snprintf(place, sizeof(place), "%s:%u", path, line);
	else
		snprintf(place, sizeof(place), "%s", path);
	return host->fatal ? limit_sentence(host, place, error) : error_set(error, INVALID, "%s: %s", place, sentence);
}

/* Protected call of `function` with one pointer, under limits that begin with the outermost call. */
static int protected_call(struct script_host *host, lua_CFunction function, const void *argument, int results)
{
	const struct script *running = host->running;
	lua_State *lua = host->lua;
	uint32_t depth = host->depth;
	bool defining = host->defining;
	host->defining = false;
	host->calls++;
	lua_pushcfunction(lua, function);
	lua_pushlightuserdata(lua, (void *)argument);
	int result = lua_pcall(lua, 1, results, 0);
	host->calls--;
	host->defining = defining;
	host->depth = depth;
	host->running = running;
	return result;
}

static enum status script_compile(struct script_host *host, const struct script *script, struct error *error)
{
	limits_begin(host, NULL);
	int result = protected_call(host, compile, script, 0);
	enum status status = result == LUA_OK ? OK : call_failed(host, script, result, error);
	limits_end(host);
	host->resting = host->used;
	return status;
}

enum status script_load(struct script_host *host, const struct program *program, struct error *error)
{
	CHECK(!host->calls);
	host->program = program;
	if (state_new(host) != OK)
		return error_set(error, LIMIT, "there is no memory for scripts");
	for (uint32_t i = 0; i < program->script_count; i++) {
		enum status status = script_compile(host, &program->scripts[i], error);
		if (status != OK)
			return status;
	}
	return OK;
}

/* Takes the place away from the sentence: "routing.lua:12: what" has it in *line_out. */
static enum status without_place(const struct script_host *host, const struct script *script, uint32_t *line_out,
				 struct error *error)
{
	char path[PATH_SIZE];
	script_path(host, script, path, sizeof(path));
	size_t length = strlen(path);
	const char *rest = error->sentence + length;
	if (strncmp(error->sentence, path, length) || *rest != ':')
		return error->status;
	char *end = (char *)rest;
	unsigned long line = strtoul(rest + 1, &end, 10);
	if (*end == ':' && end != rest + 1)
		*line_out = (uint32_t)line;
	else
		end = (char *)rest;
	memmove(error->sentence, end + 2, strlen(end + 2) + 1);
	return error->status;
}

enum status script_check(struct script_host *host, const struct script *script, uint32_t *line_out, struct error *error)
{
	CHECK(!host->calls);
	struct error own;
	*line_out = 1;
	enum status status = script_compile(host, script, &own);
	if (status == OK) {
		struct call call = {.script = script};
		limits_begin(host, NULL);
		int result = protected_call(host, run, &call, 0);
		if (result != LUA_OK)
			status = call_failed(host, script, result, &own);
		limits_end(host);
	}
	if (status == OK)
		return OK;
	without_place(host, script, line_out, &own);
	return error_set(error, own.status, "%s", own.sentence);
}

static enum status take_result(struct script_host *host, const struct script *script, struct arena *arena,
			       struct value *result_out, struct error *error)
{
	struct error own;
	enum status status = value_take(host->lua, -1, script->result, "the result", arena, result_out, &own);
	lua_pop(host->lua, 1);
	if (status == OK)
		return OK;
	char path[PATH_SIZE];
	script_path(host, script, path, sizeof(path));
	bool known = host->program->file_count > script->span.file;
	struct text flow = known ? host->program->files[script->span.file].path : TEXT("");
	return error_set(error, status, "%s: %.*s: %s (declared in %.*s:%u)", path, TEXT_ARGS(script->name), own.sentence,
			 TEXT_ARGS(flow), script->span.line);
}

enum status script_call(struct script_host *host, uint32_t index, const struct value *arguments, struct arena *arena,
			struct value *result_out, struct error *error)
{
	CHECK(host->program && index < host->program->script_count);
	static const struct value none;
	const struct script *script = &host->program->scripts[index];
	struct call call = {script, arguments ? arguments : &none};
	bool outermost = !host->calls;
	lua_State *lua = host->lua;
	if (outermost) {
		lua_settop(lua, 0); /* a result may have been left when an arena unwound */
		limits_begin(host, arena);
	}
	if (!lua_checkstack(lua, 24))
		return error_set(error, LIMIT, "the scripts are nested too deeply");
	int result = protected_call(host, run, &call, 1);
	enum status status = result == LUA_OK ? OK : call_failed(host, script, result, error);
	if (outermost)
		limits_end(host);
	if (host->fatal == FATAL_ARENA && result != LUA_OK) {
		CHECK(arena->escape);
		longjmp(*arena->escape, 1);
	}
	return status == OK ? take_result(host, script, arena, result_out, error) : status;
}
