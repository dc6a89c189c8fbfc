/* Queries against an oracle that looks at every row in memory: random rows, random terms. The store may answer more than asked
 * where it leaves a term to the engine, never less, and nothing more where it decides by itself. */
#include "runtime/store/inside.h"
#include "tests/unit/store/sample.h"

#include <stdlib.h>

enum { OWNERS = 12, THINGS = 60, ROUNDS = 1500, TERMS = 3 };

struct world {
	struct sample sample;
	struct entity *owner, *thing;
	const struct type *level;
	struct value *owners[OWNERS], *things[THINGS];
	unsigned seed;
};

/* Fields of both, after the standard ones. */
enum { NAME = FIELD_FIRST_OWN, LEVEL, SCORE, OWNER_FIELDS };
enum { OF = FIELD_FIRST_OWN, TEXT_FIELD, AMOUNT, AT, ON, TERM_DURATION, THING_LEVEL, PARENT, THING_FIELDS };

static uint32_t pick(struct world *world, uint32_t below)
{
	return (uint32_t)rand_r(&world->seed) % below;
}

static struct value decimal(struct world *world)
{
	struct decimal number = {.mantissa = (__int128)pick(world, 5) * (pick(world, 2) ? 10 : 1), .scale = 0};

	/* the same number written with and without a zero at its end */
	if (pick(world, 2)) {
		number.mantissa *= 10;
		number.scale = 1;
	}
	return value_number(VALUE_DECIMAL, number);
}

static struct value random_value(struct world *world, const struct type *type)
{
	static const char *const words[] = {"", "a", "b", "ab", "B", "ü", "z"};

	switch (type->kind) {
	case TYPE_TEXT:
		return value_text(text_from(words[pick(world, 7)]));
	case TYPE_INT:
		return value_int((int64_t)pick(world, 6) - 3);
	case TYPE_DECIMAL:
		return decimal(world);
	case TYPE_TIME:
		return value_time(pick(world, 5) * 1000);
	case TYPE_BOOL:
		return value_bool(pick(world, 2));
	case TYPE_DURATION:
		return value_duration(pick(world, 3), pick(world, 2) ? UNIT_SECOND : UNIT_WORK_DAY);
	case TYPE_ENUM:
		return (struct value){.kind = VALUE_ENUM, .count = pick(world, 3), .enumeration = type->enumeration};
	case TYPE_REF:
		return type->entity == world->owner ? world->owners[pick(world, OWNERS)][FIELD_ID]
						    : world->things[pick(world, THINGS)][FIELD_ID];
	default:
		return value_missing();
	}
}

static struct value *row_create(struct world *world, const struct entity *entity, struct record_id known)
{
	struct value *values = sample_values(&world->sample, entity);

	values[FIELD_ID] = value_ref(entity->index, known);
	values[FIELD_CREATED_AT] = values[FIELD_UPDATED_AT] = value_time(pick(world, 5) * 1000);
	values[FIELD_VERSION] = value_int(1);
	for (uint32_t i = FIELD_FIRST_OWN; i < entity->field_count; i++)
		if (pick(world, 4) && !(entity == world->thing && i == PARENT))
			values[i] = random_value(world, entity->fields[i].type);
	if (sample_apply(&world->sample, CHANGE_CREATE, entity, known, NULL, values) != OK)
		fail_msg("%s", world->sample.error.sentence);
	return values;
}

static void world_open(struct world *world)
{
	struct sample *sample = &world->sample;

	world->seed = 20260327;
	sample_open(sample);
	world->level = sample_enum(sample, 3, "low", "middle", "high");
	world->owner = sample_entity(sample, "owner");
	sample_field(sample, world->owner, "name", sample_type(sample, TYPE_TEXT));
	sample_field(sample, world->owner, "level", world->level);
	sample_field(sample, world->owner, "score", sample_type(sample, TYPE_INT));
	world->thing = sample_entity(sample, "thing");
	sample_field(sample, world->thing, "of", sample_ref(sample, world->owner));
	sample_field(sample, world->thing, "text", sample_type(sample, TYPE_TEXT));
	sample_field(sample, world->thing, "amount", sample_type(sample, TYPE_DECIMAL));
	sample_field(sample, world->thing, "at", sample_type(sample, TYPE_TIME));
	sample_field(sample, world->thing, "on", sample_type(sample, TYPE_BOOL));
	sample_field(sample, world->thing, "term", sample_type(sample, TYPE_DURATION));
	sample_field(sample, world->thing, "level", world->level);
	sample_field(sample, world->thing, "parent", sample_ref(sample, world->thing));
	sample_index(sample, world->thing, false, 2, OF, THING_LEVEL);
	if (sample_migrate(sample, NULL) != OK)
		fail_msg("%s", sample->error.sentence);
	for (int i = 0; i < OWNERS; i++)
		world->owners[i] = row_create(world, world->owner, sample_id(sample));
	for (int i = 0; i < THINGS; i++) {
		world->things[i] = row_create(world, world->thing, sample_id(sample));
		if (!i || !pick(world, 3))
			continue;
		struct value *after = arena_copy(&sample->arena, world->things[i], sizeof *after * THING_FIELDS);
		after[PARENT] = world->things[pick(world, (uint32_t)i)][FIELD_ID];
		assert_int_equal(sample_apply(sample, CHANGE_UPDATE, world->thing, after[FIELD_ID].id, world->things[i], after),
				 OK);
		after[FIELD_VERSION] = value_int(2);
		world->things[i] = after;
	}
}

/* --- the oracle */
static struct value *row_find(struct world *world, const struct entity *entity, struct value ref)
{
	bool owner = entity == world->owner;

	for (int i = 0; ref.kind == VALUE_REF && i < (owner ? OWNERS : THINGS); i++) {
		struct value *row = owner ? world->owners[i] : world->things[i];
		if (id_equal(row[FIELD_ID].id, ref.id))
			return row;
	}
	return NULL;
}

static bool compare(struct value left, enum comparison comparison, struct value right)
{
	int order;

	if (comparison == COMPARE_IS_SET || comparison == COMPARE_NOT_SET)
		return (left.kind == VALUE_MISSING) == (comparison == COMPARE_NOT_SET);
	if (left.kind == VALUE_MISSING || right.kind == VALUE_MISSING)
		return false;
	if (comparison == COMPARE_EQUAL || comparison == COMPARE_NOT_EQUAL)
		return value_equal(left, right) == (comparison == COMPARE_EQUAL);
	if (comparison == COMPARE_IN && right.kind == VALUE_LIST) {
		for (uint32_t i = 0; i < right.count; i++)
			if (value_equal(left, right.items[i]))
				return true;
		return false;
	}
	if (comparison == COMPARE_IN)
		return compare(left, COMPARE_GREATER_EQUAL, right.items[0]) &&
		       compare(left, COMPARE_LESS_EQUAL, right.items[1]);
	if (value_compare(left, right, &order) != OK)
		return false;
	return comparison == COMPARE_LESS         ? order < 0
	       : comparison == COMPARE_LESS_EQUAL ? order <= 0
	       : comparison == COMPARE_GREATER    ? order > 0
						  : order >= 0;
}

static bool holds(struct world *world, struct value *row, const struct query_term *term, const struct value *parameters)
{
	const struct entity *entity = world->thing;
	struct value value = value_missing();

	for (uint32_t i = 0; i < term->path_length; i++) {
		value = row ? row[term->path[i]] : value_missing();
		entity = entity->fields[term->path[i]].type->entity;
		row = i + 1 < term->path_length ? row_find(world, entity, value) : NULL;
	}
	return compare(value, term->comparison, parameters[term->parameter]);
}

/* --- random questions */
static const struct field *random_path(struct world *world, uint16_t *path, uint32_t *length_out)
{
	const struct entity *entity = world->thing;
	uint32_t length = 0;

	for (;;) {
		path[length] = (uint16_t)pick(world, entity->field_count);
		const struct field *field = &entity->fields[path[length++]];
		*length_out = length;
		if (path[length - 1] == FIELD_ID || field->type->kind != TYPE_REF || length == 3 || !pick(world, 3))
			return field;
		entity = field->type->entity;
	}
}

static struct value random_parameter(struct world *world, const struct type *type, enum comparison comparison)
{
	if (!pick(world, 40))
		return value_missing();
	if (comparison != COMPARE_IN)
		return random_value(world, type);
	bool range = pick(world, 2) && type->kind != TYPE_REF && type->kind != TYPE_ENUM && type->kind != TYPE_BOOL;
	uint32_t count = range ? 2 : pick(world, 4);
	struct value *items = arena_array(&world->sample.arena, struct value, 4);
	for (uint32_t i = 0; i < count; i++)
		items[i] = random_value(world, type);
	if (!range && count && !pick(world, 5))
		items[0] = value_missing();
	return (struct value){.kind = range ? VALUE_RANGE : VALUE_LIST, .count = count, .items = items};
}

static bool has_order(const struct type *type)
{
	return type->kind != TYPE_REF && type->kind != TYPE_BOOL;
}

/* Whether the store promises to decide it alone. */
static bool is_exact(const struct type *type, enum comparison comparison, struct value parameter)
{
	bool equality = comparison == COMPARE_EQUAL || comparison == COMPARE_NOT_EQUAL ||
			(comparison == COMPARE_IN && parameter.kind == VALUE_LIST);

	if (comparison == COMPARE_IS_SET || comparison == COMPARE_NOT_SET)
		return true;
	if (type->kind == TYPE_DURATION)
		return false;
	return equality || (type->kind != TYPE_DECIMAL && type->kind != TYPE_ENUM);
}

/* Two of them, whichever, and no more: where the store does not decide alone, more than two may be needed. */
static void ask_for_two(struct world *world, struct query query, const struct value *parameters, bool exact,
			const struct value *const *all, uint32_t all_count)
{
	struct ports *ports = &world->sample.ports;
	const struct value *const *rows;
	uint32_t count, two = all_count < 2 ? all_count : 2;

	query.most = 2;
	assert_int_equal(
		ports->query(ports->host, &world->sample.arena, &query, parameters, &rows, &count, &world->sample.error), OK);
	assert_true(count == two || (!exact && count == all_count));
	for (uint32_t i = 0, at = 0; i < count; i++) {
		while (at < all_count && !id_equal(rows[i][FIELD_ID].id, all[at][FIELD_ID].id))
			at++;
		assert_true(at++ < all_count);
	}
}

static void ask(struct world *world, uint32_t round)
{
	uint16_t paths[TERMS][3];
	struct query_term terms[TERMS];
	struct value parameters[TERMS];
	struct query *query = arena_new(&world->sample.arena, struct query);
	bool exact = true;
	const struct value *const *rows;
	uint32_t count, at = 0;

	*query = (struct query){
		.entity = world->thing, .terms = terms, .term_count = pick(world, TERMS + 1), .parameter_count = TERMS};
	for (uint32_t i = 0; i < query->term_count; i++) {
		uint32_t length;
		const struct field *field = random_path(world, paths[i], &length);
		enum comparison comparison = pick(world, COMPARE_NOT_SET + 1);
		if (comparison >= COMPARE_LESS && comparison <= COMPARE_GREATER_EQUAL && !has_order(field->type))
			comparison = COMPARE_EQUAL;
		parameters[i] = random_parameter(world, field->type, comparison);
		terms[i] = (struct query_term){paths[i], length, comparison, i};
		exact = exact && is_exact(field->type, comparison, parameters[i]);
	}
	struct ports *ports = &world->sample.ports;
	if (ports->query(ports->host, &world->sample.arena, query, parameters, &rows, &count, &world->sample.error) != OK)
		fail_msg("round %u: %s", round, world->sample.error.sentence);
	for (uint32_t i = 1; i < count; i++)
		assert_true(rows[i - 1][FIELD_ID].id.high < rows[i][FIELD_ID].id.high ||
			    (rows[i - 1][FIELD_ID].id.high == rows[i][FIELD_ID].id.high &&
			     rows[i - 1][FIELD_ID].id.low < rows[i][FIELD_ID].id.low));
	ask_for_two(world, *query, parameters, exact, rows, count);
	for (int t = 0; t < THINGS; t++) {
		bool wanted = true, found = false;
		for (uint32_t i = 0; i < query->term_count && wanted; i++)
			wanted = holds(world, world->things[t], &terms[i], parameters);
		for (at = 0; at < count && !found; at++)
			found = id_equal(rows[at][FIELD_ID].id, world->things[t][FIELD_ID].id);
		if (wanted ? !found : found && exact)
			fail_msg("round %u: row %d is %s", round, t, found ? "too much" : "lost");
	}
}

static void test_random(void **state)
{
	struct world world;

	(void)state;
	world_open(&world);
	for (uint32_t round = 0; round < ROUNDS; round++)
		ask(&world, round);
	sample_close(&world.sample);
}

/* A term over a computed field is none for the store. */
static void test_computed_is_left_to_the_engine(void **state)
{
	struct world world;
	uint16_t path[] = {TEXT_FIELD};
	struct query_term term = {path, 1, COMPARE_EQUAL, 0};
	struct value parameter = value_text(TEXT("x"));
	const struct value *const *rows;
	uint32_t count;

	(void)state;
	sample_open(&world.sample);
	world.thing = sample_entity(&world.sample, "thing");
	sample_field(&world.sample, world.thing, "a", sample_type(&world.sample, TYPE_TEXT));
	sample_field(&world.sample, world.thing, "b", sample_type(&world.sample, TYPE_TEXT))->computed =
		sample_constant(&world.sample, parameter);
	struct query query = {.entity = world.thing, .terms = &term, .term_count = 1, .parameter_count = 1};
	assert_int_equal(sample_migrate(&world.sample, NULL), OK);
	sample_create(&world.sample, world.thing, sample_values(&world.sample, world.thing));
	struct ports *ports = &world.sample.ports;
	assert_int_equal(ports->query(ports->host, &world.sample.arena, &query, &parameter, &rows, &count, &world.sample.error),
			 OK);
	assert_int_equal(count, 1);
	assert_int_equal(rows[0][TEXT_FIELD].kind, VALUE_MISSING);
	sample_close(&world.sample);
}

/* Statements are kept by what a query asks, not by where it lies: a host's own queries come and go. */
static void test_queries_at_one_address(void **state)
{
	struct world world;
	struct query query = {0};
	const struct value *const *rows;
	uint32_t count;

	(void)state;
	world_open(&world);
	struct ports *ports = &world.sample.ports;
	query.entity = world.thing;
	assert_int_equal(ports->query(ports->host, &world.sample.arena, &query, NULL, &rows, &count, &world.sample.error), OK);
	assert_int_equal(count, THINGS);
	query.entity = world.owner;
	assert_int_equal(ports->query(ports->host, &world.sample.arena, &query, NULL, &rows, &count, &world.sample.error), OK);
	assert_int_equal(count, OWNERS);
	sample_close(&world.sample);
}

/* SQLite reads a tenant's whole table where it does not know better. */
static void test_references_are_found_by_their_index(void **state)
{
	struct world world;
	uint16_t path[] = {PARENT};
	struct query_term term = {path, 1, COMPARE_EQUAL, 0};
	struct pushed_term pushed;
	struct statement *statement;
	bool row;

	(void)state;
	world_open(&world);
	struct store *store = world.sample.store;
	const struct schema *schema = &world.sample.program.schema;
	struct query query = {.entity = world.thing, .terms = &term, .term_count = 1, .parameter_count = 1};
	struct text_builder sql = {.arena = &world.sample.arena};
	builder_add_string(&sql, "EXPLAIN QUERY PLAN ");
	assert_true(term_push(&query, schema, 0, world.things[0][FIELD_ID], &pushed));
	sql_query(&sql, store->dialect, &query, schema, &pushed, 1, 0);
	if (store->dialect == &dialect_sqlite) {
		assert_int_equal(database_prepare(store->database, builder_text(&sql), &statement, &world.sample.error), OK);
		statement_bind(statement, 1, sql_integer(0));
		statement_bind(statement, 2, sql_null());
		assert_int_equal(statement_step(statement, &row, &world.sample.error), OK);
		assert_true(row &&
			    text_find(statement_column(statement, 3).text, TEXT("USING INDEX index thing: parent")) >= 0);
		statement_close(statement);
	}
	sample_close(&world.sample);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_computed_is_left_to_the_engine),
		cmocka_unit_test(test_queries_at_one_address),
		cmocka_unit_test(test_references_are_found_by_their_index),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
