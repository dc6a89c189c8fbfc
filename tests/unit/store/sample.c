/* See sample.h. */
#include "tests/unit/store/sample.h"

#include <stdlib.h>

#include "runtime/store/database.h"

/* The tests run on every database: where it is not SQLite in memory, the environment names it, and each test begins with
 * nothing. */
static const char *sample_where(struct sample *sample)
{
	const char *where = getenv("STELLWERK_TEST_DATABASE");
	struct database *database;

	if (!where)
		return ":memory:";
	assert_int_equal(database_open(where, &database, &sample->error), OK);
	assert_int_equal(database_execute(database, "DROP SCHEMA public CASCADE;CREATE SCHEMA public", &sample->error), OK);
	database_close(database);
	return where;
}

void sample_open(struct sample *sample)
{
	*sample = (struct sample){.next_id = 1};
	arena_init(&sample->arena, "sample", 0);
	sample_schema(sample);
	sample_store(sample, sample_where(sample));
}

void sample_store(struct sample *sample, const char *path)
{
	store_close(sample->store);
	assert_int_equal(store_open(path, &sample->store, &sample->error), OK);
	store_ports(sample->store, &sample->ports);
}

void sample_close(struct sample *sample)
{
	store_close(sample->store);
	arena_release(&sample->arena);
}

void sample_schema(struct sample *sample)
{
	struct entity *entity = NULL;

	sample->program = (struct program){.version = TEXT("2.0.0")};
	sample->entities.count = 0;
#define SYSTEM_ENTITY(name, NAME, label) entity = sample_entity(sample, name);
#define SYSTEM_FIELD(owner, name, NAME, kind) sample_field(sample, entity, name, sample_type(sample, kind));
#include "engine/model/system.def"
#undef SYSTEM_ENTITY
#undef SYSTEM_FIELD
	(void)entity;
}

enum status sample_migrate(struct sample *sample, struct text *changes_out)
{
	sample->program.schema.entities = sample->entities.items;
	sample->program.schema.entity_count = sample->entities.count;
	return store_migrate(sample->store, &sample->program, &sample->arena, changes_out, &sample->error);
}

struct entity *sample_entity(struct sample *sample, const char *name)
{
	struct entity *entity = arena_new(&sample->arena, struct entity);

	entity->name = text_from(name);
	entity->index = (uint16_t)sample->entities.count;
	entity->field_by_name = map_in(&sample->arena);
	entity->fields = arena_array(&sample->arena, struct field, 64);
	*list_add(&sample->arena, &sample->entities) = entity;
	sample_field(sample, entity, "id", sample_ref(sample, entity));
	sample_field(sample, entity, "created_at", sample_type(sample, TYPE_TIME));
	sample_field(sample, entity, "updated_at", sample_type(sample, TYPE_TIME));
	sample_field(sample, entity, "version", sample_type(sample, TYPE_INT));
	return entity;
}

struct field *sample_field(struct sample *sample, struct entity *entity, const char *name, const struct type *type)
{
	struct field *field = (struct field *)&entity->fields[entity->field_count];

	(void)sample;
	*field = (struct field){.name = text_from(name), .type = type, .index = entity->field_count++};
	map_put(&entity->field_by_name, field->name, field);
	return field;
}

void sample_index(struct sample *sample, struct entity *entity, bool unique, uint32_t count, ...)
{
	struct index *indexes = arena_array(&sample->arena, struct index, entity->index_count + 1);
	uint16_t *fields = arena_array(&sample->arena, uint16_t, count);
	va_list arguments;

	va_start(arguments, count);
	for (uint32_t i = 0; i < count; i++)
		fields[i] = (uint16_t)va_arg(arguments, int);
	va_end(arguments);
	if (entity->index_count)
		memcpy(indexes, entity->indexes, sizeof *indexes * entity->index_count);
	indexes[entity->index_count++] = (struct index){fields, count, unique};
	entity->indexes = indexes;
}

const struct type *sample_type(struct sample *sample, enum type_kind kind)
{
	struct type *type = arena_new(&sample->arena, struct type);

	type->kind = kind;
	return type;
}

const struct type *sample_enum(struct sample *sample, uint32_t count, ...)
{
	struct type *type = arena_new(&sample->arena, struct type);
	struct enumeration *enumeration = arena_new(&sample->arena, struct enumeration);
	struct enum_value *values = arena_array(&sample->arena, struct enum_value, count);
	va_list arguments;

	va_start(arguments, count);
	for (uint32_t i = 0; i < count; i++)
		values[i].name = text_from(va_arg(arguments, const char *));
	va_end(arguments);
	*enumeration = (struct enumeration){.values = values, .count = count};
	*type = (struct type){.kind = TYPE_ENUM, .enumeration = enumeration};
	return type;
}

const struct type *sample_ref(struct sample *sample, const struct entity *entity)
{
	struct type *type = arena_new(&sample->arena, struct type);

	*type = (struct type){.kind = TYPE_REF, .entity = entity};
	return type;
}

const struct type *sample_of(struct sample *sample, enum type_kind kind, const struct type *element)
{
	struct type *type = arena_new(&sample->arena, struct type);

	*type = (struct type){.kind = kind, .element = element};
	return type;
}

const struct code *sample_constant(struct sample *sample, struct value value)
{
	struct code *code = arena_new(&sample->arena, struct code);
	struct step *step = arena_new(&sample->arena, struct step);

	step->operation = STEP_CONSTANT;
	*code = (struct code){.steps = step, .step_count = 1, .slot_count = 1, .result = 0};
	code->constants = arena_copy(&sample->arena, &value, sizeof value);
	return code;
}

struct record_id sample_id(struct sample *sample)
{
	uint64_t number = sample->next_id++;

	/* not ascending in their low half, as hashes are */
	return (struct record_id){.high = 1000 + number / 3, .low = number * 0x9e3779b97f4a7c15ull};
}

struct value *sample_values(struct sample *sample, const struct entity *entity)
{
	return arena_array(&sample->arena, struct value, entity->field_count);
}

enum status sample_apply(struct sample *sample, enum change_kind kind, const struct entity *entity, struct record_id id,
			 struct value *before, struct value *after)
{
	struct change change = {.kind = kind, .entity = entity, .id = id, .before = before, .after = after, .rule = RULE_NONE};
	struct change *items[] = {&change};
	struct plan plan = {.changes = {.items = items, .count = 1}};

	assert_int_equal(store_begin(sample->store, &sample->error), OK);
	enum status status = store_apply(sample->store, &plan, &sample->error);
	if (status == OK)
		status = store_commit(sample->store, &sample->error);
	else
		store_rollback(sample->store);
	return status;
}

struct record_id sample_create(struct sample *sample, const struct entity *entity, struct value *after)
{
	struct record_id id = sample_id(sample);
	enum status status = sample_apply(sample, CHANGE_CREATE, entity, id, NULL, after);

	if (status != OK)
		fail_msg("%s", sample->error.sentence);
	return id;
}

struct value *sample_read(struct sample *sample, const struct entity *entity, struct record_id id)
{
	struct value *values = sample_values(sample, entity);
	enum status status = sample->ports.read(sample->ports.host, &sample->arena, entity, id, values, &sample->error);

	if (status != OK)
		fail_msg("%s", status == NOT_FOUND ? "not found" : sample->error.sentence);
	return values;
}
