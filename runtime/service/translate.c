/* From the values of one program to those of another, by the names of fields and the form that JSON gives them. Must never
 * guess: a field that only one of them has is not set. */
#include "runtime/service/translate.h"

#include "engine/base/json.h"

static enum status value_translate(struct arena *arena, const struct field *from, struct value value, const struct field *to,
				   const struct schema *schema, struct value *value_out, struct error *error)
{
	struct text_builder text = {.arena = arena};
	struct json_writer writer = {.text = &text};
	const struct json *json;

	*value_out = value_missing();
	if (value.kind == VALUE_MISSING)
		return OK;
	json_open_list(&writer);
	value_to_json(&writer, value, from->type);
	json_close_list(&writer);
	enum status status = json_parse(arena, builder_text(&text), &json, error);
	return status == OK ? value_from_json(arena, schema, to->type, json_first(json), to->name, value_out, error) : status;
}

struct fields {
	const struct field *items;
	uint32_t count;
};

static const struct field *field_named(struct fields fields, struct text name)
{
	for (uint32_t i = 0; i < fields.count; i++)
		if (text_equal(fields.items[i].name, name))
			return &fields.items[i];
	return NULL;
}

static enum status values_translate(struct arena *arena, struct fields from, const struct value *values, struct fields to,
				    const struct schema *schema, const struct value **values_out, struct error *error)
{
	struct value *made = arena_array(arena, struct value, to.count + 1);
	enum status status = OK;

	*values_out = values ? made : NULL;
	for (uint32_t i = 0; values && i < to.count && status == OK; i++) {
		const struct field *field = field_named(from, to.items[i].name);
		if (field && !field->computed && !to.items[i].computed)
			status = value_translate(arena, field, values[field->index], &to.items[i], schema, &made[i], error);
	}
	return status;
}

enum status event_translate(struct arena *arena, const struct event *event, const struct schema *schema,
			    const struct event **event_out, struct error *error)
{
	const struct event_kind *kind = schema_event(schema, event->kind->name);
	const struct entity *was = event->kind->entity, *is = kind ? kind->entity : NULL;
	struct event *made = arena_copy(arena, event, sizeof *event);

	*event_out = NULL;
	if (!kind || kind->origin != event->kind->origin || !was != !is)
		return OK;
	struct fields from = {event->kind->fields, event->kind->field_count}, to = {kind->fields, kind->field_count};
	made->kind = kind;
	made->cause = NULL;
	made->rule = RULE_NONE;
	enum status status = values_translate(arena, from, event->fields, to, schema, &made->fields, error);
	if (status == OK && was) {
		struct fields row_from = {was->fields, was->field_count}, row_to = {is->fields, is->field_count};
		status = values_translate(arena, row_from, event->before, row_to, schema, &made->before, error);
		if (status == OK)
			status = values_translate(arena, row_from, event->after, row_to, schema, &made->after, error);
	}
	if (status == OK)
		*event_out = made;
	return status;
}
