/* Counts turns and says them at a glance. Only counts and times of the events themselves are in it: no wall clock, no address,
 * no order that could differ between runs. */
#include "runtime/summary.h"

#include <inttypes.h>

#include "engine/model/system.h"
#include "runtime/table.h"

enum { CLOCKS_SHOWN = 5, PROBLEMS_SHOWN = 20 };

void summary_init(struct summary *summary, struct arena *arena, const struct program *program)
{
	*summary = (struct summary){.arena = arena, .program = program, .first = INT64_MAX, .last = INT64_MIN};
	summary->receives = arena_array(arena, struct source_count, program->receive_count + 1);
	summary->kinds = arena_array(arena, struct source_count, program->schema.event_count + 1);
	summary->events = arena_array(arena, uint32_t, program->schema.event_count + 1);
	summary->entities = arena_array(arena, struct entity_count, program->schema.entity_count + 1);
	summary->rules = arena_alloc(arena, sizeof *summary->rules * (program->rule_count + 1));
	summary->reasons = arena_array(arena, struct text, program->rule_count + 1);
	summary->calls = arena_array(arena, uint32_t, program->action_count + 1);
}

/* --- counting */
static void changes_count(struct summary *summary, const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->changes.count; i++) {
		const struct change *change = plan->changes.items[i];
		struct entity_count *count = &summary->entities[change->entity->index];
		if (change_is_nothing(change))
			continue;
		count->created += change->kind == CHANGE_CREATE;
		count->updated += change->kind == CHANGE_UPDATE;
		count->deleted += change->kind == CHANGE_DELETE;
	}
	for (uint32_t i = 0; i < plan->outgoing.count; i++) {
		const struct outgoing *outgoing = &plan->outgoing.items[i];
		if (outgoing->kind == OUTGOING_CALL && outgoing->action)
			summary->calls[outgoing->action->index]++;
		else
			summary->notices++;
	}
}

/* What came from outside in this turn; what rules raised after it is theirs. */
static void line_count(struct summary *summary, const struct turn_report *report)
{
	if (report->origin != TURN_EVENT && report->origin != TURN_RECEIVED)
		return;
	summary->turn_refused = report->refused != NULL;
	summary->turn_raised = 0;
	for (uint32_t i = 0; report->turn && !report->refused && i < report->turn->trace.events.count; i++) {
		const struct event *event = report->turn->trace.events.items[i];
		summary->turn_raised += event->kind && event->kind->origin == EVENT_DECLARED && event->rule == RULE_NONE;
	}
}

static void rule_count(struct summary *summary, const struct trace_rule *traced)
{
	if (traced->rule >= summary->program->rule_count)
		return;
	if (!summary->rules[traced->rule][traced->outcome]++ && traced->outcome == OUTCOME_FAILED)
		summary->reasons[traced->rule] = text_copy(summary->arena, traced->sentence);
}

void summary_turn(struct summary *summary, const struct turn_report *report)
{
	if (report->origin == TURN_ACTIVATE)
		return; /* master data: it would drown what the events made */
	line_count(summary, report);
	summary->turns++;
	summary->timers += report->origin == TURN_TIMER;
	summary->duplicates += report->duplicate;
	if (report->at < summary->first)
		summary->first = report->at;
	if (report->at > summary->last)
		summary->last = report->at;
	if (report->refused) {
		if (!summary->refused++)
			summary->first_refused = text_copy(summary->arena, text_from(report->refused));
		return;
	}
	if (!report->turn)
		return;
	const struct trace *trace = &report->turn->trace;
	for (uint32_t i = 0; i < trace->events.count; i++)
		if (trace->events.items[i]->kind)
			summary->events[trace->events.items[i]->kind->index]++;
	for (uint32_t i = 0; i < trace->rules.count; i++)
		rule_count(summary, &trace->rules.items[i]);
	changes_count(summary, &report->turn->plan);
}

void summary_line(struct summary *summary, const struct played *played)
{
	struct source_count *source = played->receive ? &summary->receives[played->receive - summary->program->receives]
				      : played->kind  ? &summary->kinds[played->kind->index]
						      : NULL;

	if (!source)
		return;
	source->lines++;
	source->raised += summary->turn_raised;
	source->refused += summary->turn_refused;
	source->nothing += !summary->turn_raised && !summary->turn_refused;
}

uint32_t summary_failed(const struct summary *summary)
{
	uint32_t failed = 0;

	for (uint32_t i = 0; i < summary->program->rule_count; i++)
		failed += summary->rules[i][OUTCOME_FAILED];
	return failed;
}

/* --- printing */
static void head(const char *title)
{
	putchar('\n');
	styled(stdout, STYLE_BOLD, "%s\n", title);
}

static void source_row(struct print_table *table, struct text name, const struct source_count *count)
{
	if (!count->lines)
		return;
	table_add(table, name, STYLE_PLAIN);
	table_add_number(table, count->lines);
	table_add_number(table, count->raised);
	table_add_number(table, count->nothing);
	table_add_number(table, count->refused);
}

static void sources_print(const struct summary *summary)
{
	static const char *const titles[] = {"from", ">lines", ">events", ">nothing new", ">refused"};
	struct print_table table = table_new(summary->arena, titles, 5);

	for (uint32_t i = 0; i < summary->program->receive_count; i++) {
		const struct receive *receive = &summary->program->receives[i];
		source_row(
			&table,
			text_format(summary->arena, "%.*s %.*s", TEXT_ARGS(receive->connector->name), TEXT_ARGS(receive->name)),
			&summary->receives[i]);
	}
	for (uint32_t i = 0; i < summary->program->schema.event_count; i++)
		source_row(&table, summary->program->schema.events[i]->name, &summary->kinds[i]);
	head("What came in");
	table_print(&table, stdout, 2);
}

static bool is_clock_state(const struct program *program, const struct entity *entity)
{
	for (uint32_t i = 0; i < program->clock_count; i++)
		if (program->clocks[i].state == entity)
			return true;
	return false;
}

/* What the pack made: not the engine's own bookkeeping, and not the clocks, which have their own table. */
static bool is_shown(const struct summary *summary, uint32_t entity)
{
	const struct entity_count *count = &summary->entities[entity];

	return entity >= SYSTEM_ENTITY_COUNT && !is_clock_state(summary->program, summary->program->schema.entities[entity]) &&
	       (count->created || count->updated || count->deleted);
}

static void entities_print(const struct summary *summary)
{
	static const char *const titles[] = {"records", ">created", ">changed", ">deleted"};
	static const char *const event_titles[] = {"events", ">"};
	struct print_table table = table_new(summary->arena, titles, 4), events = table_new(summary->arena, event_titles, 2);

	head("What was made of it");
	for (uint32_t i = 0; i < summary->program->schema.event_count; i++) {
		const struct event_kind *kind = summary->program->schema.events[i];
		bool row = kind->origin == EVENT_CREATED || kind->origin == EVENT_UPDATED || kind->origin == EVENT_DELETED;
		if (row || !summary->events[i])
			continue;
		table_add(&events, kind->name, STYLE_PLAIN);
		table_add_number(&events, summary->events[i]);
	}
	for (uint32_t i = 0; i < summary->program->schema.entity_count; i++) {
		if (!is_shown(summary, i))
			continue;
		table_add(&table, summary->program->schema.entities[i]->name, STYLE_PLAIN);
		table_add_number(&table, summary->entities[i].created);
		table_add_number(&table, summary->entities[i].updated);
		table_add_number(&table, summary->entities[i].deleted);
	}
	table_print(&events, stdout, 2);
	putchar('\n');
	table_print(&table, stdout, 2);
}

static uint32_t held_back(const uint32_t *outcomes)
{
	return outcomes[OUTCOME_DUPLICATE] + outcomes[OUTCOME_DAMPED] + outcomes[OUTCOME_ONCE] + outcomes[OUTCOME_AT_MOST] +
	       outcomes[OUTCOME_WAITING] + outcomes[OUTCOME_CANCELLED];
}

static uint32_t rejected(const uint32_t *outcomes)
{
	return outcomes[OUTCOME_FALSE] + outcomes[OUTCOME_UNKNOWN] + outcomes[OUTCOME_NOT_VALID];
}

static void reasons_print(const struct summary *summary)
{
	for (uint32_t i = 0; i < summary->program->rule_count; i++) {
		if (!summary->rules[i][OUTCOME_FAILED])
			continue;
		styled(stdout, STYLE_RED, "  %.*s failed: ", TEXT_ARGS(summary->program->rules[i].name));
		print_safe(stdout, summary->reasons[i]);
		putchar('\n');
	}
}

static void rules_print(const struct summary *summary)
{
	static const char *const titles[] = {"rules", ">fired", ">not", ">held back", ">failed", ""};
	struct print_table table = table_new(summary->arena, titles, 6);
	uint32_t asleep = 0;

	for (uint32_t i = 0; i < summary->program->rule_count; i++) {
		const uint32_t *outcomes = summary->rules[i];
		if (!outcomes[OUTCOME_FIRED] && !held_back(outcomes) && !outcomes[OUTCOME_FAILED]) {
			asleep++;
			continue;
		}
		table_add(&table, summary->program->rules[i].name, STYLE_PLAIN);
		table_add_number(&table, outcomes[OUTCOME_FIRED]);
		table_add_number(&table, rejected(outcomes));
		table_add_number(&table, held_back(outcomes));
		if (outcomes[OUTCOME_FAILED])
			table_add(&table, text_format(summary->arena, "%u", outcomes[OUTCOME_FAILED]), STYLE_RED);
		else
			table_add_number(&table, 0);
		table_add(&table, summary->program->rules[i].label, STYLE_DIM);
	}
	putchar('\n');
	table_print(&table, stdout, 2);
	if (asleep)
		styled(stdout, STYLE_DIM, "  %u more never fired\n", asleep);
	reasons_print(summary);
}

static void calls_print(const struct summary *summary)
{
	static const char *const titles[] = {"would be sent", ">"};
	struct print_table table = table_new(summary->arena, titles, 2);
	bool any = summary->notices > 0;

	for (uint32_t i = 0; i < summary->program->action_count; i++) {
		const struct action *action = &summary->program->actions[i];
		if (!summary->calls[i])
			continue;
		any = true;
		table_add(&table, action->name, STYLE_PLAIN);
		table_add_number(&table, summary->calls[i]);
	}
	if (summary->notices) {
		table_add_string(&table, "notifications");
		table_add_number(&table, summary->notices);
	}
	if (!any)
		return;
	putchar('\n');
	table_print(&table, stdout, 2);
}

/* --- clocks */
struct clock_count {
	uint32_t states[CLOCK_BREACHED + 1];
	const struct value *const *rows;
	uint32_t row_count;
};

static struct value clock_value(const struct value *row, enum clock_field field)
{
	return row[FIELD_FIRST_OWN + field];
}

static void clock_count(const struct summary *summary, struct world *world, const struct clock *clock,
			struct clock_count *count)
{
	const struct ports *ports = world_ports(world);
	struct query *query = arena_new(summary->arena, struct query);
	struct error error;

	*count = (struct clock_count){0};
	*query = (struct query){.kind = QUERY_ALL, .entity = clock->state};
	if (ports->query(ports->host, summary->arena, query, NULL, &count->rows, &count->row_count, &error) != OK)
		count->row_count = 0;
	for (uint32_t i = 0; i < count->row_count; i++) {
		struct value state = clock_value(count->rows[i], CLOCK_STATE);
		if (state.kind == VALUE_ENUM && state.count <= CLOCK_BREACHED)
			count->states[state.count]++;
	}
}

/* The running ones that are due first. */
static void clock_next_print(const struct summary *summary, struct world *world, const struct clock *clock,
			     const struct clock_count *count)
{
	struct drawing drawing = {stdout, summary->arena, summary->program, world_ports(world)};
	moment after = INT64_MIN;
	uint32_t shown = 0;

	while (shown < CLOCKS_SHOWN) {
		moment next = INT64_MAX;
		for (uint32_t i = 0; i < count->row_count; i++) {
			struct value due = clock_value(count->rows[i], CLOCK_DUE_AT),
				     state = clock_value(count->rows[i], CLOCK_STATE);
			if (state.kind == VALUE_ENUM && state.count == CLOCK_RUNNING && due.kind == VALUE_TIME &&
			    due.integer > after && due.integer < next)
				next = due.integer;
		}
		if (next == INT64_MAX)
			return;
		for (uint32_t i = 0; i < count->row_count && shown < CLOCKS_SHOWN; i++) {
			struct value due = clock_value(count->rows[i], CLOCK_DUE_AT),
				     state = clock_value(count->rows[i], CLOCK_STATE);
			char at[MOMENT_TEXT];
			if (state.kind != VALUE_ENUM || state.count != CLOCK_RUNNING || due.kind != VALUE_TIME ||
			    due.integer != next)
				continue;
			moment_write_short(next, summary->program->zone, at);
			printf("  %.*s runs until %s  ", TEXT_ARGS(clock->name), at);
			print_safe(stdout, value_describe(&drawing, clock_value(count->rows[i], CLOCK_RECORD)));
			putchar('\n');
			shown++;
		}
		after = next;
	}
}

static void clocks_print(const struct summary *summary, struct world *world)
{
	static const char *const titles[] = {"clocks", ">running", ">paused", ">met", ">breached"};
	struct print_table table = table_new(summary->arena, titles, 5);
	struct clock_count *counts = arena_array(summary->arena, struct clock_count, summary->program->clock_count + 1);

	if (!summary->program->clock_count)
		return;
	for (uint32_t i = 0; i < summary->program->clock_count; i++) {
		clock_count(summary, world, &summary->program->clocks[i], &counts[i]);
		table_add(&table, summary->program->clocks[i].name, STYLE_PLAIN);
		for (int state = CLOCK_RUNNING; state <= CLOCK_BREACHED; state++)
			table_add_number(&table, counts[i].states[state]);
	}
	head("Clocks");
	table_print(&table, stdout, 2);
	for (uint32_t i = 0; i < summary->program->clock_count; i++)
		clock_next_print(summary, world, &summary->program->clocks[i], &counts[i]);
}

void summary_problems(const struct recording *recording)
{
	for (uint32_t i = 0; i < recording->problems.count && i < PROBLEMS_SHOWN; i++) {
		const struct recorded_problem *problem = &recording->problems.items[i];
		styled(stderr, STYLE_YELLOW, "%s:%u: ", recording->paths[problem->file], problem->line);
		print_safe(stderr, problem->sentence);
		fputs("; the line is skipped\n", stderr);
	}
	if (recording->problems.count > PROBLEMS_SHOWN)
		fprintf(stderr, "… and %u lines more\n", recording->problems.count - PROBLEMS_SHOWN);
}

void summary_print(const struct summary *summary, struct world *world, const struct recording *recording)
{
	char first[MOMENT_TEXT] = "", last[MOMENT_TEXT] = "";

	summary_problems(recording);
	if (summary->turns) {
		moment_write_short(summary->first, summary->program->zone, first);
		moment_write_short(summary->last, summary->program->zone, last);
	}
	printf("%u lines from %u files", recording->read, recording->path_count);
	if (summary->turns)
		printf(", %s to %s %.*s", first, last,
		       TEXT_ARGS(zone_name(summary->program->zone ? summary->program->zone : zone_utc())));
	putchar('\n');
	if (recording->problems.count)
		styled(stdout, STYLE_YELLOW, "%u lines could not be read and were skipped\n", recording->problems.count);
	sources_print(summary);
	entities_print(summary);
	rules_print(summary);
	calls_print(summary);
	clocks_print(summary, world);
	if (summary->refused) {
		putchar('\n');
		styled(stdout, STYLE_RED, "%u turns were refused and taken back; the first: ", summary->refused);
		print_safe(stdout, summary->first_refused);
		putchar('\n');
	}
}

/* --- for tools */
static void member_int(struct json_writer *writer, const char *name, int64_t number)
{
	json_write_name(writer, text_from(name));
	json_write_int(writer, number);
}

static void member_text(struct json_writer *writer, const char *name, struct text text)
{
	json_write_name(writer, text_from(name));
	json_write_text(writer, text);
}

static void source_write(struct json_writer *writer, struct text name, const struct source_count *count)
{
	if (!count->lines)
		return;
	json_open_object(writer);
	member_text(writer, "from", name);
	member_int(writer, "lines", count->lines);
	member_int(writer, "events", count->raised);
	member_int(writer, "nothing_new", count->nothing);
	member_int(writer, "refused", count->refused);
	json_close_object(writer);
}

static void made_write(const struct summary *summary, struct json_writer *writer)
{
	json_write_name(writer, TEXT("events"));
	json_open_object(writer);
	for (uint32_t i = 0; i < summary->program->schema.event_count; i++) {
		if (!summary->events[i])
			continue;
		json_write_name(writer, summary->program->schema.events[i]->name);
		json_write_int(writer, summary->events[i]);
	}
	json_close_object(writer);
	json_write_name(writer, TEXT("records"));
	json_open_object(writer);
	for (uint32_t i = 0; i < summary->program->schema.entity_count; i++) {
		if (!is_shown(summary, i))
			continue;
		json_write_name(writer, summary->program->schema.entities[i]->name);
		json_open_object(writer);
		member_int(writer, "created", summary->entities[i].created);
		member_int(writer, "changed", summary->entities[i].updated);
		member_int(writer, "deleted", summary->entities[i].deleted);
		json_close_object(writer);
	}
	json_close_object(writer);
}

static void rules_write(const struct summary *summary, struct json_writer *writer)
{
	json_write_name(writer, TEXT("rules"));
	json_open_object(writer);
	for (uint32_t i = 0; i < summary->program->rule_count; i++) {
		const uint32_t *outcomes = summary->rules[i];
		json_write_name(writer, summary->program->rules[i].name);
		json_open_object(writer);
		member_int(writer, "fired", outcomes[OUTCOME_FIRED]);
		member_int(writer, "not", rejected(outcomes));
		member_int(writer, "held_back", held_back(outcomes));
		member_int(writer, "failed", outcomes[OUTCOME_FAILED]);
		if (outcomes[OUTCOME_FAILED])
			member_text(writer, "sentence", summary->reasons[i]);
		json_close_object(writer);
	}
	json_close_object(writer);
	json_write_name(writer, TEXT("calls"));
	json_open_object(writer);
	for (uint32_t i = 0; i < summary->program->action_count; i++) {
		const struct action *action = &summary->program->actions[i];
		if (!summary->calls[i])
			continue;
		json_write_name(writer, action->name);
		json_write_int(writer, summary->calls[i]);
	}
	json_close_object(writer);
	member_int(writer, "notifications", summary->notices);
}

static void clocks_write(const struct summary *summary, struct world *world, struct json_writer *writer)
{
	static const char *const names[] = {"running", "paused", "met", "breached"};

	json_write_name(writer, TEXT("clocks"));
	json_open_object(writer);
	for (uint32_t i = 0; i < summary->program->clock_count; i++) {
		struct clock_count count;
		clock_count(summary, world, &summary->program->clocks[i], &count);
		json_write_name(writer, summary->program->clocks[i].name);
		json_open_object(writer);
		for (int state = CLOCK_RUNNING; state <= CLOCK_BREACHED; state++)
			member_int(writer, names[state], count.states[state]);
		json_close_object(writer);
	}
	json_close_object(writer);
}

void summary_write(const struct summary *summary, struct world *world, const struct recording *recording,
		   struct json_writer *writer)
{
	json_open_object(writer);
	member_int(writer, "lines", recording->read);
	json_write_name(writer, TEXT("problems"));
	json_open_list(writer);
	for (uint32_t i = 0; i < recording->problems.count; i++) {
		const struct recorded_problem *problem = &recording->problems.items[i];
		json_open_object(writer);
		member_text(writer, "file", text_from(recording->paths[problem->file]));
		member_int(writer, "line", problem->line);
		member_text(writer, "sentence", problem->sentence);
		json_close_object(writer);
	}
	json_close_list(writer);
	json_write_name(writer, TEXT("sources"));
	json_open_list(writer);
	for (uint32_t i = 0; i < summary->program->receive_count; i++) {
		const struct receive *receive = &summary->program->receives[i];
		source_write(
			writer,
			text_format(summary->arena, "%.*s %.*s", TEXT_ARGS(receive->connector->name), TEXT_ARGS(receive->name)),
			&summary->receives[i]);
	}
	for (uint32_t i = 0; i < summary->program->schema.event_count; i++)
		source_write(writer, summary->program->schema.events[i]->name, &summary->kinds[i]);
	json_close_list(writer);
	made_write(summary, writer);
	rules_write(summary, writer);
	clocks_write(summary, world, writer);
	member_int(writer, "turns", summary->turns);
	member_int(writer, "timers", summary->timers);
	member_int(writer, "duplicates", summary->duplicates);
	member_int(writer, "refused", summary->refused);
	json_close_object(writer);
}
