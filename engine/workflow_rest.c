/* The durable points: what each waits for, and what comes of it. To begin a rest means: rows and timers stand that will wake
 * its strand; to clear it means they are gone. Nothing else wakes a strand. */
#include "engine/workflow.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "engine/base/check.h"
#include "engine/operators.h"
#include "engine/request.h"

struct record_id rest_id(const struct instance *instance, uint64_t rest)
{
	uint64_t seed[3] = {instance->id.high, instance->id.low, rest};
	struct record_id id = record_id_derive(0, seed, sizeof seed);
	id.high = (instance->id.high & ~(uint64_t)0xffff) | (id.high & 0xffff);
	return id;
}

static const struct step *step_of(const struct work *work, const struct strand *strand)
{
	return &work->code->steps[strand->step];
}

static struct strand *strand_at(struct work *work, uint32_t number)
{
	return &work->instance.strands.items[number];
}

static const struct work_options *options_of(const struct work *work, const struct step *step)
{
	return &work->context->program->work_options[step->extra];
}

static enum status fail(struct work *work, const char *format, ...) __attribute__((format(printf, 2, 3)));

static enum status fail(struct work *work, const char *format, ...)
{
	char sentence[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(sentence, sizeof sentence, format, arguments);
	va_end(arguments);
	return work_fail(work, text_copy(work->context->arena, text_from(sentence)));
}

/* --- timers: one a strand; the rest's number tells a late one from its own */
static enum status timer_begin(struct work *work, uint32_t number, moment due)
{
	struct text rest = text_format(work->context->arena, "%" PRIu32, strand_at(work, number)->rest);
	return timer_set(work->context, TIMER_WORKFLOW, work->id, number, due, rest);
}

/* The moment so much later; a duration counts as it does in an expression. */
static enum status moment_after(struct work *work, struct value duration, moment *due_out)
{
	struct value due = value_missing();
	if (duration.kind != VALUE_DURATION)
		return error_set(work->context->error, INVALID, "how long to wait is not set");
	enum status status = operate(work->context, STEP_ADD, value_time(work->context->now), duration, &due);
	*due_out = due.integer;
	return status;
}

/* --- call */
static const struct value *call_arguments(const struct work *work, const struct step *step)
{
	struct value *arguments = arena_array(work->context->arena, struct value, step->c + 1);
	for (uint32_t i = 0; i < step->c; i++)
		arguments[i] = operand_at(work->code, work->instance.frame, step->b, i);
	return arguments;
}

enum status rest_call(struct work *work, uint32_t number)
{
	struct strand *strand = strand_at(work, number);
	const struct step *step = step_of(work, strand);
	const struct action *action = &work->context->program->actions[step->a];
	const struct value *arguments = call_arguments(work, step);
	strand->state = STRAND_CALL;
	strand->rest = ++work->instance.rests;
	strand->tries++;
	return work_call_out(work, action, arguments, strand->rest, number);
}

/* Doubles from try to try; the first is exact, later ones come up to a quarter earlier, so that what failed together does not
 * return together. The same instance always takes the same time. */
static int64_t backoff(const struct work_options *options, uint32_t tries, struct record_id id)
{
	int64_t delay = options->backoff_from;
	for (uint32_t i = 1; i < tries && delay < options->backoff_to; i++)
		delay *= 2;
	if (delay > options->backoff_to)
		delay = options->backoff_to;
	if (tries > 1 && delay >= 4)
		delay -= (int64_t)(id.low % (uint64_t)(delay / 4 + 1));
	return delay < options->backoff_from ? options->backoff_from : delay;
}

static enum status hold(struct work *work, uint32_t number, struct text sentence)
{
	strand_at(work, number)->state = STRAND_HOLD;
	work->instance.sentence = sentence;
	return work_raise(work, "workflow.held", &sentence);
}

static enum status call_failed(struct work *work, uint32_t number, const struct call_answer *answer)
{
	struct context *context = work->context;
	struct strand *strand = strand_at(work, number);
	const struct step *step = step_of(work, strand);
	const struct work_options *options = options_of(work, step);
	struct text name = context->program->actions[step->a].name;
	trace_say(context, "the workflow %.*s: %.*s failed (attempt %" PRIu32 "): %.*s",
		  TEXT_ARGS(work->instance.workflow->name), TEXT_ARGS(name), strand->tries, TEXT_ARGS(answer->sentence));
	if (!answer->final && strand->tries <= options->retries) {
		strand->state = STRAND_RETRY;
		return timer_begin(work, number,
				   context->now + backoff(options, strand->tries, rest_id(&work->instance, strand->rest)));
	}
	work->instance.frame[step->d] = value_missing();
	if (options->hold)
		return hold(work, number,
			    text_format(context->arena, "%.*s failed: %.*s", TEXT_ARGS(name), TEXT_ARGS(answer->sentence)));
	if (options->else_step == SLOT_NONE)
		return fail(work, "%.*s failed: %.*s", TEXT_ARGS(name), TEXT_ARGS(answer->sentence));
	strand_go_on(work, number, options->else_step);
	return OK;
}

static enum status result_read(struct work *work, const struct step *step, const struct call_answer *answer,
			       struct value *result_out)
{
	const struct action *action = &work->context->program->actions[step->a];
	if (answer->is_reply)
		return reply_read(work->context, action, call_arguments(work, step), answer->value, result_out);
	return result_type(work->context, action, answer->value, result_out);
}

enum status rest_answered(struct work *work, uint32_t number, const struct call_answer *answer)
{
	struct context *context = work->context;
	const struct step *step = step_of(work, strand_at(work, number));
	struct value result = value_missing();
	enum status status = wait_row_drop(work, strand_at(work, number)->rest);
	if (status != OK)
		return status;
	if (!answer->ok)
		return call_failed(work, number, answer);
	if (result_read(work, step, answer, &result) != OK) {
		struct call_answer unusable = {.sentence = text_copy(context->arena, text_from(context->error->sentence)),
					       .final = true};
		return call_failed(work, number, &unusable);
	}
	work->instance.frame[step->d] = result;
	if (options_of(work, step)->undo)
		*list_add(context->arena, &work->instance.undos) = (struct undo){.options = step->extra, .strand = number};
	strand_go_on(work, number, strand_at(work, number)->step + 1);
	return OK;
}

/* --- run: a script is pure and its result is kept with the instance, so nothing has to wait */
static enum status run_begin(struct work *work, uint32_t number)
{
	struct step step = *step_of(work, strand_at(work, number));
	struct code once = *work->code;
	step.operation = STEP_SCRIPT;
	once.steps = &step;
	once.step_count = 1;
	once.result = SLOT_NONE;
	strand_go_on(work, number, strand_at(work, number)->step + 1);
	return eval_run(work->context, &once, work->instance.frame, NULL);
}

/* --- wait for an event */
static const struct work_wait *wait_of(const struct work *work, const struct strand *strand)
{
	return &work->context->program->waits[step_of(work, strand)->a];
}

static void wait_take(struct work *work, uint32_t number, struct value event)
{
	struct strand *strand = strand_at(work, number);
	work->instance.frame[step_of(work, strand)->d] = event;
	strand_go_on(work, number, strand->step + 1);
}

static enum status wait_rest(struct work *work, uint32_t number, const struct wait_key *key)
{
	struct strand *strand = strand_at(work, number);
	struct text text;
	moment due;
	strand->state = STRAND_WAIT;
	strand->rest = ++work->instance.rests;
	enum status status = wait_key_text(work, key, false, &text);
	if (status == OK)
		status = wait_row(work, strand->rest, key->wait->event->name, text, number);
	if (status != OK || !key->wait->has_timeout)
		return status;
	status = moment_after(work, operand_at(work->code, work->instance.frame, key->step->b, key->wait->captured), &due);
	return status == OK ? timer_begin(work, number, due) : status;
}

static enum status wait_begin(struct work *work, uint32_t number)
{
	const struct wait_key *key = wait_key_of(work->context, step_of(work, strand_at(work, number)));
	struct value kept;
	enum status status = signal_take(work, key, &kept);
	if (status != OK)
		return status;
	if (kept.kind == VALUE_MISSING)
		return wait_rest(work, number, key);
	wait_take(work, number, kept);
	return OK;
}

enum status rest_event(struct work *work, uint32_t number, const struct event *event, bool *taken_out)
{
	const struct strand *strand = strand_at(work, number);
	struct value truth;
	*taken_out = false;
	if (strand->state != STRAND_WAIT)
		return OK;
	enum status status = wait_truth(work, wait_key_of(work->context, step_of(work, strand)), false, event, &truth);
	if (status != OK || !value_is_true(truth))
		return status;
	*taken_out = true;
	status = rest_clear(work, number);
	wait_take(work, number, event_value(event));
	return status;
}

/* --- sleep */
static enum status sleep_begin(struct work *work, uint32_t number)
{
	struct strand *strand = strand_at(work, number);
	struct value until = work->instance.frame[step_of(work, strand)->a];
	moment due = until.integer;
	enum status status = OK;
	if (until.kind != VALUE_TIME)
		status = moment_after(work, until, &due);
	if (status != OK)
		return status;
	if (due <= work->context->now) {
		strand_go_on(work, number, strand->step + 1);
		return OK;
	}
	strand->state = STRAND_SLEEP;
	strand->rest = ++work->instance.rests;
	return timer_begin(work, number, due);
}

/* --- approval */
static const struct work_approval *approval_of(const struct work *work, const struct strand *strand)
{
	return &work->context->program->approvals[step_of(work, strand)->a];
}

/* The operands behind the time allowed: refs by id, addresses as they are, lists of both. */
static void persons_add(struct context *context, struct text_builder *text, struct value person)
{
	for (uint32_t i = 0; person.kind == VALUE_LIST && i < person.count; i++)
		persons_add(context, text, person.items[i]);
	if (person.kind != VALUE_REF && person.kind != VALUE_TEXT)
		return;
	if (text->length)
		builder_add_char(text, ' ');
	builder_add(text, person.kind == VALUE_REF ? id_text(context, person.id) : value_as_text(person));
}

static struct value persons_of(const struct work *work, const struct step *step)
{
	struct text_builder persons = {.arena = work->context->arena};
	for (uint32_t i = 1; i < step->c; i++)
		persons_add(work->context, &persons, operand_at(work->code, work->instance.frame, step->b, i));
	return persons.length ? value_text(builder_text(&persons)) : value_missing();
}

static enum status approval_begin(struct work *work, uint32_t number)
{
	static const uint16_t FIELDS[] = {APPROVAL_WORKFLOW, APPROVAL_INSTANCE, APPROVAL_ROLE, APPROVAL_STATE,
					  APPROVAL_PERSONS};
	struct context *context = work->context;
	struct strand *strand = strand_at(work, number);
	const struct step *step = step_of(work, strand);
	struct text role = approval_of(work, strand)->role;
	struct value values[] = {value_text(work->instance.workflow->name), value_text(work->id),
				 role.length ? value_text(role) : value_missing(), value_text(TEXT("open")),
				 persons_of(work, step)};
	struct write write = {.entity = system_entity(context, SYSTEM_APPROVAL), .fields = FIELDS, .field_count = 5};
	moment due;
	strand->state = STRAND_APPROVE;
	strand->rest = ++work->instance.rests;
	enum status status = row_create_as(context, &write, values, rest_id(&work->instance, strand->rest));
	if (status == OK && step->c)
		status = moment_after(work, operand_at(work->code, work->instance.frame, step->b, 0), &due);
	if (status == OK && step->c)
		status = timer_begin(work, number, due);
	return status;
}

static enum status approval_close(struct work *work, uint32_t number, const char *state, struct value by)
{
	static const uint16_t FIELDS[] = {APPROVAL_STATE, APPROVAL_DECIDED_BY};
	struct context *context = work->context;
	struct value values[] = {value_text(text_from(state)),
				 by.kind == VALUE_REF ? value_text(id_text(context, by.id)) : value_missing()};
	return row_update(context, system_entity(context, SYSTEM_APPROVAL),
			  rest_id(&work->instance, strand_at(work, number)->rest), FIELDS, values, 2);
}

static enum status approval_denied(struct work *work, uint32_t number, const char *why)
{
	const struct work_approval *approval = approval_of(work, strand_at(work, number));
	if (approval->else_step == SLOT_NONE)
		return fail(work, "the approval%s%.*s %s", approval->role.length ? " by the role " : "",
			    TEXT_ARGS(approval->role), why);
	strand_go_on(work, number, approval->else_step);
	return OK;
}

enum status rest_decided(struct work *work, uint32_t number, bool approved, struct value actor)
{
	enum status status = approval_close(work, number, approved ? "approved" : "refused", actor);
	if (status == OK)
		status = timer_clear(work->context, TIMER_WORKFLOW, work->id, number);
	if (status != OK)
		return status;
	if (!approved)
		return approval_denied(work, number, "was refused");
	strand_go_on(work, number, strand_at(work, number)->step + 1);
	return OK;
}

/* --- parallel */
static enum status parallel_begin(struct work *work, uint32_t number)
{
	struct strand *strand = strand_at(work, number);
	const struct step *step = step_of(work, strand);
	strand->state = STRAND_JOIN;
	if (!step->c)
		strand_go_on(work, number, step->a);
	for (uint32_t i = 0; i < step->c; i++)
		*list_add(work->context->arena, &work->instance.strands) =
			(struct strand){.parent = number, .state = STRAND_READY, .step = work->code->operands[step->b + i]};
	return OK;
}

static bool has_strands(const struct instance *instance, uint32_t parent)
{
	for (uint32_t i = 0; i < instance->strands.count; i++)
		if (instance->strands.items[i].parent == parent && instance->strands.items[i].state != STRAND_ENDED)
			return true;
	return false;
}

/* The last of its siblings lets the one go on that started them; ended ones at the end of the list are forgotten. */
static enum status strand_end(struct work *work, uint32_t number)
{
	struct instance *instance = &work->instance;
	uint32_t parent = strand_at(work, number)->parent;
	strand_at(work, number)->state = STRAND_ENDED;
	if (parent == STRAND_NONE || has_strands(instance, parent))
		return OK;
	strand_go_on(work, parent, step_of(work, strand_at(work, parent))->a);
	while (instance->strands.count > parent + 1 && list_last(&instance->strands)->state == STRAND_ENDED)
		instance->strands.count--;
	return OK;
}

/* --- all of them */
enum status rest_begin(struct work *work, uint32_t number, uint32_t at)
{
	struct strand *strand = strand_at(work, number);
	strand->step = at;
	if (at >= work->code->step_count)
		return work_finish(work, INSTANCE_ENDED_STATE);
	switch (work->code->steps[at].operation) {
	case STEP_WORK_CALL:
		strand->tries = 0;
		return rest_call(work, number);
	case STEP_WORK_RUN:
		return run_begin(work, number);
	case STEP_WORK_WAIT:
		return wait_begin(work, number);
	case STEP_WORK_SLEEP:
		return sleep_begin(work, number);
	case STEP_WORK_APPROVE:
		return approval_begin(work, number);
	case STEP_WORK_PARALLEL:
		return parallel_begin(work, number);
	case STEP_WORK_END:
		return strand_end(work, number);
	case STEP_WORK_HOLD:
		return hold(work, number, TEXT("the workflow waits for a person to go on or cancel"));
	default:
		CHECK(false);
	}
	return OK;
}

enum status rest_clear(struct work *work, uint32_t number)
{
	struct strand *strand = strand_at(work, number);
	enum strand_state state = strand->state;
	enum status status = OK;
	if (state == STRAND_CALL || state == STRAND_WAIT)
		status = wait_row_drop(work, strand->rest);
	if (status == OK && state == STRAND_APPROVE)
		status = approval_close(work, number, "withdrawn", value_missing());
	if (status == OK && (state == STRAND_WAIT || state == STRAND_SLEEP || state == STRAND_RETRY || state == STRAND_APPROVE))
		status = timer_clear(work->context, TIMER_WORKFLOW, work->id, number);
	strand_at(work, number)->state = STRAND_ENDED;
	return status;
}

enum status rest_timed_out(struct work *work, uint32_t number)
{
	struct strand *strand = strand_at(work, number);
	const struct work_wait *wait;
	enum status status;
	switch (strand->state) {
	case STRAND_RETRY:
		return rest_call(work, number);
	case STRAND_SLEEP:
		strand_go_on(work, number, strand->step + 1);
		return OK;
	case STRAND_WAIT:
		wait = wait_of(work, strand);
		status = wait_row_drop(work, strand->rest);
		if (status == OK && wait->else_step == SLOT_NONE)
			return fail(work, "%.*s did not come in time", TEXT_ARGS(wait->event->name));
		strand_go_on(work, number, wait->else_step);
		return status;
	case STRAND_APPROVE:
		status = approval_close(work, number, "too late", value_missing());
		return status == OK ? approval_denied(work, number, "was not given in time") : status;
	default:
		return OK;
	}
}

/* --- for people */
struct text rest_show(const struct work *work, const struct strand *strand)
{
	struct text_builder text = {.arena = work->context->arena};
	switch (strand->state) {
	case STRAND_CALL:
	case STRAND_RETRY:
		builder_add_string(&text, strand->state == STRAND_CALL ? "answer of " : "retry of ");
		builder_add(&text, work->context->program->actions[step_of(work, strand)->a].name);
		break;
	case STRAND_WAIT:
		builder_format(&text, "event %.*s", TEXT_ARGS(wait_of(work, strand)->event->name));
		break;
	case STRAND_APPROVE:
		builder_format(&text, "approval%s%.*s", approval_of(work, strand)->role.length ? " by role " : "",
			       TEXT_ARGS(approval_of(work, strand)->role));
		break;
	case STRAND_SLEEP:
		builder_add_string(&text, "time");
		break;
	default:
		break;
	}
	return builder_text(&text);
}
