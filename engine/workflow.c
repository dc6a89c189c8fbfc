/* The ways in to workflows: started and cancelled by rules, woken by events, timers, answers, decisions and people. Each way
 * finds the instance, hands over what came, and lets it go on. An instance that fails over its own doing undoes itself; one
 * that the engine can not handle is left as it was, and the trace says so. */
#include "engine/workflow.h"

#include <stdlib.h>

/* --- start: the instance goes on when its own event is handled, so that a rule that fails later takes it back */
enum status workflow_start(struct context *context, const struct workflow *workflow, const struct value *arguments,
			   struct value *instance_out)
{
	struct record_id id = id_next(context);
	struct work work = {.context = context, .instance = {.id = id, .workflow = workflow}, .id = id_text(context, id)};
	*instance_out = value_ref(system_entity(context, SYSTEM_INSTANCE)->index, id);
	enum status status = work_create(context, workflow, arguments, id);
	return status == OK ? work_raise(&work, "workflow.started", NULL) : status;
}

enum status workflow_cancel(struct context *context, const struct workflow *workflow, const struct value *arguments)
{
	struct record_id *ids;
	uint32_t count;
	enum status status = work_find(context, workflow, arguments, &ids, &count);
	for (uint32_t i = 0; status == OK && i < count; i++) {
		struct work work;
		if (context->work && id_equal(context->work->instance.id, ids[i]))
			continue; /* one that cancels its like means the others */
		status = work_load(context, ids[i], &work);
		if (status == OK && work.instance.state != INSTANCE_UNDOING_STATE && !work.instance.undo_rest)
			status = work_cancel(&work, TEXT("cancelled by a rule"));
		if (status == OK)
			status = work_keep(&work);
	}
	return status;
}

/* --- events */
/* Nothing happens when no strand waits for that approval (any more). */
static enum status decide(struct work *work, struct record_id approval, bool approved, struct value actor)
{
	struct instance *instance = &work->instance;
	for (uint32_t i = 0; i < instance->strands.count; i++) {
		const struct strand *strand = &instance->strands.items[i];
		if (strand->state != STRAND_APPROVE || !id_equal(rest_id(instance, strand->rest), approval))
			continue;
		enum status status = rest_decided(work, i, approved, actor);
		return status == OK ? work_advance(work) : status;
	}
	return OK;
}

/* What the engine can not do is not the workflow's doing: it is as it was, and a person is asked. */
static enum status hold_as_it_was(struct context *context, struct record_id id)
{
	static const uint16_t FIELDS[] = {INSTANCE_STATE, INSTANCE_WAITS_FOR};
	const struct value *row;
	struct work work = {.context = context, .id = id_text(context, id)};
	struct text sentence = text_copy(context->arena, text_from(context->error->sentence));
	struct value values[] = {value_text(instance_state_name(INSTANCE_HELD_STATE)), value_text(sentence)};
	enum status status = row_read(context, system_entity(context, SYSTEM_INSTANCE), id, &row);
	if (status != OK)
		return context->fatal ? status : OK;
	struct workflow named = {.name = value_as_text(row[INSTANCE_WORKFLOW])};
	work.instance.workflow = &named;
	trace_say(context, "the workflow %.*s (%.*s) could not go on: %.*s", TEXT_ARGS(named.name), TEXT_ARGS(work.id),
		  TEXT_ARGS(sentence));
	status = row_update(context, system_entity(context, SYSTEM_INSTANCE), id, FIELDS, values, 2);
	return status == OK ? work_raise(&work, "workflow.held", &sentence) : status;
}

enum status work_settle(struct context *context, struct savepoint before, struct record_id id, enum status status)
{
	if (status == OK || context->fatal)
		return status;
	if (status == NOT_FOUND || status == CONFLICT || status == FOREIGN)
		return OK; /* over; or another program's: it holds, or the turn says who goes on with it */
	savepoint_restore(context, before);
	return hold_as_it_was(context, id);
}

static enum status begin(struct context *context, struct record_id id)
{
	struct work work;
	enum status status = work_load(context, id, &work);
	return status == OK ? work_advance(&work) : status;
}

/* A rule or a person has written the approval's row itself: what stands there is the decision. */
static enum status decided_by_row(struct context *context, struct record_id id, const struct event *event)
{
	struct work work;
	struct text state = value_as_text(event->after[APPROVAL_STATE]);
	bool approved = text_is(state, "approved");
	if (!approved && !text_is(state, "refused"))
		return OK;
	enum status status = work_load(context, id, &work);
	return status == OK ? decide(&work, event->fields[0].id, approved, event->actor) : status;
}

enum status workflows_on_event(struct context *context, const struct event *event)
{
	struct savepoint before = savepoint_set(context);
	const struct event_kind *kind = event->kind;
	struct record_id id;
	if (!context->program->workflow_count)
		return OK;
	if (kind->origin == EVENT_SYSTEM && text_is(kind->name, "workflow.started"))
		return record_id_parse(value_as_text(event->fields[1]), &id) == OK
			       ? work_settle(context, before, id, begin(context, id))
			       : OK;
	if (kind->entity == system_entity(context, SYSTEM_APPROVAL) && kind->origin == EVENT_UPDATED)
		return record_id_parse(value_as_text(event->after[APPROVAL_INSTANCE]), &id) == OK
			       ? work_settle(context, before, id, decided_by_row(context, id, event))
			       : OK;
	return signal_hear(context, event);
}

/* --- timers */
static enum status ring(struct context *context, struct record_id id, const struct timer *timer)
{
	struct work work;
	uint32_t number = (uint32_t)timer->number;
	enum status status = work_load(context, id, &work);
	if (status != OK || number >= work.instance.strands.count ||
	    work.instance.strands.items[number].rest != strtoul(timer->data.bytes, NULL, 10))
		return status;
	status = rest_timed_out(&work, number);
	return status == OK ? work_advance(&work) : status;
}

enum { AGAIN_SECONDS = 3600 }; /* until its program is there again, or what stood in its way has gone */

enum status workflows_on_timer(struct context *context, const struct timer *timer)
{
	struct savepoint before = savepoint_set(context);
	struct record_id id;
	if (record_id_parse(timer->subject, &id) != OK)
		return OK;
	enum status rang = ring(context, id, timer);
	context->fatal |= rang == FOREIGN; /* the timer stays for that engine */
	enum status status = work_settle(context, before, id, rang);
	if (status != OK || rang == OK || rang == NOT_FOUND)
		return status;
	return timer_set(context, TIMER_WORKFLOW, timer->subject, timer->number, context->now + AGAIN_SECONDS, timer->data);
}

/* --- answers */
struct answered {
	struct record_id call;
	const struct call_answer *answer;
};

static enum status answer_give(struct work *work, const struct value *wait, const struct answered *answered)
{
	struct instance *instance = &work->instance;
	int64_t number = wait[WAIT_STRAND].integer;
	if (number < 0)
		return instance->undo_rest && id_equal(rest_id(instance, instance->undo_rest), answered->call)
			       ? undo_answered(work, answered->answer)
			       : OK;
	if (number >= instance->strands.count || instance->strands.items[number].state != STRAND_CALL ||
	    !id_equal(rest_id(instance, instance->strands.items[number].rest), answered->call))
		return OK;
	return rest_answered(work, (uint32_t)number, answered->answer);
}

static enum status answer_work(struct context *context, void *argument)
{
	const struct answered *answered = argument;
	const struct value *wait;
	struct record_id id;
	struct work work;
	enum status status = row_read(context, system_entity(context, SYSTEM_WAIT), answered->call, &wait);
	if (status == NOT_FOUND) {
		trace_say(context, "an answer that nobody waits for");
		return context->fatal ? status : OK;
	}
	if (status == OK && record_id_parse(value_as_text(wait[WAIT_INSTANCE]), &id) != OK)
		return OK;
	if (status == OK)
		status = work_load(context, id, &work);
	if (status == NOT_FOUND && !context->fatal)
		return OK; /* it is over */
	if (status == OK)
		status = answer_give(&work, wait, answered);
	return status == OK ? work_advance(&work) : status;
}

enum status engine_answer(struct engine *engine, struct record_id call, const struct call_answer *answer, moment at,
			  const struct ports *ports, const struct turn **turn_out, struct error *error)
{
	struct answered answered = {call, answer};
	return turn_run(engine, at, value_missing(), call, ports, answer_work, &answered, turn_out, error);
}

/* --- decisions */
struct decided {
	struct record_id approval;
	bool approved;
	struct value actor;
};

static enum status decide_work(struct context *context, void *argument)
{
	const struct decided *decided = argument;
	const struct value *row;
	struct record_id id;
	struct work work;
	enum status status = row_read(context, system_entity(context, SYSTEM_APPROVAL), decided->approval, &row);
	if (status != OK)
		return status == NOT_FOUND ? error_set(context->error, NOT_FOUND, "there is no such approval") : status;
	struct text state = value_as_text(row[APPROVAL_STATE]);
	if (!text_is(state, "open"))
		return error_set(context->error, CONFLICT, "this approval is not open any more; it is %.*s", TEXT_ARGS(state));
	if (record_id_parse(value_as_text(row[APPROVAL_INSTANCE]), &id) != OK)
		return error_set(context->error, INVALID, "this approval names no workflow; was its row changed by hand?");
	status = work_load(context, id, &work);
	if (status == NOT_FOUND && !context->fatal)
		return error_set(context->error, CONFLICT, "the workflow that asked for this approval is over");
	return status == OK ? decide(&work, decided->approval, decided->approved, decided->actor) : status;
}

enum status engine_decide(struct engine *engine, struct record_id approval, bool approved, struct value actor, moment at,
			  const struct ports *ports, const struct turn **turn_out, struct error *error)
{
	struct decided decided = {approval, approved, actor};
	return turn_run(engine, at, actor, approval, ports, decide_work, &decided, turn_out, error);
}

/* --- people */
struct resumed {
	struct record_id instance;
	enum resume resume;
};

static enum status strands_resume(struct work *work, enum resume resume)
{
	struct instance *instance = &work->instance;
	enum status status = OK;
	instance->sentence = (struct text){0};
	if (resume == RESUME_CANCEL)
		return work_cancel(work, TEXT("cancelled by a person"));
	for (uint32_t i = 0; status == OK && i < instance->strands.count; i++) {
		struct strand *strand = &instance->strands.items[i];
		if (strand->state != STRAND_HOLD)
			continue;
		bool again = resume == RESUME_RETRY && work->code->steps[strand->step].operation == STEP_WORK_CALL;
		if (!again) {
			strand_go_on(work, i, strand->step + 1);
			continue;
		}
		strand->tries = 0;
		status = rest_call(work, i);
	}
	return status;
}

static enum status resume_work(struct context *context, void *argument)
{
	const struct resumed *resumed = argument;
	struct work work;
	enum status status = work_load(context, resumed->instance, &work);
	if (status == NOT_FOUND && !context->fatal)
		return error_set(context->error, NOT_FOUND, "there is no such workflow, or it is over");
	if (status == OK && work.instance.state != INSTANCE_HELD_STATE)
		return error_set(context->error, CONFLICT, "the workflow %.*s does not hold; it goes on by itself",
				 TEXT_ARGS(work.instance.workflow->name));
	if (status == OK)
		status = work.instance.undo_rest ? undo_resume(&work, resumed->resume) : strands_resume(&work, resumed->resume);
	return status == OK ? work_advance(&work) : status;
}

enum status engine_resume(struct engine *engine, struct record_id instance, enum resume resume, struct value actor, moment at,
			  const struct ports *ports, const struct turn **turn_out, struct error *error)
{
	struct resumed resumed = {instance, resume};
	return turn_run(engine, at, actor, instance, ports, resume_work, &resumed, turn_out, error);
}
