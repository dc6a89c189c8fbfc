/* Constraints and their sentences, versions, rollback, history, numbers, events, timers, settings. */
#include "tests/unit/store/sample.h"

#include "engine/base/json.h"
#include "runtime/store/inside.h"
#include "runtime/store/sql.h"

struct world {
	struct sample sample;
	struct entity *owner, *thing, *state, *note;
	uint16_t name, number, amount, of;
	struct clock clock;
	const struct clock *clocks[1];
};

static struct value decimal(const char *text)
{
	struct decimal number;

	assert_int_equal(decimal_parse(text_from(text), &number), OK);
	return value_number(VALUE_DECIMAL, number);
}

static void clock_state_add(struct world *world)
{
	struct sample *sample = &world->sample;
	const struct type *time = sample_type(sample, TYPE_TIME);

	world->state = sample_entity(sample, "deadline");
	sample_field(sample, world->state, "thing", sample_ref(sample, world->thing))->required = true;
	sample_field(sample, world->state, "state", sample_enum(sample, 4, "running", "paused", "met", "breached"));
	sample_field(sample, world->state, "started_at", time);
	world->clock = (struct clock){.entity = world->thing, .state = world->state};
	world->clocks[0] = &world->clock;
	world->thing->clocks = world->clocks;
	world->thing->clock_count = 1;
	world->note = sample_entity(sample, "thing_note");
	world->thing->note_entity = world->note;
	world->thing->note_owner_field = sample_field(sample, world->note, "thing", sample_ref(sample, world->thing))->index;
	world->thing->note_body_field = sample_field(sample, world->note, "body", sample_type(sample, TYPE_TEXT))->index;
}

static void world_open(struct world *world)
{
	struct sample *sample = &world->sample;

	sample_open(sample);
	world->owner = sample_entity(sample, "owner");
	struct field *name = sample_field(sample, world->owner, "name", sample_type(sample, TYPE_TEXT));
	name->required = true;
	world->name = name->index;
	world->thing = sample_entity(sample, "thing");
	struct field *number = sample_field(sample, world->thing, "number", sample_type(sample, TYPE_TEXT));
	number->unique = true;
	world->number = number->index;
	world->amount = sample_field(sample, world->thing, "amount", sample_type(sample, TYPE_DECIMAL))->index;
	world->of = sample_field(sample, world->thing, "of", sample_ref(sample, world->owner))->index;
	sample_index(sample, world->thing, true, 2, world->of, world->amount);
	clock_state_add(world);
	if (sample_migrate(sample, NULL) != OK)
		fail_msg("%s", sample->error.sentence);
}

static struct record_id owner_create(struct world *world, const char *name)
{
	struct value *values = sample_values(&world->sample, world->owner);

	values[world->name] = value_text(text_from(name));
	return sample_create(&world->sample, world->owner, values);
}

static struct value *thing_values(struct world *world, const char *number, struct record_id owner, const char *amount)
{
	struct value *values = sample_values(&world->sample, world->thing);

	values[world->number] = value_text(text_from(number));
	values[world->of] = value_ref(world->owner->index, owner);
	values[world->amount] = decimal(amount);
	return values;
}

static void refused(struct world *world, enum status status, enum status wanted, const char *words)
{
	assert_int_equal(status, wanted);
	if (!strstr(world->sample.error.sentence, words))
		fail_msg("\"%s\" does not say \"%s\"", world->sample.error.sentence, words);
}

static void test_unique(void **state)
{
	struct world world;

	(void)state;
	world_open(&world);
	struct record_id owner = owner_create(&world, "ACME"), other = owner_create(&world, "Other");
	struct record_id first = sample_create(&world.sample, world.thing, thing_values(&world, "T-1", owner, "1.0"));
	refused(&world,
		sample_apply(&world.sample, CHANGE_CREATE, world.thing, sample_id(&world.sample), NULL,
			     thing_values(&world, "T-1", other, "1")),
		CONFLICT, "another thing with number = \"T-1\"");
	/* 1.00 equals 1.0, however it is written */
	refused(&world,
		sample_apply(&world.sample, CHANGE_CREATE, world.thing, sample_id(&world.sample), NULL,
			     thing_values(&world, "T-2", owner, "1.00")),
		CONFLICT, "another thing with of = ");
	sample_create(&world.sample, world.thing, thing_values(&world, "T-2", owner, "10"));
	refused(&world,
		sample_apply(&world.sample, CHANGE_CREATE, world.thing, first, NULL, thing_values(&world, "T-3", owner, "5")),
		CONFLICT, "exists already");
	sample_close(&world.sample);
}

static void test_required_and_references(void **state)
{
	struct world world;

	(void)state;
	world_open(&world);
	refused(&world,
		sample_apply(&world.sample, CHANGE_CREATE, world.owner, sample_id(&world.sample), NULL,
			     sample_values(&world.sample, world.owner)),
		INVALID, "owner.name must be set");
	refused(&world,
		sample_apply(&world.sample, CHANGE_CREATE, world.thing, sample_id(&world.sample), NULL,
			     thing_values(&world, "T-1", (struct record_id){7, 7}, "1")),
		CONFLICT, "thing.of refers to the owner");
	struct record_id owner = owner_create(&world, "ACME");
	struct value *row = sample_read(&world.sample, world.owner, owner);
	sample_create(&world.sample, world.thing, thing_values(&world, "T-1", owner, "1"));
	refused(&world, sample_apply(&world.sample, CHANGE_DELETE, world.owner, owner, row, NULL), CONFLICT,
		"owner ACME can not be deleted: a thing still refers to it in `of`");
	sample_close(&world.sample);
}

/* A row may refer to one that the same plan creates after it. */
static void test_reference_forward(void **state)
{
	struct world world;

	(void)state;
	world_open(&world);
	struct record_id owner = sample_id(&world.sample);
	struct change first = {.kind = CHANGE_CREATE, .entity = world.thing, .id = sample_id(&world.sample), .rule = RULE_NONE};
	struct change second = {.kind = CHANGE_CREATE, .entity = world.owner, .id = owner, .rule = RULE_NONE};
	struct change *changes[] = {&first, &second};
	struct plan plan = {.changes = {.items = changes, .count = 2}};
	first.after = thing_values(&world, "T-1", owner, "1");
	second.after = sample_values(&world.sample, world.owner);
	second.after[world.name] = value_text(TEXT("ACME"));
	assert_int_equal(store_begin(world.sample.store, &world.sample.error), OK);
	assert_int_equal(store_apply(world.sample.store, &plan, &world.sample.error), OK);
	assert_int_equal(store_commit(world.sample.store, &world.sample.error), OK);
	sample_close(&world.sample);
}

static void test_versions(void **state)
{
	struct world world;

	(void)state;
	world_open(&world);
	struct record_id owner = owner_create(&world, "ACME");
	struct value *read = sample_read(&world.sample, world.owner, owner);
	struct value *after = arena_copy(&world.sample.arena, read, sizeof *read * world.owner->field_count);
	after[world.name] = value_text(TEXT("ACME GmbH"));
	assert_int_equal(sample_apply(&world.sample, CHANGE_UPDATE, world.owner, owner, read, after), OK);
	struct value *again = sample_read(&world.sample, world.owner, owner);
	assert_int_equal(again[FIELD_VERSION].integer, 2);
	assert_true(value_equal(again[world.name], after[world.name]));
	refused(&world, sample_apply(&world.sample, CHANGE_UPDATE, world.owner, owner, read, after), CONFLICT,
		"changed by somebody else meanwhile (version 2, read was 1)");
	refused(&world, sample_apply(&world.sample, CHANGE_DELETE, world.owner, owner, read, NULL), CONFLICT, "version 2");
	assert_int_equal(sample_apply(&world.sample, CHANGE_DELETE, world.owner, owner, again, NULL), OK);
	refused(&world, sample_apply(&world.sample, CHANGE_UPDATE, world.owner, owner, again, after), CONFLICT, "is gone");
	sample_close(&world.sample);
}

/* Only what changed is written: two turns that read the same row and write different fields meet at the version. */
static void test_update_writes_changed(void **state)
{
	struct world world;

	(void)state;
	world_open(&world);
	struct record_id owner = owner_create(&world, "ACME");
	struct record_id id = sample_create(&world.sample, world.thing, thing_values(&world, "T-1", owner, "1"));
	struct value *read = sample_read(&world.sample, world.thing, id);
	struct value *after = arena_copy(&world.sample.arena, read, sizeof *read * world.thing->field_count);
	uint64_t changed = 1ull << world.amount;
	after[world.amount] = value_missing();
	after[world.number] = value_text(TEXT("not written"));
	struct change change = {.kind = CHANGE_UPDATE,
				.entity = world.thing,
				.id = id,
				.before = read,
				.after = after,
				.changed = &changed,
				.rule = RULE_NONE};
	struct change *changes[] = {&change};
	struct plan plan = {.changes = {.items = changes, .count = 1}};
	assert_int_equal(store_begin(world.sample.store, &world.sample.error), OK);
	assert_int_equal(store_apply(world.sample.store, &plan, &world.sample.error), OK);
	assert_int_equal(store_commit(world.sample.store, &world.sample.error), OK);
	struct value *again = sample_read(&world.sample, world.thing, id);
	assert_int_equal(again[world.amount].kind, VALUE_MISSING);
	assert_true(text_is(value_as_text(again[world.number]), "T-1"));
	sample_close(&world.sample);
}

static void test_owned_rows_go_with_it(void **state)
{
	struct world world;
	struct value values[FIELD_FIRST_OWN + 3] = {0};

	(void)state;
	world_open(&world);
	struct record_id owner = owner_create(&world, "ACME");
	struct record_id thing = sample_create(&world.sample, world.thing, thing_values(&world, "T-1", owner, "1"));
	values[FIELD_FIRST_OWN] = value_ref(world.thing->index, thing);
	struct record_id clock = sample_create(&world.sample, world.state, values);
	struct value *note_values = sample_values(&world.sample, world.note);
	note_values[world.thing->note_owner_field] = values[FIELD_FIRST_OWN];
	struct record_id note = sample_create(&world.sample, world.note, note_values);
	struct value *row = sample_read(&world.sample, world.thing, thing), *gone = sample_values(&world.sample, world.thing);
	assert_int_equal(sample_apply(&world.sample, CHANGE_DELETE, world.thing, thing, row, NULL), OK);
	struct ports *ports = &world.sample.ports;
	assert_int_equal(ports->read(ports->host, &world.sample.arena, world.state, clock, values, &world.sample.error),
			 NOT_FOUND);
	assert_int_equal(ports->read(ports->host, &world.sample.arena, world.note, note, gone, &world.sample.error), NOT_FOUND);
	sample_close(&world.sample);
}

/* Whoever writes SQL of his own is refused by the database itself. */
static void sealed_past_the_program(struct sample *sample)
{
	static const char *const ATTEMPTS[] = {"UPDATE paper SET text='b'", "UPDATE paper SET status='draft'",
					       "DELETE FROM paper", "TRUNCATE paper"};
	struct database *database = sample->store->database;
	uint32_t count = sample->store->dialect == &dialect_sqlite ? 3 : 4;

	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(database_execute(database, ATTEMPTS[i], &sample->error), CONFLICT);
		assert_int_equal(database_constraint(database), CONSTRAINT_SEALED);
	}
}

static void test_sealed(void **state)
{
	struct sample sample;
	struct step steps[] = {{.operation = STEP_FIELD_IN_CONSTANT, .d = 1, .a = 0, .b = FIELD_FIRST_OWN, .c = 0}};

	(void)state;
	sample_open(&sample);
	struct entity *paper = sample_entity(&sample, "paper");
	const struct field *status = sample_field(&sample, paper, "status", sample_enum(&sample, 3, "draft", "issued", "void"));
	const struct field *text = sample_field(&sample, paper, "text", sample_type(&sample, TYPE_TEXT));
	struct value sealed[] = {{.kind = VALUE_ENUM, .count = 1, .enumeration = status->type->enumeration},
				 {.kind = VALUE_ENUM, .count = 2, .enumeration = status->type->enumeration}};
	struct value list = {.kind = VALUE_LIST, .count = 2, .items = sealed};
	struct code code = {
		.steps = steps, .step_count = 1, .slot_count = 2, .parameter_count = 1, .constants = &list, .result = 1};
	paper->sealed_when = &code;
	assert_int_equal(sample_migrate(&sample, NULL), OK);
	struct value *values = sample_values(&sample, paper);
	values[status->index] = (struct value){.kind = VALUE_ENUM, .count = 0, .enumeration = status->type->enumeration};
	values[text->index] = value_text(TEXT("a"));
	struct record_id id = sample_create(&sample, paper, values);
	struct value *draft = sample_read(&sample, paper, id);
	values[status->index] = sealed[0];
	assert_int_equal(sample_apply(&sample, CHANGE_UPDATE, paper, id, draft, values), OK); /* issuing itself is allowed */
	struct value *issued = sample_read(&sample, paper, id);
	values[text->index] = value_text(TEXT("b"));
	assert_int_equal(sample_apply(&sample, CHANGE_UPDATE, paper, id, issued, values), CONFLICT);
	assert_non_null(strstr(sample.error.sentence, "is sealed"));
	assert_int_equal(sample_apply(&sample, CHANGE_DELETE, paper, id, issued, NULL), CONFLICT);
	assert_non_null(strstr(sample.error.sentence, "is sealed"));
	sealed_past_the_program(&sample);
	sample_close(&sample);
}

static void test_rollback(void **state)
{
	struct world world;
	struct ports *ports = &world.sample.ports;
	struct error *error = &world.sample.error;
	int64_t number;
	bool is_new, seen;

	(void)state;
	world_open(&world);
	struct store *store = world.sample.store;
	struct event event = {.id = {1, 2}, .at = 77};
	assert_int_equal(store_begin(store, error), OK);
	for (int turn = 0; turn < 2; turn++) {
		assert_int_equal(store_begin(store, error), OK);
		assert_int_equal(ports->next_number(ports->host, TEXT("T-2026"), &number, error), OK);
		assert_int_equal(number, 1); /* taken back both times: no gap */
		assert_int_equal(store_event_is_new(store, &event, &is_new, error), OK);
		assert_true(is_new);
		store_rollback(store);
	}
	assert_int_equal(store_begin(store, error), OK);
	assert_int_equal(ports->next_number(ports->host, TEXT("T-2026"), &number, error), OK);
	assert_int_equal(ports->next_number(ports->host, TEXT("T-2026"), &number, error), OK);
	assert_int_equal(number, 2);
	assert_int_equal(ports->next_number(ports->host, TEXT("T-2026"), &number, error), OK);
	assert_int_equal(ports->return_numbers(ports->host, TEXT("T-2026"), 2, error), OK);
	assert_int_equal(ports->next_number(ports->host, TEXT("T-2026"), &number, error), OK);
	assert_int_equal(number, 2);
	assert_int_equal(ports->next_number(ports->host, TEXT("T-2027"), &number, error), OK);
	assert_int_equal(number, 1);
	assert_int_equal(store_event_is_new(store, &event, &is_new, error), OK);
	assert_true(is_new);
	assert_int_equal(store_commit(store, error), OK);
	assert_int_equal(store_event_is_new(store, &event, &is_new, error), OK);
	assert_false(is_new);
	assert_int_equal(ports->event_seen(ports->host, event.id, &seen, error), OK);
	assert_true(seen);
	store_rollback(store);
	assert_int_equal(ports->event_seen(ports->host, event.id, &seen, error), OK);
	assert_false(seen);
	sample_close(&world.sample);
}

static void test_keyed_events_are_remembered(void **state)
{
	struct world world;
	struct event_kind keyed = {.name = TEXT("once"), .has_key = true}, plain = {.name = TEXT("often")};
	struct event one = {.kind = &keyed, .id = {5, 5}}, two = {.kind = &plain, .id = {6, 6}};
	struct event *events[] = {&one, &two};
	struct plan plan = {.events = {.items = events, .count = 2}};
	bool seen;

	(void)state;
	world_open(&world);
	struct ports *ports = &world.sample.ports;
	assert_int_equal(store_begin(world.sample.store, &world.sample.error), OK);
	assert_int_equal(store_apply(world.sample.store, &plan, &world.sample.error), OK);
	assert_int_equal(store_commit(world.sample.store, &world.sample.error), OK);
	assert_int_equal(ports->event_seen(ports->host, one.id, &seen, &world.sample.error), OK);
	assert_true(seen);
	assert_int_equal(ports->event_seen(ports->host, two.id, &seen, &world.sample.error), OK);
	assert_false(seen);
	sample_close(&world.sample);
}

static void test_timers_in_order(void **state)
{
	struct world world;
	struct record_id timer, ids[3];
	moment due;

	(void)state;
	world_open(&world);
	const struct entity *entity = world.sample.entities.items[SYSTEM_TIMER];
	const moment at[] = {300, 100, 200};
	for (int i = 0; i < 3; i++) {
		struct value *values = sample_values(&world.sample, entity);
		values[TIMER_DUE_AT] = value_time(at[i]);
		ids[i] = sample_create(&world.sample, entity, values);
	}
	struct store *store = world.sample.store;
	assert_int_equal(store_next_timer(store, 99, &timer, &due, &world.sample.error), NOT_FOUND);
	assert_int_equal(store_next_timer(store, 1000, &timer, &due, &world.sample.error), OK);
	assert_int_equal(due, 100);
	assert_true(id_equal(timer, ids[1]));
	struct value *row = sample_read(&world.sample, entity, timer);
	assert_int_equal(sample_apply(&world.sample, CHANGE_DELETE, entity, timer, row, NULL), OK);
	assert_int_equal(store_next_timer(store, 200, &timer, &due, &world.sample.error), OK);
	assert_true(id_equal(timer, ids[2]));
	sample_close(&world.sample);
}

static void test_settings(void **state)
{
	struct world world;
	struct value value;

	(void)state;
	world_open(&world);
	struct ports *ports = &world.sample.ports;
	struct setting setting = {.name = TEXT("after"), .type = sample_type(&world.sample, TYPE_DURATION)};
	assert_int_equal(ports->setting(ports->host, &world.sample.arena, &setting, &value), NOT_FOUND);
	assert_int_equal(store_set_setting(world.sample.store, &setting, value_duration(3, UNIT_WORK_DAY), &world.sample.error),
			 OK);
	assert_int_equal(store_set_setting(world.sample.store, &setting, value_duration(5, UNIT_WORK_DAY), &world.sample.error),
			 OK);
	assert_int_equal(ports->setting(ports->host, &world.sample.arena, &setting, &value), OK);
	assert_int_equal(value.integer, 5);
	assert_int_equal(value.unit, UNIT_WORK_DAY);
	sample_close(&world.sample);
}

/* Two things exchange what is unique, while another refers to one of them. */
static void test_one_steps_aside(void **state)
{
	struct world world;
	struct sample *sample = &world.sample;

	(void)state;
	world_open(&world);
	struct entity *place = sample_entity(sample, "place");
	sample_field(sample, place, "number", sample_type(sample, TYPE_INT))->unique = true;
	sample_field(sample, place, "beside", sample_ref(sample, place));
	assert_int_equal(sample_migrate(sample, NULL), OK);
	struct value *rows[3];
	for (int i = 0; i < 3; i++) {
		rows[i] = sample_values(sample, place);
		rows[i][FIELD_FIRST_OWN] = value_int(i);
		if (i)
			rows[i][FIELD_FIRST_OWN + 1] = rows[0][FIELD_ID];
		rows[i][FIELD_ID] = value_ref(place->index, sample_create(sample, place, rows[i]));
	}
	struct change changes[2];
	struct change *both[] = {&changes[1], &changes[0]};
	struct plan plan = {.changes = {.items = both, .count = 2}};
	uint64_t changed = 1u << FIELD_FIRST_OWN;
	for (int i = 0; i < 2; i++) {
		struct value *before = sample_read(sample, place, rows[i][FIELD_ID].id);
		struct value *after = arena_copy(&sample->arena, before, sizeof *after * place->field_count);
		after[FIELD_FIRST_OWN] = value_int(1 - i);
		after[FIELD_VERSION].integer++;
		changes[i] = (struct change){.kind = CHANGE_UPDATE,
					     .entity = place,
					     .id = rows[i][FIELD_ID].id,
					     .before = before,
					     .after = after,
					     .changed = &changed,
					     .rule = RULE_NONE};
	}
	for (int aside = 0; aside < 2; aside++) {
		changes[0].steps_aside = aside;
		assert_int_equal(store_begin(sample->store, &sample->error), OK);
		assert_int_equal(store_apply(sample->store, &plan, &sample->error), aside ? OK : CONFLICT);
		if (aside)
			assert_int_equal(store_commit(sample->store, &sample->error), OK);
		else
			store_rollback(sample->store);
	}
	for (int i = 0; i < 3; i++) {
		struct value *row = sample_read(sample, place, rows[i][FIELD_ID].id);
		assert_int_equal(row[FIELD_FIRST_OWN].integer, i < 2 ? 1 - i : 2);
		assert_int_equal(row[FIELD_VERSION].integer, i < 2 ? 2 : 1);
		assert_int_equal(row[FIELD_FIRST_OWN + 1].kind, i ? VALUE_REF : VALUE_MISSING);
	}
	sample_close(sample);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unique),
		cmocka_unit_test(test_required_and_references),
		cmocka_unit_test(test_reference_forward),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_update_writes_changed),
		cmocka_unit_test(test_owned_rows_go_with_it),
		cmocka_unit_test(test_sealed),
		cmocka_unit_test(test_rollback),
		cmocka_unit_test(test_keyed_events_are_remembered),
		cmocka_unit_test(test_timers_in_order),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_one_steps_aside),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
