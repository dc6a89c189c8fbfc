/* The door of the engine, and the loop of a turn: an event passes clocks, rules and workflows; what they raise is handled after
 * it, until all is quiet. The plan is made at the end, of the rows that were touched. Does no I/O: the ports are asked. */
#include "engine/base/check.h"
#include "engine/parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* --- events of the turn */
struct value event_value(const struct event *event)
{
	if (event->kind->entity)
		return event->fields[0];
	return (struct value){.kind = VALUE_RECORD, .count = event->kind->field_count, .items = event->fields};
}

static struct text link_of(struct context *context, const struct event_kind *kind, uint32_t rule)
{
	if (rule == RULE_NONE)
		return kind->name;
	return text_format(context->arena, "%.*s (%.*s)", TEXT_ARGS(kind->name), TEXT_ARGS(context->program->rules[rule].name));
}

/* From the event that came from outside to the one that is one too many, each with the rule that raised it. What goes round is
 * named once: the chain is as long as its different links. */
static struct text chain_of(struct context *context, const struct event_kind *last)
{
	struct text links[LIMIT_EVENT_DEPTH + 2], chain = {0};
	uint32_t count = 0, shown = 0;
	links[count++] = link_of(context, last, context->rule);
	for (const struct event *event = context->event; event && count < LIMIT_EVENT_DEPTH + 2; event = event->cause)
		links[count++] = link_of(context, event->kind, event->rule);
	struct text_builder text = {.arena = context->arena};
	for (uint32_t i = count; i-- > 0;) {
		bool known = false;
		for (uint32_t k = i + 1; k < count && !known; k++)
			known = text_equal(links[k], links[i]);
		if (known)
			continue;
		builder_format(&text, "%s%.*s", shown++ ? " → " : "", TEXT_ARGS(links[i]));
	}
	chain = builder_text(&text);
	return shown < count ? text_format(context->arena, "%.*s → and round again", TEXT_ARGS(chain)) : chain;
}

static enum status check_limits(struct context *context, const struct event_kind *kind)
{
	if (context->event && context->event->depth + 1 > LIMIT_EVENT_DEPTH) {
		struct text chain = chain_of(context, kind);
		context->fatal = true;
		return error_set(context->error, LIMIT, "events raise one another more than %d deep: %.*s", LIMIT_EVENT_DEPTH,
				 TEXT_ARGS(chain));
	}
	if (context->pending.count >= LIMIT_TURN_EVENTS) {
		context->fatal = true;
		return error_set(context->error, LIMIT, "one turn would raise more than %d events; the last is %.*s",
				 LIMIT_TURN_EVENTS, TEXT_ARGS(kind->name));
	}
	return OK;
}

static bool raised_already(const struct context *context, struct record_id id)
{
	for (uint32_t i = 0; i < context->trace->events.count; i++)
		if (id_equal(context->trace->events.items[i]->id, id))
			return true;
	for (uint32_t i = context->handled; i < context->pending.count; i++)
		if (id_equal(context->pending.items[i]->id, id))
			return true;
	return false;
}

enum status event_raise(struct context *context, const struct event_kind *kind, const struct value *fields)
{
	bool seen = false;
	enum status status = check_limits(context, kind);
	if (status != OK)
		return status;
	struct event *event = arena_new(context->arena, struct event);
	*event = (struct event){.kind = kind,
				.id = kind->has_key ? event_key_id(kind, fields) : id_next(context),
				.at = context->now,
				.fields = fields,
				.actor = context->actor,
				.depth = context->event ? context->event->depth + 1 : 0,
				.cause = context->event,
				.rule = context->rule};
	if (kind->has_key) {
		seen = raised_already(context, event->id);
		if (!seen)
			status = context->ports->event_seen(context->ports->host, event->id, &seen, context->error);
		context->fatal |= status != OK;
	}
	if (status == OK && !seen)
		*list_add(context->arena, &context->pending) = event;
	else if (status == OK)
		trace_say(context, "%.*s with this key has happened before", TEXT_ARGS(kind->name));
	return status;
}

void trace_say(struct context *context, const char *format, ...)
{
	char line[1024];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	*list_add(context->arena, &context->trace->lines) =
		(struct trace_line){.event = context->event_index,
				    .rule = context->rule,
				    .text = {arena_string(context->arena, line, strlen(line)), (uint32_t)strlen(line)}};
}

enum status body_run(struct context *context, const struct code *body, struct value *frame, const char *who)
{
	struct savepoint before = savepoint_set(context);
	enum status status = eval_run(context, body, frame, NULL);
	if (status == OK)
		status = constraints_check(context, before);
	if (status == OK || context->fatal)
		return status;
	savepoint_restore(context, before);
	trace_say(context, "%s failed: %s", who, context->error->sentence);
	return OK;
}

/* --- the loop; the order of clocks, rules and workflows: docs/decisions/0008 */
static void handle_begin(struct context *context, struct event *event)
{
	context->event = event;
	context->event_index = context->trace->events.count;
	context->rule = RULE_NONE;
	context->actor = event->actor;
	context->maker = event->id;
	*list_add(context->arena, &context->trace->events) = event;
}

static enum status handle(struct context *context, struct event *event)
{
	struct record_id turn_maker = context->maker;
	handle_begin(context, event);
	enum status status = budget_count(context, event);
	if (status == OK)
		status = clocks_on_event(context, event);
	if (status == OK)
		status = rules_on_event(context, event);
	context->rule = RULE_NONE;
	if (status == OK)
		status = workflows_on_event(context, event);
	context->maker = turn_maker;
	return status;
}

static enum status handle_pending(struct context *context)
{
	enum status status = OK;
	while (status == OK && context->handled < context->pending.count) {
		struct event *event = context->pending.items[context->handled++];
		*list_add(context->arena, &context->plan->events) = event;
		context->made = 0;
		status = handle(context, event);
	}
	return status;
}

/* In an arena that is reset unless the event of this turn was built in it. */
static void turn_prepare(struct engine *engine)
{
	if (!engine->begun)
		arena_reset(&engine->arena);
	engine->begun = false;
	engine->turn = (struct turn){0};
	engine->arena.limit = engine->arena.used + LIMIT_TURN_MEMORY;
}

enum status turn_run(struct engine *engine, moment at, struct value actor, struct record_id maker, const struct ports *ports,
		     turn_work work, void *argument, const struct turn **turn_out, struct error *error)
{
	jmp_buf memory_ends;
	struct error own;
	turn_prepare(engine);
	struct context *context = arena_new(&engine->arena, struct context);
	*context = (struct context){.engine = engine,
				    .program = engine->program,
				    .ports = ports,
				    .arena = &engine->arena,
				    .plan = &engine->turn.plan,
				    .trace = &engine->turn.trace,
				    .error = error ? error : &own,
				    .now = at,
				    .rule = RULE_NONE,
				    .actor = actor,
				    .maker = maker,
				    .taken = map_in(&engine->arena)};
	engine->running = context;
	enum status status;
	if (arena_guard(&engine->arena, memory_ends)) {
		status = error_set(error, LIMIT, "the turn needs more than %d MiB of memory", LIMIT_TURN_MEMORY >> 20);
	} else {
		status = work(context, argument);
		if (status == OK)
			status = handle_pending(context);
		if (status == OK)
			status = numbers_return(context);
		if (status == OK)
			plan_finish(context);
	}
	if (status != OK)
		engine->turn.plan = (struct plan){0};
	engine->arena.escape = NULL;
	engine->arena.limit = 0;
	engine->running = NULL;
	*turn_out = &engine->turn;
	return status;
}

/* --- ways in: an event */
/* What the sender left out and the pack has a default for; and a ref to a row that there is not is not set: nothing that a
 * rule makes of it could be stored. */
static enum status field_complete(struct context *context, const struct field *field, struct value *value)
{
	const struct value *row;
	if (value->kind == VALUE_REF) {
		enum status status = row_read(context, context->program->schema.entities[value->entity], value->id, &row);
		if (status != NOT_FOUND)
			return status;
		*value = value_missing();
		trace_say(context, "`%.*s` refers to a record that there is not; it counts as not set", TEXT_ARGS(field->name));
	}
	if (value->kind == VALUE_MISSING && field->fallback)
		return eval_run(context, field->fallback, frame_new(context, field->fallback), value);
	if (value->kind == VALUE_MISSING && field->required)
		return error_set(context->error, INVALID, "`%.*s` refers to a record that there is not",
				 TEXT_ARGS(field->name));
	return OK;
}

static bool is_incomplete(const struct field *field, struct value value)
{
	return value.kind == VALUE_REF || (value.kind == VALUE_MISSING && field->fallback);
}

static enum status fields_complete(struct context *context, struct event *event)
{
	struct value *fields = NULL;
	enum status status = OK;
	if (event->kind->entity)
		return OK; /* its row was just there */
	for (uint32_t i = 0; i < event->kind->field_count && status == OK; i++) {
		if (!is_incomplete(&event->kind->fields[i], event->fields[i]))
			continue;
		if (!fields)
			fields = arena_copy(context->arena, event->fields, sizeof(*fields) * event->kind->field_count);
		status = field_complete(context, &event->kind->fields[i], &fields[i]);
		event->fields = fields;
	}
	return status;
}

static enum status work_event(struct context *context, void *argument)
{
	enum status status = fields_complete(context, argument);
	return status == OK ? handle(context, argument) : status;
}

static enum status work_signal(struct context *context, void *argument)
{
	enum status status = fields_complete(context, argument);
	struct record_id turn_maker = context->maker;
	if (status != OK)
		return status;
	handle_begin(context, argument);
	status = workflows_on_event(context, argument);
	context->maker = turn_maker;
	return status;
}

static enum status turn_of_event(struct engine *engine, const struct event *event, const struct ports *ports, turn_work work,
				 const struct turn **turn_out, struct error *error)
{
	struct event own = *event; /* the trace keeps it as one of its own; nothing of it is changed */
	if (!engine->begun) {
		arena_reset(&engine->arena);
		engine->begun = true;
	}
	struct event *kept = arena_new(&engine->arena, struct event);
	*kept = own;
	kept->rule = RULE_NONE;
	return turn_run(engine, event->at, event->actor, event->id, ports, work, kept, turn_out, error);
}

enum status engine_turn(struct engine *engine, const struct event *event, const struct ports *ports,
			const struct turn **turn_out, struct error *error)
{
	return turn_of_event(engine, event, ports, work_event, turn_out, error);
}

enum status engine_signal(struct engine *engine, const struct event *event, const struct ports *ports,
			  const struct turn **turn_out, struct error *error)
{
	return turn_of_event(engine, event, ports, work_signal, turn_out, error);
}

/* --- ways in: an action of a person or a test */
struct act {
	const struct code *body;
	struct value *frame;
	uint32_t slot_count;
};

static enum status work_act(struct context *context, void *argument)
{
	struct act *act = argument;
	struct savepoint before = savepoint_set(context);
	enum status status = eval_run(context, act->body, act->frame, NULL);
	return status == OK ? constraints_check(context, before) : status;
}

enum status engine_act(struct engine *engine, const struct code *body, struct value *frame, uint32_t slot_count,
		       struct value actor, moment at, const struct ports *ports, const struct turn **turn_out,
		       struct error *error)
{
	struct act act = {.body = body, .frame = frame, .slot_count = slot_count};
	struct {
		moment at;
		uint64_t number;
	} seed = {at, ++engine->acts};
	CHECK(slot_count >= body->slot_count);
	return turn_run(engine, at, actor, record_id_derive(at, &seed, sizeof(seed)), ports, work_act, &act, turn_out, error);
}

/* --- ways in: what a connector received */
struct arrival {
	const struct receive *receive;
	struct value body, headers;
};

static struct value *arrival_frame(struct context *context, const struct code *code, const struct arrival *arrival)
{
	struct value *frame = frame_new(context, code);
	frame[0] = arrival->body;
	frame[1] = arrival->headers;
	return frame;
}

/* Whether the arrival's `when` holds, and what it does. */
static enum status arrival_run(struct context *context, const struct receive_arrival *branch, const struct arrival *arrival,
			       bool *taken)
{
	struct savepoint before = savepoint_set(context);
	struct value holds = value_bool(true);
	enum status status = OK;
	if (branch->guard)
		status = eval_run(context, branch->guard, arrival_frame(context, branch->guard, arrival), &holds);
	if (status != OK || !value_is_true(holds))
		return status;
	*taken = true;
	status = eval_run(context, branch->body, arrival_frame(context, branch->body, arrival), NULL);
	return status == OK ? constraints_check(context, before) : status;
}

static enum status work_receive(struct context *context, void *argument)
{
	const struct arrival *arrival = argument;
	bool taken = false;
	enum status status = OK;
	for (uint32_t i = 0; status == OK && i < arrival->receive->arrival_count; i++)
		status = arrival_run(context, &arrival->receive->arrivals[i], arrival, &taken);
	if (status == OK && !taken)
		trace_say(context, "no `when` of `receive` holds for what was received");
	return status;
}

static struct value as_data(const struct json *json)
{
	return json ? (struct value){.kind = VALUE_DATA, .json = json} : value_missing();
}

enum status engine_receive(struct engine *engine, const struct receive *receive, const struct json *body,
			   const struct json *headers, struct record_id id, moment at, const struct ports *ports,
			   const struct turn **turn_out, struct error *error)
{
	struct arrival arrival = {.receive = receive, .body = as_data(body), .headers = as_data(headers)};
	return turn_run(engine, at, value_missing(), id, ports, work_receive, &arrival, turn_out, error);
}

/* --- ways in: what is due */
static enum status work_timer(struct context *context, void *argument)
{
	return timer_run(context, *(const struct record_id *)argument);
}

enum status engine_timer(struct engine *engine, struct record_id timer, moment at, const struct ports *ports,
			 const struct turn **turn_out, struct error *error)
{
	struct {
		struct record_id timer;
		moment at;
	} seed = {timer, at};
	return turn_run(engine, at, value_missing(), record_id_derive(at, &seed, sizeof(seed)), ports, work_timer, &timer,
			turn_out, error);
}

/* --- ways in: a program begins */
static enum status work_activate(struct context *context, void *argument)
{
	(void)argument;
	enum status status = seeds_plant(context);
	if (status == OK)
		status = schedules_activate(context);
	if (status == OK)
		status = clocks_reckon_all(context);
	return status;
}

enum status engine_activate(struct engine *engine, moment at, const struct ports *ports, const struct turn **turn_out,
			    struct error *error)
{
	struct record_id maker = record_id_derive(at, "activate", 8);
	return turn_run(engine, at, value_missing(), maker, ports, work_activate, NULL, turn_out, error);
}

/* --- evaluating without effects */
struct evaluation {
	const struct code *code;
	struct value *frame;
	struct value result;
};

static enum status work_evaluate(struct context *context, void *argument)
{
	struct evaluation *evaluation = argument;
	return eval_run(context, evaluation->code, evaluation->frame, &evaluation->result);
}

enum status engine_evaluate(struct engine *engine, const struct code *code, struct value *frame, moment now,
			    const struct ports *ports, struct value *result_out, struct error *error)
{
	const struct turn *turn;
	struct evaluation evaluation = {.code = code, .frame = frame};
	struct turn last = engine->turn; /* may still be looked at */
	bool begun = engine->begun;
	engine->begun = true;
	enum status status =
		turn_run(engine, now, value_missing(), (struct record_id){0}, ports, work_evaluate, &evaluation, &turn, error);
	engine->turn = last;
	engine->begun = begun;
	*result_out = evaluation.result;
	return status;
}
