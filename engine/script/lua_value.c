/* Values of Flow to Lua and back. The way in raises Lua's errors, the way out never does: there the arena may unwind. */
#include "engine/base/json.h"
#include "engine/script/lua_room.h"

#include <math.h>
#include <stdio.h>

enum { ITEMS_MOST = 1000000 }; /* of a list; texts end with the memory of the call */

/* --- in */
static void push_text(lua_State *lua, struct text text)
{
	lua_pushlstring(lua, text.length ? text.bytes : "", text.length);
}

static int no_such_field(lua_State *lua)
{
	sandbox_text(lua, 2);
	return luaL_error(lua, "there is no field `%s` here", lua_tostring(lua, -1));
}

/* A record answers only for its own fields: a mistyped name is an error and not just missing. */
static int record_index(lua_State *lua)
{
	const struct type *type = lua_touserdata(lua, lua_upvalueindex(1));
	size_t length;
	const char *key = lua_type(lua, 2) == LUA_TSTRING ? lua_tolstring(lua, 2, &length) : NULL;
	uint32_t count = type->kind == TYPE_EVENT ? type->event->field_count : type->record->count;
	for (uint32_t i = 0; key && i < count; i++) {
		struct text name = type->kind == TYPE_EVENT ? type->event->fields[i].name : type->record->fields[i].name;
		if (text_equal(name, (struct text){key, (uint32_t)length}))
			return 0;
	}
	return no_such_field(lua);
}

static void record_metatable(lua_State *lua, const struct type *type)
{
	if (lua_rawgetp(lua, LUA_REGISTRYINDEX, type) == LUA_TNIL) {
		lua_pop(lua, 1);
		lua_createtable(lua, 0, 2);
		lua_pushlightuserdata(lua, (void *)type);
		lua_pushcclosure(lua, record_index, 1);
		lua_setfield(lua, -2, "__index");
		lua_pushboolean(lua, 0);
		lua_setfield(lua, -2, "__metatable");
		lua_pushvalue(lua, -1);
		lua_rawsetp(lua, LUA_REGISTRYINDEX, type);
	}
	lua_setmetatable(lua, -2);
}

static void push_record(lua_State *lua, struct value value, const struct type *type)
{
	bool event = type->kind == TYPE_EVENT;
	uint32_t count = event ? type->event->field_count : type->record->count;
	lua_createtable(lua, 0, (int)count);
	for (uint32_t i = 0; i < count && i < value.count; i++) {
		push_text(lua, event ? type->event->fields[i].name : type->record->fields[i].name);
		value_push(lua, value.items[i], event ? type->event->fields[i].type : type->record->fields[i].type);
		lua_rawset(lua, -3);
	}
	record_metatable(lua, type);
}

static void push_json(lua_State *lua, const struct json *json)
{
	struct decimal number;
	int64_t integer;
	luaL_checkstack(lua, 4, "the document is nested too deeply");
	switch (json_kind(json)) {
	case JSON_BOOL:
		lua_pushboolean(lua, json_bool(json));
		break;
	case JSON_TEXT:
		push_text(lua, json_text(json));
		break;
	case JSON_NUMBER:
		if (json_int(json, &integer) == OK)
			lua_pushinteger(lua, integer);
		else if (json_decimal(json, &number) == OK)
			exact_push(lua, value_number(VALUE_DECIMAL, number));
		else
			luaL_error(lua, "a number of the document is too large to be exact");
		break;
	case JSON_LIST:
	case JSON_OBJECT: {
		lua_Integer place = 0;
		lua_newtable(lua);
		for (const struct json *item = json_first(json); item; item = json_next(item)) {
			push_json(lua, item);
			if (json_kind(json) == JSON_LIST) {
				lua_rawseti(lua, -2, ++place);
				continue;
			}
			push_text(lua, json_name(item));
			lua_insert(lua, -2);
			lua_rawset(lua, -3);
		}
		break;
	}
	default:
		lua_pushnil(lua);
	}
}

static void push_items(lua_State *lua, struct value value, const struct type *type)
{
	lua_createtable(lua, (int)value.count, 0);
	for (uint32_t i = 0; i < value.count; i++) {
		value_push(lua, value.items[i], type ? type->element : NULL);
		lua_rawseti(lua, -2, i + 1);
	}
}

static void push_range(lua_State *lua, struct value value, const struct type *type)
{
	lua_createtable(lua, 0, 2);
	value_push(lua, value.items[0], type ? type->element : NULL);
	lua_setfield(lua, -2, "from");
	value_push(lua, value.items[1], type ? type->element : NULL);
	lua_setfield(lua, -2, "to");
}

void value_push(lua_State *lua, struct value value, const struct type *type)
{
	luaL_checkstack(lua, 6, "a value is nested too deeply");
	switch ((enum value_kind)value.kind) {
	case VALUE_MISSING:
		lua_pushnil(lua);
		break;
	case VALUE_BOOL:
		lua_pushboolean(lua, value.integer != 0);
		break;
	case VALUE_INT:
		lua_pushinteger(lua, value.integer);
		break;
	case VALUE_TEXT:
		push_text(lua, value_as_text(value));
		break;
	case VALUE_ENUM:
		push_text(lua, value.enumeration->values[value.count].name);
		break;
	case VALUE_LIST:
		push_items(lua, value, type);
		break;
	case VALUE_RECORD:
		if (type && (type->kind == TYPE_EVENT || type->kind == TYPE_RECORD))
			push_record(lua, value, type);
		else
			push_items(lua, value, NULL);
		break;
	case VALUE_RANGE:
		push_range(lua, value, type);
		break;
	case VALUE_DATA:
		push_json(lua, value.json);
		break;
	default:
		exact_push(lua, value);
	}
}

/* --- out */
void lua_describe(lua_State *lua, int index, char *buffer, size_t size)
{
	const struct value *box = exact_at(lua, index);
	size_t length = 0;
	const char *text = lua_type(lua, index) == LUA_TSTRING ? lua_tolstring(lua, index, &length) : NULL;
	if (box) {
		size_t begun = (size_t)snprintf(buffer, size, "%s", box->kind == VALUE_REF ? "the record " : "");
		exact_show(lua, *box, buffer + begun, size - begun);
	} else if (text) {
		snprintf(buffer, size, "the text \"%.*s%s\"", length > 40 ? 40 : (int)length, text, length > 40 ? "…" : "");
	} else if (lua_isinteger(lua, index)) {
		snprintf(buffer, size, "the number %lld", (long long)lua_tointeger(lua, index));
	} else if (lua_type(lua, index) == LUA_TNUMBER) {
		snprintf(buffer, size, "the number %.14g", lua_tonumber(lua, index));
	} else if (lua_type(lua, index) == LUA_TBOOLEAN) {
		snprintf(buffer, size, "%s", lua_toboolean(lua, index) ? "true" : "false");
	} else {
		snprintf(buffer, size, "%s",
			 lua_isnoneornil(lua, index) ? "nothing (nil)"
			 : lua_istable(lua, index)   ? "a table"
						     : "a function");
	}
}

static enum status misfit(lua_State *lua, int index, const struct type *type, const char *where, struct arena *arena,
			  struct error *error)
{
	char found[256];
	lua_describe(lua, index, found, sizeof(found));
	struct text wanted = type_show(arena, type);
	const char *help = "";
	bool exact = type->kind == TYPE_DECIMAL || type->kind == TYPE_MONEY || type->kind == TYPE_PERCENT;
	if (exact && lua_type(lua, index) == LUA_TNUMBER && !lua_isinteger(lua, index))
		help = "; binary fractions are not exact, compute with decimal \"…\"";
	else if (lua_type(lua, index) == LUA_TSTRING && type->kind != TYPE_ENUM && exact)
		help = "; make it one: decimal(x), percent(x), money(x, \"EUR\")";
	return error_set(error, INVALID, "%s must be %.*s and is %s%s", where, TEXT_ARGS(wanted), found, help);
}

static bool is_whole(lua_State *lua, int index, int64_t *integer_out)
{
	if (lua_type(lua, index) != LUA_TNUMBER)
		return false;
	if (lua_isinteger(lua, index)) {
		*integer_out = lua_tointeger(lua, index);
		return true;
	}
	lua_Number number = lua_tonumber(lua, index);
	if (number != floor(number) || fabs(number) > 9007199254740992.0)
		return false;
	*integer_out = (int64_t)number;
	return true;
}

static enum status take_text(lua_State *lua, int index, const char *where, struct arena *arena, struct value *value_out,
			     struct error *error)
{
	size_t length;
	const char *bytes = lua_tolstring(lua, index, &length);
	struct text text = {bytes, (uint32_t)length};
	if (!text_is_utf8(text))
		return error_set(error, INVALID, "%s is a text that is not UTF-8; was a character cut in two?", where);
	*value_out = value_text(text_copy(arena, text));
	return OK;
}

static enum status take_enum(lua_State *lua, int index, const struct type *type, const char *where, struct arena *arena,
			     struct value *value_out, struct error *error)
{
	size_t length = 0;
	const char *bytes = lua_type(lua, index) == LUA_TSTRING ? lua_tolstring(lua, index, &length) : NULL;
	for (uint32_t i = 0; bytes && i < type->enumeration->count; i++) {
		if (!text_equal(type->enumeration->values[i].name, (struct text){bytes, (uint32_t)length}))
			continue;
		*value_out = (struct value){.kind = VALUE_ENUM, .count = i, .enumeration = type->enumeration};
		return OK;
	}
	return misfit(lua, index, type, where, arena, error);
}

static enum status take_box(lua_State *lua, int index, const struct type *type, const char *where, struct arena *arena,
			    struct value *value_out, struct error *error)
{
	static const uint8_t kinds[] = {
		[TYPE_DECIMAL] = VALUE_DECIMAL, [TYPE_PERCENT] = VALUE_PERCENT,  [TYPE_MONEY] = VALUE_MONEY,
		[TYPE_DATE] = VALUE_DATE,       [TYPE_TIME] = VALUE_TIME,        [TYPE_TIME_OF_DAY] = VALUE_TIME_OF_DAY,
		[TYPE_REF] = VALUE_REF,         [TYPE_DURATION] = VALUE_DURATION};
	const struct value *box = exact_at(lua, index);
	bool fits = box && box->kind == kinds[type->kind];
	if (fits && type->kind == TYPE_REF && type->entity)
		fits = box->entity == type->entity->index;
	if (!fits && type->kind == TYPE_DECIMAL && lua_isinteger(lua, index)) {
		*value_out = value_number(VALUE_DECIMAL, decimal_from_int(lua_tointeger(lua, index)));
		return OK;
	}
	if (!fits)
		return misfit(lua, index, type, where, arena, error);
	*value_out = *box;
	return OK;
}

static enum status take_list(lua_State *lua, int index, const struct type *type, const char *where, struct arena *arena,
			     struct value *value_out, struct error *error)
{
	if (!lua_istable(lua, index))
		return misfit(lua, index, type, where, arena, error);
	lua_Unsigned count = lua_rawlen(lua, index), keys = 0;
	for (lua_pushnil(lua); lua_next(lua, index); lua_pop(lua, 1))
		keys++;
	if (keys != count)
		return error_set(error, INVALID, "%s must be a list: a table with the keys 1, 2, 3 … without a gap", where);
	if (count > ITEMS_MOST)
		return error_set(error, LIMIT, "%s has more than %d items", where, ITEMS_MOST);
	struct value *items = arena_array(arena, struct value, count ? count : 1);
	for (uint32_t i = 0; i < count; i++) {
		char place[200];
		snprintf(place, sizeof(place), "item %u of %.150s", i + 1, where);
		lua_rawgeti(lua, index, i + 1);
		enum status status = value_take(lua, -1, type->element, place, arena, &items[i], error);
		lua_pop(lua, 1);
		if (status != OK)
			return status;
	}
	*value_out = (struct value){.kind = VALUE_LIST, .count = (uint32_t)count, .items = items};
	return OK;
}

struct member {
	struct text name;
	const struct type *type;
	bool required;
};

static struct member member_of(const struct type *type, uint32_t i)
{
	if (type->kind == TYPE_EVENT) {
		const struct field *field = &type->event->fields[i];
		return (struct member){field->name, field->type, field->required};
	}
	const struct record_field *field = &type->record->fields[i];
	return (struct member){field->name, field->type, field->required};
}

/* Says which key of the table is no field. */
static enum status unknown_member(lua_State *lua, int index, const struct type *type, uint32_t count, const char *where,
				  struct error *error)
{
	for (lua_pushnil(lua); lua_next(lua, index); lua_pop(lua, 1)) {
		size_t length = 0;
		const char *key = lua_type(lua, -2) == LUA_TSTRING ? lua_tolstring(lua, -2, &length) : NULL;
		bool known = false;
		for (uint32_t i = 0; key && i < count && !known; i++)
			known = text_equal(member_of(type, i).name, (struct text){key, (uint32_t)length});
		if (known)
			continue;
		char shown[256];
		lua_describe(lua, -2, shown, sizeof(shown));
		lua_pop(lua, 2);
		return error_set(error, INVALID, "%s has no field that is called %s", where, shown);
	}
	return OK;
}

static enum status take_record(lua_State *lua, int index, const struct type *type, const char *where, struct arena *arena,
			       struct value *value_out, struct error *error)
{
	if (!lua_istable(lua, index))
		return misfit(lua, index, type, where, arena, error);
	uint32_t count = type->kind == TYPE_EVENT ? type->event->field_count : type->record->count;
	enum status status = unknown_member(lua, index, type, count, where, error);
	struct value *items = arena_array(arena, struct value, count ? count : 1);
	for (uint32_t i = 0; i < count && status == OK; i++) {
		struct member member = member_of(type, i);
		char place[200];
		snprintf(place, sizeof(place), "field `%.*s` of %.130s", TEXT_ARGS(member.name), where);
		/* by walking: a name cannot be pushed here, that may raise */
		bool found = false;
		for (lua_pushnil(lua); !found && lua_next(lua, index);) {
			size_t length = 0;
			const char *key = lua_type(lua, -2) == LUA_TSTRING ? lua_tolstring(lua, -2, &length) : NULL;
			found = key && text_equal(member.name, (struct text){key, (uint32_t)length});
			if (found)
				status = value_take(lua, -1, member.type, place, arena, &items[i], error);
			lua_pop(lua, found ? 2 : 1);
		}
		if (status == OK && member.required && items[i].kind == VALUE_MISSING)
			status = error_set(error, INVALID, "%s is required and not set", place);
	}
	*value_out = (struct value){.kind = VALUE_RECORD, .count = count, .items = items};
	return status;
}

/* As it came in: { from = …, to = … }. */
static enum status take_range(lua_State *lua, int index, const struct type *type, const char *where, struct arena *arena,
			      struct value *value_out, struct error *error)
{
	const struct record_field fields[] = {{TEXT("from"), type->element, true}, {TEXT("to"), type->element, true}};
	const struct record_type record = {fields, 2};
	const struct type as_record = {.kind = TYPE_RECORD, .record = &record};
	if (!lua_istable(lua, index))
		return misfit(lua, index, type, where, arena, error);
	enum status status = take_record(lua, index, &as_record, where, arena, value_out, error);
	value_out->kind = VALUE_RANGE;
	return status;
}

enum status value_take(lua_State *lua, int index, const struct type *type, const char *where, struct arena *arena,
		       struct value *value_out, struct error *error)
{
	index = lua_absindex(lua, index);
	*value_out = value_missing();
	if (lua_isnil(lua, index))
		return OK;
	if (!lua_checkstack(lua, 8))
		return error_set(error, LIMIT, "%s is nested too deeply", where);
	int64_t integer;
	switch (type->kind) {
	case TYPE_BOOL:
		if (!lua_isboolean(lua, index))
			return misfit(lua, index, type, where, arena, error);
		*value_out = value_bool(lua_toboolean(lua, index));
		return OK;
	case TYPE_INT:
		if (!is_whole(lua, index, &integer))
			return misfit(lua, index, type, where, arena, error);
		*value_out = value_int(integer);
		return OK;
	case TYPE_TEXT:
	case TYPE_FILE:
	case TYPE_SECRET:
		if (lua_type(lua, index) != LUA_TSTRING)
			return misfit(lua, index, type, where, arena, error);
		return take_text(lua, index, where, arena, value_out, error);
	case TYPE_ENUM:
		return take_enum(lua, index, type, where, arena, value_out, error);
	case TYPE_LIST:
		return take_list(lua, index, type, where, arena, value_out, error);
	case TYPE_RECORD:
	case TYPE_EVENT:
		return take_record(lua, index, type, where, arena, value_out, error);
	case TYPE_RANGE:
		return take_range(lua, index, type, where, arena, value_out, error);
	case TYPE_DATA:
	case TYPE_NOTHING:
	case TYPE_ERROR:
		return error_set(error, INVALID, "%s is of a type that a script cannot give", where);
	default:
		return take_box(lua, index, type, where, arena, value_out, error);
	}
}
