/* Strands of a workflow on their way from one durable point to the next:
 *
 *	READY → (eval_from) → CALL | WAIT | SLEEP | APPROVE | HOLD | JOIN | ENDED     and, when it has what it waited for, READY
 *again
 *
 * Each stretch is one piece: when it fails, what it did is taken back, and the workflow undoes what earlier stretches did. */
#include "engine/workflow.h"

#include "engine/base/check.h"

/* Who makes rows now, and which rule is said to have made them: a stretch of an instance. */
struct maker {
	struct record_id maker;
	uint32_t made, rule;
	const struct work *work;
};

static struct maker maker_take(struct work *work)
{
	struct context *context = work->context;
	struct maker before = {context->maker, context->made, context->rule, context->work};
	context->maker = rest_id(&work->instance, ++work->instance.rests);
	context->made = 0;
	context->rule = RULE_NONE;
	context->work = work;
	return before;
}

static void maker_return(struct context *context, struct maker before)
{
	context->maker = before.maker;
	context->made = before.made;
	context->rule = before.rule;
	context->work = before.work;
}

static enum status strand_run(struct work *work, uint32_t number)
{
	struct context *context = work->context;
	struct savepoint before = savepoint_set(context);
	struct maker maker = maker_take(work);
	uint32_t at = work->instance.strands.items[number].step;
	enum status status = eval_from(context, work->code, work->instance.frame, &at);
	undo_take(work, number);
	if (status == OK)
		status = rest_begin(work, number, at);
	if (status == OK)
		status = constraints_check(context, before);
	maker_return(context, maker);
	if (status == OK || context->fatal)
		return status;
	savepoint_restore(context, before);
	work->instance.strands.items[number].state = STRAND_ENDED;
	return work_fail(work, text_copy(context->arena, text_from(context->error->sentence)));
}

static uint32_t strand_ready(const struct instance *instance)
{
	for (uint32_t i = 0; i < instance->strands.count; i++)
		if (instance->strands.items[i].state == STRAND_READY)
			return i;
	return STRAND_NONE;
}

bool work_is_going(const struct instance *instance)
{
	return instance->state == INSTANCE_RUNNING_STATE || (instance->state == INSTANCE_HELD_STATE && !instance->undo_rest);
}

/* Somebody is asked as long as one strand holds, even while others go on. */
static void state_find(struct instance *instance)
{
	if (!work_is_going(instance))
		return;
	instance->state = INSTANCE_RUNNING_STATE;
	for (uint32_t i = 0; i < instance->strands.count; i++)
		if (instance->strands.items[i].state == STRAND_HOLD)
			instance->state = INSTANCE_HELD_STATE;
}

enum status work_advance(struct work *work)
{
	enum status status = OK;
	uint32_t number;
	while (status == OK && work_is_going(&work->instance) && (number = strand_ready(&work->instance)) != STRAND_NONE)
		status = strand_run(work, number);
	state_find(&work->instance);
	return status == OK ? work_keep(work) : status;
}

void strand_go_on(struct work *work, uint32_t number, uint32_t step)
{
	struct strand *strand = &work->instance.strands.items[number];
	strand->state = STRAND_READY;
	strand->step = step;
	strand->tries = 0;
}

enum status work_finish(struct work *work, enum instance_state state)
{
	enum status status = OK;
	for (uint32_t i = 0; status == OK && i < work->instance.strands.count; i++)
		status = rest_clear(work, i);
	work->instance.state = state;
	if (status != OK || state != INSTANCE_ENDED_STATE)
		return status;
	trace_say(work->context, "the workflow %.*s (%.*s) has ended", TEXT_ARGS(work->instance.workflow->name),
		  TEXT_ARGS(work->id));
	return work_raise(work, "workflow.ended", NULL);
}
