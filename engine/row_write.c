/* Rows created, changed and deleted in the plan: defaults, numbers, and what a field may be. What hangs together with other
 * rows (uniqueness, references) is not asked here, statement by statement, but in constraint.c. */
#include "engine/context.h"
#include "engine/model/refusal.h"

#include <stdlib.h>

/* --- numbers */
static bool part_starts(struct text picture, uint32_t at, const char *name)
{
	return text_starts(text_slice(picture, at, picture.length), text_from(name));
}

/* Writes the picture; {n} and {n:6} with `number`, or as they stand for number < 0, which gives the sequence's key. */
static struct text sequence_write(struct context *context, struct text picture, int64_t number)
{
	struct text_builder text = {.arena = context->arena};
	date day;
	clock_time time;
	int year, month, of_month;
	moment_to_local(context->program->zone, context->now, &day, &time);
	date_to_civil(day, &year, &month, &of_month);
	for (uint32_t i = 0; i < picture.length;) {
		if (part_starts(picture, i, "{year}")) {
			builder_format(&text, "%04d", year);
			i += 6;
		} else if (part_starts(picture, i, "{month}")) {
			builder_format(&text, "%02d", month);
			i += 7;
		} else if (number >= 0 && part_starts(picture, i, "{n")) {
			int digits = picture.bytes[i + 2] == ':' ? atoi(picture.bytes + i + 3) : 1;
			builder_format(&text, "%0*lld", digits < 1 || digits > 18 ? 1 : digits, (long long)number);
			while (i < picture.length && picture.bytes[i++] != '}')
				;
		} else {
			builder_add_char(&text, picture.bytes[i++]);
		}
	}
	return builder_text(&text);
}

static struct taken_number *spare_smallest(struct context *context, struct text key)
{
	struct taken_number *smallest = NULL;
	for (uint32_t i = 0; i < context->spare.count; i++) {
		struct taken_number *spare = &context->spare.items[i];
		if (text_equal(spare->key, key) && (!smallest || spare->number < smallest->number))
			smallest = spare;
	}
	return smallest;
}

static enum status number_next(struct context *context, struct text key, int64_t *number_out)
{
	struct taken_number *spare = spare_smallest(context, key);
	if (spare) {
		*number_out = spare->number;
		*spare = *list_last(&context->spare);
		context->spare.count--;
	} else {
		enum status status = context->ports->next_number(context->ports->host, key, number_out, context->error);
		context->fatal |= status != OK;
		if (status != OK)
			return status;
	}
	*list_add(context->arena, &context->numbers) = (struct taken_number){.key = key, .number = *number_out};
	return OK;
}

enum status numbers_return(struct context *context)
{
	enum status status = OK;
	for (uint32_t i = 0; status == OK && i < context->spare.count; i++) {
		const struct taken_number *spare = &context->spare.items[i];
		if (spare == spare_smallest(context, spare->key))
			status =
				context->ports->return_numbers(context->ports->host, spare->key, spare->number, context->error);
	}
	context->fatal |= status != OK;
	return status;
}

static enum status field_number(struct context *context, const struct entity *entity, const struct field *field,
				struct value *value_out)
{
	int64_t number;
	struct text period = sequence_write(context, field->sequence->picture, -1);
	struct text key = text_format(context->arena, "%.*s.%.*s %.*s", TEXT_ARGS(entity->name), TEXT_ARGS(field->name),
				      TEXT_ARGS(period));
	enum status status = number_next(context, key, &number);
	if (status == OK)
		*value_out = value_text(sequence_write(context, field->sequence->picture, number));
	return status;
}

/* --- what a field may be */
static enum status check_value(struct context *context, const struct entity *entity, const struct field *field,
			       struct value value)
{
	if (value.kind == VALUE_MISSING && (field->required || field->key) && !field->computed)
		return error_set(context->error, INVALID, "%.*s needs `%.*s`, which is not set", TEXT_ARGS(entity->name),
				 TEXT_ARGS(field->name));
	if (field->max_length && value.kind == VALUE_TEXT && text_characters(value_as_text(value)) > field->max_length)
		return error_set(context->error, INVALID, "%.*s.%.*s may have %u characters; this text has %u",
				 TEXT_ARGS(entity->name), TEXT_ARGS(field->name), field->max_length,
				 text_characters(value_as_text(value)));
	return OK;
}

static enum status check_transition(struct context *context, const struct entity *entity, uint32_t field, struct value before,
				    struct value after)
{
	if (before.kind != VALUE_ENUM || after.kind != VALUE_ENUM || before.count == after.count)
		return OK;
	for (uint32_t i = 0; i < entity->transition_count; i++) {
		const struct transition_set *set = &entity->transitions[i];
		if (set->field != field || set->from[before.count] >> after.count & 1)
			continue;
		const struct enum_value *values = before.enumeration->values;
		return error_set(context->error, CONFLICT, "%.*s.%.*s can not go from %.*s to %.*s", TEXT_ARGS(entity->name),
				 TEXT_ARGS(entity->fields[field].name), TEXT_ARGS(values[before.count].name),
				 TEXT_ARGS(values[after.count].name));
	}
	return OK;
}

/* What this turn has made is not sealed before its end. */
static enum status check_seal(struct context *context, const struct row *row)
{
	const struct entity *entity = row->entity;
	struct value sealed = value_missing();
	if (!entity->sealed_when || (row->change && row->change->kind == CHANGE_CREATE))
		return OK;
	enum status status = eval_record(context, entity->sealed_when, entity, row->id, &sealed);
	if (status == OK && value_is_true(sealed))
		return refuse_sealed(context->error, context->arena, entity, row->values);
	return status;
}

/* --- telling the others */
static enum status raise_change(struct context *context, const struct event_kind *kind, const struct row *row,
				const struct value *before, const struct value *after)
{
	if (!kind || context->planting || context->engine->quiet[row->entity->index])
		return OK;
	struct value *alias = arena_new(context->arena, struct value);
	*alias = value_ref(row->entity->index, row->id);
	enum status status = event_raise(context, kind, alias);
	if (status != OK)
		return status;
	struct event *event = context->pending.items[context->pending.count - 1];
	event->before = before;
	event->after = after;
	return OK;
}

static enum status room_for_change(struct context *context)
{
	if (context->touched.count < LIMIT_TURN_CHANGES)
		return OK;
	context->fatal = true;
	return error_set(context->error, LIMIT, "the turn would change more than %d records", LIMIT_TURN_CHANGES);
}

/* --- create */
static enum status fill_field(struct context *context, const struct entity *entity, const struct field *field,
			      struct value *value)
{
	enum status status = OK;
	if (value->kind == VALUE_MISSING && field->fallback)
		status = eval_run(context, field->fallback, frame_new(context, field->fallback), value);
	else if (value->kind == VALUE_MISSING && field->sequence)
		status = field_number(context, entity, field, value);
	return status == OK ? check_value(context, entity, field, *value) : status;
}

/* A row of that id which this turn has deleted comes back: to the host it is changed. */
static struct change *change_for_create(struct context *context, const struct row *row, struct value *after)
{
	struct change *change = arena_new(context->arena, struct change);
	*change = (struct change){
		.kind = CHANGE_CREATE, .entity = row->entity, .id = row->id, .after = after, .rule = context->rule};
	if (!row->change || !row->change->before)
		return change;
	uint32_t words = (row->entity->field_count + 63u) / 64;
	change->kind = CHANGE_UPDATE;
	change->before = row->change->before;
	change->changed = memset(arena_array(context->arena, uint64_t, words), 0xff, words * sizeof(uint64_t));
	after[FIELD_VERSION] = value_int(change->before[FIELD_VERSION].integer + 1);
	return change;
}

static enum status create_in(struct context *context, const struct write *write, const struct value *values, struct row *row)
{
	const struct entity *entity = write->entity;
	enum status status = room_for_change(context);
	if (status != OK)
		return status;
	if (row->values)
		return error_set(context->error, CONFLICT, "there is already a %.*s of this id", TEXT_ARGS(entity->name));
	struct value *after = arena_array(context->arena, struct value, entity->field_count);
	after[FIELD_ID] = value_ref(entity->index, row->id);
	after[FIELD_CREATED_AT] = after[FIELD_UPDATED_AT] = value_time(context->now);
	after[FIELD_VERSION] = value_int(1);
	for (uint32_t i = 0; i < write->field_count; i++)
		after[write->fields[i]] = values[i];
	for (uint32_t i = FIELD_FIRST_OWN; status == OK && i < entity->field_count; i++)
		status = fill_field(context, entity, &entity->fields[i], &after[i]);
	if (status != OK)
		return status;
	row_put(context, row, after, change_for_create(context, row, after));
	return raise_change(context, entity->created, row, NULL, after);
}

enum status row_create(struct context *context, const struct write *write, const struct value *values, struct record_id *id_out)
{
	*id_out = id_next(context);
	return create_in(context, write, values, row_fresh(context, write->entity, *id_out));
}

enum status row_create_as(struct context *context, const struct write *write, const struct value *values, struct record_id id)
{
	struct row *row;
	enum status status = row_entry(context, write->entity, id, &row);
	return status == OK ? create_in(context, write, values, row) : status;
}

/* --- update */
/* The row's one change of the turn, with room for the new values; what it was comes from the first change. */
static struct change *change_for_update(struct context *context, const struct row *row, struct value *after)
{
	uint32_t words = (row->entity->field_count + 63u) / 64;
	struct change *change = arena_new(context->arena, struct change);
	if (row->change) {
		*change = *row->change;
		if (change->changed)
			change->changed = arena_copy(context->arena, change->changed, words * sizeof(uint64_t));
	} else {
		*change = (struct change){
			.kind = CHANGE_UPDATE,
			.entity = row->entity,
			.id = row->id,
			.before = arena_copy(context->arena, row->values, sizeof(struct value) * row->entity->field_count),
			.changed = arena_array(context->arena, uint64_t, words)};
		after[FIELD_VERSION].integer++;
	}
	change->after = after;
	change->rule = context->rule;
	return change;
}

static enum status write_fields(struct context *context, const struct row *row, struct value *after, const uint16_t *fields,
				const struct value *values, uint32_t count, bool *differs_out)
{
	enum status status = OK;
	*differs_out = false;
	for (uint32_t i = 0; status == OK && i < count; i++) {
		const struct field *field = &row->entity->fields[fields[i]];
		if (value_same(after[fields[i]], values[i]))
			continue;
		*differs_out = true;
		status = check_value(context, row->entity, field, values[i]);
		if (status == OK)
			status = check_transition(context, row->entity, fields[i], after[fields[i]], values[i]);
		after[fields[i]] = values[i];
	}
	return status;
}

enum status row_update(struct context *context, const struct entity *entity, struct record_id id, const uint16_t *fields,
		       const struct value *values, uint32_t count)
{
	struct row *row;
	bool differs = false;
	enum status status = row_entry(context, entity, id, &row);
	if (status != OK)
		return status;
	if (!row->values)
		return error_set(context->error, NOT_FOUND, "the %.*s to change does not exist any more",
				 TEXT_ARGS(entity->name));
	const struct value *before = row->values;
	struct value *after = arena_copy(context->arena, before, sizeof(*after) * entity->field_count);
	status = write_fields(context, row, after, fields, values, count, &differs);
	if (status != OK || !differs)
		return status;
	status = check_seal(context, row);
	if (status == OK)
		status = room_for_change(context);
	if (status != OK)
		return status;
	after[FIELD_UPDATED_AT] = value_time(context->now);
	struct change *change = change_for_update(context, row, after);
	for (uint32_t i = 0; change->changed && i < count; i++)
		change->changed[fields[i] / 64] |= (uint64_t)1 << fields[i] % 64;
	row_put(context, row, after, change);
	for (uint32_t i = 0; i < count; i++)
		plan_note_write(context, row, fields[i], before[fields[i]], after[fields[i]]);
	return raise_change(context, entity->updated, row, before, after);
}

/* --- delete */
static enum status row_erase(struct context *context, struct row *row)
{
	enum status status = check_seal(context, row);
	if (status != OK)
		return status;
	struct change *change = arena_new(context->arena, struct change);
	*change = (struct change){.kind = CHANGE_DELETE, .entity = row->entity, .id = row->id, .rule = context->rule};
	if (row->change)
		change->before = row->change->before; /* NULL: made in this turn, so in the end nothing has happened */
	else
		change->before = arena_copy(context->arena, row->values, sizeof(*row->values) * row->entity->field_count);
	row_put(context, row, NULL, change);
	return OK;
}

/* Its notes go with it, and tell nobody: their clocks do not hear of it either. */
static enum status notes_erase(struct context *context, const struct entity *entity, struct record_id id)
{
	struct row **notes = NULL;
	uint32_t count = 0;
	if (!entity->note_entity)
		return OK;
	enum status status = row_query_equal(context, entity->note_entity, entity->note_owner_field,
					     value_ref(entity->index, id), &notes, &count);
	for (uint32_t i = 0; status == OK && i < count; i++) {
		status = row_erase(context, notes[i]);
		if (status == OK)
			status = clocks_drop(context, entity->note_entity, notes[i]->id);
		if (status == OK)
			status = notes_erase(context, entity->note_entity, notes[i]->id);
	}
	return status;
}

enum status row_delete(struct context *context, const struct entity *entity, struct record_id id)
{
	struct row *row;
	enum status status = row_entry(context, entity, id, &row);
	if (status != OK)
		return status;
	if (!row->values)
		return error_set(context->error, NOT_FOUND, "the %.*s to delete does not exist any more",
				 TEXT_ARGS(entity->name));
	const struct value *before = row->values;
	status = row_erase(context, row);
	if (status == OK)
		status = notes_erase(context, entity, id);
	return status == OK ? raise_change(context, entity->deleted, row, before, NULL) : status;
}
