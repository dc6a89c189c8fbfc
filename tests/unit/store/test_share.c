/* Tenants with packs of their own over the same tables: what each needs is there, and what one's packs do to its rows is done
 * to no other's. docs/decisions/0018-tenants-share-tables.md */
#include "tests/unit/store/sample.h"

#include "runtime/store/inside.h"
#include "runtime/store/stack.h"

enum { HOUSE, ACME, GLOBEX };

/* thing(name, level, size) of the house, which all three run at first, with a row for each: level middle, size 5. */
struct shared {
	struct sample sample;
	struct entity *thing;
	struct text changes;
	uint64_t hash;
	activation_list past;
};

static struct shared shared;

static const char *const TENANTS[] = {"default", "acme", "globex"};

static void schema_begin(void)
{
	sample_schema(&shared.sample);
	shared.thing = sample_entity(&shared.sample, "thing");
	shared.sample.program.hash = ++shared.hash;
}

static struct field *add(const char *name, const struct type *type)
{
	return sample_field(&shared.sample, shared.thing, name, type);
}

static struct field *add_text(const char *name)
{
	return add(name, sample_type(&shared.sample, TYPE_TEXT));
}

static struct field *add_int(const char *name)
{
	return add(name, sample_type(&shared.sample, TYPE_INT));
}

static void add_level(void)
{
	add("level", sample_enum(&shared.sample, 3, "low", "middle", "high"));
}

static void house_schema(void)
{
	schema_begin();
	add_text("name");
	add_level();
	add_int("size");
}

static enum status activate_from(int64_t tenant, int64_t origin)
{
	struct sample *sample = &shared.sample;
	hash_list packs = {0};
	struct activating activating = {.program = &sample->program,
					.packs = &packs,
					.tenant = tenant,
					.tenant_name = text_from(TENANTS[tenant]),
					.origin = origin,
					.by = TEXT("test")};

	sample->program.schema.entities = sample->entities.items;
	sample->program.schema.entity_count = sample->entities.count;
	enum status status = stack_activate(sample->store, &activating, &sample->arena, &shared.changes, &sample->error);
	store_use_program(sample->store, &sample->program);
	return status;
}

static void activate(int64_t tenant)
{
	if (activate_from(tenant, 0) != OK)
		fail_msg("%s", shared.sample.error.sentence);
}

static void refused(int64_t tenant, const char *words)
{
	assert_int_equal(activate_from(tenant, 0), INVALID);
	if (!strstr(shared.sample.error.sentence, words))
		fail_msg("%s", shared.sample.error.sentence);
}

static void migrates(const struct migration *steps, uint32_t count)
{
	shared.sample.program.migrations = steps;
	shared.sample.program.migration_count = count;
}

/* `sql` must be a literal. */
static int64_t number(const char *sql)
{
	int64_t found = -1;

	if (store_number(shared.sample.store, sql, &found, &shared.sample.error) != OK)
		fail_msg("%s: %s", sql, shared.sample.error.sentence);
	return found;
}

static bool tables_know(const char *sql_like)
{
	struct text_builder sql = {.arena = &shared.sample.arena};

	builder_format(&sql, "SELECT count(*) FROM _meta WHERE name='layout' AND value LIKE '%%\"name\":\"%s\"%%'", sql_like);
	return number(builder_text(&sql).bytes) == 1;
}

static struct record_id row_make(int64_t tenant, const char *name)
{
	struct value *values = sample_values(&shared.sample, shared.thing);
	const struct field *level = entity_field(shared.thing, TEXT("level"));

	store_use_tenant(shared.sample.store, tenant);
	values[FIELD_FIRST_OWN] = value_text(text_from(name));
	values[level->index] = (struct value){.kind = VALUE_ENUM, .count = 1, .enumeration = level->type->enumeration};
	values[entity_field(shared.thing, TEXT("size"))->index] = value_int(5);
	return sample_create(&shared.sample, shared.thing, values);
}

static int shared_open(void **state)
{
	struct sample *sample = &shared.sample;
	int64_t tenant;

	(void)state;
	shared.hash = 0;
	sample_open(sample);
	assert_int_equal(store_make_own_tables(sample->store, &sample->error), OK);
	assert_int_equal(store_begin(sample->store, &sample->error), OK);
	for (int i = ACME; i <= GLOBEX; i++)
		assert_int_equal(tenant_create(sample->store, text_from(TENANTS[i]), 1, &tenant, &sample->error), OK);
	assert_int_equal(store_commit(sample->store, &sample->error), OK);
	house_schema();
	activate(HOUSE);
	for (int i = HOUSE; i <= GLOBEX; i++)
		row_make(i, TENANTS[i]);
	return 0;
}

static int shared_close(void **state)
{
	(void)state;
	sample_close(&shared.sample);
	return 0;
}

/* --- what each needs */
static void test_two_types_of_one_field_are_refused(void **state)
{
	(void)state;
	schema_begin();
	add_text("name");
	add_level();
	add_text("size");
	refused(ACME, "thing.size is text in the packs of `acme`, and int in the packs of `default`");
	assert_int_equal(number("SELECT count(*) FROM _activation"), 1);
	/* when everybody goes there, nobody has the other type any more; but rows hold it */
	refused(HOUSE, "thing.size was int and is now text");
}

static void test_columns_are_for_all_and_demanded_by_all_or_none(void **state)
{
	(void)state;
	house_schema();
	add_text("colour");
	((struct field *)&shared.thing->fields[FIELD_FIRST_OWN])->required = true;
	activate(ACME);
	row_make(ACME, "own");
	house_schema(); /* who does not know of the column writes as ever; and may leave the name open */
	shared.sample.program.hash = 1;
	shared.sample.program.schema.entities = shared.sample.entities.items;
	shared.sample.program.schema.entity_count = shared.sample.entities.count;
	store_use_program(shared.sample.store, &shared.sample.program);
	store_use_tenant(shared.sample.store, GLOBEX);
	struct value *values = sample_values(&shared.sample, shared.thing);
	sample_create(&shared.sample, shared.thing, values);
	assert_int_equal(number("SELECT count(*) FROM thing WHERE name IS NULL"), 1);
	assert_int_equal(number("SELECT count(*) FROM thing"), 5);
}

static void test_a_default_is_given_to_their_rows_alone(void **state)
{
	(void)state;
	for (int64_t tenant = ACME; tenant >= HOUSE; tenant--) {
		house_schema();
		add_int("weight")->fallback = sample_constant(&shared.sample, value_int(7));
		activate(tenant);
		assert_int_equal(number("SELECT count(*) FROM thing WHERE weight=7 AND _tenant=1"), 1);
		assert_int_equal(number("SELECT count(*) FROM thing WHERE weight=7"), tenant == ACME ? 1 : 3);
		store_forget_programs(shared.sample.store);
	}
}

static void test_what_one_makes_unique_others_may_have_twice(void **state)
{
	(void)state;
	house_schema();
	((struct field *)&shared.thing->fields[FIELD_FIRST_OWN])->unique = true;
	activate(ACME);
	house_schema();
	store_use_program(shared.sample.store, &shared.sample.program);
	row_make(GLOBEX, "globex");
	assert_int_equal(number("SELECT count(*) FROM thing WHERE name='globex'"), 2);
	house_schema();
	((struct field *)&shared.thing->fields[FIELD_FIRST_OWN])->unique = true;
	refused(HOUSE, "`unique thing: name` can not be made: 2 rows have the same values");
}

/* --- migrations touch their own rows */
static void test_a_rename_beside_others(void **state)
{
	static const struct migration rename = {
		.kind = MIGRATION_RENAME, .entity = {"thing", 5}, .field = {"size", 4}, .to = {"extent", 6}};

	(void)state;
	for (int64_t tenant = ACME; tenant >= HOUSE; tenant--) {
		schema_begin();
		add_text("name");
		add_level();
		add_int("extent")->required = true;
		migrates(&rename, 1);
		activate(tenant);
		assert_int_equal(number("SELECT count(*) FROM thing WHERE extent=5 AND _tenant=1"), 1);
		assert_int_equal(number("SELECT count(*) FROM thing WHERE extent=5"), tenant == ACME ? 1 : 3);
		if (tenant == ACME)
			assert_int_equal(number("SELECT count(*) FROM thing WHERE size=5 AND _tenant<>1"), 2);
		assert_int_equal(tables_know("size"), tenant == ACME);
		store_forget_programs(shared.sample.store);
	}
}

static void test_a_renamed_table_of_others_is_refused(void **state)
{
	static const struct migration rename = {.kind = MIGRATION_RENAME, .entity = {"thing", 5}, .to = {"item", 4}};

	(void)state;
	sample_schema(&shared.sample);
	shared.thing = sample_entity(&shared.sample, "item");
	shared.sample.program.hash = ++shared.hash;
	add_text("name");
	migrates(&rename, 1);
	refused(ACME, "thing can not be renamed to item, for packs of other tenants have it");
}

static void test_values_are_updated_in_their_rows(void **state)
{
	static const struct migration update = {.kind = MIGRATION_UPDATE,
						.entity = {"thing", 5},
						.field = {"level", 5},
						.from = {"middle", 6},
						.to = {"high", 4}};

	(void)state;
	schema_begin();
	add_text("name");
	add("level", sample_enum(&shared.sample, 2, "low", "high"));
	add_int("size");
	refused(ACME, "the value `middle` of thing.level is gone, but 1 rows hold it");
	migrates(&update, 1);
	activate(ACME);
	assert_int_equal(number("SELECT count(*) FROM thing WHERE level='high' AND _tenant=1"), 1);
	assert_int_equal(number("SELECT count(*) FROM thing WHERE level='middle' AND _tenant<>1"), 2);
}

static void test_what_one_drops_others_keep(void **state)
{
	static const struct migration drop = {.kind = MIGRATION_DROP, .entity = {"thing", 5}, .field = {"size", 4}};

	(void)state;
	schema_begin();
	add_text("name");
	add_level();
	refused(ACME, "the field thing.size is gone, but 1 rows hold a value in it");
	migrates(&drop, 1);
	activate(ACME);
	assert_int_equal(number("SELECT count(*) FROM thing WHERE size=5 AND _tenant<>1"), 2);
	assert_int_equal(number("SELECT count(*) FROM thing WHERE size IS NULL AND _tenant=1"), 1);
}

static void test_a_dropped_table_of_others(void **state)
{
	static const struct migration drop = {.kind = MIGRATION_DROP, .entity = {"thing", 5}};

	(void)state;
	sample_schema(&shared.sample);
	shared.sample.program.hash = ++shared.hash;
	refused(ACME, "the entity thing is gone, but has 1 rows");
	migrates(&drop, 1);
	activate(ACME);
	assert_int_equal(number("SELECT count(*) FROM thing"), 2);
	assert_int_equal(number("SELECT count(*) FROM thing WHERE _tenant=1"), 0);
}

/* --- back */
static void test_what_nobody_knows_stays_while_rows_hold_it(void **state)
{
	(void)state;
	house_schema();
	add_int("weight")->fallback = sample_constant(&shared.sample, value_int(7));
	activate(ACME);
	house_schema();
	assert_int_equal(activate_from(ACME, 1), OK); /* goes back */
	assert_true(tables_know("weight"));
	house_schema();
	add_text("colour");
	activate(GLOBEX); /* somebody else's packs change the table */
	assert_int_equal(number("SELECT count(*) FROM thing WHERE weight=7 AND _tenant=1"), 1);
	house_schema();
	refused(ACME, "the field thing.weight is gone, but 1 rows hold a value in it");
}

/* --- seals */
static const struct code *sealed_when_middle(void)
{
	struct sample *sample = &shared.sample;
	const struct field *level = entity_field(shared.thing, TEXT("level"));
	struct step step = {.operation = STEP_FIELD_IN_CONSTANT, .d = 1, .b = level->index};
	struct value middle = {.kind = VALUE_ENUM, .count = 1, .enumeration = level->type->enumeration};
	struct value list = {.kind = VALUE_LIST, .count = 1, .items = arena_copy(&sample->arena, &middle, sizeof middle)};
	struct code code = {.steps = arena_copy(&sample->arena, &step, sizeof step),
			    .step_count = 1,
			    .slot_count = 2,
			    .parameter_count = 1,
			    .constants = arena_copy(&sample->arena, &list, sizeof list),
			    .constant_count = 1,
			    .result = 1};

	return arena_copy(&sample->arena, &code, sizeof code);
}

static enum status past_the_store(const char *sql)
{
	struct store *store = shared.sample.store;
	enum status status = store_begin(store, &shared.sample.error);

	if (status == OK)
		status = database_execute(store->database, sql, &shared.sample.error);
	store_rollback(store);
	return status;
}

static void test_a_seal_is_of_those_whose_packs_have_it(void **state)
{
	(void)state;
	house_schema();
	shared.thing->sealed_when = sealed_when_middle();
	activate(ACME);
	assert_int_equal(past_the_store("UPDATE thing SET name='x' WHERE _tenant=1"), CONFLICT);
	assert_int_equal(past_the_store("UPDATE thing SET name='x' WHERE _tenant=2"), OK);
	house_schema();
	shared.thing->sealed_when = sealed_when_middle();
	activate(HOUSE);
	assert_int_equal(past_the_store("UPDATE thing SET name='x' WHERE _tenant=2"), CONFLICT);
}

int main(void)
{
#define SHARED(test) cmocka_unit_test_setup_teardown(test, shared_open, shared_close)
	const struct CMUnitTest tests[] = {
		SHARED(test_two_types_of_one_field_are_refused),
		SHARED(test_columns_are_for_all_and_demanded_by_all_or_none),
		SHARED(test_a_default_is_given_to_their_rows_alone),
		SHARED(test_what_one_makes_unique_others_may_have_twice),
		SHARED(test_a_rename_beside_others),
		SHARED(test_a_renamed_table_of_others_is_refused),
		SHARED(test_values_are_updated_in_their_rows),
		SHARED(test_what_one_drops_others_keep),
		SHARED(test_a_dropped_table_of_others),
		SHARED(test_what_nobody_knows_stays_while_rows_hold_it),
		SHARED(test_a_seal_is_of_those_whose_packs_have_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
