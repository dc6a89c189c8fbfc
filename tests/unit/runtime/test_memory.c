/* A turn that needs more memory than a turn may have: its plan is empty, nothing of it is kept, and the world goes on. Memory
 * ends where it hurts most: in expressions, inside a script that asks for a row, and inside the store while rows come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "dsl/compiler/compiler.h"
#include "runtime/world.h"

static const char PACK[] =
	"pack depot \"1.0.0\" { title \"Depot\" }\n"
	"entity box { code text required; body text; large text = \"{this.body}{this.body}\" }\n"
	"event seen { code text required }\n"
	"define ten = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n"
	"script look(b ref box) -> int from \"look.lua\"\n"
	"rule made { on seen as s; then create box { code = s.code; body = \"x\" } }\n"
	"rule grows { on seen as s; when s.code == \"grow\"; then { for each b in all(box where box.code == \"grow\") {\n"
	"  for each i in ten { set b { body = \"{b.body}{b.body}{b.body}{b.body}\" } } } } }\n"
	"rule texts { on seen as s; when s.code == \"texts\"; then { for each b in all(box where box.code == \"grow\") {\n"
	"  for each i in ten { for each k in ten { for each l in ten { log \"{b.body}{b.body}{i}\" } } } } } }\n"
	"rule scripts { on seen as s; when s.code == \"scripts\"; then { for each b in all(box where box.code == \"grow\") {\n"
	"  create box { code = \"{look(b)}\" } } } }\n"
	"rule queries { on seen as s; when s.code == \"queries\"; then { for each i in ten { for each k in ten {\n"
	"  for each l in ten { let n = count(box where box.body != \"{l}\") } } } } }\n";
static const char SCRIPT[] =
	"return function(b) local n = 0; for i = 1, 100000 do n = n + #(b.large or '') % 7 end return n end\n";

struct desk {
	struct arena arena;
	const struct program *program;
	struct world *world;
	struct error error;
	uint64_t events;
	uint32_t refused;
	char refusal[512];
	uint32_t planned; /* changes of the last turn */
};

static void heard(void *context, struct world *world, const struct turn_report *report)
{
	struct desk *desk = context;

	(void)world;
	desk->planned = report->turn ? report->turn->plan.changes.count + report->turn->plan.outgoing.count : 0;
	if (!report->refused)
		return;
	desk->refused++;
	snprintf(desk->refusal, sizeof desk->refusal, "%s", report->refused);
}

static void desk_open(struct desk *desk)
{
	struct world_options options = {.listener = heard, .context = desk};
	struct source_input inputs[] = {{.path = TEXT("pack.flow"), .text = {PACK, sizeof PACK - 1}},
					{.path = TEXT("look.lua"), .text = {SCRIPT, sizeof SCRIPT - 1}, .is_script = true}};
	struct diagnostics diagnostics = {0};

	*desk = (struct desk){0};
	arena_init(&desk->arena, "test", 0);
	diagnostics.arena = &desk->arena;
	desk->program = compile(&desk->arena, inputs, 2, &diagnostics);
	if (diagnostics.errors)
		fail_msg("%.*s", TEXT_ARGS(diagnostics.items.items[0].sentence));
	if (world_open(desk->program, &options, &desk->world, &desk->error) != OK ||
	    world_begin(desk->world, 1000000, &desk->error) != OK)
		fail_msg("%s", desk->error.sentence);
}

static void desk_close(struct desk *desk)
{
	world_end(desk->world);
	world_close(desk->world);
	arena_release(&desk->arena);
}

static void raise(struct desk *desk, const char *code)
{
	struct value fields[] = {value_text(text_from(code))};
	struct event event = {.kind = schema_event(&desk->program->schema, TEXT("seen")), .fields = fields, .rule = RULE_NONE};

	event.id = (struct record_id){++desk->events, 1};
	if (world_event(desk->world, &event, &desk->error) != OK)
		fail_msg("%s", desk->error.sentence);
}

static uint32_t boxes(struct desk *desk)
{
	const struct ports *ports = world_ports(desk->world);
	struct query query = {.entity = schema_entity(&desk->program->schema, TEXT("box"))};
	const struct value *const *rows;
	uint32_t count;

	assert_int_equal(ports->query(ports->host, &desk->arena, &query, NULL, &rows, &count, &desk->error), OK);
	return count;
}

static void memory_ends(struct desk *desk, const char *code)
{
	uint32_t refused = desk->refused, before = boxes(desk);

	raise(desk, code);
	if (desk->refused != refused + 1)
		fail_msg("%s: nothing was refused", code);
	if (!strstr(desk->refusal, "MiB of memory"))
		fail_msg("%s: %s", code, desk->refusal);
	assert_int_equal(desk->planned, 0);
	assert_int_equal(boxes(desk), before);
	raise(desk, "plain"); /* the world goes on */
	assert_int_equal(desk->refused, refused + 1);
	assert_int_equal(desk->planned, 1);
	assert_int_equal(boxes(desk), before + 1);
}

static void test_a_turn_without_memory_is_as_if_it_had_not_been(void **state)
{
	struct desk desk;

	(void)state;
	desk_open(&desk);
	raise(&desk, "grow"); /* a box with 1 MiB */
	assert_int_equal(desk.refused, 0);
	memory_ends(&desk, "texts");
	memory_ends(&desk, "scripts");
	memory_ends(&desk, "queries");
	memory_ends(&desk, "texts");
	desk_close(&desk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_turn_without_memory_is_as_if_it_had_not_been),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
