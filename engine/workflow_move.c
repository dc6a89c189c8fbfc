/* The way of an instance from the program that it is pinned to, to the one of the turn: read by the one, checked point by point
 * and variable by variable, written by the other. What is out (calls, timers, approvals) stays out under its ids, so nothing
 * happens twice. Must never run a step. docs/decisions/0025 */
#include "engine/workflow_move.h"

#include <inttypes.h>

/* --- as it stands */
static enum status workflows_find(struct mover *mover, struct text name)
{
	struct error *error = mover->context->error;
	mover->old.workflow = program_workflow(mover->move->from, name);
	mover->work.instance.workflow = program_workflow(mover->context->program, name);
	if (!mover->old.workflow || !mover->work.instance.workflow)
		return error_set(error, INVALID, "the %s version of the packs has no workflow %.*s",
				 mover->old.workflow ? "new" : "old", TEXT_ARGS(name));
	mover->work.code = mover->work.instance.workflow->code;
	return OK;
}

static enum status is_at_rest(const struct mover *mover)
{
	const struct instance *old = &mover->old;
	struct error *error = mover->context->error;
	bool holds = false;
	for (uint32_t i = 0; i < old->strands.count; i++)
		holds = holds || old->strands.items[i].state == STRAND_HOLD;
	if (old->state == INSTANCE_UNDOING_STATE || old->undo_rest)
		return error_set(error, INVALID, "it undoes what it did, and does that as it was written then");
	if (old->state == INSTANCE_HELD_STATE && !holds)
		return error_set(error, INVALID, "it holds at no step, for something stood in its way; resume it first");
	if (old->signals.count)
		return error_set(error, INVALID, "it keeps %.*s, which came before its `wait for`; that has to take it first",
				 TEXT_ARGS(old->signals.items[0].kind->name));
	return OK;
}

/* `is_done_out`: there is nothing left to move. */
static enum status instance_load(struct mover *mover, bool *is_done_out)
{
	struct context *context = mover->context;
	const struct value *row;
	struct record_id id = mover->move->instance;
	enum status status = row_read(context, system_entity(context, SYSTEM_INSTANCE), id, &row);
	if (status != OK)
		return status == NOT_FOUND ? error_set(context->error, NOT_FOUND, "there is no such workflow") : status;
	struct text runs_on = value_as_text(row[INSTANCE_PROGRAM]);
	*is_done_out = text_equal(runs_on, program_hash_text(context->arena, context->program->hash)) ||
		       !instance_state_find(value_as_text(row[INSTANCE_STATE]), &mover->old.state) ||
		       instance_state_is_over(mover->old.state);
	if (*is_done_out)
		return OK;
	if (!mover->move->from)
		return error_set(context->error, INVALID, "the packs that it began on, %.*s, are not kept", TEXT_ARGS(runs_on));
	if (!text_equal(runs_on, program_hash_text(context->arena, mover->move->from->hash)))
		return error_set(context->error, INVALID, "it runs on the version %.*s, not on %016" PRIx64, TEXT_ARGS(runs_on),
				 mover->move->from->hash);
	mover->old.id = id;
	mover->work.instance = (struct instance){.id = id, .state = mover->old.state};
	mover->work.id = id_text(context, id);
	status = workflows_find(mover, value_as_text(row[INSTANCE_WORKFLOW]));
	return status == OK ? instance_read(context->arena, mover->move->from, value_as_text(row[INSTANCE_DATA]), &mover->old,
					    context->error)
			    : status;
}

/* --- as it will stand */
/* Early waits are numbered anew: rows of numbers that are used again get other keys, the rest goes. */
static void rest_copy(struct mover *mover)
{
	struct instance *new = &mover->work.instance;
	const struct instance *old = &mover->old;
	new->cause = old->cause;
	new->rests = old->rests;
	new->sentence = old->sentence;
	for (uint32_t i = 0; i < old->early.count; i++)
		*list_add(mover->context->arena, &new->early) = (struct early_wait){.number = old->early.items[i].number};
}

static enum status waits_move(struct mover *mover)
{
	enum status status = OK;
	for (uint32_t i = 0; status == OK && i < mover->work.instance.strands.count; i++)
		if (mover->work.instance.strands.items[i].state == STRAND_WAIT)
			status = wait_row_renew(&mover->work, i);
	return status;
}

static void move_say(const struct mover *mover)
{
	const struct program *program = mover->context->program;
	struct text_builder points = {.arena = mover->context->arena};
	for (uint32_t i = 0; i < mover->old.strands.count; i++)
		if (mover->is[i])
			builder_format(&points, "%s`%.*s` → `%.*s`", points.length ? ", " : "", TEXT_ARGS(mover->was[i]->name),
				       TEXT_ARGS(mover->is[i]->name));
	trace_say(mover->context, "the workflow %.*s (%.*s) goes on with %.*s %.*s: %.*s",
		  TEXT_ARGS(mover->work.instance.workflow->name), TEXT_ARGS(mover->work.id), TEXT_ARGS(program->name),
		  TEXT_ARGS(program->version), TEXT_ARGS(builder_text(&points)));
}

static enum status move_work(struct context *context, void *argument)
{
	struct mover mover = {.context = context, .move = argument, .work = {.context = context}};
	bool is_done = false;
	enum status status = instance_load(&mover, &is_done);
	if (status == OK && is_done) {
		trace_say(context, "the workflow is over, or runs on this version already");
		return OK;
	}
	if (status == OK)
		status = is_at_rest(&mover);
	if (status == OK)
		status = points_move(&mover);
	if (status == OK)
		status = frame_move(&mover);
	if (status == OK)
		status = undos_move(&mover);
	if (status != OK)
		return status;
	rest_copy(&mover);
	status = waits_move(&mover);
	if (status == OK)
		status = work_keep_here(&mover.work);
	if (status == OK)
		move_say(&mover);
	return status;
}

enum status engine_move(struct engine *engine, const struct workflow_move *move, struct value actor, moment at,
			const struct ports *ports, const struct turn **turn_out, struct error *error)
{
	return turn_run(engine, at, actor, move->instance, ports, move_work, (void *)move, turn_out, error);
}

/* --- for lists */
enum status engine_whereabouts(const struct program *program, struct text workflow, struct text data, struct arena *arena,
			       struct text *points_out, struct error *error)
{
	struct instance instance = {.workflow = program_workflow(program, workflow)};
	struct text_builder points = {.arena = arena};
	if (!instance.workflow)
		return error_set(error, NOT_FOUND, "these packs have no workflow %.*s", TEXT_ARGS(workflow));
	enum status status = instance_read(arena, program, data, &instance, error);
	if (status != OK)
		return status;
	for (uint32_t i = 0; i < instance.strands.count; i++) {
		const struct strand *strand = &instance.strands.items[i];
		const struct work_point *point =
			strand->state == STRAND_ENDED ? NULL : workflow_point_at(instance.workflow, strand->step);
		if (point)
			builder_format(&points, "%s%.*s", points.length ? ", " : "", TEXT_ARGS(point->name));
	}
	*points_out = builder_text(&points);
	return OK;
}
