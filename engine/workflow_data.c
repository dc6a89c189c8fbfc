/* An instance as JSON and back. The format is ours alone: it lives in one column, and an instance is pinned to the program that
 * wrote it. Must never keep what a turn could find out again (the program's steps, rows). */
#include "engine/workflow_data.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/limits.h"

static const char *const STRAND_NAMES[] = {
#define STRAND(NAME, name, next) name,
#include "engine/strands.def"
#undef STRAND
};
static const char *const INSTANCE_NAMES[] = {
#define INSTANCE_STATE(NAME, name, doc) name,
#include "engine/strands.def"
#undef INSTANCE_STATE
};

struct text strand_state_name(enum strand_state state)
{
	return text_from(STRAND_NAMES[state]);
}

struct text instance_state_name(enum instance_state state)
{
	return text_from(INSTANCE_NAMES[state]);
}

static bool name_find(const char *const *names, uint32_t count, struct text name, uint32_t *number_out)
{
	for (uint32_t i = 0; i < count; i++)
		if (text_is(name, names[i])) {
			*number_out = i;
			return true;
		}
	return false;
}

bool instance_state_is_over(enum instance_state state)
{
	return state == INSTANCE_ENDED_STATE || state == INSTANCE_FAILED_STATE || state == INSTANCE_CANCELLED_STATE;
}

bool instance_state_find(struct text name, enum instance_state *state_out)
{
	uint32_t number;
	bool found = name_find(INSTANCE_NAMES, INSTANCE_STATE_COUNT, name, &number);
	if (found)
		*state_out = (enum instance_state)number;
	return found;
}

/* --- writing */
static void write_int(struct json_writer *writer, const char *name, int64_t integer)
{
	json_write_name(writer, text_from(name));
	json_write_int(writer, integer);
}

/* Whether a turn to come may read what the slot holds: while a single strand rests, that is what it was started with and what
 * its point knows (docs/decisions/0025); of one that is over, nothing. Several strands hand values to one another: all of it.
 */
static bool slot_is_kept(const struct instance *instance, const struct work_point *point, uint32_t slot)
{
	if (!point || slot < instance->workflow->parameter_count)
		return true;
	for (uint32_t i = 0; i < point->variable_count; i++)
		if (point->variables[i].slot == slot)
			return true;
	return false;
}

static const struct work_point *only_point(const struct instance *instance)
{
	const struct strand *strand = &instance->strands.items[0];
	bool rests = instance->strands.count == 1 && strand->state != STRAND_READY && strand->state != STRAND_ENDED;
	return rests ? workflow_point_at(instance->workflow, strand->step) : NULL;
}

static void write_frame(struct json_writer *writer, const struct program *program, const struct instance *instance)
{
	const struct work_point *point = only_point(instance);
	uint32_t count = instance_state_is_over(instance->state) ? 0 : instance->workflow->code->slot_count;
	char slot[16];
	json_write_name(writer, TEXT("frame"));
	json_open_object(writer);
	for (uint32_t i = 0; i < count; i++) {
		if (instance->frame[i].kind == VALUE_MISSING || !slot_is_kept(instance, point, i))
			continue;
		snprintf(slot, sizeof slot, "%u", i);
		json_write_name(writer, text_from(slot));
		workflow_value_write(writer, program, instance->frame[i]);
	}
	json_close_object(writer);
}

static void write_strands(struct json_writer *writer, const struct instance *instance)
{
	json_write_name(writer, TEXT("strands"));
	json_open_list(writer);
	for (uint32_t i = 0; i < instance->strands.count; i++) {
		const struct strand *strand = &instance->strands.items[i];
		json_open_object(writer);
		json_write_name(writer, TEXT("state"));
		json_write_text(writer, strand_state_name(strand->state));
		if (strand->parent != STRAND_NONE)
			write_int(writer, "parent", strand->parent);
		write_int(writer, "step", strand->step);
		write_int(writer, "tries", strand->tries);
		write_int(writer, "rest", strand->rest);
		json_close_object(writer);
	}
	json_close_list(writer);
}

static void write_undos(struct json_writer *writer, const struct program *program, const struct instance *instance)
{
	json_write_name(writer, TEXT("undo"));
	json_open_list(writer);
	for (uint32_t i = 0; i < instance->undos.count; i++) {
		const struct undo *undo = &instance->undos.items[i];
		json_open_object(writer);
		write_int(writer, "options", undo->options);
		write_int(writer, "strand", undo->strand);
		if (undo->taken) {
			json_write_name(writer, TEXT("arguments"));
			json_open_list(writer);
			for (uint32_t k = 0; k < program->work_options[undo->options].undo_count; k++)
				workflow_value_write(writer, program, undo->arguments[k]);
			json_close_list(writer);
		}
		json_close_object(writer);
	}
	json_close_list(writer);
}

static void write_id(struct json_writer *writer, const char *name, struct record_id id)
{
	char text[RECORD_ID_TEXT + 1];
	record_id_write(id, text);
	json_write_name(writer, text_from(name));
	json_write_text(writer, text_from(text));
}

static void write_early(struct json_writer *writer, const struct instance *instance)
{
	json_write_name(writer, TEXT("early"));
	json_open_list(writer);
	for (uint32_t i = 0; i < instance->early.count; i++) {
		json_open_object(writer);
		write_int(writer, "number", instance->early.items[i].number);
		json_write_name(writer, TEXT("key"));
		json_write_text(writer, instance->early.items[i].key);
		json_close_object(writer);
	}
	json_close_list(writer);
}

static void write_signals(struct json_writer *writer, const struct program *program, const struct instance *instance)
{
	json_write_name(writer, TEXT("signals"));
	json_open_list(writer);
	for (uint32_t i = 0; i < instance->signals.count; i++) {
		const struct kept_signal *signal = &instance->signals.items[i];
		json_open_object(writer);
		write_id(writer, "id", signal->event);
		json_write_name(writer, TEXT("event"));
		json_write_text(writer, signal->kind->name);
		json_write_name(writer, TEXT("value"));
		workflow_value_write(writer, program, signal->value);
		write_int(writer, "fits", signal->fits);
		write_int(writer, "perhaps", signal->perhaps);
		json_close_object(writer);
	}
	json_close_list(writer);
}

struct text instance_write(struct arena *arena, const struct program *program, const struct instance *instance)
{
	struct text_builder text = {.arena = arena};
	struct json_writer writer = {.text = &text};
	json_open_object(&writer);
	write_frame(&writer, program, instance);
	write_strands(&writer, instance);
	write_undos(&writer, program, instance);
	if (instance->early.count)
		write_early(&writer, instance);
	if (instance->signals.count)
		write_signals(&writer, program, instance);
	if (instance->cause.high)
		write_id(&writer, "cause", instance->cause);
	write_int(&writer, "rests", instance->rests);
	json_write_name(&writer, TEXT("sentence"));
	json_write_text(&writer, instance->sentence);
	json_write_name(&writer, TEXT("cancelled"));
	json_write_bool(&writer, instance->cancelled);
	write_int(&writer, "undo_rest", instance->undo_rest);
	json_close_object(&writer);
	return builder_text(&text);
}

/* --- reading */
static bool read_int(const struct json *json, const char *name, uint32_t *number_out)
{
	const struct json *member = json_member(json, text_from(name));
	int64_t integer;
	if (!member || json_kind(member) != JSON_NUMBER || json_int(member, &integer) != OK || integer < 0 ||
	    integer >= UINT32_MAX)
		return false;
	*number_out = (uint32_t)integer;
	return true;
}

static bool read_frame(struct arena *arena, const struct program *program, const struct json *frame, struct instance *instance)
{
	uint32_t count = instance->workflow->code->slot_count;
	instance->frame = arena_array(arena, struct value, count + 1);
	if (!frame || json_kind(frame) != JSON_OBJECT)
		return false;
	for (const struct json *member = json_first(frame); member; member = json_next(member)) {
		struct text name = json_name(member);
		unsigned long slot = strtoul(name.bytes, NULL, 10);
		if (slot >= count || workflow_value_read(arena, program, member, &instance->frame[slot]) != OK)
			return false;
	}
	return true;
}

static bool read_strand(const struct json *json, const struct instance *instance, struct strand *strand)
{
	const struct json *name = json_member(json, TEXT("state"));
	uint32_t state;
	if (!name || json_kind(name) != JSON_TEXT || !name_find(STRAND_NAMES, STRAND_STATE_COUNT, json_text(name), &state))
		return false;
	strand->state = (enum strand_state)state;
	strand->parent = STRAND_NONE;
	if (json_member(json, TEXT("parent")) &&
	    (!read_int(json, "parent", &strand->parent) || strand->parent >= instance->strands.count - 1))
		return false;
	return read_int(json, "step", &strand->step) && read_int(json, "tries", &strand->tries) &&
	       read_int(json, "rest", &strand->rest) && strand->step <= instance->workflow->code->step_count;
}

static bool read_strands(struct arena *arena, const struct json *list, struct instance *instance)
{
	if (!list || json_kind(list) != JSON_LIST || !json_count(list))
		return false;
	for (const struct json *item = json_first(list); item; item = json_next(item))
		if (!read_strand(item, instance, list_add(arena, &instance->strands)))
			return false;
	return true;
}

/* How many options there are is not in the program; an option of this workflow's own calls is one. */
static bool is_own_option(const struct workflow *workflow, uint32_t options)
{
	for (uint32_t i = 0; i < workflow->code->step_count; i++)
		if (workflow->code->steps[i].operation == STEP_WORK_CALL && workflow->code->steps[i].extra == options)
			return true;
	return false;
}

static bool read_undo(struct arena *arena, const struct program *program, const struct json *json,
		      const struct instance *instance, struct undo *undo)
{
	if (!read_int(json, "options", &undo->options) || !read_int(json, "strand", &undo->strand) ||
	    !is_own_option(instance->workflow, undo->options))
		return false;
	const struct json *arguments = json_member(json, TEXT("arguments"));
	uint32_t count = program->work_options[undo->options].undo_count, i = 0;
	undo->taken = arguments != NULL;
	if (!arguments)
		return true;
	if (json_kind(arguments) != JSON_LIST || json_count(arguments) != count)
		return false;
	struct value *values = arena_array(arena, struct value, count + 1);
	for (const struct json *item = json_first(arguments); item; item = json_next(item))
		if (workflow_value_read(arena, program, item, &values[i++]) != OK)
			return false;
	undo->arguments = values;
	return true;
}

static bool read_undos(struct arena *arena, const struct program *program, const struct json *list, struct instance *instance)
{
	if (!list || json_kind(list) != JSON_LIST)
		return false;
	for (const struct json *item = json_first(list); item; item = json_next(item))
		if (!read_undo(arena, program, item, instance, list_add(arena, &instance->undos)))
			return false;
	return true;
}

static bool read_id(const struct json *json, struct record_id *id_out)
{
	return json && json_kind(json) == JSON_TEXT && record_id_parse(json_text(json), id_out) == OK;
}

static bool read_early(struct arena *arena, const struct json *list, struct instance *instance)
{
	if (list && json_kind(list) != JSON_LIST)
		return false;
	for (const struct json *item = list ? json_first(list) : NULL; item; item = json_next(item)) {
		struct early_wait *early = list_add(arena, &instance->early);
		const struct json *key = json_member(item, TEXT("key"));
		if (!key || json_kind(key) != JSON_TEXT || !read_int(item, "number", &early->number) ||
		    early->number >= LIMIT_EARLY_WAITS)
			return false;
		early->key = json_text(key);
	}
	return true;
}

static bool read_signal(struct arena *arena, const struct program *program, const struct json *json, struct kept_signal *signal)
{
	const struct json *event = json_member(json, TEXT("event")), *value = json_member(json, TEXT("value"));
	if (!event || json_kind(event) != JSON_TEXT || !value || !read_id(json_member(json, TEXT("id")), &signal->event) ||
	    workflow_value_read(arena, program, value, &signal->value) != OK)
		return false;
	signal->kind = schema_event(&program->schema, json_text(event));
	return signal->kind && signal->value.kind == (signal->kind->entity ? VALUE_REF : VALUE_RECORD) &&
	       (signal->kind->entity || signal->value.count == signal->kind->field_count) &&
	       read_int(json, "fits", &signal->fits) && read_int(json, "perhaps", &signal->perhaps);
}

static bool read_signals(struct arena *arena, const struct program *program, const struct json *list, struct instance *instance)
{
	if (list && json_kind(list) != JSON_LIST)
		return false;
	for (const struct json *item = list ? json_first(list) : NULL; item; item = json_next(item))
		if (!read_signal(arena, program, item, list_add(arena, &instance->signals)))
			return false;
	return true;
}

static bool read_rest(const struct json *json, struct instance *instance)
{
	const struct json *sentence = json_member(json, TEXT("sentence")), *cancelled = json_member(json, TEXT("cancelled"));
	if (!sentence || json_kind(sentence) != JSON_TEXT || !cancelled || json_kind(cancelled) != JSON_BOOL)
		return false;
	if (json_member(json, TEXT("cause")) && !read_id(json_member(json, TEXT("cause")), &instance->cause))
		return false;
	instance->sentence = json_text(sentence);
	instance->cancelled = json_bool(cancelled);
	return read_int(json, "rests", &instance->rests) && read_int(json, "undo_rest", &instance->undo_rest);
}

enum status instance_read(struct arena *arena, const struct program *program, struct text data, struct instance *instance,
			  struct error *error)
{
	const struct json *json;
	if (json_parse(arena, data, &json, error) == OK &&
	    read_frame(arena, program, json_member(json, TEXT("frame")), instance) &&
	    read_strands(arena, json_member(json, TEXT("strands")), instance) &&
	    read_undos(arena, program, json_member(json, TEXT("undo")), instance) &&
	    read_early(arena, json_member(json, TEXT("early")), instance) &&
	    read_signals(arena, program, json_member(json, TEXT("signals")), instance) && read_rest(json, instance))
		return OK;
	char id[RECORD_ID_TEXT + 1];
	record_id_write(instance->id, id);
	return error_set(error, INVALID,
			 "the data of instance %s of workflow %.*s can not be read; was its row changed by hand?", id,
			 TEXT_ARGS(instance->workflow->name));
}
