/* Counts turns, and writes the counts for tools; summary_print.c says them to people. Only counts and times of the events
 * themselves are in it: no wall clock, no address, no order that could differ between runs. */
#include "runtime/summary.h"

#include <inttypes.h>

#include "engine/model/system.h"

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
	summary->moved = arena_array(arena, bool *, program->schema.entity_count + 1);
	for (uint32_t i = 0; i < program->schema.entity_count; i++)
		summary->moved[i] = arena_array(arena, bool, program->schema.entities[i]->field_count + 1);
}

/* --- counting */
static bool is_clock_state(const struct program *program, const struct entity *entity)
{
	for (uint32_t i = 0; i < program->clock_count; i++)
		if (program->clocks[i].state == entity)
			return true;
	return false;
}

/* Which enum fields move: they say in what state things are. */
static void moved_note(bool *moved, const struct change *change)
{
	for (uint32_t i = FIELD_FIRST_OWN; change->before && change->after && i < change->entity->field_count; i++)
		if (change->before[i].kind == VALUE_ENUM && change->after[i].kind == VALUE_ENUM &&
		    change->before[i].count != change->after[i].count)
			moved[i] = true;
}

/* The hour of the pack's zone in which the moment lies; turns come in the order of their times. */
static struct period *period_at(struct summary *summary, moment at)
{
	const struct zone *zone = summary->program->zone ? summary->program->zone : zone_utc();
	struct period *last = summary->periods.count ? &summary->periods.items[summary->periods.count - 1] : NULL;
	clock_time time;
	date day;

	moment_to_local(zone, at, &day, &time);
	if (last && last->day == day && last->hour == time / 3600)
		return last;
	last = list_add(summary->arena, &summary->periods);
	*last = (struct period){.day = day, .hour = time / 3600};
	return last;
}

static void period_count(struct summary *summary, const struct turn_report *report)
{
	struct period *period = period_at(summary, report->at);

	period->lines += report->origin == TURN_EVENT || report->origin == TURN_RECEIVED;
	for (uint32_t i = 0; report->turn && !report->refused && i < report->turn->plan.changes.count; i++) {
		const struct change *change = report->turn->plan.changes.items[i];
		if (change->entity->index < SYSTEM_ENTITY_COUNT || change_is_nothing(change) ||
		    is_clock_state(summary->program, change->entity))
			continue;
		period->created += change->kind == CHANGE_CREATE;
		period->changed += change->kind == CHANGE_UPDATE;
	}
}

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
		moved_note(summary->moved[change->entity->index], change);
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
	period_count(summary, report);
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

bool summary_shows(const struct summary *summary, uint32_t entity)
{
	const struct entity_count *count = &summary->entities[entity];

	return entity >= SYSTEM_ENTITY_COUNT && !is_clock_state(summary->program, summary->program->schema.entities[entity]) &&
	       (count->created || count->updated || count->deleted);
}

uint32_t outcomes_held_back(const uint32_t *outcomes)
{
	return outcomes[OUTCOME_DUPLICATE] + outcomes[OUTCOME_DAMPED] + outcomes[OUTCOME_ONCE] + outcomes[OUTCOME_AT_MOST] +
	       outcomes[OUTCOME_WAITING] + outcomes[OUTCOME_CANCELLED];
}

uint32_t outcomes_rejected(const uint32_t *outcomes)
{
	return outcomes[OUTCOME_FALSE] + outcomes[OUTCOME_UNKNOWN] + outcomes[OUTCOME_NOT_VALID];
}

uint32_t summary_failed(const struct summary *summary)
{
	uint32_t failed = 0;

	for (uint32_t i = 0; i < summary->program->rule_count; i++)
		failed += summary->rules[i][OUTCOME_FAILED];
	return failed;
}

/* --- what the world holds now */
/* All rows of an entity; none when the store cannot say. */
static uint32_t rows_read(const struct summary *summary, struct world *world, const struct entity *entity,
			  const struct value *const **rows_out)
{
	const struct ports *ports = world_ports(world);
	struct query *query = arena_new(summary->arena, struct query);
	struct error error;
	uint32_t count;

	*query = (struct query){.kind = QUERY_ALL, .entity = entity};
	return ports->query(ports->host, summary->arena, query, NULL, rows_out, &count, &error) == OK ? count : 0;
}

void field_count(const struct summary *summary, struct world *world, const struct entity *entity, const struct field *field,
		 uint32_t *counts)
{
	const struct value *const *rows;
	uint32_t count = rows_read(summary, world, entity, &rows);

	for (uint32_t i = 0; i < count; i++)
		if (rows[i][field->index].kind == VALUE_ENUM)
			counts[rows[i][field->index].count]++;
}

void clock_count(const struct summary *summary, struct world *world, const struct clock *clock, struct clock_count *count)
{
	*count = (struct clock_count){0};
	count->row_count = rows_read(summary, world, clock->state, &count->rows);
	for (uint32_t i = 0; i < count->row_count; i++) {
		struct value state = clock_value(count->rows[i], CLOCK_STATE);
		if (state.kind == VALUE_ENUM && state.count <= CLOCK_BREACHED)
			count->states[state.count]++;
	}
}

/* --- for tools */
static void source_write(struct json_writer *writer, struct text name, const struct source_count *count)
{
	if (!count->lines)
		return;
	json_open_object(writer);
	json_write_member(writer, "from", name);
	json_write_member_int(writer, "lines", count->lines);
	json_write_member_int(writer, "events", count->raised);
	json_write_member_int(writer, "nothing_new", count->nothing);
	json_write_member_int(writer, "refused", count->refused);
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
		if (!summary_shows(summary, i))
			continue;
		json_write_name(writer, summary->program->schema.entities[i]->name);
		json_open_object(writer);
		json_write_member_int(writer, "created", summary->entities[i].created);
		json_write_member_int(writer, "changed", summary->entities[i].updated);
		json_write_member_int(writer, "deleted", summary->entities[i].deleted);
		json_close_object(writer);
	}
	json_close_object(writer);
}

/* In what state the records are at the end, by the enum fields that moved. */
static void states_write(const struct summary *summary, struct world *world, struct json_writer *writer)
{
	json_write_name(writer, TEXT("states"));
	json_open_object(writer);
	for (uint32_t i = 0; i < summary->program->schema.entity_count; i++) {
		const struct entity *entity = summary->program->schema.entities[i];
		for (uint32_t f = FIELD_FIRST_OWN; summary_shows(summary, i) && f < entity->field_count; f++) {
			if (!summary->moved[i][f])
				continue;
			const struct enumeration *choices = entity->fields[f].type->enumeration;
			uint32_t *counts = arena_array(summary->arena, uint32_t, choices->count + 1);
			field_count(summary, world, entity, &entity->fields[f], counts);
			json_write_name(writer, text_format(summary->arena, "%.*s.%.*s", TEXT_ARGS(entity->name),
							    TEXT_ARGS(entity->fields[f].name)));
			json_open_object(writer);
			for (uint32_t c = 0; c < choices->count; c++) {
				json_write_name(writer, choices->values[c].name);
				json_write_int(writer, counts[c]);
			}
			json_close_object(writer);
		}
	}
	json_close_object(writer);
}

static void periods_write(const struct summary *summary, struct json_writer *writer)
{
	json_write_name(writer, TEXT("hours"));
	json_open_list(writer);
	for (uint32_t i = 0; i < summary->periods.count; i++) {
		const struct period *period = &summary->periods.items[i];
		char day[MOMENT_TEXT];
		date_write(period->day, day);
		json_open_object(writer);
		json_write_member(writer, "hour", text_format(summary->arena, "%sT%02d", day, period->hour));
		json_write_member_int(writer, "lines", period->lines);
		json_write_member_int(writer, "created", period->created);
		json_write_member_int(writer, "changed", period->changed);
		json_close_object(writer);
	}
	json_close_list(writer);
}

static void rules_write(const struct summary *summary, struct json_writer *writer)
{
	json_write_name(writer, TEXT("rules"));
	json_open_object(writer);
	for (uint32_t i = 0; i < summary->program->rule_count; i++) {
		const uint32_t *outcomes = summary->rules[i];
		json_write_name(writer, summary->program->rules[i].name);
		json_open_object(writer);
		json_write_member_int(writer, "fired", outcomes[OUTCOME_FIRED]);
		json_write_member_int(writer, "not", outcomes_rejected(outcomes));
		json_write_member_int(writer, "held_back", outcomes_held_back(outcomes));
		json_write_member_int(writer, "failed", outcomes[OUTCOME_FAILED]);
		if (outcomes[OUTCOME_FAILED])
			json_write_member(writer, "sentence", summary->reasons[i]);
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
	json_write_member_int(writer, "notifications", summary->notices);
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
			json_write_member_int(writer, names[state], count.states[state]);
		json_close_object(writer);
	}
	json_close_object(writer);
}

void summary_write(const struct summary *summary, struct world *world, const struct recording *recording,
		   struct json_writer *writer)
{
	json_open_object(writer);
	json_write_member_int(writer, "lines", recording->read);
	json_write_name(writer, TEXT("problems"));
	json_open_list(writer);
	for (uint32_t i = 0; i < recording->problems.count; i++) {
		const struct recorded_problem *problem = &recording->problems.items[i];
		json_open_object(writer);
		json_write_member(writer, "file", text_from(recording->paths[problem->file]));
		json_write_member_int(writer, "line", problem->line);
		json_write_member(writer, "sentence", problem->sentence);
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
	periods_write(summary, writer);
	made_write(summary, writer);
	states_write(summary, world, writer);
	rules_write(summary, writer);
	clocks_write(summary, world, writer);
	json_write_member_int(writer, "turns", summary->turns);
	json_write_member_int(writer, "timers", summary->timers);
	json_write_member_int(writer, "duplicates", summary->duplicates);
	json_write_member_int(writer, "refused", summary->refused);
	json_close_object(writer);
}
