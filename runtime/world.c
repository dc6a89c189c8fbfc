/* The engine's host for test, simulate and explain: every turn is one transaction on an in-memory store, the clock is a number,
 * connectors only remember. Must never read a clock of this machine, or send anything. */
#include "runtime/world.h"

#include <stdlib.h>

#include "engine/base/check.h"
#include "engine/model/system.h"
#include "runtime/store/store.h"

enum { ANSWERS_AT_ONCE = 10000 };

struct answer {
	const struct action *action;
	bool fails;
	struct value value;
};

struct pending { /* a call that may be answered */
	struct record_id id;
	const struct action *action;
};

struct world {
	const struct program *program;
	struct world_options options;
	struct store *store;
	struct ports ports;
	struct engine *engine;
	/* knows no rules and no clocks: for rows that have always been there */
	struct engine *quiet;
	struct program quiet_program;
	struct arena arena;
	moment now;
	uint32_t given_count, act_count, refused;
	uint64_t received; /* documents, so that what they make is named apart */
	LIST(struct answer) answers;
	LIST(struct pending) pending;
	LIST(struct world_call) calls;
	LIST(struct world_event) events;
};

static enum status turn_begin(struct world *world, struct record_id event, struct error *error) MUST_CHECK;
static enum status turn_end(struct world *world, enum status ran, struct turn_report *report, struct error *error) MUST_CHECK;
static enum status answers_deliver(struct world *world, struct error *error) MUST_CHECK;

/* --- life */
enum status world_open(const struct program *program, const struct world_options *options, struct world **world_out,
		       struct error *error)
{
	struct world *world = calloc(1, sizeof *world);

	CHECK(world);
	*world_out = NULL;
	world->program = program;
	world->options = *options;
	arena_init(&world->arena, "world", 0);
	enum status status = store_open(options->path ? options->path : ":memory:", &world->store, error);
	if (status == OK)
		status = store_migrate(world->store, program, &world->arena, NULL, error);
	if (status == OK)
		status = engine_open(&world->engine);
	if (status == OK)
		status = engine_use_pack(world->engine, program, error);
	if (status != OK) {
		world_close(world);
		return status;
	}
	store_ports(world->store, &world->ports);
	arena_reset(&world->arena);
	*world_out = world;
	return OK;
}

void world_close(struct world *world)
{
	if (!world)
		return;
	if (world->engine)
		engine_close(world->engine);
	if (world->quiet)
		engine_close(world->quiet);
	free(world->quiet_program.index);
	store_close(world->store);
	arena_release(&world->arena);
	free(world);
}

moment world_now(const struct world *world)
{
	return world->now;
}

struct engine *world_engine(struct world *world)
{
	return world->engine;
}

const struct ports *world_ports(const struct world *world)
{
	return &world->ports;
}

const struct program *world_program(const struct world *world)
{
	return world->program;
}

struct arena *world_arena(struct world *world)
{
	return &world->arena;
}

static void forget(struct world *world)
{
	arena_reset(&world->arena);
	memset(&world->answers, 0, sizeof world->answers);
	memset(&world->pending, 0, sizeof world->pending);
	memset(&world->calls, 0, sizeof world->calls);
	memset(&world->events, 0, sizeof world->events);
	world->given_count = world->act_count = world->refused = 0;
}

static enum status life_start(struct world *world, moment at, struct error *error)
{
	struct turn_report report = {.origin = TURN_ACTIVATE, .at = at};

	forget(world);
	world->now = at;
	enum status status = turn_begin(world, (struct record_id){0}, error);
	if (status != OK)
		return status;
	status = engine_activate(world->engine, at, &world->ports, &report.turn, error);
	status = turn_end(world, status, &report, error);
	return status == OK && report.refused ? error_set(error, INVALID, "the pack can not be activated: %s", report.refused)
					      : status;
}

enum status world_start(struct world *world, moment at, struct error *error)
{
	moment latest;
	enum status status = store_latest(world->store, &latest, error);

	if (status == OK && latest > at)
		at = latest;
	if (status == OK || status == NOT_FOUND)
		status = store_begin(world->store, error);
	if (status != OK)
		return status;
	status = life_start(world, at, error);
	if (status != OK)
		store_rollback(world->store);
	return status;
}

enum status world_keep(struct world *world, struct error *error)
{
	return store_commit(world->store, error);
}

/* A savepoint, not a database of its own: taking a life back costs what it wrote (5 us for an empty one, beside 16 ms for
 * making the tables of 60 entities). */
enum status world_begin(struct world *world, moment at, struct error *error)
{
	enum status status = store_begin(world->store, error);

	if (status != OK)
		return status;
	status = life_start(world, at, error);
	if (status != OK)
		store_rollback(world->store);
	return status;
}

void world_end(struct world *world)
{
	store_rollback(world->store);
	forget(world);
}

/* --- turns */
static void events_remember(struct world *world, const struct trace *trace)
{
	for (uint32_t i = 0; i < trace->events.count; i++) {
		const struct event *event = trace->events.items[i];
		const struct event_kind *kind = event->kind;
		if (!kind)
			continue;
		bool row = kind->origin == EVENT_CREATED || kind->origin == EVENT_UPDATED || kind->origin == EVENT_DELETED;
		struct value fields = {.kind = VALUE_RECORD, .count = kind->field_count, .items = event->fields};
		struct value before = {
			.kind = VALUE_RECORD, .count = row ? kind->entity->field_count : 0, .items = event->before};
		struct world_event *kept = list_add(&world->arena, &world->events);
		*kept = (struct world_event){.kind = kind, .id = event->id, .at = event->at};
		kept->value = value_copy(&world->arena, row ? event->fields[0] : fields);
		if (row && event->before)
			kept->before = value_copy(&world->arena, before).items;
	}
}

static void call_remember(struct world *world, const struct outgoing *outgoing, moment at)
{
	struct value arguments = {.kind = VALUE_RECORD, .count = outgoing->argument_count, .items = outgoing->arguments};

	if (outgoing->kind == OUTGOING_CALL && world->answers.count)
		*list_add(&world->arena, &world->pending) = (struct pending){outgoing->id, outgoing->action};
	if (world->options.remember)
		*list_add(&world->arena, &world->calls) =
			(struct world_call){.at = at,
					    .action = outgoing->kind == OUTGOING_CALL ? outgoing->action : NULL,
					    .notice = outgoing->kind == OUTGOING_NOTIFY ? outgoing->notice : NULL,
					    .id = outgoing->id,
					    .arguments = value_copy(&world->arena, arguments)};
}

static bool is_refusal(enum status status)
{
	return status == CONFLICT || status == INVALID || status == LIMIT;
}

/* Applies and commits, or takes back. A refusal is reported and is no failure of the world. */
static enum status turn_end(struct world *world, enum status ran, struct turn_report *report, struct error *error)
{
	enum status status = ran;

	if (status == OK && report->turn)
		status = store_apply(world->store, &report->turn->plan, error);
	status = store_end(world->store, status, error);
	if (status != OK && !is_refusal(status))
		return status;
	if (status != OK) {
		world->refused++;
		report->refused = arena_string(&world->arena, error->sentence, strlen(error->sentence));
	} else if (report->turn) {
		if (world->options.remember)
			events_remember(world, &report->turn->trace);
		for (uint32_t i = 0; i < report->turn->plan.outgoing.count; i++)
			call_remember(world, &report->turn->plan.outgoing.items[i], report->at);
	}
	if (world->options.listener)
		world->options.listener(world->options.context, world, report);
	return OK;
}

static enum status turn_begin(struct world *world, struct record_id event, struct error *error)
{
	enum status status = store_begin(world->store, error);

	if (status == OK) {
		engine_begin(world->engine);
		store_turn(world->store, world->now, event);
	}
	return status;
}

static enum status finish(struct world *world, enum status ran, struct turn_report *report, struct error *error)
{
	enum status status = turn_end(world, ran, report, error);

	return status == OK ? answers_deliver(world, error) : status;
}

enum status world_event(struct world *world, struct event *event, struct error *error)
{
	struct turn_report report = {.origin = TURN_EVENT, .at = world->now, .event = event};
	bool is_new;
	enum status status = turn_begin(world, event->id, error);

	if (status != OK)
		return status;
	event->at = world->now;
	status = store_event_is_new(world->store, event, &is_new, error);
	if (status == OK && is_new)
		status = engine_turn(world->engine, event, &world->ports, &report.turn, error);
	report.duplicate = status == OK && !is_new;
	return finish(world, status, &report, error);
}

enum status world_receive(struct world *world, const struct receive *receive, const struct json *body,
			  const struct json *headers, struct error *error)
{
	struct turn_report report = {.origin = TURN_RECEIVED, .at = world->now};
	const struct {
		moment at;
		uint64_t number;
	} seed = {world->now, ++world->received};
	struct record_id id = record_id_derive(world->now, &seed, sizeof seed);
	enum status status = turn_begin(world, (struct record_id){0}, error);

	if (status != OK)
		return status;
	status = engine_receive(world->engine, receive, body, headers, id, world->now, &world->ports, &report.turn, error);
	return finish(world, status, &report, error);
}

enum status world_act(struct world *world, const struct code *body, struct value *frame, struct value actor,
		      struct text *refused_out, struct error *error)
{
	struct turn_report report = {.origin = TURN_ACT, .at = world->now};
	enum status status = turn_begin(world, (struct record_id){0}, error);

	*refused_out = TEXT("");
	if (status != OK)
		return status;
	status =
		engine_act(world->engine, body, frame, body->slot_count, actor, world->now, &world->ports, &report.turn, error);
	status = finish(world, status, &report, error);
	if (report.refused)
		*refused_out = text_from(report.refused);
	return status;
}

/* --- the clock */
/* A timer whose turn was refused, or that did not go away by itself, would be due for ever. */
static enum status timer_drop(struct world *world, struct record_id timer, struct error *error)
{
	const struct entity *entity = world->program->schema.entities[SYSTEM_TIMER];
	struct value *values = arena_array(&world->arena, struct value, entity->field_count);
	struct change change = {.kind = CHANGE_DELETE, .entity = entity, .id = timer, .before = values, .rule = RULE_NONE};
	struct change *changes[] = {&change};
	struct plan plan = {.changes = {.items = changes, .count = 1}};
	enum status status = store_begin(world->store, error);

	if (status != OK)
		return status;
	status = world->ports.read(world->ports.host, &world->arena, entity, timer, values, error);
	if (status == OK)
		status = store_apply(world->store, &plan, error);
	if (status == OK || status == NOT_FOUND)
		return store_commit(world->store, error);
	store_rollback(world->store);
	return status;
}

static enum status timer_run(struct world *world, struct record_id timer, struct error *error)
{
	struct turn_report report = {.origin = TURN_TIMER, .at = world->now};
	enum status status = turn_begin(world, timer, error);

	if (status != OK)
		return status;
	status = engine_timer(world->engine, timer, world->now, &world->ports, &report.turn, error);
	status = finish(world, status, &report, error);
	return status == OK && report.refused ? timer_drop(world, timer, error) : status;
}

enum status world_advance(struct world *world, moment until, struct error *error)
{
	struct record_id timer, last = {0};
	moment due, last_due = INT64_MIN;
	enum status status;

	while ((status = store_next_timer(world->store, until, &timer, &due, error)) == OK) {
		if (due > world->now)
			world->now = due;
		/* its own turn left it as it was: it would come back for ever */
		status = id_equal(timer, last) && due == last_due ? timer_drop(world, timer, error)
								  : timer_run(world, timer, error);
		if (status != OK)
			return status;
		last = timer;
		last_due = due;
	}
	if (status == NOT_FOUND && until > world->now)
		world->now = until;
	return status == NOT_FOUND ? OK : status;
}

enum status world_reach(struct world *world, moment until, struct error *error)
{
	enum status status = until > world->now ? world_advance(world, until - 1, error) : OK;

	if (status == OK && until > world->now)
		world->now = until;
	return status;
}

/* --- rows that have always been there */
static enum status quiet_open(struct world *world, struct error *error)
{
	static const struct rule_index nothing;
	struct program *program = &world->quiet_program;
	struct rule_index *index = calloc(world->program->schema.event_count + 1, sizeof *index);

	if (world->quiet) {
		free(index);
		return OK;
	}
	CHECK(index);
	for (uint32_t i = 0; i < world->program->schema.event_count; i++)
		index[i] = nothing;
	*program = *world->program;
	program->rule_count = program->clock_count = program->schedule_count = program->workflow_count = 0;
	program->index = index;
	enum status status = engine_open(&world->quiet);
	return status == OK ? engine_use_pack(world->quiet, program, error) : status;
}

/* A test holds a copy of its write; the step names the program's own by number. */
static uint32_t write_number(const struct program *program, const struct write *write)
{
	for (uint32_t i = 0; i < program->write_count; i++) {
		const struct write *other = &program->writes[i];
		if (other->entity == write->entity && other->field_count == write->field_count && !other->key_count &&
		    !memcmp(other->fields, write->fields, write->field_count * sizeof *write->fields))
			return i;
	}
	CHECK(!"a test's write is one of the program's");
	return 0;
}

static const struct code *create_code(struct arena *arena, const struct program *program, const struct write *write)
{
	struct code *code = arena_new(arena, struct code);
	struct step *step = arena_new(arena, struct step);
	struct node *node = arena_new(arena, struct node);
	uint32_t *operands = arena_array(arena, uint32_t, write->field_count + 1);

	for (uint32_t i = 0; i < write->field_count; i++)
		operands[i] = RULE_PARAMETERS + i;
	*step = (struct step){.operation = STEP_CREATE,
			      .extra = (uint16_t)write_number(program, write),
			      .d = RULE_PARAMETERS + write->field_count,
			      .a = write->entity->index,
			      .c = write->field_count};
	*node = (struct node){.kind = NODE_OTHER, .source = TEXT("given"), .slot = SLOT_NONE};
	*code = (struct code){.steps = step,
			      .step_count = 1,
			      .slot_count = RULE_PARAMETERS + write->field_count + 1,
			      .parameter_count = RULE_PARAMETERS,
			      .operands = operands,
			      .result = SLOT_NONE,
			      .nodes = node,
			      .node_count = 1};
	return code;
}

static struct change *created_in(const struct plan *plan, const struct entity *entity)
{
	for (uint32_t i = 0; i < plan->changes.count; i++)
		if (plan->changes.items[i]->kind == CHANGE_CREATE && plan->changes.items[i]->entity == entity)
			return plan->changes.items[i];
	return NULL;
}

/* The engine gives defaults and numbers; of its plan only the row itself is kept. */
static enum status given_apply(struct world *world, const struct turn *turn, const struct write *write, struct value *ref_out,
			       struct error *error)
{
	struct change *change = created_in(&turn->plan, write->entity);
	struct change *changes[] = {change};
	struct plan plan = {.changes = {.items = changes, .count = 1}};
	uint64_t seed[2] = {world->given_count++, write->entity->index};

	if (!change)
		return error_set(error, INVALID, "%.*s",
				 TEXT_ARGS(turn->trace.rules.count ? turn->trace.rules.items[0].sentence
								   : TEXT("the row could not be made")));
	change->id = record_id_derive(world->now, seed, sizeof seed);
	change->after[FIELD_ID] = value_ref(write->entity->index, change->id);
	*ref_out = change->after[FIELD_ID];
	return store_apply(world->store, &plan, error);
}

enum status world_given(struct world *world, const struct write *write, struct value values, struct value *ref_out,
			struct error *error)
{
	const struct code *code = create_code(&world->arena, world->program, write);
	struct value *frame = arena_array(&world->arena, struct value, code->slot_count);
	const struct turn *turn;
	enum status status = quiet_open(world, error);

	*ref_out = value_missing();
	if (status == OK)
		status = store_begin(world->store, error);
	if (status != OK)
		return status;
	for (uint32_t i = 0; i < write->field_count && i < values.count; i++)
		frame[RULE_PARAMETERS + i] = value_copy(&world->arena, values.items[i]);
	engine_begin(world->quiet);
	store_turn(world->store, world->now, (struct record_id){0});
	status = engine_act(world->quiet, code, frame, code->slot_count, value_missing(), world->now, &world->ports, &turn,
			    error);
	if (status == OK)
		status = given_apply(world, turn, write, ref_out, error);
	return store_end(world->store, status, error);
}

enum status world_set_setting(struct world *world, const struct setting *setting, struct value value, struct error *error)
{
	return store_set_setting(world->store, setting, value, error);
}

/* --- connectors that only remember */
void world_answer(struct world *world, const struct action *action, bool fails, struct value answer)
{
	*list_add(&world->arena, &world->answers) = (struct answer){action, fails, value_copy(&world->arena, answer)};
}

static const struct answer *answer_find(const struct world *world, const struct action *action)
{
	for (uint32_t i = world->answers.count; i-- > 0;)
		if (world->answers.items[i].action->index == action->index)
			return &world->answers.items[i];
	return NULL;
}

static enum status tell(struct world *world, struct record_id call, const struct call_answer *answer, struct error *error)
{
	struct turn_report report = {.origin = TURN_ANSWER, .at = world->now};
	enum status status = turn_begin(world, call, error);

	if (status == OK)
		status = engine_answer(world->engine, call, answer, world->now, &world->ports, &report.turn, error);
	return turn_end(world, status, &report, error);
}

static enum status answer_deliver(struct world *world, struct record_id call, const struct answer *answer, struct error *error)
{
	struct call_answer told = {.ok = !answer->fails, .value = answer->value};

	if (answer->fails) {
		told.value = value_missing();
		told.sentence = answer->value.kind == VALUE_TEXT ? value_as_text(answer->value) : TEXT("the call failed");
	}
	return tell(world, call, &told, error);
}

/* An answer is a turn of its own, and may call again: the list grows while it is walked. */
static enum status answers_deliver(struct world *world, struct error *error)
{
	enum status status = OK;

	for (uint32_t i = 0; i < world->pending.count && status == OK; i++) {
		struct pending pending = world->pending.items[i];
		const struct answer *answer = answer_find(world, pending.action);
		if (i >= ANSWERS_AT_ONCE)
			return error_set(error, LIMIT, "%u calls answered one another at one moment; the pack goes in a circle",
					 (unsigned)ANSWERS_AT_ONCE);
		if (answer)
			status = answer_deliver(world, pending.id, answer, error);
	}
	world->pending.count = 0;
	return status;
}

enum status world_tell(struct world *world, struct record_id call, const struct call_answer *answer, struct error *error)
{
	enum status status = tell(world, call, answer, error);

	return status == OK ? answers_deliver(world, error) : status;
}

enum status world_decide(struct world *world, struct record_id approval, bool approved, struct error *error)
{
	struct turn_report report = {.origin = TURN_ANSWER, .at = world->now};
	enum status status = turn_begin(world, approval, error);

	if (status == OK)
		status = engine_decide(world->engine, approval, approved, value_missing(), world->now, &world->ports,
				       &report.turn, error);
	return finish(world, status, &report, error);
}

enum status world_resume(struct world *world, struct record_id instance, enum resume resume, struct error *error)
{
	struct turn_report report = {.origin = TURN_ANSWER, .at = world->now};
	enum status status = turn_begin(world, instance, error);

	if (status == OK)
		status = engine_resume(world->engine, instance, resume, value_missing(), world->now, &world->ports,
				       &report.turn, error);
	return finish(world, status, &report, error);
}

const struct world_call *world_calls(const struct world *world, uint32_t *count_out)
{
	*count_out = world->calls.count;
	return world->calls.items;
}

void world_note_event(struct world *world, const struct event_kind *kind, const struct value *fields)
{
	struct value value = {.kind = VALUE_RECORD, .count = kind->field_count, .items = fields};

	*list_add(&world->arena, &world->events) =
		(struct world_event){.kind = kind, .at = world->now, .value = value_copy(&world->arena, value)};
}

const struct world_event *world_events(const struct world *world, uint32_t *count_out)
{
	*count_out = world->events.count;
	return world->events.items;
}

uint32_t world_refused(const struct world *world)
{
	return world->refused;
}
