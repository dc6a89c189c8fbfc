/* Refs in scripts: `record.field` asks the engine through the host's reader. The one place where the engine runs inside of
 * Lua: must catch an arena that is full before it unwinds a Lua frame. */
#include "engine/base/check.h"
#include "engine/script/lua_room.h"

#include <stdio.h>

/* One question to the engine: a field of a row, or of what a clock keeps for it. */
struct question {
	const struct entity *entity;
	const struct field *field;
	const struct clock *clock; /* NULL: `field` */
	uint32_t clock_field;
	struct record_id id;
};

/* What the engine changes when it calls a script itself, to put back when it was left by a jump. */
struct mark {
	jmp_buf *escape;
	const struct script *running;
	uint32_t calls, depth;
	bool defining;
};

static struct mark mark_set(struct script_host *host)
{
	return (struct mark){.escape = host->arena->escape,
			     .running = host->running,
			     .calls = host->calls,
			     .depth = host->depth,
			     .defining = host->defining};
}

static void mark_restore(struct script_host *host, const struct mark *mark)
{
	host->arena->escape = mark->escape;
	host->running = mark->running;
	host->calls = mark->calls;
	host->depth = mark->depth;
	host->defining = mark->defining;
}

static enum status question_ask(struct script_host *host, const struct question *question, struct value *value_out)
{
	const struct script_reader *reader = host->reader;
	if (question->clock)
		return reader->read_clock(reader->host, host->arena, question->clock, question->clock_field, question->id,
					  value_out, &host->reader_error);
	return reader->read(reader->host, host->arena, question->entity, question->field, question->id, value_out,
			    &host->reader_error);
}

/* FATAL_NONE when it was answered. */
static enum fatal question_guarded(struct script_host *host, const struct question *question, struct value *value_out)
{
	jmp_buf jump;
	const struct mark mark = mark_set(host);
	host->reader_error.sentence[0] = 0;
	if (arena_guard(host->arena, jump)) {
		mark_restore(host, &mark);
		return FATAL_ARENA;
	}
	host->reader_status = question_ask(host, question, value_out);
	mark_restore(host, &mark);
	if (host->reader_status == OK)
		return FATAL_NONE;
	/* also when a script called from there ran into a limit: its sentence says where */
	host->fatal = FATAL_READER;
	return FATAL_READER;
}

static void question_push(lua_State *lua, const struct question *question, const struct type *type)
{
	struct script_host *host = host_of(lua);
	struct value value = value_missing();
	CHECK(host->arena);
	host_spend(lua, 20);
	enum fatal fatal = question_guarded(host, question, &value);
	if (fatal)
		host_end(lua, fatal);
	value_push(lua, value, type);
}

/* All that a clock keeps, as a table: there are few fields, and a script that asks for one asks for the next. */
static int clock_push(lua_State *lua, const struct clock *clock, struct record_id id)
{
	lua_createtable(lua, 0, CLOCK_FIELD_COUNT);
	for (uint32_t i = CLOCK_STATE; i < CLOCK_FIELD_COUNT; i++) {
		const struct field *field = &clock->state->fields[FIELD_FIRST_OWN + i];
		struct question question = {.clock = clock, .clock_field = i, .id = id};
		if (i == CLOCK_PAUSES)
			continue;
		lua_pushlstring(lua, field->name.bytes, field->name.length);
		question_push(lua, &question, field->type);
		lua_rawset(lua, -3);
	}
	return 1;
}

static const struct clock *clock_named(const struct entity *entity, struct text name)
{
	for (uint32_t i = 0; i < entity->clock_count; i++)
		if (text_equal(entity->clocks[i]->name, name))
			return entity->clocks[i];
	return NULL;
}

static int reference_id(lua_State *lua, struct record_id id)
{
	char text[RECORD_ID_TEXT + 1];
	record_id_write(id, text);
	lua_pushstring(lua, text);
	return 1;
}

int reference_index(lua_State *lua, struct value reference, const char *key)
{
	struct script_host *host = host_of(lua);
	struct text name = text_from(key);
	if (text_is(name, "id"))
		return reference_id(lua, reference.id);
	CHECK(host->program && reference.entity < host->program->schema.entity_count);
	const struct entity *entity = host->program->schema.entities[reference.entity];
	const struct field *field = entity_field(entity, name);
	const struct clock *clock = field ? NULL : clock_named(entity, name);
	if (!field && !clock)
		return luaL_error(lua, "%s has no field `%s`", lua_pushlstring(lua, entity->name.bytes, entity->name.length),
				  key);
	if (!host->reader || (clock && !host->reader->read_clock))
		return luaL_error(lua, "`%s` of a ref cannot be read here, only its `id`", key);
	if (clock)
		return clock_push(lua, clock, reference.id);
	struct question question = {.entity = entity, .field = field, .id = reference.id};
	question_push(lua, &question, field->type);
	return 1;
}
