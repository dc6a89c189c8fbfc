/* Turns that are about workflows of other programs than the one the tenant runs: those that began on older packs end on them.
 * Must never let the program of one turn look at another's rows by the wrong names. */
#include "runtime/service/translate.h"
#include "runtime/service/turning.h"

static enum status program_switch(struct turning *turning, uint64_t stack)
{
	struct turns *turns = turning->turns;
	enum status status = programs_by_hash(turns->programs, stack, &turning->loaded, turning->error);

	if (status == OK)
		engine_ready(turns, turning->loaded);
	return status;
}

enum status foreign_run(struct turning *turning, struct turned *turned)
{
	uint64_t stack = turning->elsewhere.items[0];
	enum status status = program_switch(turning, stack);

	if (status != OK)
		return status;
	turning->entry->program = stack;
	status = TURNS[turning->entry->origin](turning);
	return status == OK && turning->turn ? plan_keep(turning, turned) : status;
}

static enum status signal_run(struct turning *turning, const struct event *event, struct turned *turned)
{
	struct turns *turns = turning->turns;
	const struct event *theirs;
	enum status status = event_translate(&turns->arena, event, &turning->loaded->program->schema, &theirs, turning->error);

	if (status != OK || !theirs)
		return status;
	engine_begin(turning->loaded->engine);
	status = engine_signal(turning->loaded->engine, theirs, &turns->ports, &turning->turn, turning->error);
	return status == OK ? plan_keep(turning, turned) : status;
}

enum status signals_run(struct turning *turning, struct turned *turned)
{
	const struct loaded *own = turning->loaded;
	const struct turn *turn = turning->turn;
	enum status status = plan_keep(turning, turned);
	struct text trace = turning->entry->trace;

	for (uint32_t i = 0; status == OK && i < turning->elsewhere.count; i++) {
		status = program_switch(turning, turning->elsewhere.items[i]);
		if (status == OK && turning->event)
			status = signal_run(turning, turning->event, turned);
		for (uint32_t k = 0; status == OK && k < turn->plan.events.count; k++)
			status = signal_run(turning, turn->plan.events.items[k], turned);
	}
	turning->loaded = own;
	turning->turn = turn;
	turning->entry->trace = trace;
	store_use_program(turning->turns->store, own->program);
	return status;
}

static void elsewhere_add(struct turning *turning, const stack_list *stacks)
{
	for (uint32_t i = 0; i < stacks->count; i++) {
		bool is_named = false;
		for (uint32_t k = 0; k < turning->elsewhere.count; k++)
			is_named = is_named || turning->elsewhere.items[k] == stacks->items[i];
		if (!is_named)
			*list_add(&turning->turns->arena, &turning->elsewhere) = stacks->items[i];
	}
}

static enum status waiting_add(struct turning *turning, const struct event *event)
{
	struct turns *turns = turning->turns;
	stack_list stacks = {0};
	enum status status = programs_that_wait(turns->programs, turning->entry->tenant, turning->loaded->program->hash,
						event->kind->name, &turns->arena, &stacks, turning->error);

	elsewhere_add(turning, &stacks);
	return status;
}

/* What the engine has named, and whoever waits for something of which this program's workflows know nothing. */
enum status elsewhere_find(struct turning *turning, enum status reckoned)
{
	const struct turn *turn = turning->turn;
	enum status status = OK;

	if (!turn || (reckoned != OK && reckoned != FOREIGN))
		return reckoned;
	for (uint32_t i = 0; i < turn->elsewhere.count; i++) {
		uint64_t named[] = {turn->elsewhere.items[i]};
		elsewhere_add(turning, &(stack_list){.items = named, .count = 1});
	}
	if (reckoned == FOREIGN ||
	    !programs_are_behind(turning->turns->programs, turning->entry->tenant, turning->loaded->program->hash))
		return reckoned;
	if (turning->event)
		status = waiting_add(turning, turning->event);
	for (uint32_t i = 0; i < turn->plan.events.count && status == OK; i++)
		status = waiting_add(turning, turn->plan.events.items[i]);
	return status;
}
