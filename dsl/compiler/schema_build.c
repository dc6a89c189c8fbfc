/* The schema: the engine's own entities, those of the packs with what later layers add, the state that clocks keep; and every
 * event: declared ones, each entity's three, each clock's three. Only names, fields and types; what computes is
 * schema_bodies.c. */
#include "dsl/compiler/schema_draft.h"

enum { MAX_ENTITIES = 65000 };

const struct code SCHEMA_PENDING;

/* --- entities */
static struct entity_draft *entity_add(struct compiler *compiler, struct text name, struct text label, struct text module)
{
	struct entity *entity = arena_new(compiler->arena, struct entity);
	*entity = (struct entity){.name = name, .label = label, .module = module, .index = (uint16_t)compiler->entities.count};
	*list_add(compiler->arena, &compiler->entities) = entity;
	struct entity_draft *draft = list_add(compiler->arena, &compiler->draft->entities);
	draft->entity = entity;
	map_put(&compiler->program->schema.entity_by_name, name, entity);
	compiler->program->schema.entities = compiler->entities.items;
	compiler->program->schema.entity_count = compiler->entities.count;
	field_add(compiler, &draft->fields, TEXT("id"), type_ref(compiler, entity));
	field_add(compiler, &draft->fields, TEXT("created_at"), type_simple(compiler, TYPE_TIME));
	field_add(compiler, &draft->fields, TEXT("updated_at"), type_simple(compiler, TYPE_TIME));
	field_add(compiler, &draft->fields, TEXT("version"), type_simple(compiler, TYPE_INT));
	for (uint32_t i = 0; i < draft->fields.count; i++)
		draft->fields.items[i].field.required = true;
	return draft;
}

static void system_entities(struct compiler *compiler)
{
	struct entity_draft *draft = NULL;
#define SYSTEM_ENTITY(name, NAME, label) draft = entity_add(compiler, TEXT(name), TEXT(label), (struct text){0});
#define SYSTEM_FIELD(entity, name, NAME, kind) field_add(compiler, &draft->fields, TEXT(name), type_simple(compiler, kind));
#define SYSTEM_EVENT(name, NAME, label)
#define SYSTEM_EVENT_FIELD(event, name, NAME, kind)
#include "engine/model/system.def"
#undef SYSTEM_ENTITY
#undef SYSTEM_FIELD
#undef SYSTEM_EVENT
#undef SYSTEM_EVENT_FIELD
}

static struct text name_of(struct compiler *compiler, const struct declaration *declaration)
{
	const struct syntax *name = syntax_with_role(declaration->syntax, ROLE_name);
	return name ? syntax_text(compiler, declaration->file, name) : (struct text){0};
}

static void report_taken(struct compiler *compiler, const struct declaration *declaration, struct text name, const char *what)
{
	const struct syntax *at = syntax_with_role(declaration->syntax, ROLE_name);
	diagnostic_add(compiler->diagnostics, DIAGNOSTIC_DECLARED_TWICE, span_in(declaration->file, at), "`%.*s` is already %s",
		       TEXT_ARGS(name), what);
}

static bool too_many(struct compiler *compiler, const struct declaration *declaration)
{
	if (compiler->entities.count < MAX_ENTITIES)
		return false;
	if (compiler->entities.count == MAX_ENTITIES)
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_TOO_MANY, span_in(declaration->file, declaration->syntax),
			       "this is one entity too many; %d are allowed", MAX_ENTITIES);
	return true;
}

static void entity_part_add(struct compiler *compiler, struct entity_draft *draft, const struct declaration *declaration)
{
	*list_add(compiler->arena, &draft->parts) = (struct entity_part){declaration->file, declaration->syntax};
	fields_collect(compiler, &draft->fields, declaration->file, declaration->syntax, false);
}

static void declared_entities(struct compiler *compiler)
{
	const declaration_list *declared = &compiler->by_kind[SYNTAX_entity];
	for (uint32_t i = 0; i < declared->count; i++) {
		struct declaration *declaration = declared->items[i];
		struct text name = name_of(compiler, declaration);
		const struct entity *taken = schema_entity(&compiler->program->schema, name);
		if (taken && taken->index < SYSTEM_ENTITY_COUNT)
			report_taken(compiler, declaration, name, "an entity of Stellwerk itself");
		if (taken || !name.length || too_many(compiler, declaration))
			continue;
		struct entity_draft *draft = entity_add(
			compiler, name, label_read(compiler, declaration->file, declaration->syntax), declaration->module);
		declaration->object = draft->entity;
		entity_part_add(compiler, draft, declaration);
	}
}

static void extended_entities(struct compiler *compiler)
{
	const declaration_list *declared = &compiler->by_kind[SYNTAX_extend_entity];
	for (uint32_t i = 0; i < declared->count; i++) {
		const struct declaration *declaration = declared->items[i];
		const struct syntax *target = syntax_with_role(declaration->syntax, ROLE_target);
		if (!target)
			continue;
		struct declaration *found = target_find(compiler, SPACE_ENTITY, declaration->file, target);
		if (!found || !found->object)
			continue;
		const struct entity *entity = found->object;
		entity_part_add(compiler, &compiler->draft->entities.items[entity->index], declaration);
	}
}

/* --- the state of clocks */
static const struct type *clock_states(struct compiler *compiler, struct text clock)
{
	static const struct enum_value STATES[] = {
		[CLOCK_RUNNING] = {.name = {"running", 7}},
		[CLOCK_PAUSED] = {.name = {"paused", 6}},
		[CLOCK_MET] = {.name = {"met", 3}},
		[CLOCK_BREACHED] = {.name = {"breached", 8}},
	};
	struct enumeration *states = arena_new(compiler->arena, struct enumeration);
	*states = (struct enumeration){text_format(compiler->arena, "%.*s.state", TEXT_ARGS(clock)), STATES, 4};
	*list_add(compiler->arena, &compiler->enumerations) = states;
	return type_enum(compiler, states);
}

static void clock_fields(struct compiler *compiler, field_list *fields, struct text clock, const struct entity *on)
{
	const struct type *time = type_simple(compiler, TYPE_TIME), *duration = type_simple(compiler, TYPE_DURATION);
	struct field *record = field_add(compiler, fields, on ? on->name : TEXT("record"),
					 on ? type_ref(compiler, on) : type_simple(compiler, TYPE_ERROR));
	record->required = true;
	field_add(compiler, fields, TEXT("state"), clock_states(compiler, clock)); /* missing while there is no target */
	field_add(compiler, fields, TEXT("started_at"), time);
	field_add(compiler, fields, TEXT("due_at"), time);
	field_add(compiler, fields, TEXT("elapsed"), duration);
	field_add(compiler, fields, TEXT("remaining"), duration);
	field_add(compiler, fields, TEXT("target"), duration);
	field_add(compiler, fields, TEXT("stopped_at"), time);
	field_add(compiler, fields, TEXT("pauses"), type_list(compiler, type_range(compiler, time)));
	field_add(compiler, fields, TEXT("warned"), type_simple(compiler, TYPE_INT));
}

static const struct entity *clock_entity(struct compiler *compiler, const struct declaration *declaration)
{
	const struct syntax *on = syntax_with_role(declaration->syntax, ROLE_entity);
	return on ? entity_read(compiler, declaration->file, on) : NULL;
}

static void clock_entities(struct compiler *compiler)
{
	const declaration_list *declared = &compiler->by_kind[SYNTAX_clock];
	uint32_t entities = compiler->entities.count;
	for (uint32_t i = 0; i < declared->count; i++) {
		struct declaration *declaration = declared->items[i];
		struct text name = name_of(compiler, declaration);
		const struct entity *taken = schema_entity(&compiler->program->schema, name);
		if (taken && taken->index < entities)
			report_taken(compiler, declaration, name,
				     "an entity; a clock keeps its state in an entity of its own name");
		if (taken || !name.length || too_many(compiler, declaration))
			continue;
		const struct entity *on = clock_entity(compiler, declaration);
		struct entity_draft *draft = entity_add(
			compiler, name, label_read(compiler, declaration->file, declaration->syntax), declaration->module);
		declaration->object = draft->entity;
		clock_fields(compiler, &draft->fields, name, on);
	}
}

/* --- events */
static struct event_draft *event_add(struct compiler *compiler, struct text name, struct text label, enum event_origin origin)
{
	struct event_kind *event = arena_new(compiler->arena, struct event_kind);
	*event = (struct event_kind){.name = name, .label = label, .index = compiler->events.count, .origin = origin};
	*list_add(compiler->arena, &compiler->events) = event;
	struct event_draft *draft = list_add(compiler->arena, &compiler->draft->events);
	draft->event = event;
	map_put(&compiler->program->schema.event_by_name, name, event);
	compiler->program->schema.events = compiler->events.items;
	compiler->program->schema.event_count = compiler->events.count;
	return draft;
}

static void system_events(struct compiler *compiler)
{
	struct event_draft *draft = NULL;
#define SYSTEM_ENTITY(name, NAME, label)
#define SYSTEM_FIELD(entity, name, NAME, kind)
#define SYSTEM_EVENT(name, NAME, label) draft = event_add(compiler, TEXT(name), TEXT(label), EVENT_SYSTEM);
#define SYSTEM_EVENT_FIELD(event, name, NAME, kind)                                                                            \
	field_add(compiler, &draft->fields, TEXT(name), type_simple(compiler, kind))->required = true;
#include "engine/model/system.def"
#undef SYSTEM_ENTITY
#undef SYSTEM_FIELD
#undef SYSTEM_EVENT
#undef SYSTEM_EVENT_FIELD
	(void)draft;
}

static const struct event_kind *entity_event(struct compiler *compiler, struct entity *entity, const char *what,
					     enum event_origin origin)
{
	struct text name = text_format(compiler->arena, "%.*s.%s", TEXT_ARGS(entity->name), what);
	struct event_draft *draft = event_add(compiler, name, entity->label, origin);
	draft->event->entity = entity;
	field_add(compiler, &draft->fields, entity->name, type_ref(compiler, entity))->required = true;
	return draft->event;
}

static void entity_events(struct compiler *compiler)
{
	for (uint32_t i = 0; i < compiler->draft->entities.count; i++) {
		struct entity *entity = compiler->draft->entities.items[i].entity;
		entity->created = entity_event(compiler, entity, "created", EVENT_CREATED);
		entity->updated = entity_event(compiler, entity, "updated", EVENT_UPDATED);
		entity->deleted = entity_event(compiler, entity, "deleted", EVENT_DELETED);
	}
}

static void clock_event(struct compiler *compiler, const struct entity *state, const char *what, bool percent)
{
	struct text name = text_format(compiler->arena, "%.*s.%s", TEXT_ARGS(state->name), what);
	struct event_draft *draft = event_add(compiler, name, state->label, EVENT_CLOCK);
	const struct field *record =
		&compiler->draft->entities.items[state->index].fields.items[FIELD_FIRST_OWN + CLOCK_RECORD].field;
	field_add(compiler, &draft->fields, record->name, record->type)->required = true;
	field_add(compiler, &draft->fields, TEXT("due_at"), type_simple(compiler, TYPE_TIME))->required = true;
	if (percent)
		field_add(compiler, &draft->fields, TEXT("percent"), type_simple(compiler, TYPE_PERCENT))->required = true;
}

static void clock_events(struct compiler *compiler)
{
	const declaration_list *declared = &compiler->by_kind[SYNTAX_clock];
	for (uint32_t i = 0; i < declared->count; i++) {
		const struct entity *state = declared->items[i]->object;
		if (!state)
			continue;
		clock_event(compiler, state, "warned", true);
		clock_event(compiler, state, "breached", false);
		clock_event(compiler, state, "met", false);
	}
}

static void declared_events(struct compiler *compiler)
{
	const declaration_list *declared = &compiler->by_kind[SYNTAX_event];
	for (uint32_t i = 0; i < declared->count; i++) {
		struct declaration *declaration = declared->items[i];
		struct text name = name_of(compiler, declaration);
		const struct event_kind *taken = schema_event(&compiler->program->schema, name);
		if (taken && taken->origin != EVENT_DECLARED)
			report_taken(compiler, declaration, name, "raised by Stellwerk itself");
		if (taken || !name.length)
			continue;
		struct text label = label_read(compiler, declaration->file, declaration->syntax);
		struct event_draft *draft = event_add(compiler, name, label, EVENT_DECLARED);
		draft->file = declaration->file;
		draft->syntax = declaration->syntax;
		declaration->object = draft->event;
		fields_collect(compiler, &draft->fields, declaration->file, declaration->syntax, true);
	}
}

void schema_build(struct compiler *compiler)
{
	compiler->draft = arena_new(compiler->arena, struct schema_draft);
	compiler->program->schema.entity_by_name = map_in(compiler->arena);
	compiler->program->schema.event_by_name = map_in(compiler->arena);
	system_entities(compiler);
	declared_entities(compiler);
	clock_entities(compiler);
	system_events(compiler);
	entity_events(compiler);
	clock_events(compiler);
	declared_events(compiler);
	extended_entities(compiler);
	fields_settle(compiler);
	for (uint32_t i = 0; i < compiler->draft->entities.count; i++) {
		indexes_build(compiler, &compiler->draft->entities.items[i]);
		transitions_build(compiler, &compiler->draft->entities.items[i]);
	}
	note_entities_find(compiler);
}
