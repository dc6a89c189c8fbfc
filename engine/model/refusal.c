/* The sentences of what no rows may be: which record, which fields, which values. Must never decide that it is so: whoever asks
 * knows already. */
#include "engine/model/refusal.h"

static struct text values_show(struct arena *arena, const struct entity *entity, const struct value *values,
			       const uint16_t *fields, uint32_t count)
{
	struct text_builder text = {.arena = arena};
	for (uint32_t i = 0; i < count; i++) {
		bool quote = values[fields[i]].kind == VALUE_TEXT;
		builder_format(&text, "%s%.*s = ", i ? " and " : "", TEXT_ARGS(entity->fields[fields[i]].name));
		builder_add_string(&text, quote ? "\"" : "");
		value_write(&text, values[fields[i]], NULL);
		builder_add_string(&text, quote ? "\"" : "");
	}
	return builder_text(&text);
}

enum status refuse_double(struct error *error, struct arena *arena, const struct entity *entity, const struct value *values,
			  const uint16_t *fields, uint32_t count)
{
	return error_set(error, CONFLICT, "there is already another %.*s with %.*s", TEXT_ARGS(entity->name),
			 TEXT_ARGS(values_show(arena, entity, values, fields, count)));
}

enum status refuse_reference(struct error *error, const struct entity *entity, const struct field *field, struct record_id id)
{
	char id_text[RECORD_ID_TEXT + 1];
	record_id_write(id, id_text);
	return error_set(error, CONFLICT, "%.*s.%.*s refers to the %.*s %s, and there is none", TEXT_ARGS(entity->name),
			 TEXT_ARGS(field->name), TEXT_ARGS(field->type->entity->name), id_text);
}

enum status refuse_deletion(struct error *error, struct arena *arena, const struct entity *entity, const struct value *values,
			    const struct entity *referring, const struct field *field)
{
	return error_set(error, CONFLICT, "%.*s can not be deleted: a %.*s still refers to it in `%.*s`",
			 TEXT_ARGS(record_show(arena, entity, values)), TEXT_ARGS(referring->name), TEXT_ARGS(field->name));
}

enum status refuse_sealed(struct error *error, struct arena *arena, const struct entity *entity, const struct value *values)
{
	return error_set(error, CONFLICT, "%.*s is sealed: nothing may change or delete it; correct it by a new record",
			 TEXT_ARGS(record_show(arena, entity, values)));
}

struct text record_show(struct arena *arena, const struct entity *entity, const struct value *values)
{
	const struct field *name = entity_field(entity, TEXT("name"));
	uint32_t best = FIELD_ID;
	for (uint32_t i = entity->field_count; i-- > FIELD_FIRST_OWN;)
		if (values[i].kind == VALUE_TEXT && (entity->fields[i].unique || entity->fields[i].sequence))
			best = i;
	if (best == FIELD_ID && name && values[name->index].kind == VALUE_TEXT)
		best = name->index;
	return text_format(arena, "%.*s %.*s", TEXT_ARGS(entity->name), TEXT_ARGS(value_show(arena, values[best], NULL)));
}
