/* Says to people what a run of recorded events came to, at a glance: what came in and when, what was made of it and in what
 * state it is, which rules decided, which clocks are due. Counts nothing itself. */
#include "runtime/summary.h"

#include <stdlib.h>

#include "engine/model/system.h"
#include "runtime/table.h"

enum { CLOCKS_SHOWN = 8, PROBLEMS_SHOWN = 20, BAR_WIDTH = 16, HOURS_SHOWN = 36, DAYS_SHOWN = 62 };
enum period_length { PERIOD_HOUR, PERIOD_DAY, PERIOD_MONTH };

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

/* --- when: a bar a day, or an hour when it was few, or a month when it was long */
static void bar_add(struct print_table *table, uint32_t count, uint32_t most, enum style style)
{
	static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
	struct text_builder text = {.arena = table->arena};
	uint32_t eighths = most ? (uint32_t)((uint64_t)count * BAR_WIDTH * 8 / most) : 0;

	if (count && !eighths)
		eighths = 1;
	for (uint32_t i = 0; i < eighths / 8; i++)
		builder_add_string(&text, "█");
	builder_add_string(&text, parts[eighths % 8]);
	table_add(table, builder_text(&text), style);
}

static struct text period_name(const struct summary *summary, const struct period *period, enum period_length length)
{
	static const char *const weekdays[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
	char day[MOMENT_TEXT];

	date_write(period->day, day);
	if (length == PERIOD_HOUR)
		return text_format(summary->arena, "%s %02d:00", day, period->hour);
	if (length == PERIOD_DAY)
		return text_format(summary->arena, "%s %s", day, weekdays[((period->day % 7) + 7) % 7]);
	return text_format(summary->arena, "%.7s", day);
}

/* Hours into days or months; returns how many there are. */
static uint32_t periods_join(const struct summary *summary, enum period_length length, struct period *joined,
			     struct text *names)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < summary->periods.count; i++) {
		const struct period *period = &summary->periods.items[i];
		struct text name = period_name(summary, period, length);
		if (!count || !text_equal(names[count - 1], name)) {
			names[count] = name;
			joined[count++] = (struct period){.day = period->day, .hour = period->hour};
		}
		joined[count - 1].lines += period->lines;
		joined[count - 1].created += period->created;
		joined[count - 1].changed += period->changed;
	}
	return count;
}

static void periods_print(const struct summary *summary)
{
	static const char *const titles[] = {"when", ">lines", "", ">created", "", ">changed"};
	struct period *joined = arena_array(summary->arena, struct period, summary->periods.count + 1);
	struct text *names = arena_array(summary->arena, struct text, summary->periods.count + 1);
	struct print_table table = table_new(summary->arena, titles, 6);
	uint32_t count = 0, most_lines = 0, most_created = 0;

	for (int length = PERIOD_HOUR; length <= PERIOD_MONTH; length++) {
		count = periods_join(summary, length, joined, names);
		if (count <= (length == PERIOD_HOUR ? HOURS_SHOWN : DAYS_SHOWN))
			break;
	}
	if (count < 2)
		return;
	for (uint32_t i = 0; i < count; i++) {
		most_lines = joined[i].lines > most_lines ? joined[i].lines : most_lines;
		most_created = joined[i].created > most_created ? joined[i].created : most_created;
	}
	for (uint32_t i = 0; i < count; i++) {
		table_add(&table, names[i], STYLE_PLAIN);
		table_add_number(&table, joined[i].lines);
		bar_add(&table, joined[i].lines, most_lines, STYLE_BLUE);
		table_add_number(&table, joined[i].created);
		bar_add(&table, joined[i].created, most_created, STYLE_GREEN);
		table_add_number(&table, joined[i].changed);
	}
	putchar('\n');
	table_print(&table, stdout, 2);
}

static void entities_print(const struct summary *summary)
{
	static const char *const titles[] = {"records", ">created", ">changed", ">deleted", ""};
	static const char *const event_titles[] = {"events", ">times", ""};
	struct print_table table = table_new(summary->arena, titles, 5), events = table_new(summary->arena, event_titles, 3);

	head("What was made of it");
	for (uint32_t i = 0; i < summary->program->schema.event_count; i++) {
		const struct event_kind *kind = summary->program->schema.events[i];
		bool row = kind->origin == EVENT_CREATED || kind->origin == EVENT_UPDATED || kind->origin == EVENT_DELETED;
		if (row || !summary->events[i])
			continue;
		table_add(&events, kind->name, STYLE_PLAIN);
		table_add_number(&events, summary->events[i]);
		table_add(&events, kind->label, STYLE_DIM);
	}
	for (uint32_t i = 0; i < summary->program->schema.entity_count; i++) {
		if (!summary_shows(summary, i))
			continue;
		table_add(&table, summary->program->schema.entities[i]->name, STYLE_PLAIN);
		table_add_number(&table, summary->entities[i].created);
		table_add_number(&table, summary->entities[i].updated);
		table_add_number(&table, summary->entities[i].deleted);
		table_add(&table, summary->program->schema.entities[i]->label, STYLE_DIM);
	}
	if (table.cells.count)
		table_print(&table, stdout, 2);
	else
		styled(stdout, STYLE_DIM, "  no records\n");
	if (events.cells.count) {
		putchar('\n');
		table_print(&events, stdout, 2);
	}
}

/* In what state the records are now: "order.status  open 12, done 30". */
static void states_print(const struct summary *summary, struct world *world)
{
	static const char *const titles[] = {"state now", ""};
	struct print_table table = table_new(summary->arena, titles, 2);

	for (uint32_t i = 0; i < summary->program->schema.entity_count; i++) {
		const struct entity *entity = summary->program->schema.entities[i];
		for (uint32_t f = FIELD_FIRST_OWN; summary_shows(summary, i) && f < entity->field_count; f++) {
			if (!summary->moved[i][f])
				continue;
			const struct enumeration *choices = entity->fields[f].type->enumeration;
			uint32_t *counts = arena_array(summary->arena, uint32_t, choices->count + 1);
			struct text_builder text = {.arena = summary->arena};
			field_count(summary, world, entity, &entity->fields[f], counts);
			for (uint32_t c = 0; c < choices->count; c++)
				if (counts[c])
					builder_format(&text, "%s%.*s %u", text.length ? ", " : "",
						       TEXT_ARGS(choices->values[c].name), counts[c]);
			table_add(&table,
				  text_format(summary->arena, "%.*s.%.*s", TEXT_ARGS(entity->name),
					      TEXT_ARGS(entity->fields[f].name)),
				  STYLE_PLAIN);
			table_add(&table, builder_text(&text), STYLE_PLAIN);
		}
	}
	if (!table.cells.count)
		return;
	putchar('\n');
	table_print(&table, stdout, 2);
}

/* What fired most stands first; what fired as often, in the order of the pack. */
static uint32_t *rules_sort(const struct summary *summary)
{
	uint32_t count = summary->program->rule_count, *order = arena_array(summary->arena, uint32_t, count + 1);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = i;
		for (; at && summary->rules[order[at - 1]][OUTCOME_FIRED] < summary->rules[i][OUTCOME_FIRED]; at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
	return order;
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
	uint32_t asleep = 0, *order = rules_sort(summary);

	for (uint32_t place = 0; place < summary->program->rule_count; place++) {
		uint32_t i = order[place];
		const uint32_t *outcomes = summary->rules[i];
		if (!outcomes[OUTCOME_FIRED] && !outcomes_held_back(outcomes) && !outcomes[OUTCOME_FAILED]) {
			asleep++;
			continue;
		}
		table_add(&table, summary->program->rules[i].name, STYLE_PLAIN);
		table_add_number(&table, outcomes[OUTCOME_FIRED]);
		table_add_number(&table, outcomes_rejected(outcomes));
		table_add_number(&table, outcomes_held_back(outcomes));
		if (outcomes[OUTCOME_FAILED])
			table_add(&table, text_format(summary->arena, "%u", outcomes[OUTCOME_FAILED]), STYLE_RED);
		else
			table_add_number(&table, 0);
		table_add(&table, summary->program->rules[i].label, STYLE_DIM);
	}
	head("What decided");
	if (table.cells.count)
		table_print(&table, stdout, 2);
	if (asleep)
		styled(stdout, STYLE_DIM, "  %u %s never fired\n", asleep, table.cells.count ? "more" : "rules, they");
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
struct due {
	moment at;
	uint32_t clock, row;
};

static int by_due(const void *left, const void *right)
{
	const struct due *a = left, *b = right;

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	if (a->clock != b->clock)
		return a->clock < b->clock ? -1 : 1;
	return a->row < b->row ? -1 : a->row > b->row;
}

/* The running ones of all clocks that are due first. */
static void clocks_next_print(const struct summary *summary, struct world *world, const struct clock_count *counts)
{
	static const char *const titles[] = {"due next", "clock", "of"};
	struct drawing drawing = {stdout, summary->arena, summary->program, world_ports(world)};
	struct print_table table = table_new(summary->arena, titles, 3);
	LIST(struct due) running = {0};

	for (uint32_t c = 0; c < summary->program->clock_count; c++)
		for (uint32_t i = 0; i < counts[c].row_count; i++) {
			struct value due = clock_value(counts[c].rows[i], CLOCK_DUE_AT),
				     state = clock_value(counts[c].rows[i], CLOCK_STATE);
			if (state.kind == VALUE_ENUM && state.count == CLOCK_RUNNING && due.kind == VALUE_TIME)
				*list_add(summary->arena, &running) = (struct due){due.integer, c, i};
		}
	if (!running.count)
		return;
	qsort(running.items, running.count, sizeof *running.items, by_due);
	for (uint32_t i = 0; i < running.count && i < CLOCKS_SHOWN; i++) {
		const struct due *due = &running.items[i];
		char at[MOMENT_TEXT];
		moment_write_short(due->at, summary->program->zone, at);
		table_add_string(&table, at);
		table_add(&table, summary->program->clocks[due->clock].name, STYLE_PLAIN);
		table_add(&table, value_describe(&drawing, clock_value(counts[due->clock].rows[due->row], CLOCK_RECORD)),
			  STYLE_PLAIN);
	}
	putchar('\n');
	table_print(&table, stdout, 2);
	if (running.count > CLOCKS_SHOWN)
		styled(stdout, STYLE_DIM, "  and %u more\n", running.count - CLOCKS_SHOWN);
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
	clocks_next_print(summary, world, counts);
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
	printf("%u %s from %u %s", recording->read, recording->read == 1 ? "line" : "lines", recording->path_count,
	       recording->path_count == 1 ? "file" : "files");
	if (summary->turns)
		printf(", %s to %s %.*s", first, last,
		       TEXT_ARGS(zone_name(summary->program->zone ? summary->program->zone : zone_utc())));
	putchar('\n');
	if (recording->problems.count)
		styled(stdout, STYLE_YELLOW, "%u lines could not be read and were skipped\n", recording->problems.count);
	if (!summary->turns) {
		styled(stdout, STYLE_DIM, "no event came in, and so nothing happened\n");
		return;
	}
	sources_print(summary);
	periods_print(summary);
	entities_print(summary);
	states_print(summary, world);
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
