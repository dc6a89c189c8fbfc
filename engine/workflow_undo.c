/* What happens when a workflow fails for good or is given up: its undo calls run backwards, one after the answer of the other;
 *
 *	RUNNING, HELD → UNDOING → FAILED | CANCELLED      UNDOING → HELD (an undo failed: a person looks) → UNDOING
 *
 * Must never run forward again. */
#include "engine/workflow.h"

static enum status undo_next(struct work *work);

/* Nothing waits for anything any more. */
static enum status strands_end(struct work *work)
{
	enum status status = OK;
	for (uint32_t i = 0; status == OK && i < work->instance.strands.count; i++) {
		undo_take(work, i);
		status = rest_clear(work, i);
	}
	return status;
}

enum status work_fail(struct work *work, struct text sentence)
{
	struct instance *instance = &work->instance;
	trace_say(work->context, "the workflow %.*s (%.*s) fails: %.*s", TEXT_ARGS(instance->workflow->name),
		  TEXT_ARGS(work->id), TEXT_ARGS(sentence));
	instance->sentence = sentence;
	enum status status = work_raise(work, "workflow.failed", &sentence);
	if (status == OK)
		status = strands_end(work);
	return status == OK ? undo_next(work) : status;
}

enum status work_cancel(struct work *work, struct text sentence)
{
	work->instance.sentence = sentence;
	work->instance.cancelled = true;
	trace_say(work->context, "the workflow %.*s (%.*s) is %.*s", TEXT_ARGS(work->instance.workflow->name),
		  TEXT_ARGS(work->id), TEXT_ARGS(sentence));
	enum status status = work_raise(work, "workflow.cancelled", &sentence);
	if (status == OK)
		status = strands_end(work);
	return status == OK ? undo_next(work) : status;
}

void undo_take(struct work *work, uint32_t strand)
{
	struct instance *instance = &work->instance;
	for (uint32_t i = 0; i < instance->undos.count; i++) {
		struct undo *undo = &instance->undos.items[i];
		if (undo->taken || undo->strand != strand)
			continue;
		const struct work_options *options = &work->context->program->work_options[undo->options];
		struct value *arguments = arena_array(work->context->arena, struct value, options->undo_count + 1);
		for (uint32_t k = 0; k < options->undo_count; k++)
			arguments[k] = instance->frame[options->undo_operands[k]];
		undo->arguments = arguments;
		undo->taken = true;
	}
}

static enum status undo_hold(struct work *work, const struct action *action, struct text why)
{
	struct text sentence = text_format(work->context->arena, "%.*s, which undoes a step, failed: %.*s",
					   TEXT_ARGS(action->name), TEXT_ARGS(why));
	work->instance.state = INSTANCE_HELD_STATE;
	work->instance.sentence = sentence;
	return work_raise(work, "workflow.held", &sentence);
}

/* The last one that is left goes out; it leaves the list with its answer. */
static enum status undo_next(struct work *work)
{
	struct instance *instance = &work->instance;
	instance->undo_rest = 0;
	if (!instance->undos.count) {
		instance->state = instance->cancelled ? INSTANCE_CANCELLED_STATE : INSTANCE_FAILED_STATE;
		trace_say(work->context, "the workflow %.*s (%.*s) is over; what could be undone is",
			  TEXT_ARGS(instance->workflow->name), TEXT_ARGS(work->id));
		return OK;
	}
	const struct undo *undo = list_last(&instance->undos);
	instance->state = INSTANCE_UNDOING_STATE;
	instance->undo_rest = ++instance->rests;
	const struct action *action = work->context->program->work_options[undo->options].undo;
	enum status status = work_call_out(work, action, undo->arguments, instance->undo_rest, STRAND_NONE);
	return status == INVALID && !work->context->fatal ? undo_hold(work, action, text_from(work->context->error->sentence))
							  : status;
}

enum status undo_answered(struct work *work, const struct call_answer *answer)
{
	struct instance *instance = &work->instance;
	const struct undo *undo = list_last(&instance->undos);
	const struct action *action = work->context->program->work_options[undo->options].undo;
	enum status status = wait_row_drop(work, instance->undo_rest);
	if (status == OK && answer->ok) {
		instance->undos.count--;
		return undo_next(work);
	}
	return status == OK ? undo_hold(work, action, answer->sentence) : status;
}

enum status undo_resume(struct work *work, enum resume resume)
{
	if (resume == RESUME_CANCEL)
		work->instance.undos.count = 0;
	else if (resume == RESUME_GO_ON)
		work->instance.undos.count--;
	return undo_next(work);
}
