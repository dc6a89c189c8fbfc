/* A schema that changes under stored rows: what is done by itself, what is refused and how it is said, what a migration allows.
 */
#include "tests/unit/store/sample.h"

#include <stdlib.h>
#include <unistd.h>

#include "runtime/store/inside.h"
#include "runtime/store/outbox.h"

/* Version one of a schema: thing(name required unique?, level enum, amount int, of ref owner) with two rows. */
struct story {
	struct sample sample;
	struct entity *owner, *thing;
	struct record_id owner_id, ids[2];
};

static void migrate(struct story *story, enum status wanted, const char *words)
{
	struct text changes = {0};
	enum status status = sample_migrate(&story->sample, &changes);
	const char *said = status == OK ? (changes.bytes ? changes.bytes : "") : story->sample.error.sentence;

	if (status != wanted || (words && !strstr(said, words)))
		fail_msg("%s: \"%s\"", status_name(status), said);
}

static void schema_begin(struct story *story)
{
	sample_schema(&story->sample);
	story->owner = sample_entity(&story->sample, "owner");
	story->thing = sample_entity(&story->sample, "thing");
}

static const struct field *add(struct story *story, const char *name, const struct type *type)
{
	return sample_field(&story->sample, story->thing, name, type);
}

static void first_version(struct story *story)
{
	struct sample *sample = &story->sample;

	schema_begin(story);
	add(story, "name", sample_type(sample, TYPE_TEXT));
	add(story, "level", sample_enum(sample, 3, "low", "middle", "high"));
	add(story, "amount", sample_type(sample, TYPE_INT));
	add(story, "of", sample_ref(sample, story->owner));
}

static void story_open(struct story *story)
{
	struct sample *sample = &story->sample;

	sample_open(sample);
	first_version(story);
	migrate(story, OK, "add thing");
	story->owner_id = sample_create(sample, story->owner, sample_values(sample, story->owner));
	for (int i = 0; i < 2; i++) {
		struct value *values = sample_values(sample, story->thing);
		values[4] = value_text(i ? TEXT("two") : TEXT("one"));
		values[5] = (struct value){
			.kind = VALUE_ENUM, .count = (uint32_t)i, .enumeration = story->thing->fields[5].type->enumeration};
		values[6] = value_int(i);
		values[7] = value_ref(story->owner->index, story->owner_id);
		story->ids[i] = sample_create(sample, story->thing, values);
	}
}

static struct value read_field(struct story *story, int row, const char *name)
{
	const struct field *field = entity_field(story->thing, text_from(name));

	return sample_read(&story->sample, story->thing, story->ids[row])[field->index];
}

static void test_nothing_changed(void **state)
{
	struct story story;

	(void)state;
	story_open(&story);
	first_version(&story);
	struct text changes = TEXT("?");
	assert_int_equal(sample_migrate(&story.sample, &changes), OK);
	assert_int_equal(changes.length, 0);
	assert_int_equal(read_field(&story, 1, "amount").integer, 1);
	sample_close(&story.sample);
}

static void test_additions(void **state)
{
	struct story story;
	struct sample *sample = &story.sample;

	(void)state;
	story_open(&story);
	schema_begin(&story);
	struct field *name = sample_field(sample, story.thing, "name", sample_type(sample, TYPE_TEXT));
	name->required = name->unique = true;
	add(&story, "urgency", sample_enum(sample, 2, "calm", "now"));
	struct field *count = sample_field(sample, story.thing, "count", sample_type(sample, TYPE_INT));
	count->required = true;
	count->fallback = sample_constant(sample, value_int(7));
	add(&story, "level", sample_enum(sample, 4, "lowest", "low", "high", "middle")); /* one more, in another order */
	add(&story, "amount", sample_type(sample, TYPE_DECIMAL));
	add(&story, "of", sample_ref(sample, story.owner));
	sample_entity(sample, "another");
	sample_index(sample, story.thing, false, 2, 7, 4);
	migrate(&story, OK, "add thing.urgency enum");
	assert_int_equal(read_field(&story, 1, "count").integer, 7);
	assert_int_equal(read_field(&story, 1, "urgency").kind, VALUE_MISSING);
	assert_int_equal(read_field(&story, 1, "level").count, 3);
	assert_int_equal(read_field(&story, 0, "level").count, 1);
	assert_int_equal(read_field(&story, 1, "amount").kind, VALUE_DECIMAL);
	assert_int_equal((int)read_field(&story, 1, "amount").mantissa, 1);
	assert_int_equal(read_field(&story, 1, "of").kind, VALUE_REF);
	/* the new constraint is at work, and so are the references after the tables were made anew */
	struct value *values = sample_values(sample, story.thing);
	values[4] = value_text(TEXT("one"));
	values[6] = value_int(1);
	assert_int_equal(sample_apply(sample, CHANGE_CREATE, story.thing, sample_id(sample), NULL, values), CONFLICT);
	struct value *row = sample_read(sample, story.owner, story.owner_id);
	assert_int_equal(sample_apply(sample, CHANGE_DELETE, story.owner, story.owner_id, row, NULL), CONFLICT);
	sample_close(sample);
}

static void test_field_gone(void **state)
{
	struct story story;
	struct sample *sample = &story.sample;

	(void)state;
	story_open(&story);
	schema_begin(&story);
	add(&story, "name", sample_type(sample, TYPE_TEXT));
	migrate(&story, INVALID, "rename thing.level to NEW");
	assert_non_null(strstr(sample->error.sentence, "migration \"2.0.0\" {"));
	assert_non_null(strstr(sample->error.sentence, "drop thing.amount"));
	/* nothing was done */
	first_version(&story);
	migrate(&story, OK, "");
	assert_int_equal(read_field(&story, 1, "level").count, 1);
	/* and with the migration it is */
	const struct migration steps[] = {
		{.kind = MIGRATION_DROP, .entity = TEXT("thing"), .field = TEXT("level")},
		{.kind = MIGRATION_DROP, .entity = TEXT("thing"), .field = TEXT("of")},
		{.kind = MIGRATION_RENAME, .entity = TEXT("thing"), .field = TEXT("amount"), .to = TEXT("total")},
	};
	schema_begin(&story);
	add(&story, "name", sample_type(sample, TYPE_TEXT));
	add(&story, "total", sample_type(sample, TYPE_INT));
	sample->program.migrations = steps;
	sample->program.migration_count = 3;
	migrate(&story, OK, "rename thing.amount to total");
	assert_int_equal(read_field(&story, 1, "total").integer, 1);
	/* again: nothing left to do */
	struct text changes;
	assert_int_equal(sample_migrate(sample, &changes), OK);
	assert_int_equal(changes.length, 0);
	sample_close(sample);
}

static void test_empty_field_may_go(void **state)
{
	struct story story;
	struct sample *sample = &story.sample;

	(void)state;
	sample_open(sample);
	first_version(&story);
	migrate(&story, OK, NULL);
	schema_begin(&story);
	migrate(&story, OK, "drop thing.level");
	sample_close(sample);
}

static void test_entity_gone(void **state)
{
	struct story story;
	struct sample *sample = &story.sample;

	(void)state;
	story_open(&story);
	sample_schema(sample);
	story.owner = sample_entity(sample, "owner");
	migrate(&story, INVALID, "the entity thing is gone, but has 2 rows");
	const struct migration rename = {.kind = MIGRATION_RENAME, .entity = TEXT("thing"), .to = TEXT("item")};
	sample_schema(sample);
	story.owner = sample_entity(sample, "owner");
	story.thing = sample_entity(sample, "item");
	add(&story, "name", sample_type(sample, TYPE_TEXT));
	add(&story, "level", sample_enum(sample, 3, "low", "middle", "high"));
	add(&story, "amount", sample_type(sample, TYPE_INT));
	add(&story, "of", sample_ref(sample, story.owner));
	sample->program.migrations = &rename;
	sample->program.migration_count = 1;
	migrate(&story, OK, "rename thing to item");
	assert_int_equal(read_field(&story, 1, "amount").integer, 1);
	/* the owner of kept rows can not go, whatever a migration says */
	const struct migration drop = {.kind = MIGRATION_DROP, .entity = TEXT("owner")};
	sample_schema(sample);
	story.thing = sample_entity(sample, "item");
	add(&story, "name", sample_type(sample, TYPE_TEXT));
	sample->program.migrations = &drop;
	sample->program.migration_count = 1;
	migrate(&story, INVALID, "item.of");
	sample_close(sample);
}

static void test_type_and_values(void **state)
{
	struct story story;
	struct sample *sample = &story.sample;

	(void)state;
	story_open(&story);
	schema_begin(&story);
	add(&story, "name", sample_type(sample, TYPE_TIME));
	add(&story, "level", sample_enum(sample, 2, "low", "high"));
	add(&story, "amount", sample_type(sample, TYPE_INT));
	add(&story, "of", sample_ref(sample, story.owner));
	migrate(&story, INVALID, "thing.name was text and is now time");
	assert_non_null(strstr(sample->error.sentence, "the value `middle` of thing.level is gone, but 1 rows hold it"));
	const struct migration steps[] = {
		{.kind = MIGRATION_DROP, .entity = TEXT("thing"), .field = TEXT("name")},
		{.kind = MIGRATION_UPDATE,
		 .entity = TEXT("thing"),
		 .field = TEXT("level"),
		 .from = TEXT("middle"),
		 .to = TEXT("high")},
	};
	sample->program.migrations = steps;
	sample->program.migration_count = 2;
	migrate(&story, OK, "change thing.name from text to time");
	assert_int_equal(read_field(&story, 1, "level").count, 1);
	assert_int_equal(read_field(&story, 1, "name").kind, VALUE_MISSING);
	sample_close(sample);
}

static void test_required_and_unique(void **state)
{
	struct story story;
	struct sample *sample = &story.sample;

	(void)state;
	story_open(&story);
	schema_begin(&story);
	add(&story, "name", sample_type(sample, TYPE_TEXT));
	add(&story, "level", sample_enum(sample, 3, "low", "middle", "high"));
	add(&story, "amount", sample_type(sample, TYPE_INT));
	sample_field(sample, story.thing, "of", sample_ref(sample, story.owner))->unique = true;
	sample_field(sample, story.thing, "must", sample_type(sample, TYPE_TEXT))->required = true;
	migrate(&story, INVALID, "thing.must is new and required, but 2 rows have no value for it");
	assert_non_null(strstr(sample->error.sentence, "`unique thing: of` can not be made"));
	sample_close(sample);
}

static void test_file_stays(void **state)
{
	struct story story;
	struct sample *sample = &story.sample;
	char path[] = P_tmpdir "/store_test_XXXXXX";
	int file = mkstemp(path);

	(void)state;
	assert_true(file >= 0);
	close(file);
	sample_open(sample);
	sample_store(sample, path);
	first_version(&story);
	migrate(&story, OK, NULL);
	struct value *values = sample_values(sample, story.thing);
	values[4] = value_text(TEXT("kept"));
	story.ids[0] = sample_create(sample, story.thing, values);
	sample_store(sample, path); /* closed and opened again */
	struct text changes = TEXT("?");
	assert_int_equal(sample_migrate(sample, &changes), OK);
	assert_int_equal(changes.length, 0);
	assert_true(text_is(value_as_text(read_field(&story, 0, "name")), "kept"));
	sample_close(sample);
	unlink(path);
}

/* Tables of our own as an older stellwerk made them get the columns they lack, and keep their rows. */
static void test_older_tables(void **state)
{
	struct story story;
	struct sample *sample = &story.sample;
	struct arena *arena = &sample->arena;
	struct call call = {
		.id = {1, 2}, .connector = TEXT("c"), .action = TEXT("c.a"), .arguments = TEXT("{}"), .request = TEXT("new")};
	call_list calls = {0};

	(void)state;
	story_open(&story);
	assert_int_equal(store_begin(sample->store, &sample->error), OK);
	assert_int_equal(call_add(sample->store, &call, &sample->error), OK);
	assert_int_equal(store_commit(sample->store, &sample->error), OK);
	store_forget(sample->store);
	assert_int_equal(database_execute(sample->store->database, "ALTER TABLE _call DROP COLUMN request", &sample->error),
			 OK);
	migrate(&story, OK, NULL);
	call.id.low++;
	assert_int_equal(store_begin(sample->store, &sample->error), OK);
	assert_int_equal(call_add(sample->store, &call, &sample->error), OK);
	assert_int_equal(store_commit(sample->store, &sample->error), OK);
	assert_int_equal(calls_list(sample->store, arena, &(struct call_filter){.most = 9}, &calls, &sample->error), OK);
	assert_int_equal(calls.count, 2);
	for (uint32_t i = 0; i < 2; i++)
		assert_true(text_is(calls.items[i].request, calls.items[i].id.low == 2 ? "" : "new"));
	sample_close(sample);
}

static void test_no_database(void **state)
{
	struct store *store;
	struct error error;

	(void)state;
	assert_int_equal(store_open("/nowhere/at/all.db", &store, &error), INVALID);
	assert_non_null(strstr(error.sentence, "/nowhere/at/all.db"));
	assert_int_equal(store_open("tests/CMakeLists.txt", &store, &error), INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_changed),     cmocka_unit_test(test_additions),
		cmocka_unit_test(test_field_gone),          cmocka_unit_test(test_empty_field_may_go),
		cmocka_unit_test(test_entity_gone),         cmocka_unit_test(test_type_and_values),
		cmocka_unit_test(test_required_and_unique), cmocka_unit_test(test_file_stays),
		cmocka_unit_test(test_older_tables),        cmocka_unit_test(test_no_database),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
