/* Runs one test: rows that were there, events and actions on a virtual clock, expectations about what became of it. What a test
 * names lives in one frame that all its items share. */
#include "runtime/trial.h"

#include <inttypes.h>

#include "engine/base/check.h"
#include "runtime/export.h"

enum { CANDIDATES_SHOWN = 5 };

struct trial {
	struct world *world;
	const struct test *test;
	const struct test_item *item;
	struct arena *arena; /* the world's life */
	struct value *frame;
	bool *bound;
	uint32_t slot_count;
	uint32_t failures, events;
	bool over;
	trial_listener listener;
	void *context;
};

static enum status item_run(struct trial *trial, struct error *error) MUST_CHECK;
static enum status evaluate(struct trial *trial, const struct code *code, struct value *result_out,
			    struct error *error) MUST_CHECK;
static void fail_with(struct trial *trial, const struct trial_failure *failure);
static void fail_saying(struct trial *trial, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* --- the frame */
static uint32_t slots_needed(const struct test *test)
{
	uint32_t most = test->slot_count;

	for (uint32_t i = 0; i < test->item_count; i++) {
		const struct code *codes[] = {test->items[i].code, test->items[i].where};
		for (int c = 0; c < 2; c++)
			if (codes[c] && codes[c]->slot_count > most)
				most = codes[c]->slot_count;
	}
	return most + 1;
}

static void bind(struct trial *trial, uint32_t slot, struct value value)
{
	if (slot == SLOT_NONE)
		return;
	trial->frame[slot] = value_copy(trial->arena, value);
	trial->bound[slot] = true;
}

/* Where the clock stands first: before it there is no life to evaluate in, so it is a constant of its own. */
static enum status start_time(struct trial *trial, moment *at_out, struct error *error)
{
	const struct test_item *first = trial->test->item_count ? &trial->test->items[0] : NULL;
	struct arena arena;
	struct value at;

	*at_out = TRIAL_DEFAULT_TIME;
	if (!first || first->kind != TEST_AT)
		return OK;
	arena_init(&arena, "test", 0);
	struct value *frame = arena_array(&arena, struct value, slots_needed(trial->test));
	enum status status = engine_evaluate(world_engine(trial->world), first->code, frame, TRIAL_DEFAULT_TIME,
					     world_ports(trial->world), &at, error);
	if (status == OK && at.kind == VALUE_TIME)
		*at_out = at.integer;
	arena_release(&arena);
	return status;
}

enum status trial_run(struct world *world, const struct test *test, trial_listener listener, void *context,
		      uint32_t *failures_out, struct error *error)
{
	struct trial trial = {.world = world, .test = test, .listener = listener, .context = context};
	moment at;
	enum status status = start_time(&trial, &at, error);

	*failures_out = 0;
	if (status == OK)
		status = world_begin(world, at, error);
	if (status != OK)
		return error_within(error, "test \"%.*s\"", TEXT_ARGS(test->name));
	trial.arena = world_arena(world);
	trial.slot_count = slots_needed(test);
	trial.frame = arena_array(trial.arena, struct value, trial.slot_count);
	trial.bound = arena_array(trial.arena, bool, trial.slot_count);
	for (uint32_t i = 0; i < test->item_count && status == OK && !trial.over; i++) {
		trial.item = &test->items[i];
		status = item_run(&trial, error);
	}
	*failures_out = trial.failures;
	world_end(world);
	return status;
}

/* --- failing */
static struct drawing drawing_of(const struct trial *trial)
{
	return (struct drawing){.stream = stdout,
				.arena = trial->arena,
				.program = world_program(trial->world),
				.ports = world_ports(trial->world)};
}

static void fail_with(struct trial *trial, const struct trial_failure *failure)
{
	struct drawing drawing = drawing_of(trial);

	trial->failures++;
	trial->listener(trial->context, &drawing, failure);
}

static void fail_saying(struct trial *trial, const char *format, ...)
{
	struct trial_failure failure = {.test = trial->test, .item = trial->item};
	struct error sentence;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(sentence.sentence, sizeof sentence.sentence, format, arguments);
	va_end(arguments);
	failure.sentence = text_copy(trial->arena, text_from(sentence.sentence));
	trial->over = trial->item->kind != TEST_EXPECT && trial->item->kind != TEST_EXPECT_COUNT;
	fail_with(trial, &failure);
}

/* What an author's expression may do wrong is a failure of the test; the rest is the host's. */
static enum status evaluate(struct trial *trial, const struct code *code, struct value *result_out, struct error *error)
{
	for (uint32_t i = 0; i < trial->slot_count; i++)
		if (!trial->bound[i])
			trial->frame[i] = not_reached();
	enum status status = engine_evaluate(world_engine(trial->world), code, trial->frame, world_now(trial->world),
					     world_ports(trial->world), result_out, error);
	if (status == INVALID || status == LIMIT) {
		fail_saying(trial, "%s", error->sentence);
		*result_out = value_missing();
		trial->over = true;
		return OK;
	}
	return status;
}

/* --- time */
static enum status duration_add(struct trial *trial, struct value duration, moment *at_out, struct error *error)
{
	static const struct step steps[] = {{.operation = STEP_ADD, .d = 2, .a = 0, .b = 1}};
	static const struct node nodes[] = {{.kind = NODE_OTHER, .source = {"after", 5}, .slot = 2}};
	static const struct code code = {.steps = steps,
					 .step_count = 1,
					 .slot_count = 3,
					 .parameter_count = 2,
					 .result = 2,
					 .nodes = nodes,
					 .node_count = 1};
	struct value frame[3] = {value_time(world_now(trial->world)), duration, {0}}, sum;
	/* the engine knows what a working minute is */
	enum status status = engine_evaluate(world_engine(trial->world), &code, frame, world_now(trial->world),
					     world_ports(trial->world), &sum, error);
	if (status == INVALID || status == LIMIT) {
		fail_saying(trial, "%s", error->sentence);
		return OK;
	}
	if (status == OK)
		*at_out = sum.kind == VALUE_TIME ? sum.integer : world_now(trial->world);
	return status;
}

static enum status clock_turn(struct trial *trial, moment at, struct error *error)
{
	char now[MOMENT_TEXT];

	if (at >= world_now(trial->world))
		return world_reach(trial->world, at, error);
	moment_write_short(world_now(trial->world), world_program(trial->world)->zone, now);
	fail_saying(trial, "the clock of a test can not go back: it already stands at %s", now);
	return OK;
}

static enum status time_run(struct trial *trial, struct error *error)
{
	struct value value;
	enum status status = evaluate(trial, trial->item->code, &value, error);
	moment at = world_now(trial->world);

	if (status != OK || trial->over)
		return status;
	if (trial->item->kind == TEST_AT)
		at = value.kind == VALUE_TIME ? value.integer : at;
	else
		status = duration_add(trial, value, &at, error);
	return status == OK && !trial->over ? clock_turn(trial, at, error) : status;
}

/* --- what happens */
static enum status given_run(struct trial *trial, struct error *error)
{
	struct value values, ref;
	enum status status = evaluate(trial, trial->item->code, &values, error);

	if (status != OK || trial->over)
		return status;
	status = world_given(trial->world, trial->item->write, values, &ref, error);
	if (status == OK) {
		bind(trial, trial->item->bind, ref);
		return OK;
	}
	if (status != CONFLICT && status != INVALID && status != LIMIT)
		return status;
	fail_saying(trial, "%s", error->sentence);
	return OK;
}

static struct value actor_of(const struct trial *trial)
{
	return trial->item->actor == SLOT_NONE ? value_missing() : trial->frame[trial->item->actor];
}

static struct record_id event_id_of(struct trial *trial, const struct event_kind *kind, struct value values)
{
	struct {
		uint64_t number, name;
	} seed = {trial->events++, text_hash(trial->test->name)};

	if (kind->has_key)
		return event_key_id(kind, values.items);
	return record_id_derive(world_now(trial->world), &seed, sizeof seed);
}

static enum status when_run(struct trial *trial, struct error *error)
{
	const struct event_kind *kind = trial->item->event;
	struct value values;
	enum status status = evaluate(trial, trial->item->code, &values, error);

	if (status != OK || trial->over)
		return status;
	values = value_copy(trial->arena, values);
	struct event event = {.kind = kind,
			      .id = event_id_of(trial, kind, values),
			      .fields = values.items,
			      .actor = actor_of(trial),
			      .rule = RULE_NONE};
	uint32_t refused = world_refused(trial->world);
	status = world_event(trial->world, &event, error);
	bind(trial, trial->item->bind, values);
	if (status == OK && world_refused(trial->world) != refused)
		fail_saying(trial, "the event was refused: %s", error->sentence);
	return status;
}

static enum status act_run(struct trial *trial, struct error *error)
{
	struct value actor = actor_of(trial);
	struct text refused;

	for (uint32_t i = 0; i < trial->slot_count; i++)
		if (!trial->bound[i])
			trial->frame[i] = value_missing();
	trial->frame[SLOT_ACTOR] = actor;
	enum status status = world_act(trial->world, trial->item->code, trial->frame, actor, &refused, error);
	if (status != OK)
		return status;
	if (refused.length)
		fail_saying(trial, "the action was refused: %.*s", TEXT_ARGS(refused));
	else if (trial->item->bind != SLOT_NONE)
		bind(trial, trial->item->bind, trial->frame[trial->item->bind]);
	return OK;
}

static enum status setting_run(struct trial *trial, struct error *error)
{
	struct value value;
	enum status status = evaluate(trial, trial->item->code, &value, error);

	if (status != OK || trial->over)
		return status;
	return world_set_setting(trial->world, &world_program(trial->world)->settings[trial->item->setting], value, error);
}

static enum status answer_run(struct trial *trial, struct error *error)
{
	struct value value = value_missing();
	enum status status = trial->item->code ? evaluate(trial, trial->item->code, &value, error) : OK;

	if (status == OK && !trial->over)
		world_answer(trial->world, trial->item->action, trial->item->fails, value);
	return status;
}

/* --- formats: each file and each row that is in none is an event of its own, which only the test sees */
struct keeper {
	struct trial *trial;
	struct text name;
	struct text_builder content;
};

static void written_remember(struct keeper *keeper, const char *kind, const struct value *values)
{
	const struct program *program = world_program(keeper->trial->world);
	const struct event_kind *event = schema_event(&program->schema, text_from(kind));

	world_note_event(keeper->trial->world, event, values);
}

static enum status written_open(void *host, struct text name, struct error *error)
{
	struct keeper *keeper = host;

	(void)error;
	keeper->name = name;
	keeper->content = (struct text_builder){.arena = keeper->trial->arena};
	return OK;
}

static enum status written_write(void *host, struct text bytes, struct error *error)
{
	struct keeper *keeper = host;

	(void)error;
	builder_add(&keeper->content, bytes);
	return OK;
}

static enum status written_close(void *host, uint64_t rows, struct error *error)
{
	struct keeper *keeper = host;
	struct value values[] = {value_text(keeper->trial->item->format->name), value_text(keeper->name),
				 value_int((int64_t)rows), value_text(builder_text(&keeper->content))};

	(void)error;
	written_remember(keeper, "file.written", values);
	return OK;
}

static enum status written_missed(void *host, struct text called, struct text reason, bool refused, struct error *error)
{
	struct keeper *keeper = host;
	struct value values[] = {value_text(keeper->trial->item->format->name), value_text(called), value_text(reason)};

	(void)error;
	written_remember(keeper, refused ? "row.refused" : "row.left_out", values);
	return OK;
}

static enum status export_item_run(struct trial *trial, struct error *error)
{
	struct keeper keeper = {.trial = trial};
	struct export_sink sink = {&keeper, written_open, written_write, written_close, written_missed};
	struct export_result result;
	struct value arguments;
	enum status status = evaluate(trial, trial->item->code, &arguments, error);

	if (status != OK || trial->over)
		return status;
	arguments = value_copy(trial->arena, arguments);
	struct export_order order = {.engine = world_engine(trial->world),
				     .ports = world_ports(trial->world),
				     .format = trial->item->format,
				     .arguments = arguments.items,
				     .now = world_now(trial->world),
				     .readable = true};
	status = export_run(&order, &sink, &result, error);
	if (status != INVALID && status != LIMIT)
		return status;
	fail_saying(trial, "%s", error->sentence);
	return OK;
}

/* --- expectations */
static enum status expect_run(struct trial *trial, struct error *error)
{
	const struct code *code = trial->item->code;
	struct value value;
	enum status status = evaluate(trial, code, &value, error);

	if (status != OK || trial->over || value_is_true(value))
		return status;
	struct drawing drawing = drawing_of(trial);
	struct trial_failure failure = {.test = trial->test,
					.item = trial->item,
					.sentence = value.kind == VALUE_MISSING ? TEXT("unknown: something in it is not set")
										: TEXT("does not hold"),
					.code = code,
					.nodes = observed_from_frame(&drawing, code, trial->frame)};
	fail_with(trial, &failure);
	return OK;
}

/* Rows, events or calls that `expect N …` counts over. */
typedef LIST(struct value) value_list;

static enum status rows_collect(struct trial *trial, value_list *found, struct error *error)
{
	const struct ports *ports = world_ports(trial->world);
	struct query *query = arena_new(trial->arena, struct query);
	const struct value *const *rows;
	uint32_t count;

	*query = (struct query){.kind = QUERY_ALL, .entity = trial->item->entity};
	enum status status = ports->query(ports->host, trial->arena, query, NULL, &rows, &count, error);
	for (uint32_t i = 0; status == OK && i < count; i++)
		*list_add(trial->arena, found) = rows[i][FIELD_ID];
	return status;
}

static enum status candidates_collect(struct trial *trial, value_list *found, struct error *error)
{
	uint32_t count;

	if (trial->item->entity)
		return rows_collect(trial, found, error);
	if (trial->item->event) {
		const struct world_event *events = world_events(trial->world, &count);
		for (uint32_t i = 0; i < count; i++)
			if (events[i].kind == trial->item->event)
				*list_add(trial->arena, found) = events[i].value;
		return OK;
	}
	const struct world_call *calls = world_calls(trial->world, &count);
	for (uint32_t i = 0; i < count; i++)
		if (calls[i].action && calls[i].action->index == trial->item->action->index)
			*list_add(trial->arena, found) = calls[i].arguments;
	return OK;
}

/* `for t`: one of its references leads to t. */
static enum status is_for(struct trial *trial, struct value candidate, bool *yes_out, struct error *error)
{
	struct value wanted = trial->item->for_slot == SLOT_NONE ? value_missing() : trial->frame[trial->item->for_slot];
	const struct value *items = candidate.kind == VALUE_RECORD ? candidate.items : NULL;
	uint32_t count = candidate.kind == VALUE_RECORD ? candidate.count : 0;

	*yes_out = trial->item->for_slot == SLOT_NONE || value_equal(candidate, wanted);
	if (!*yes_out && candidate.kind == VALUE_REF && trial->item->entity) {
		const struct ports *ports = world_ports(trial->world);
		struct value *values = arena_array(trial->arena, struct value, trial->item->entity->field_count);
		enum status status = ports->read(ports->host, trial->arena, trial->item->entity, candidate.id, values, error);
		if (status != OK)
			return status;
		items = values;
		count = trial->item->entity->field_count;
	}
	for (uint32_t i = 0; i < count && !*yes_out; i++)
		*yes_out = value_equal(items[i], wanted);
	return OK;
}

struct counting {
	value_list shown; /* candidates that did not match, with their trees */
	LIST(const struct observed *) trees;
	int64_t found;
	struct value first;
};

static enum status candidate_try(struct trial *trial, struct value candidate, struct counting *counting, struct error *error)
{
	const struct test_item *item = trial->item;
	struct value holds = value_bool(true);
	bool yes;
	enum status status = is_for(trial, candidate, &yes, error);

	if (status != OK || !yes)
		return status;
	if (item->where) {
		if (item->bind != SLOT_NONE) {
			trial->frame[item->bind] = candidate;
			trial->bound[item->bind] = true;
		}
		status = evaluate(trial, item->where, &holds, error);
		if (status != OK)
			return status;
	}
	if (value_is_true(holds)) {
		if (!counting->found++)
			counting->first = candidate;
	} else if (counting->shown.count < CANDIDATES_SHOWN) {
		struct drawing drawing = drawing_of(trial);
		*list_add(trial->arena, &counting->shown) = candidate;
		*list_add(trial->arena, &counting->trees) = observed_from_frame(&drawing, item->where, trial->frame);
	}
	return OK;
}

static void count_fail(struct trial *trial, const struct counting *counting, uint32_t candidates)
{
	const struct test_item *item = trial->item;
	struct drawing drawing = drawing_of(trial);
	struct text name = item->entity ? item->entity->name : item->event ? item->event->name : item->action->name;
	struct text *names = arena_array(trial->arena, struct text, CANDIDATES_SHOWN);
	struct trial_failure failure = {.test = trial->test, .item = item};
	bool wanted_more = item->count < 0 || counting->found < item->count;

	if (item->count < 0)
		failure.sentence = text_format(trial->arena, "none of %u %.*s", candidates, TEXT_ARGS(name));
	else
		failure.sentence = text_format(trial->arena, "found %" PRId64 " instead of %" PRId64 " (of %u %.*s at all)",
					       counting->found, item->count, candidates, TEXT_ARGS(name));
	if (wanted_more && item->where) {
		failure.code = item->where;
		failure.trees = counting->trees.items;
		failure.candidates = names;
		failure.candidate_count = counting->shown.count;
		for (uint32_t i = 0; i < counting->shown.count; i++)
			names[i] = value_describe(&drawing, counting->shown.items[i]);
	}
	fail_with(trial, &failure);
}

static enum status count_run(struct trial *trial, struct error *error)
{
	const struct test_item *item = trial->item;
	struct counting counting = {0};
	value_list candidates = {0};
	enum status status = candidates_collect(trial, &candidates, error);

	for (uint32_t i = 0; i < candidates.count && status == OK && !trial->over; i++)
		status = candidate_try(trial, candidates.items[i], &counting, error);
	if (status != OK || trial->over)
		return status;
	if (item->bind != SLOT_NONE) {
		trial->bound[item->bind] = false;
		if (counting.found)
			bind(trial, item->bind, counting.first);
	}
	if (item->count < 0 ? counting.found > 0 : counting.found == item->count)
		return OK;
	count_fail(trial, &counting, candidates.count);
	return OK;
}

/* What is due at the instant at which the clock stands happens before anybody looks, and after what the test lets happen there.
 */
static enum status settle(struct trial *trial, struct error *error)
{
	return world_advance(trial->world, world_now(trial->world), error);
}

static enum status item_run(struct trial *trial, struct error *error)
{
	enum status status;

	switch (trial->item->kind) {
	case TEST_AT:
	case TEST_AFTER:
		return time_run(trial, error);
	case TEST_GIVEN:
		return given_run(trial, error);
	case TEST_SETTING:
		return setting_run(trial, error);
	case TEST_WHEN:
		return when_run(trial, error);
	case TEST_ACT:
		return act_run(trial, error);
	case TEST_ANSWER:
		return answer_run(trial, error);
	case TEST_EXPORT:
		status = settle(trial, error);
		return status == OK ? export_item_run(trial, error) : status;
	case TEST_EXPECT:
		status = settle(trial, error);
		return status == OK ? expect_run(trial, error) : status;
	case TEST_EXPECT_COUNT:
		status = settle(trial, error);
		return status == OK ? count_run(trial, error) : status;
	}
	return OK;
}
