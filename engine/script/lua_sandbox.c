/* What a script finds: a fixed, frozen set of functions. Must offer nothing that reaches the outside, differs between two runs,
 * survives a call, or catches a limit. No coroutines, xpcall or finalizers: Lua runs some of their code with the hook off. */
#include "engine/script/lua_room.h"

#include <lualib.h>
#include <stdio.h>

static const char ENVIRONMENT[] = "stellwerk.environment", GLOBALS[] = "stellwerk.globals";

/* --- frozen tables */
static int refuse_write(lua_State *lua)
{
	return luaL_error(lua, "this table is built in and cannot be changed");
}

void sandbox_freeze(lua_State *lua)
{
	lua_newtable(lua);
	lua_createtable(lua, 0, 3);
	lua_pushvalue(lua, -3);
	lua_setfield(lua, -2, "__index");
	lua_pushcfunction(lua, refuse_write);
	lua_setfield(lua, -2, "__newindex");
	lua_pushboolean(lua, 0);
	lua_setfield(lua, -2, "__metatable");
	lua_setmetatable(lua, -2);
	lua_remove(lua, -2);
}

/* --- the environment of a call: looks into the globals; the chunk may add names of its own */
static int define_global(lua_State *lua)
{
	sandbox_text(lua, 2);
	const char *name = lua_tostring(lua, -1);
	if (!host_of(lua)->defining)
		return luaL_error(lua, "`%s` is no local variable; write `local %s = …`, nothing is kept in globals", name,
				  name);
	lua_getfield(lua, LUA_REGISTRYINDEX, GLOBALS);
	lua_pushvalue(lua, 2);
	if (lua_rawget(lua, -2) != LUA_TNIL)
		return luaL_error(lua, "`%s` is built in and cannot be replaced", name);
	lua_settop(lua, 3);
	lua_rawset(lua, 1);
	return 0;
}

void sandbox_environment(lua_State *lua)
{
	lua_newtable(lua);
	lua_getfield(lua, LUA_REGISTRYINDEX, ENVIRONMENT);
	lua_setmetatable(lua, -2);
}

/* --- text without addresses */
void sandbox_text(lua_State *lua, int index)
{
	index = lua_absindex(lua, index);
	int kind = lua_type(lua, index);
	const struct value *box = exact_at(lua, index);
	if (box) {
		char shown[256];
		lua_pushlstring(lua, shown, exact_show(lua, *box, shown, sizeof(shown)));
	} else if (kind == LUA_TTABLE && luaL_getmetafield(lua, index, "__tostring") != LUA_TNIL) {
		lua_pushvalue(lua, index);
		lua_call(lua, 1, 1);
		if (lua_type(lua, -1) != LUA_TSTRING)
			luaL_error(lua, "`__tostring` must give a text");
	} else if (kind == LUA_TNIL || kind == LUA_TBOOLEAN || kind == LUA_TNUMBER || kind == LUA_TSTRING) {
		luaL_tolstring(lua, index, NULL);
	} else {
		lua_pushstring(lua, lua_typename(lua, kind));
	}
}

static int base_tostring(lua_State *lua)
{
	luaL_checkany(lua, 1);
	sandbox_text(lua, 1);
	return 1;
}

static int base_type(lua_State *lua)
{
	luaL_checkany(lua, 1);
	static const char *const names[] = {
		[VALUE_DECIMAL] = "decimal", [VALUE_PERCENT] = "percent",   [VALUE_MONEY] = "money",
		[VALUE_DATE] = "date",       [VALUE_TIME] = "time",         [VALUE_TIME_OF_DAY] = "time_of_day",
		[VALUE_REF] = "ref",         [VALUE_DURATION] = "duration",
	};
	const struct value *box = exact_at(lua, 1);
	lua_pushstring(lua, box ? names[box->kind] : luaL_typename(lua, 1));
	return 1;
}

/* --- errors: what ended the call is not caught */
static int base_pcall(lua_State *lua)
{
	struct script_host *host = host_of(lua);
	luaL_checkany(lua, 1);
	uint32_t depth = host->depth;
	bool defining = host->defining;
	lua_pushboolean(lua, 1);
	lua_insert(lua, 1);
	int result = lua_pcall(lua, lua_gettop(lua) - 2, LUA_MULTRET, 0);
	if (host->fatal)
		return lua_error(lua);
	if (result == LUA_ERRMEM || result == LUA_ERRERR)
		return host_end(lua, result == LUA_ERRMEM ? FATAL_MEMORY : FATAL_DEPTH);
	host->defining = defining;
	if (result == LUA_OK)
		return lua_gettop(lua);
	host->depth = depth;
	lua_pushboolean(lua, 0);
	if (lua_type(lua, -2) == LUA_TSTRING) {
		char path[512];
		script_path(host, host->running, path, sizeof(path));
		luaL_gsub(lua, lua_tostring(lua, -2), FILE_TOKEN, path);
		return 2;
	}
	lua_pushvalue(lua, -2);
	return 2;
}

/* --- metatables: a copy of what is harmless, so that nothing harmful can be added later */
static int base_setmetatable(lua_State *lua)
{
	static const char *const events[] = {"__index", "__newindex", "__call",   "__eq",  "__lt",      "__le",
					     "__add",   "__sub",      "__mul",    "__div", "__mod",     "__pow",
					     "__unm",   "__idiv",     "__band",   "__bor", "__bxor",    "__bnot",
					     "__shl",   "__shr",      "__concat", "__len", "__tostring"};
	static const char *const refused[] = {"__gc", "__close", "__mode", "__metatable"};
	luaL_checktype(lua, 1, LUA_TTABLE);
	luaL_argexpected(lua, lua_isnil(lua, 2) || lua_istable(lua, 2), 2, "table or nil");
	lua_settop(lua, 2);
	if (luaL_getmetafield(lua, 1, "__metatable") == LUA_TBOOLEAN)
		return refuse_write(lua);
	lua_settop(lua, 2);
	if (lua_isnil(lua, 2)) {
		lua_setmetatable(lua, 1);
		return 1;
	}
	lua_createtable(lua, 0, 4);
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		lua_pushstring(lua, refused[i]);
		if (lua_rawget(lua, 2) != LUA_TNIL)
			return luaL_error(lua, "a metatable of a script cannot have `%s`", refused[i]);
		lua_pop(lua, 1);
	}
	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++) {
		lua_pushstring(lua, events[i]);
		lua_pushvalue(lua, -1);
		lua_rawget(lua, 2);
		lua_rawset(lua, 3);
	}
	lua_pushvalue(lua, 2);
	lua_setfield(lua, 3, "__metatable");
	lua_setmetatable(lua, 1);
	lua_settop(lua, 1);
	return 1;
}

static int base_getmetatable(lua_State *lua)
{
	luaL_checkany(lua, 1);
	if (luaL_getmetafield(lua, 1, "__metatable") == LUA_TNIL)
		lua_pushnil(lua);
	return 1;
}

static int base_rawset(lua_State *lua)
{
	luaL_checktype(lua, 1, LUA_TTABLE);
	luaL_checkany(lua, 3);
	lua_settop(lua, 3);
	if (luaL_getmetafield(lua, 1, "__metatable") == LUA_TBOOLEAN)
		return refuse_write(lua);
	lua_settop(lua, 3);
	lua_rawset(lua, 1);
	return 1;
}

/* --- opening */
/* Takes the named functions of the library on the top (popped) into the table below it. */
static void keep(lua_State *lua, const char *const *names, bool counted)
{
	for (; *names; names++) {
		lua_getfield(lua, -1, *names);
		if (counted && lua_isfunction(lua, -1))
			lua_pushcclosure(lua, string_counted, 1);
		lua_setfield(lua, -3, *names);
	}
	lua_pop(lua, 1);
}

static void library(lua_State *lua, lua_CFunction open, const char *const *names, bool counted)
{
	lua_newtable(lua);
	lua_pushcfunction(lua, open);
	lua_call(lua, 0, 1);
	keep(lua, names, counted);
	sandbox_freeze(lua);
}

/* `("x"):upper()` finds the frozen library; texts have no arithmetic. */
static void strings_have_methods(lua_State *lua, int library)
{
	lua_pushliteral(lua, "");
	lua_createtable(lua, 0, 2);
	lua_pushvalue(lua, library);
	lua_setfield(lua, -2, "__index");
	lua_pushboolean(lua, 0);
	lua_setfield(lua, -2, "__metatable");
	lua_setmetatable(lua, -2);
	lua_pop(lua, 1);
}

void sandbox_open(lua_State *lua)
{
	static const char *const base[] = {"assert", "error",  "ipairs",   "rawequal", "rawget",
					   "rawlen", "select", "tonumber", NULL};
	static const char *const math[] = {"abs",        "ceil", "floor", "fmod", "huge",      "max",  "maxinteger", "min",
					   "mininteger", "modf", "pi",    "sqrt", "tointeger", "type", "ult",        NULL};
	static const char *const utf8[] = {"char", "charpattern", "codepoint", "codes", "len", "offset", NULL};
	static const luaL_Reg own[] = {{"getmetatable", base_getmetatable},
				       {"next", table_next},
				       {"pairs", table_pairs},
				       {"pcall", base_pcall},
				       {"rawset", base_rawset},
				       {"setmetatable", base_setmetatable},
				       {"tostring", base_tostring},
				       {"type", base_type},
				       {NULL, NULL}};
	lua_newtable(lua);
	lua_pushcfunction(lua, luaopen_base);
	lua_call(lua, 0, 1);
	keep(lua, base, false);
	luaL_setfuncs(lua, own, 0);
	library(lua, luaopen_math, math, false);
	lua_setfield(lua, -2, "math");
	library(lua, luaopen_utf8, utf8, true);
	lua_setfield(lua, -2, "utf8");
	table_open(lua);
	sandbox_freeze(lua);
	lua_setfield(lua, -2, "table");
	text_open(lua);
	sandbox_freeze(lua);
	strings_have_methods(lua, lua_gettop(lua));
	lua_setfield(lua, -2, "string");
	exact_open(lua);
	lua_pushvalue(lua, -1);
	lua_setfield(lua, LUA_REGISTRYINDEX, GLOBALS);
	lua_createtable(lua, 0, 3);
	lua_insert(lua, -2);
	lua_setfield(lua, -2, "__index");
	lua_pushcfunction(lua, define_global);
	lua_setfield(lua, -2, "__newindex");
	lua_pushboolean(lua, 0);
	lua_setfield(lua, -2, "__metatable");
	lua_setfield(lua, LUA_REGISTRYINDEX, ENVIRONMENT);
}
