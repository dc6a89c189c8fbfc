/* Where the strands of an instance go on in another version of its workflow: at the point that the map names, or at the one of
 * the same name, when what it waits for there is the same thing. */
#include "engine/workflow_move.h"

static const struct work_point *point_named(const struct workflow *workflow, struct text name)
{
	for (uint32_t i = 0; i < workflow->point_count; i++)
		if (text_equal(workflow->points[i].name, name))
			return &workflow->points[i];
	return NULL;
}

static enum status refuse(const struct mover *mover, const struct work_point *was, const struct work_point *is, struct text why)
{
	return error_set(mover->context->error, INVALID, "it stands at `%.*s`, which can not become `%.*s`: %.*s",
			 TEXT_ARGS(was->name), TEXT_ARGS(is->name), TEXT_ARGS(why));
}

/* --- which */
static struct text point_names(struct arena *arena, const struct workflow *workflow)
{
	struct text_builder text = {.arena = arena};
	for (uint32_t i = 0; i < workflow->point_count; i++)
		builder_format(&text, "%s`%.*s`", i ? ", " : "", TEXT_ARGS(workflow->points[i].name));
	return workflow->point_count ? builder_text(&text) : TEXT("none");
}

static enum status point_choose(const struct mover *mover, const struct work_point *was, const struct work_point **is_out)
{
	const struct workflow_move *move = mover->move;
	const struct workflow *workflow = mover->work.instance.workflow;
	struct text name = was->name, names = point_names(mover->context->arena, workflow);
	bool is_said = false;
	for (uint32_t i = 0; i < move->point_count; i++)
		if (text_equal(move->points[i].from, was->name)) {
			name = move->points[i].to;
			is_said = true;
		}
	*is_out = point_named(workflow, name);
	if (*is_out)
		return OK;
	if (is_said)
		return error_set(
			mover->context->error, INVALID,
			"it stands at `%.*s`, which is said to be `%.*s` now, and there is no such point; there are %.*s",
			TEXT_ARGS(was->name), TEXT_ARGS(name), TEXT_ARGS(names));
	return error_set(mover->context->error, INVALID,
			 "it stands at `%.*s`, and the new version has no such point; say which of these it is now: %.*s",
			 TEXT_ARGS(was->name), TEXT_ARGS(names));
}

/* --- whether what it waits for is the same */
static bool parameters_match(const struct action *was, const struct action *is)
{
	if (was->parameter_count != is->parameter_count)
		return false;
	for (uint32_t i = 0; i < was->parameter_count; i++)
		if (!text_equal(was->parameters[i].name, is->parameters[i].name) ||
		    !types_match(was->parameters[i].type, is->parameters[i].type))
			return false;
	return true;
}

bool actions_match(const struct action *was, const struct action *is)
{
	return text_equal(was->name, is->name) && text_equal(was->connector->name, is->connector->name) &&
	       parameters_match(was, is);
}

static struct text call_differs(struct arena *arena, const struct action *was, const struct action *is)
{
	if (!text_equal(was->name, is->name))
		return text_format(arena, "the call of %.*s that is out is no call of %.*s", TEXT_ARGS(was->name),
				   TEXT_ARGS(is->name));
	if (!actions_match(was, is))
		return text_format(arena, "%.*s has other parameters now", TEXT_ARGS(was->name));
	if (!types_match(was->result, is->result))
		return text_format(arena, "%.*s has another result now", TEXT_ARGS(was->name));
	return (struct text){0};
}

static struct text wait_differs(struct arena *arena, const struct work_wait *was, const struct work_wait *is)
{
	if (!text_equal(was->event->name, is->event->name))
		return text_format(arena, "who waits for %.*s does not wait for %.*s", TEXT_ARGS(was->event->name),
				   TEXT_ARGS(is->event->name));
	if (was->has_timeout != is->has_timeout)
		return text_from(is->has_timeout ? "it has a timeout now, and when it would have begun nobody knows"
						 : "it had a timeout, and its time is running");
	return (struct text){0};
}

static struct text approval_differs(struct arena *arena, const struct work_approval *was, const struct work_approval *is)
{
	if (text_equal(was->role, is->role))
		return (struct text){0};
	return text_format(arena, "the approval that is open asks %s%.*s, and the new one %s%.*s",
			   was->role.length ? "the role " : "persons", TEXT_ARGS(was->role),
			   is->role.length ? "the role " : "persons", TEXT_ARGS(is->role));
}

/* Empty: it is the same. */
static struct text difference(const struct mover *mover, const struct step *was, const struct step *is)
{
	const struct program *old = mover->move->from, *new = mover->context->program;
	struct arena *arena = mover->context->arena;
	if (was->operation != is->operation)
		return TEXT("they do not wait for the same kind of thing");
	switch (was->operation) {
	case STEP_WORK_CALL:
		return call_differs(arena, &old->actions[was->a], &new->actions[is->a]);
	case STEP_WORK_WAIT:
		return wait_differs(arena, &old->waits[was->a], &new->waits[is->a]);
	case STEP_WORK_APPROVE:
		return approval_differs(arena, &old->approvals[was->a], &new->approvals[is->a]);
	case STEP_WORK_PARALLEL:
		return was->c == is->c
			       ? (struct text){0}
			       : text_format(arena, "it had %u strands, which have begun, and has %u now", was->c, is->c);
	default:
		return (struct text){0};
	}
}

/* --- strands: one that belongs to a `parallel` stays the one that it is */
static enum status place_check(const struct mover *mover, uint32_t number, const struct work_point *was,
			       const struct work_point *is)
{
	const struct workflow *workflow = mover->work.instance.workflow;
	uint32_t parent = mover->old.strands.items[number].parent;
	const struct work_point *around = is->parallel == SLOT_NONE ? NULL : &workflow->points[is->parallel];
	const struct work_point *wanted = parent == STRAND_NONE ? NULL : mover->is[parent];
	if (around != wanted)
		return refuse(mover, was, is,
			      around ? TEXT("that is a strand of another `parallel`") : TEXT("it is a strand of a `parallel`"));
	return around && was->strand != is->strand ? refuse(mover, was, is, TEXT("that is another strand of its `parallel`"))
						   : OK;
}

/* What a strand waits for is written at the step at which it does. */
static bool rests_at(enum strand_state state, enum step_operation operation)
{
	static const enum step_operation STEPS[STRAND_STATE_COUNT] = {
		[STRAND_CALL] = STEP_WORK_CALL,    [STRAND_RETRY] = STEP_WORK_CALL,      [STRAND_WAIT] = STEP_WORK_WAIT,
		[STRAND_SLEEP] = STEP_WORK_SLEEP,  [STRAND_APPROVE] = STEP_WORK_APPROVE, [STRAND_HOLD] = STEP_WORK_HOLD,
		[STRAND_JOIN] = STEP_WORK_PARALLEL};
	return STEPS[state] == operation || (state == STRAND_HOLD && operation == STEP_WORK_CALL);
}

/* A person may let a call that holds go on without an answer: its result is not set then. */
static bool holds_there(const struct mover *mover, const struct strand *old, const struct work_point *is)
{
	const struct step *step = &mover->work.instance.workflow->code->steps[is->step];
	return old->state != STRAND_HOLD || step->operation != STEP_WORK_CALL ||
	       mover->context->program->work_options[step->extra].hold;
}

static enum status strand_move(struct mover *mover, uint32_t number)
{
	const struct strand *old = &mover->old.strands.items[number];
	struct strand *new = &mover->work.instance.strands.items[number];
	const struct work_point *was = workflow_point_at(mover->old.workflow, old->step), *is;
	*new = *old;
	if (old->state == STRAND_ENDED) {
		new->step = 0; /* of no meaning any more */
		return OK;
	}
	if (!was || !rests_at(old->state, mover->old.workflow->code->steps[was->step].operation))
		return error_set(mover->context->error, INVALID, "it rests at no point of its workflow; resume it first");
	enum status status = point_choose(mover, was, &is);
	if (status != OK)
		return status;
	struct text why = difference(mover, &mover->old.workflow->code->steps[was->step],
				     &mover->work.instance.workflow->code->steps[is->step]);
	if (why.length)
		return refuse(mover, was, is, why);
	if (!holds_there(mover, old, is))
		return refuse(mover, was, is, TEXT("it holds there, and the new step does not"));
	new->step = is->step;
	mover->was[number] = was;
	mover->is[number] = is;
	return place_check(mover, number, was, is);
}

enum status points_move(struct mover *mover)
{
	struct arena *arena = mover->context->arena;
	uint32_t count = mover->old.strands.count;
	enum status status = OK;
	mover->was = arena_array(arena, const struct work_point *, count + 1);
	mover->is = arena_array(arena, const struct work_point *, count + 1);
	for (uint32_t i = 0; i < count; i++)
		list_add(arena, &mover->work.instance.strands);
	for (uint32_t i = 0; status == OK && i < count; i++)
		status = strand_move(mover, i);
	return status;
}
