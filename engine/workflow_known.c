/* What an instance knows, in the slots of another version of its workflow: variables by their names and types; arguments of a
 * call that may be made again by their places; the values that a wait compares by the path they were read by. Must never leave
 * a slot empty that a step behind the new point relies on. */
#include "engine/workflow_move.h"

/* What the old version calls so, when it is of the same kind: the author's or the compiler's. */
static const struct work_variable *variable_like(const struct work_point *point, const struct work_variable *variable)
{
	for (uint32_t i = 0; variable->name.length && i < point->variable_count; i++)
		if (text_equal(point->variables[i].name, variable->name) && point->variables[i].is_own == variable->is_own)
			return &point->variables[i];
	return NULL;
}

static struct text shown(const struct mover *mover, const struct work_variable *variable)
{
	struct arena *arena = mover->context->arena;
	if (!variable->name.length)
		return TEXT("a value without a name, of the middle of a loop or a condition");
	if (!variable->type)
		return text_format(arena, "`%.*s`", TEXT_ARGS(variable->name));
	return text_format(arena, "`%.*s` (%.*s)", TEXT_ARGS(variable->name), TEXT_ARGS(type_show(arena, variable->type)));
}

static enum status refuse(const struct mover *mover, const struct work_point *is, const struct work_variable *needed,
			  struct text why)
{
	return error_set(mover->context->error, INVALID, "%s `%.*s` the new version needs %.*s, %.*s",
			 needed->need == NEED_POINT ? "at" : "behind", TEXT_ARGS(is->name), TEXT_ARGS(shown(mover, needed)),
			 TEXT_ARGS(why));
}

/* --- whatever has the same name and type; whether it is needed is asked afterwards */
static bool carried(struct mover *mover, const struct type *was, const struct type *is, struct value value, uint32_t slot)
{
	return was && is && types_match(was, is) &&
	       value_carry(mover->context->arena, was, is, value, &mover->work.instance.frame[slot]);
}

static void variables_carry(struct mover *mover, const struct work_point *was, const struct work_point *is)
{
	for (uint32_t i = 0; i < is->variable_count; i++) {
		const struct work_variable *variable = &is->variables[i], *old = variable_like(was, variable);
		if (old && !carried(mover, old->type, variable->type, mover->old.frame[old->slot], variable->slot))
			mover->work.instance.frame[variable->slot] = value_missing();
	}
}

/* --- what started it, by which `cancel` finds it */
static enum status parameter_move(struct mover *mover, uint32_t number)
{
	const struct workflow *was = mover->old.workflow;
	const struct record_field *parameter = &mover->work.instance.workflow->parameters[number];
	struct error *error = mover->context->error;
	for (uint32_t i = 0; i < was->parameter_count; i++) {
		const struct record_field *old = &was->parameters[i];
		if (!text_equal(old->name, parameter->name))
			continue;
		if (carried(mover, old->type, parameter->type, mover->old.frame[i], number))
			return OK;
		return error_set(error, INVALID, "the parameter `%.*s` is %.*s now; it was started with %.*s",
				 TEXT_ARGS(parameter->name), TEXT_ARGS(type_show(mover->context->arena, parameter->type)),
				 TEXT_ARGS(type_show(mover->context->arena, old->type)));
	}
	return error_set(error, INVALID, "the parameter `%.*s` is new; it was started without", TEXT_ARGS(parameter->name));
}

/* --- a call that may be made again is made with what it was made with */
static bool argument_carry(struct mover *mover, const struct work_point *was, const struct work_point *is, uint32_t slot)
{
	const struct code *old = mover->old.workflow->code, *new = mover->work.instance.workflow->code;
	const struct step *from = &old->steps[was->step], *to = &new->steps[is->step];
	const struct action *before = &mover->move->from->actions[from->a];
	const struct action *now = &mover->context->program->actions[to->a];
	for (uint32_t i = 0; i < to->c; i++)
		if (new->operands[to->b + i] == slot)
			return carried(mover, before->parameters[i].type, now->parameters[i].type,
				       operand_at(old, mover->old.frame, from->b, i), slot);
	return false;
}

/* A strand that still runs will set it, before its `parallel` has ended. */
static bool comes_later(const struct mover *mover, uint32_t parent, const struct work_variable *needed)
{
	const struct strand *strands = mover->work.instance.strands.items;
	const struct work_point *around = mover->is[parent];
	const struct code *code = mover->work.instance.workflow->code;
	const struct step *step = &code->steps[around->step];
	if (strands[parent].state != STRAND_JOIN || needed->written == SLOT_NONE)
		return false;
	for (uint32_t i = 0; i < mover->work.instance.strands.count; i++) {
		if (strands[i].parent != parent || strands[i].state == STRAND_ENDED)
			continue;
		uint32_t strand = mover->is[i]->strand;
		uint32_t end = strand + 1 < step->c ? code->operands[step->b + strand + 1] : step->a;
		if (needed->written >= strands[i].step && needed->written < end)
			return true;
	}
	return false;
}

/* What the point itself reads while it rests, and the compiler keeps. NOT_FOUND: as all the others. */
static enum status operand_move(struct mover *mover, uint32_t strand, const struct work_variable *needed)
{
	const struct work_point *was = mover->was[strand], *is = mover->is[strand];
	if (needed->need != NEED_POINT || !needed->is_own)
		return NOT_FOUND;
	if (mover->work.code->steps[is->step].operation == STEP_WORK_CALL)
		return argument_carry(mover, was, is, needed->slot) ? OK : NOT_FOUND;
	return variable_like(was, needed) ? NOT_FOUND : wait_capture(&mover->work, is->step, needed->slot);
}

static enum status type_refuse(struct mover *mover, const struct work_point *is, const struct work_variable *needed,
			       const struct type *was)
{
	struct arena *arena = mover->context->arena;
	return refuse(mover, is, needed,
		      was ? text_format(arena, "which was %.*s", TEXT_ARGS(type_show(arena, was)))
			  : TEXT("which the old one keeps in its own way"));
}

static enum status needed_check(struct mover *mover, uint32_t strand, const struct work_variable *needed)
{
	const struct work_point *is = mover->is[strand];
	const struct work_variable *old = variable_like(mover->was[strand], needed);
	if (needed->written == SLOT_NONE)
		return OK; /* a parameter */
	enum status status = operand_move(mover, strand, needed);
	if (status == OK || mover->context->fatal)
		return status;
	bool comes = comes_later(mover, strand, needed);
	if (!old)
		return comes ? OK : refuse(mover, is, needed, TEXT("which the old one does not know there"));
	if (!old->type || !needed->type || !types_match(old->type, needed->type))
		return type_refuse(mover, is, needed, old->type);
	if (mover->old.frame[old->slot].kind == VALUE_MISSING)
		return comes || needed->may_miss || needed->type->kind == TYPE_NOTHING
			       ? OK
			       : refuse(mover, is, needed, TEXT("which is not set"));
	if (mover->work.instance.frame[needed->slot].kind == VALUE_MISSING)
		return refuse(mover, is, needed, TEXT("whose value there is no more"));
	return OK;
}

enum status frame_move(struct mover *mover)
{
	struct instance *instance = &mover->work.instance;
	enum status status = OK;
	instance->frame = frame_new(mover->context, instance->workflow->code);
	for (uint32_t i = 0; status == OK && i < instance->workflow->parameter_count; i++)
		status = parameter_move(mover, i);
	for (uint32_t i = 0; status == OK && i < instance->strands.count; i++)
		if (mover->is[i])
			variables_carry(mover, mover->was[i], mover->is[i]);
	for (uint32_t i = 0; i < instance->strands.count; i++)
		for (uint32_t k = 0; status == OK && mover->is[i] && k < mover->is[i]->variable_count; k++)
			if (mover->is[i]->variables[k].need != NEED_NONE)
				status = needed_check(mover, i, &mover->is[i]->variables[k]);
	return status;
}

/* --- undos */
static bool undo_find(const struct mover *mover, const struct action *action, uint32_t *options_out)
{
	const struct code *code = mover->work.instance.workflow->code;
	for (uint32_t i = 0; i < code->step_count; i++) {
		if (code->steps[i].operation != STEP_WORK_CALL)
			continue;
		const struct action *undo = mover->context->program->work_options[code->steps[i].extra].undo;
		*options_out = code->steps[i].extra;
		if (undo && actions_match(action, undo))
			return true;
	}
	return false;
}

static enum status undo_move(struct mover *mover, const struct undo *old, struct undo *new)
{
	const struct work_options *options = &mover->move->from->work_options[old->options];
	const struct action *action = options->undo;
	struct value *arguments = arena_array(mover->context->arena, struct value, options->undo_count + 1);
	struct error *error = mover->context->error;
	*new = *old;
	new->arguments = arguments;
	if (!action)
		return error_set(error, INVALID, "it is to undo what nothing undoes; was its row changed by hand?");
	if (!old->taken)
		return error_set(error, INVALID, "it has not come to rest behind the call that %.*s undoes",
				 TEXT_ARGS(action->name));
	if (!undo_find(mover, action, &new->options))
		return error_set(error, INVALID,
				 "a step of it is done that %.*s would undo, and the new version undoes nothing by that",
				 TEXT_ARGS(action->name));
	const struct action *now = mover->context->program->work_options[new->options].undo;
	for (uint32_t i = 0; i < options->undo_count; i++)
		if (!value_carry(mover->context->arena, action->parameters[i].type, now->parameters[i].type, old->arguments[i],
				 &arguments[i]))
			return error_set(error, INVALID,
					 "%.*s, which would undo a step of it, does not take `%.*s` as it is any more",
					 TEXT_ARGS(action->name), TEXT_ARGS(action->parameters[i].name));
	return OK;
}

enum status undos_move(struct mover *mover)
{
	enum status status = OK;
	for (uint32_t i = 0; status == OK && i < mover->old.undos.count; i++)
		status = undo_move(mover, &mover->old.undos.items[i],
				   list_add(mover->context->arena, &mover->work.instance.undos));
	return status;
}
