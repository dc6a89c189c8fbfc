/* See small_host.h. */
#include "tests/unit/engine/small_host.h"

#include <stdlib.h>

#include "engine/base/json.h"

enum { START = 1774598400 };

/* --- ports */
static struct host_row *row_find(struct small_host *host, const struct entity *entity, struct record_id id)
{
	for (uint32_t i = 0; i < host->rows.count; i++)
		if (host->rows.items[i].entity == entity && id_equal(host->rows.items[i].id, id))
			return &host->rows.items[i];
	return NULL;
}

static enum status port_read(void *context, struct arena *arena, const struct entity *entity, struct record_id id,
			     struct value *values_out, struct error *error)
{
	struct small_host *host = context;
	const struct host_row *row = row_find(host, entity, id);
	(void)arena;
	if (!row)
		return error_set(error, NOT_FOUND, "no such row");
	host->given++;
	memcpy(values_out, row->values, sizeof(*values_out) * entity->field_count);
	return OK;
}

static int by_id(const void *left, const void *right)
{
	const struct value *a = *(const struct value *const *)left, *b = *(const struct value *const *)right;
	if (a[FIELD_ID].id.high != b[FIELD_ID].id.high)
		return a[FIELD_ID].id.high < b[FIELD_ID].id.high ? -1 : 1;
	return (a[FIELD_ID].id.low > b[FIELD_ID].id.low) - (a[FIELD_ID].id.low < b[FIELD_ID].id.low);
}

static struct value path_value(struct small_host *host, const struct value *values, const struct query_term *term)
{
	struct value value = values[term->path[0]];
	for (uint32_t i = 1; i < term->path_length && value.kind == VALUE_REF; i++) {
		const struct host_row *row = row_find(host, host->program->schema.entities[value.entity], value.id);
		value = row ? row->values[term->path[i]] : value_missing();
	}
	return value;
}

static bool term_may_hold(const struct query_term *term, struct value value, const struct value *parameters)
{
	if (term->comparison == COMPARE_EQUAL)
		return value_equal(value, parameters[term->parameter]);
	if (term->comparison == COMPARE_NOT_SET)
		return value.kind == VALUE_MISSING;
	return term->comparison != COMPARE_GREATER || value.kind != VALUE_REF ||
	       id_compare(value.id, parameters[term->parameter].id) > 0;
}

/* As a store would: what an equality rules out is not given, and of those in order none that does not fit. */
static bool may_fit(struct small_host *host, const struct query *query, const struct value *parameters,
		    const struct value *values)
{
	for (uint32_t i = 0; i < query->term_count; i++)
		if (!term_may_hold(&query->terms[i], path_value(host, values, &query->terms[i]), parameters))
			return false;
	return true;
}

static enum status port_query(void *context, struct arena *arena, const struct query *query, const struct value *parameters,
			      const struct value *const **rows_out, uint32_t *count_out, struct error *error)
{
	struct small_host *host = context;
	const struct value **found = arena_array(arena, const struct value *, host->rows.count + 1);
	(void)error;
	*count_out = 0;
	for (uint32_t i = 0; i < host->rows.count; i++)
		if (host->rows.items[i].entity == query->entity && may_fit(host, query, parameters, host->rows.items[i].values))
			found[(*count_out)++] = host->rows.items[i].values;
	host->given += *count_out;
	if (*count_out)
		qsort(found, *count_out, sizeof(*found), by_id);
	*rows_out = found;
	return OK;
}

static enum status port_number(void *context, struct text key, int64_t *number_out, struct error *error)
{
	struct small_host *host = context;
	(void)key, (void)error;
	*number_out = ++host->number;
	return OK;
}

static enum status port_return(void *context, struct text key, int64_t first, struct error *error)
{
	struct small_host *host = context;
	(void)key, (void)error;
	host->number = first - 1;
	return OK;
}

static enum status port_seen(void *context, struct record_id id, bool *seen_out, struct error *error)
{
	struct small_host *host = context;
	(void)error;
	*seen_out = false;
	for (uint32_t i = 0; i < host->seen.count; i++)
		*seen_out |= id_equal(host->seen.items[i], id);
	return OK;
}

static enum status port_setting(void *context, struct arena *arena, const struct setting *setting, struct value *value_out)
{
	(void)context, (void)arena, (void)setting, (void)value_out;
	return NOT_FOUND;
}

/* --- life */
static const struct program *program_of(struct small_host *host, const char *source)
{
	struct source_input input = {.path = TEXT("test.flow"), .text = text_from(source)};
	struct diagnostics diagnostics = {.arena = &host->pack};
	const struct program *program = compile(&host->pack, &input, 1, &diagnostics);
	for (uint32_t i = 0; i < diagnostics.items.count; i++)
		if (diagnostic_info(diagnostics.items.items[i].code)->severity == SEVERITY_ERROR)
			fail_msg("line %u: %.*s", diagnostics.items.items[i].span.line,
				 TEXT_ARGS(diagnostics.items.items[i].sentence));
	return program;
}

void host_open(struct small_host *host, const char *source)
{
	*host = (struct small_host){.now = START};
	arena_init(&host->pack, "pack", 0);
	arena_init(&host->arena, "rows", 0);
	host->program = program_of(host, source);
	host->ports = (struct ports){host, port_read, port_query, port_number, port_return, port_seen, port_setting};
	assert_int_equal(engine_open(&host->engine), OK);
	if (engine_use_pack(host->engine, host->program, &host->error) != OK)
		fail_msg("%s", host->error.sentence);
}

void host_close(struct small_host *host)
{
	if (host->engine)
		engine_close(host->engine);
	arena_release(&host->pack);
	arena_release(&host->arena);
}

/* A database checks what is unique with each change, and references at the end. */
static bool has_same(const struct host_row *a, const struct host_row *b, const uint16_t *fields, uint32_t count)
{
	bool same = a != b && a->entity == b->entity;
	for (uint32_t i = 0; i < count; i++)
		same &= same && value_equal(a->values[fields[i]], b->values[fields[i]]);
	return same;
}

static void assert_unique(const struct small_host *host, const struct host_row *row)
{
	const struct entity *entity = row->entity;
	for (uint32_t i = 0; i < host->rows.count; i++) {
		for (uint16_t k = 0; k < entity->field_count; k++)
			assert_false(entity->fields[k].unique && has_same(row, &host->rows.items[i], &k, 1));
		for (uint32_t k = 0; k < entity->index_count; k++)
			assert_false(entity->indexes[k].unique &&
				     has_same(row, &host->rows.items[i], entity->indexes[k].fields, entity->indexes[k].count));
	}
}

static void assert_references(struct small_host *host)
{
	for (uint32_t i = 0; i < host->rows.count; i++) {
		const struct host_row *row = &host->rows.items[i];
		for (uint32_t k = FIELD_FIRST_OWN; k < row->entity->field_count; k++) {
			const struct type *type = row->entity->fields[k].type;
			if (type->kind == TYPE_REF && row->values[k].kind == VALUE_REF)
				assert_non_null(row_find(host, type->entity, row->values[k].id));
		}
	}
}

static void step_aside(struct small_host *host)
{
	for (uint32_t i = 0; i < host->turn->plan.changes.count; i++) {
		struct change *change = host->turn->plan.changes.items[i];
		if (!change->steps_aside)
			continue;
		assert_int_equal(change->kind, CHANGE_UPDATE);
		struct host_row *row = row_find(host, change->entity, change->id);
		assert_non_null(row);
		*row = *list_last(&host->rows);
		host->rows.count--;
	}
}

static void apply(struct small_host *host)
{
	step_aside(host);
	for (uint32_t i = 0; i < host->turn->plan.changes.count; i++) {
		const struct change *change = host->turn->plan.changes.items[i];
		struct host_row *row = row_find(host, change->entity, change->id);
		assert_true((row != NULL) == (change->kind != CHANGE_CREATE && !change->steps_aside));
		if (change->kind == CHANGE_DELETE) {
			*row = *list_last(&host->rows);
			host->rows.count--;
			continue;
		}
		if (!row)
			row = list_add(&host->arena, &host->rows);
		struct value record = {.kind = VALUE_RECORD, .count = change->entity->field_count, .items = change->after};
		*row = (struct host_row){change->entity, change->id, value_copy(&host->arena, record).items};
		assert_unique(host, row);
	}
	assert_references(host);
	for (uint32_t i = 0; i < host->turn->plan.events.count; i++)
		if (host->turn->plan.events.items[i]->kind->has_key)
			*list_add(&host->arena, &host->seen) = host->turn->plan.events.items[i]->id;
}

/* --- turns */
typedef enum status (*host_turn)(struct small_host *host, void *argument);

static void plan_write(struct small_host *host, struct text_builder *text)
{
	const struct plan *plan = &host->turn->plan;
	char id[RECORD_ID_TEXT + 1];
	for (uint32_t i = 0; i < plan->changes.count; i++) {
		const struct change *change = plan->changes.items[i];
		record_id_write(change->id, id);
		builder_format(text, "%d %s %s", change->kind, change->entity->name.bytes, id);
		for (uint32_t k = 0; change->after && k < change->entity->field_count; k++) {
			builder_add_char(text, ' ');
			value_write(text, change->after[k], NULL);
		}
		builder_add_char(text, '\n');
	}
	for (uint32_t i = 0; i < plan->outgoing.count; i++) {
		record_id_write(plan->outgoing.items[i].id, id);
		builder_format(text, "call %s\n", id);
	}
	for (uint32_t i = 0; i < plan->events.count; i++) {
		record_id_write(plan->events.items[i]->id, id);
		builder_format(text, "event %s %s\n", plan->events.items[i]->kind->name.bytes, id);
	}
}

static const char *plan_text(struct small_host *host)
{
	struct text_builder text = {.arena = &host->arena};
	plan_write(host, &text);
	return builder_text(&text).bytes;
}

/* The killed one, whose arena still holds what the turn is about. */
static struct engine *turn_again(struct small_host *host, host_turn run, void *argument)
{
	struct engine *killed = host->engine;
	const char *first = plan_text(host);
	assert_int_equal(engine_open(&host->engine), OK);
	assert_int_equal(engine_use_pack(host->engine, host->program, &host->error), OK);
	assert_int_equal(run(host, argument), host->status);
	assert_string_equal(plan_text(host), first);
	return killed;
}

static void calls_remember(struct small_host *host)
{
	for (uint32_t i = 0; i < host->turn->plan.outgoing.count; i++) {
		const struct outgoing *outgoing = &host->turn->plan.outgoing.items[i];
		struct value arguments = {
			.kind = VALUE_RECORD, .count = outgoing->argument_count, .items = outgoing->arguments};
		if (outgoing->kind == OUTGOING_CALL)
			*list_add(&host->arena, &host->calls) =
				(struct host_call){outgoing->id, outgoing->action, value_copy(&host->arena, arguments).items,
						   text_copy(&host->arena, outgoing->request)};
	}
}

static void turn(struct small_host *host, host_turn run, void *argument)
{
	host->status = run(host, argument);
	struct engine *killed = host->is_killed ? turn_again(host, run, argument) : NULL;
	if (host->status == OK) {
		calls_remember(host);
		apply(host);
	}
	if (killed)
		engine_close(killed);
}

static enum status turn_event(struct small_host *host, void *argument)
{
	return (host->is_signal ? engine_signal : engine_turn)(host->engine, argument, &host->ports, &host->turn, &host->error);
}

void host_raise(struct small_host *host, const char *kind_name, const char *source)
{
	const struct event_kind *kind = schema_event(&host->program->schema, text_from(kind_name));
	struct arena *arena = engine_begin(host->engine);
	const struct json *json;
	struct value *fields = NULL;
	assert_non_null(kind);
	if (json_parse(arena, text_from(source), &json, &host->error) != OK ||
	    event_from_json(arena, &host->program->schema, kind, json, &fields, &host->error) != OK)
		fail_msg("%s", host->error.sentence);
	uint64_t seed = ++host->events;
	struct event event = {.kind = kind,
			      .id = kind->has_key ? event_key_id(kind, fields)
						  : record_id_derive(host->now, &seed, sizeof(seed)),
			      .at = host->now,
			      .fields = fields,
			      .rule = RULE_NONE};
	turn(host, turn_event, &event);
}

static enum status turn_activate(struct small_host *host, void *argument)
{
	(void)argument;
	engine_begin(host->engine);
	return engine_activate(host->engine, host->now, &host->ports, &host->turn, &host->error);
}

void host_activate(struct small_host *host, const char *source)
{
	host->program = program_of(host, source);
	for (uint32_t i = 0; i < host->rows.count; i++)
		host->rows.items[i].entity = schema_entity(&host->program->schema, host->rows.items[i].entity->name);
	if (engine_use_pack(host->engine, host->program, &host->error) != OK)
		fail_msg("%s", host->error.sentence);
	turn(host, turn_activate, NULL);
}

struct host_answer {
	struct record_id call;
	struct call_answer answer;
};

static enum status turn_answer(struct small_host *host, void *argument)
{
	const struct host_answer *answer = argument;
	engine_begin(host->engine);
	return engine_answer(host->engine, answer->call, &answer->answer, host->now, &host->ports, &host->turn, &host->error);
}

void host_answer(struct small_host *host, uint32_t nth, const char *json, const char *sentence)
{
	struct host_answer answer = {.answer = {.ok = json != NULL, .value = value_missing()}};
	assert_true(nth < host->calls.count);
	answer.call = host->calls.items[nth].id;
	if (json) {
		answer.answer.value.kind = VALUE_DATA;
		assert_int_equal(json_parse(&host->arena, text_from(json), &answer.answer.value.json, &host->error), OK);
	} else {
		answer.answer.sentence = text_from(sentence);
	}
	turn(host, turn_answer, &answer);
}

void host_reply(struct small_host *host, uint32_t nth, const char *json)
{
	struct host_answer answer = {.answer = {.ok = true, .is_reply = true, .value = value_missing()}};
	assert_true(nth < host->calls.count);
	answer.call = host->calls.items[nth].id;
	if (json) {
		answer.answer.value.kind = VALUE_DATA;
		assert_int_equal(json_parse(&host->arena, text_from(json), &answer.answer.value.json, &host->error), OK);
	}
	turn(host, turn_answer, &answer);
}

static struct record_id nth_of(const struct small_host *host, enum system_entity entity, uint32_t nth)
{
	for (uint32_t i = 0; i < host->rows.count; i++)
		if (host->rows.items[i].entity->index == entity && !nth--)
			return host->rows.items[i].id;
	fail_msg("there is no such row");
	return (struct record_id){0};
}

struct host_word {
	struct record_id id;
	int word;
};

static enum status turn_decide(struct small_host *host, void *argument)
{
	const struct host_word *word = argument;
	engine_begin(host->engine);
	return engine_decide(host->engine, word->id, word->word, value_missing(), host->now, &host->ports, &host->turn,
			     &host->error);
}

void host_decide(struct small_host *host, uint32_t nth, bool approved)
{
	turn(host, turn_decide, &(struct host_word){nth_of(host, SYSTEM_APPROVAL, nth), approved});
}

static enum status turn_resume(struct small_host *host, void *argument)
{
	const struct host_word *word = argument;
	engine_begin(host->engine);
	return engine_resume(host->engine, word->id, word->word, value_missing(), host->now, &host->ports, &host->turn,
			     &host->error);
}

void host_resume(struct small_host *host, uint32_t nth, enum resume resume)
{
	turn(host, turn_resume, &(struct host_word){nth_of(host, SYSTEM_INSTANCE, nth), (int)resume});
}

static enum status turn_move(struct small_host *host, void *argument)
{
	engine_begin(host->engine);
	return engine_move(host->engine, argument, value_missing(), host->now, &host->ports, &host->turn, &host->error);
}

void host_move(struct small_host *host, uint32_t nth, const struct program *from, const char *point)
{
	struct point_change change;
	struct workflow_move move = {.from = from, .instance = nth_of(host, SYSTEM_INSTANCE, nth), .points = &change};
	if (point) {
		struct text said = text_from(point);
		uint32_t arrow = (uint32_t)text_find(said, TEXT(" -> "));
		change.from = (struct text){said.bytes, arrow};
		change.to = (struct text){said.bytes + arrow + 4, said.length - arrow - 4};
		move.point_count = 1;
	}
	turn(host, turn_move, &move);
}

const char *host_call_shows(struct small_host *host, uint32_t nth)
{
	struct text_builder text = {.arena = &host->arena};
	assert_true(nth < host->calls.count);
	const struct host_call *call = &host->calls.items[nth];
	builder_add(&text, call->action->name);
	for (uint32_t i = 0; i < call->action->parameter_count; i++) {
		builder_add_char(&text, ' ');
		value_write(&text, call->arguments[i], NULL);
	}
	return builder_text(&text).bytes;
}

/* --- the clock */
static const struct host_row *timer_next(const struct small_host *host, moment until)
{
	const struct host_row *next = NULL;
	for (uint32_t i = 0; i < host->rows.count; i++) {
		const struct host_row *row = &host->rows.items[i];
		if (row->entity->index == SYSTEM_TIMER && row->values[TIMER_DUE_AT].integer <= until &&
		    (!next || row->values[TIMER_DUE_AT].integer < next->values[TIMER_DUE_AT].integer))
			next = row;
	}
	return next;
}

static enum status turn_timer(struct small_host *host, void *argument)
{
	engine_begin(host->engine);
	return engine_timer(host->engine, *(const struct record_id *)argument, host->now, &host->ports, &host->turn,
			    &host->error);
}

void host_advance(struct small_host *host, int64_t seconds)
{
	moment until = host->now + seconds;
	const struct host_row *timer;
	while ((timer = timer_next(host, until))) {
		struct record_id id = timer->id;
		host->now = timer->values[TIMER_DUE_AT].integer;
		turn(host, turn_timer, &id);
		if (host->status != OK)
			fail_msg("%s", host->error.sentence);
		timer = row_find(host, host->program->schema.entities[SYSTEM_TIMER], id);
		assert_true(!timer || timer->values[TIMER_DUE_AT].integer > host->now);
	}
	host->now = until;
}

void host_ring(struct small_host *host, uint32_t nth)
{
	struct record_id id = nth_of(host, SYSTEM_TIMER, nth);
	turn(host, turn_timer, &id);
}

/* --- looking */
uint32_t host_count(const struct small_host *host, const char *entity)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < host->rows.count; i++)
		count += text_is(host->rows.items[i].entity->name, entity);
	return count;
}

static struct host_row *row_at(const struct small_host *host, const char *entity, uint32_t nth)
{
	for (uint32_t i = 0; i < host->rows.count; i++)
		if (text_is(host->rows.items[i].entity->name, entity) && !nth--)
			return &host->rows.items[i];
	fail_msg("there is no such %s", entity);
	return NULL;
}

static uint32_t field_at(const struct host_row *row, const char *field)
{
	const struct field *found = entity_field(row->entity, text_from(field));
	assert_non_null(found);
	return found->index;
}

const char *host_shows(struct small_host *host, const char *entity, uint32_t nth, const char *field)
{
	const struct host_row *row = row_at(host, entity, nth);
	return value_show(&host->arena, row->values[field_at(row, field)], NULL).bytes;
}

void host_write(struct small_host *host, const char *entity, uint32_t nth, const char *field, struct value value)
{
	struct host_row *row = row_at(host, entity, nth);
	struct value *values = arena_copy(&host->arena, row->values, sizeof(*values) * row->entity->field_count);
	values[field_at(row, field)] = value;
	row->values = values;
}

static const struct trace_rule *traced(const struct small_host *host, const char *rule, uint32_t nth)
{
	for (uint32_t i = 0; i < host->turn->trace.rules.count; i++) {
		const struct trace_rule *found = &host->turn->trace.rules.items[i];
		if (text_is(host->program->rules[found->rule].name, rule) && !nth--)
			return found;
	}
	return NULL;
}

const char *host_outcome(const struct small_host *host, const char *rule, uint32_t nth)
{
	const struct trace_rule *found = traced(host, rule, nth);
	return found ? outcome_name(found->outcome) : "untried";
}

struct text host_sentence(const struct small_host *host, const char *rule)
{
	const struct trace_rule *found = traced(host, rule, 0);
	assert_non_null(found);
	return found->sentence;
}

uint32_t host_events(const struct small_host *host, const char *kind)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < host->turn->trace.events.count; i++)
		count += text_is(host->turn->trace.events.items[i]->kind->name, kind);
	return count;
}
