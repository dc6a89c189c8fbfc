/* From a value of one program to the same one of another, by the names of entities, fields and values of enumerations. Must
 * never convert: what was an int is no decimal. */
#include "engine/workflow_move.h"

/* The fields of what is a RECORD value: of a record type, or of an event. */
static uint32_t member_count(const struct type *type)
{
	return type->kind == TYPE_EVENT ? type->event->field_count : type->record->count;
}

static struct record_field member_at(const struct type *type, uint32_t index)
{
	if (type->kind == TYPE_RECORD)
		return type->record->fields[index];
	const struct field *field = &type->event->fields[index];
	return (struct record_field){.name = field->name, .type = field->type, .required = field->required};
}

static bool member_find(const struct type *type, struct text name, uint32_t *index_out)
{
	for (uint32_t i = 0; i < member_count(type); i++)
		if (text_equal(member_at(type, i).name, name)) {
			*index_out = i;
			return true;
		}
	return false;
}

/* What is new may be not set; what is gone is not asked for. */
static bool members_match(const struct type *was, const struct type *is)
{
	for (uint32_t i = 0; i < member_count(is); i++) {
		struct record_field member = member_at(is, i);
		uint32_t old;
		bool found = member_find(was, member.name, &old);
		if (found ? !types_match(member_at(was, old).type, member.type) : member.required)
			return false;
		if (found && member.required && !member_at(was, old).required)
			return false;
	}
	return true;
}

bool types_match(const struct type *was, const struct type *is)
{
	if (!was || !is || was->kind != is->kind)
		return was == is;
	switch (was->kind) {
	case TYPE_ENUM:
		return text_equal(was->enumeration->name, is->enumeration->name);
	case TYPE_REF:
		return text_equal(was->entity->name, is->entity->name);
	case TYPE_LIST:
	case TYPE_RANGE:
		return types_match(was->element, is->element);
	case TYPE_EVENT:
		return text_equal(was->event->name, is->event->name) && members_match(was, is);
	case TYPE_RECORD:
		return members_match(was, is);
	case TYPE_ERROR:
		return false;
	default:
		return true;
	}
}

static bool enum_carry(const struct enumeration *is, struct value value, struct value *value_out)
{
	struct text name = value.enumeration->values[value.count].name;
	for (uint32_t i = 0; i < is->count; i++)
		if (text_equal(is->values[i].name, name)) {
			value_out->enumeration = is;
			value_out->count = i;
			return true;
		}
	return false;
}

static bool elements_carry(struct arena *arena, const struct type *was, const struct type *is, struct value value,
			   struct value *value_out)
{
	uint32_t count = value.kind == VALUE_RANGE ? 2 : value.count;
	struct value *items = arena_array(arena, struct value, count + 1);
	value_out->items = items;
	for (uint32_t i = 0; i < count; i++)
		if (!value_carry(arena, was->element, is->element, value.items[i], &items[i]))
			return false;
	return true;
}

static bool members_carry(struct arena *arena, const struct type *was, const struct type *is, struct value value,
			  struct value *value_out)
{
	uint32_t count = member_count(is), old;
	struct value *items = arena_array(arena, struct value, count + 1);
	value_out->items = items;
	value_out->count = count;
	for (uint32_t i = 0; i < count; i++) {
		struct record_field member = member_at(is, i);
		items[i] = value_missing();
		if (member_find(was, member.name, &old) && old < value.count &&
		    !value_carry(arena, member_at(was, old).type, member.type, value.items[old], &items[i]))
			return false;
	}
	return true;
}

bool value_carry(struct arena *arena, const struct type *was, const struct type *is, struct value value,
		 struct value *value_out)
{
	*value_out = value;
	switch (value.kind) {
	case VALUE_ENUM:
		return is->kind == TYPE_ENUM && enum_carry(is->enumeration, value, value_out);
	case VALUE_REF:
		value_out->entity = is->kind == TYPE_REF ? (uint16_t)is->entity->index : value.entity;
		return is->kind == TYPE_REF;
	case VALUE_LIST:
	case VALUE_RANGE:
		return is->element && elements_carry(arena, was, is, value, value_out);
	case VALUE_RECORD:
		return (is->kind == TYPE_RECORD || is->kind == TYPE_EVENT) && members_carry(arena, was, is, value, value_out);
	default:
		return true;
	}
}
