/* Workload W1 through the real thing: N rules written in Flow and compiled, each event typed and turned by the engine, the
 * trace on. The checksum is made of the rules that the trace says have fired. Usage: w1 EVENTS RULES N BUDGET [MOST_EVENTS] */
#include "bench/w1.h"
#include "dsl/compiler/compiler.h"
#include "engine/base/json.h"
#include "engine/engine.h"

static const char HEAD[] =
	"pack bench \"1.0.0\" { title \"W1\" }\n"
	"event bench.event {\n"
	"  id text; type text; timestamp time; customer text; site text; device text; severity int; check text\n"
	"  message text; value decimal; threshold decimal; agent text; tags list of text\n"
	"}\n";

static void fail(const char *what, const struct error *error)
{
	fprintf(stderr, "w1: %s: %s\n", what, error->sentence);
	exit(1);
}

static struct text write_rules(struct arena *arena, const struct w1 *w1)
{
	struct text_builder text = {.arena = arena};
	builder_add_string(&text, HEAD);
	for (int i = 0; i < w1->rule_count; i++) {
		const struct w1_rule *rule = &w1->rules[i];
		builder_format(&text,
			       "rule r%d {\n  on   bench.event as e\n  when e.type == \"alert\" and e.severity >= %d and "
			       "e.customer == \"%s\" "
			       "and e.tags contains \"%s\"\n  then stop\n}\n",
			       rule->id, rule->severity, rule->customer, rule->tag);
	}
	return builder_text(&text);
}

static const struct program *compile_rules(struct arena *arena, const struct w1 *w1)
{
	struct source_input input = {.path = TEXT("w1.flow"), .text = write_rules(arena, w1)};
	struct diagnostics diagnostics = {.arena = arena};
	double start = w1_now();
	const struct program *program = compile(arena, &input, 1, &diagnostics);
	fprintf(stderr, "# compiled %d rules in %.3f s\n", w1->rule_count, w1_now() - start);
	if (!diagnostics.errors)
		return program;
	fprintf(stderr, "w1: %.*s\n", TEXT_ARGS(diagnostics.items.items[0].sentence));
	exit(1);
}

/* --- the host: these rules read nothing */
static enum status no_row(void *host, struct arena *arena, const struct entity *entity, struct record_id id,
			  struct value *values, struct error *error)
{
	(void)host, (void)arena, (void)id, (void)values;
	return error_set(error, NOT_FOUND, "there is no %.*s here", TEXT_ARGS(entity->name));
}

static enum status no_event(void *host, struct record_id id, bool *seen_out, struct error *error)
{
	(void)host, (void)id, (void)error;
	*seen_out = false;
	return OK;
}

static enum status no_setting(void *host, struct arena *arena, const struct setting *setting, struct value *value)
{
	(void)host, (void)arena, (void)setting, (void)value;
	return NOT_FOUND;
}

static const struct ports PORTS = {.read = no_row, .event_seen = no_event, .setting = no_setting};

struct bench {
	struct w1 *w1;
	struct engine *engine;
	const struct program *program;
	const struct event_kind *kind;
	int *id_of_rule;
};

static struct event read_event(const struct bench *bench, struct arena *arena, long number)
{
	struct error error = {0};
	const struct json *document;
	struct value *fields = NULL;
	if (json_parse(arena, (struct text){bench->w1->lines[number], (uint32_t)bench->w1->lengths[number]}, &document,
		       &error) != OK ||
	    event_from_json(arena, &bench->program->schema, bench->kind, document, &fields, &error) != OK)
		fail("event", &error);
	return (struct event){.kind = bench->kind,
			      .id = {1, (uint64_t)number},
			      .at = 1767600000 + number,
			      .fields = fields,
			      .rule = RULE_NONE};
}

static void turn(const struct bench *bench, const struct event *event, long number)
{
	struct error error = {0};
	const struct turn *turn;
	if (engine_turn(bench->engine, event, &PORTS, &turn, &error) != OK)
		fail("turn", &error);
	for (uint32_t i = 0; i < turn->trace.rules.count; i++)
		if (turn->trace.rules.items[i].outcome == OUTCOME_FIRED)
			w1_hit(bench->w1, number, bench->id_of_rule[turn->trace.rules.items[i].rule]);
}

static void run_match(const struct bench *bench)
{
	struct w1 *w1 = bench->w1;
	struct arena kept;
	arena_init(&kept, "events", 0);
	struct event *events = arena_array(&kept, struct event, w1->line_count);
	for (long i = 0; i < w1->line_count; i++)
		events[i] = read_event(bench, &kept, i);
	double start = w1_now();
	long i = 0;
	while (i < w1->line_count && ((i & 63) || w1_now() - start < w1->budget)) {
		engine_begin(bench->engine);
		turn(bench, &events[i], i);
		i++;
	}
	w1_report(w1, "Stellwerk", "match", i, w1_now() - start);
	arena_release(&kept);
}

static void run_parse_and_match(const struct bench *bench)
{
	struct w1 *w1 = bench->w1;
	double start = w1_now();
	long i = 0;
	while (i < w1->line_count && ((i & 63) || w1_now() - start < w1->budget)) {
		struct event event = read_event(bench, engine_begin(bench->engine), i);
		turn(bench, &event, i);
		i++;
	}
	w1_report(w1, "Stellwerk", "parse+match", i, w1_now() - start);
}

int main(int count, char **words)
{
	struct w1 w1 = w1_load(count, words);
	struct arena arena;
	arena_init(&arena, "pack", 0);
	struct bench bench = {.w1 = &w1, .program = compile_rules(&arena, &w1)};
	struct error error = {0};
	if (engine_open(&bench.engine) != OK || engine_use_pack(bench.engine, bench.program, &error) != OK)
		fail("engine", &error);
	bench.kind = schema_event(&bench.program->schema, TEXT("bench.event"));
	bench.id_of_rule = arena_array(&arena, int, bench.program->rule_count);
	for (uint32_t i = 0; i < bench.program->rule_count; i++)
		bench.id_of_rule[i] = atoi(bench.program->rules[i].name.bytes + 1);
	run_match(&bench);
	run_parse_and_match(&bench);
	engine_close(bench.engine);
	arena_release(&arena);
	return 0;
}
