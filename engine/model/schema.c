/* Names looked up in the schema. */
#include "engine/model/schema.h"

const struct entity *schema_entity(const struct schema *schema, struct text name)
{
	return map_get(&schema->entity_by_name, name);
}

const struct event_kind *schema_event(const struct schema *schema, struct text name)
{
	return map_get(&schema->event_by_name, name);
}

const struct field *entity_field(const struct entity *entity, struct text name)
{
	return map_get(&entity->field_by_name, name);
}

const struct field *event_field(const struct event_kind *event, struct text name)
{
	return map_get(&event->field_by_name, name);
}
