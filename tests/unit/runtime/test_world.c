/* The engine's host by itself: lives that are taken back, a clock that only goes forward, turns that are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "dsl/compiler/compiler.h"
#include "runtime/world.h"

static const char PACK[] = "pack depot \"1.0.0\" { title \"Depot\" }\n"
			   "entity box \"Kiste\" { number text sequence \"B-{n:3}\"; code text required; unique code }\n"
			   "event seen \"Gesehen\" { code text required }\n"
			   "event once \"Einmal\" { code text key }\n"
			   "event round \"Im Kreis\" { code text required }\n"
			   "rule made \"Neu\" { on seen as s; then create box { code = s.code } }\n"
			   "rule noted \"Vermerkt\" { on once as o; then create box { code = o.code } }\n"
			   "rule told \"Erzählt\" { on box.created as b; then log \"made\" }\n"
			   "rule later \"Später\" { on box.created as b; when b.code is set; holds for 1h; then {\n"
			   "  if b.code == \"B\" { emit round { code = b.code } } else { set b { code = \"old\" } } } }\n"
			   "rule again \"Noch einmal\" { on round as r; then { create box { code = \"{r.code}.\" }\n"
			   "  emit round { code = \"{r.code}.\" } } }\n";

enum { START = 1000000 };

struct desk {
	struct arena arena;
	const struct program *program;
	struct world *world;
	struct error error;
	uint32_t turns, refused, duplicates, timers;
	moment timer_at[8];
	char refusal[256];
};

static void heard(void *context, struct world *world, const struct turn_report *report)
{
	struct desk *desk = context;

	(void)world;
	desk->turns++;
	desk->duplicates += report->duplicate;
	if (report->refused) {
		desk->refused++;
		snprintf(desk->refusal, sizeof desk->refusal, "%s", report->refused);
	}
	if (report->origin == TURN_TIMER && desk->timers < 8)
		desk->timer_at[desk->timers++] = report->at;
}

static void desk_open(struct desk *desk)
{
	struct world_options options = {.remember = true, .listener = heard, .context = desk};
	struct source_input input = {.path = TEXT("pack.flow"), .text = {PACK, sizeof PACK - 1}};
	struct diagnostics diagnostics = {0};

	*desk = (struct desk){0};
	arena_init(&desk->arena, "test", 0);
	diagnostics.arena = &desk->arena;
	desk->program = compile(&desk->arena, &input, 1, &diagnostics);
	if (diagnostics.errors)
		fail_msg("%.*s", TEXT_ARGS(diagnostics.items.items[0].sentence));
	if (world_open(desk->program, &options, &desk->world, &desk->error) != OK)
		fail_msg("%s", desk->error.sentence);
}

static void desk_close(struct desk *desk)
{
	world_close(desk->world);
	arena_release(&desk->arena);
}

static void begin(struct desk *desk)
{
	if (world_begin(desk->world, START, &desk->error) != OK)
		fail_msg("%s", desk->error.sentence);
}

static void raise(struct desk *desk, const char *kind_name, const char *code, uint64_t id)
{
	const struct event_kind *kind = schema_event(&desk->program->schema, text_from(kind_name));
	struct value fields[] = {value_text(text_from(code))};
	struct event event = {.kind = kind, .fields = fields, .id = {id, id}, .rule = RULE_NONE};

	assert_non_null(kind);
	if (kind->has_key)
		event.id = event_key_id(kind, fields);
	if (world_event(desk->world, &event, &desk->error) != OK)
		fail_msg("%s", desk->error.sentence);
}

static uint32_t boxes(struct desk *desk, struct text *number_out)
{
	const struct entity *entity = schema_entity(&desk->program->schema, TEXT("box"));
	const struct ports *ports = world_ports(desk->world);
	struct query query = {.entity = entity};
	const struct value *const *rows;
	uint32_t count;

	assert_int_equal(ports->query(ports->host, &desk->arena, &query, NULL, &rows, &count, &desk->error), OK);
	if (number_out)
		*number_out = value_as_text(rows[count - 1][FIELD_FIRST_OWN]);
	return count;
}

static void test_a_life_is_taken_back(void **state)
{
	struct desk desk;
	struct text number;
	uint32_t count;

	(void)state;
	desk_open(&desk);
	for (int life = 0; life < 3; life++) {
		begin(&desk);
		assert_int_equal(boxes(&desk, NULL), 0);
		raise(&desk, "seen", "A", 1);
		raise(&desk, "once", "B", 2);
		assert_int_equal(boxes(&desk, &number), 2);
		assert_true(text_is(number, "B-001") || text_is(number, "B-002"));
		world_events(desk.world, &count);
		assert_int_equal(count, 4); /* two from outside, two box.created */
		world_end(desk.world);
	}
	assert_int_equal(desk.refused + desk.duplicates, 0);
	desk_close(&desk);
}

static void test_the_same_event_once(void **state)
{
	struct desk desk;

	(void)state;
	desk_open(&desk);
	begin(&desk);
	raise(&desk, "seen", "A", 1);
	raise(&desk, "seen", "A2", 1);
	raise(&desk, "once", "B", 2);
	raise(&desk, "once", "B", 3); /* another id from outside, the same key */
	assert_int_equal(desk.duplicates, 2);
	assert_int_equal(boxes(&desk, NULL), 2);
	world_end(desk.world);
	desk_close(&desk);
}

/* The turn ends at a limit: nothing of it is kept, not even its number, and the next one goes on. */
static void test_refused(void **state)
{
	struct desk desk;
	struct text number;

	(void)state;
	desk_open(&desk);
	begin(&desk);
	raise(&desk, "seen", "A", 1);
	raise(&desk, "round", "A", 2);
	assert_int_equal(desk.refused, 1);
	assert_non_null(strstr(desk.refusal, "events raise one another"));
	assert_int_equal(world_refused(desk.world), 1);
	world_advance(desk.world, START + 60, &desk.error) == OK ? (void)0 : fail();
	raise(&desk, "seen", "C", 3);
	assert_int_equal(boxes(&desk, &number), 2);
	assert_true(text_is(number, "B-002"));
	world_end(desk.world);
	desk_close(&desk);
}

static void test_the_clock(void **state)
{
	struct desk desk;

	(void)state;
	desk_open(&desk);
	begin(&desk);
	raise(&desk, "seen", "A", 1);
	assert_int_equal(world_advance(desk.world, START + 1800, &desk.error), OK);
	raise(&desk, "seen", "B", 2);
	assert_int_equal(world_advance(desk.world, START + 3599, &desk.error), OK);
	assert_int_equal(desk.timers, 0);
	assert_int_equal(world_advance(desk.world, START + 3600, &desk.error), OK);
	assert_int_equal(desk.timers, 1);
	assert_int_equal(desk.timer_at[0], START + 3600);
	assert_int_equal(world_advance(desk.world, START, &desk.error), OK); /* never back */
	assert_int_equal(world_now(desk.world), START + 3600);
	/* what the second timer raises goes in a circle: refused, dropped, and the clock goes on */
	assert_int_equal(world_advance(desk.world, START + 90000, &desk.error), OK);
	assert_int_equal(desk.timers, 2);
	assert_int_equal(desk.timer_at[1], START + 5400);
	assert_int_equal(desk.refused, 1);
	assert_int_equal(world_now(desk.world), START + 90000);
	world_end(desk.world);
	desk_close(&desk);
}

static void test_given_raises_nothing(void **state)
{
	struct desk desk;
	const struct write *write = NULL;
	struct value code = value_text(TEXT("A")), ref;
	struct value values = {.kind = VALUE_RECORD, .count = 1, .items = &code};
	struct text number;
	uint32_t count;

	(void)state;
	desk_open(&desk);
	for (uint32_t i = 0; i < desk.program->write_count; i++)
		if (text_is(desk.program->writes[i].entity->name, "box") && desk.program->writes[i].field_count == 1)
			write = &desk.program->writes[i];
	assert_non_null(write);
	begin(&desk);
	assert_int_equal(world_given(desk.world, write, values, &ref, &desk.error), OK);
	assert_int_equal(ref.kind, VALUE_REF);
	assert_int_equal(boxes(&desk, &number), 1);
	assert_true(text_is(number, "B-001"));
	world_events(desk.world, &count);
	assert_int_equal(count, 0);
	assert_int_equal(world_advance(desk.world, START + 90000, &desk.error), OK);
	assert_int_equal(desk.timers, 0);
	/* what the database refuses is a sentence, and nothing is left of it */
	assert_int_equal(world_given(desk.world, write, values, &ref, &desk.error), CONFLICT);
	assert_non_null(strstr(desk.error.sentence, "another box"));
	assert_int_equal(boxes(&desk, NULL), 1);
	world_end(desk.world);
	desk_close(&desk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_life_is_taken_back),
		cmocka_unit_test(test_the_same_event_once),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_the_clock),
		cmocka_unit_test(test_given_raises_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
