/* Master data that packs ship, and the rows by which calendars and holidays are referred to: created when a program begins,
 * brought up to date when a later one says otherwise. */
#include "engine/parts.h"

static enum status plant(struct context *context, const struct write *write, const struct value *values, struct record_id id)
{
	const struct value *existing;
	enum status status = row_read(context, write->entity, id, &existing);
	if (status == OK)
		return row_update(context, write->entity, id, write->fields, values, write->field_count);
	return status == NOT_FOUND ? row_create_as(context, write, values, id) : status;
}

static enum status plant_seed(struct context *context, const struct seed *seed)
{
	struct value made;
	enum status status = eval_run(context, seed->code, frame_new(context, seed->code), &made);
	if (status == OK)
		status = plant(context, seed->write, made.items, seed->id);
	if (status != OK)
		return error_within(context->error, "record %.*s %.*s", TEXT_ARGS(seed->entity->name), TEXT_ARGS(seed->name));
	return OK;
}

static enum status plant_named(struct context *context, enum system_entity which, uint16_t name_field, struct record_id id,
			       struct text name)
{
	struct value values[] = {value_text(name)};
	uint16_t fields[] = {name_field};
	struct write write = {.entity = system_entity(context, which),
			      .fields = arena_copy(context->arena, fields, sizeof(fields)),
			      .field_count = 1};
	return plant(context, &write, values, id);
}

enum status seeds_plant(struct context *context)
{
	const struct program *program = context->program;
	enum status status = OK;
	for (uint32_t i = 0; status == OK && i < program->calendar_count; i++)
		status = plant_named(context, SYSTEM_CALENDAR, CALENDAR_NAME, program->calendar_ids[i],
				     program->calendars[i]->name);
	for (uint32_t i = 0; status == OK && i < program->holiday_count; i++)
		status = plant_named(context, SYSTEM_HOLIDAYS, HOLIDAYS_NAME, program->holiday_ids[i],
				     program->holidays[i]->name);
	context->planting = true;
	for (uint32_t i = 0; status == OK && i < program->seed_count; i++)
		status = plant_seed(context, &program->seeds[i]);
	context->planting = false;
	return status;
}
