/* Keeps who there is and what they run. Must never change what is loaded while a turn runs. */
#include "runtime/service/programs.h"

#include <stdlib.h>

#include "engine/base/check.h"
#include "engine/base/map.h"
#include "runtime/store/stack.h"

/* A program that is in use. */
struct running {
	struct loaded loaded;
	void *owner; /* NULL: it is `ready` */
	struct arena arena;
	struct map awaited; /* names of events that its workflows wait for */
};

struct programs {
	struct store *store;
	const struct program *ready;
	const struct loader *loader;
	LIST(struct running *) running; /* in `arena_running` */
	struct arena arena_running;
	int64_t generation; /* of what is remembered here; -1: nothing is */
	struct arena arena; /* one generation */
	struct map by_name; /* -> struct tenant */
	struct map by_number;
	unfinished_list unfinished;
};

static enum status remember(struct programs *programs, struct error *error) MUST_CHECK;
static void release_unused(struct programs *programs);

enum status programs_open(struct store *store, const struct program *ready, const struct loader *loader,
			  struct programs **programs_out, struct error *error)
{
	struct programs *programs = calloc(1, sizeof *programs);
	bool changed;

	CHECK(programs);
	*programs_out = programs;
	programs->store = store;
	programs->ready = ready;
	programs->loader = loader;
	programs->generation = -1;
	arena_init(&programs->arena, "tenants", 0);
	arena_init(&programs->arena_running, "programs", 0);
	return programs_refresh(programs, &changed, error);
}

static void running_close(struct programs *programs, struct running *running)
{
	if (running->loaded.engine)
		engine_close(running->loaded.engine);
	if (running->owner)
		programs->loader->release(running->owner);
	arena_release(&running->arena);
	free(running);
}

void programs_close(struct programs *programs)
{
	if (!programs)
		return;
	for (uint32_t i = 0; i < programs->running.count; i++)
		running_close(programs, programs->running.items[i]);
	arena_release(&programs->arena);
	arena_release(&programs->arena_running);
	free(programs);
}

/* --- what the store says */
enum status programs_refresh(struct programs *programs, bool *changed_out, struct error *error)
{
	int64_t generation;
	enum status status = store_generation(programs->store, &generation, error);

	*changed_out = status == OK && generation != programs->generation;
	if (!*changed_out)
		return status;
	status = remember(programs, error);
	programs->generation = status == OK ? generation : -1;
	return status;
}

static struct text number_key(const int64_t *number)
{
	return (struct text){(const char *)number, sizeof *number};
}

/* Of those whose packs are kept. Others began before that: they hold. */
static enum status unfinished_find(struct programs *programs, struct error *error)
{
	unfinished_list all;
	hash_list packs;
	enum status status = stacks_unfinished(programs->store, &programs->arena, &all, error);

	programs->unfinished = (unfinished_list){0};
	for (uint32_t i = 0; status == OK && i < all.count; i++) {
		status = stack_read(programs->store, &programs->arena, all.items[i].stack, &packs, error);
		if (status == OK)
			*list_add(&programs->arena, &programs->unfinished) = all.items[i];
		status = status == NOT_FOUND ? OK : status;
	}
	return status;
}

struct text programs_name(const struct programs *programs, int64_t tenant)
{
	const struct tenant *found = map_get(&programs->by_number, number_key(&tenant));

	return found ? found->name : TEXT("");
}

uint32_t programs_tenants(const struct programs *programs)
{
	return programs->by_number.count;
}

static enum status remember(struct programs *programs, struct error *error)
{
	known_tenants all;

	programs->by_name = programs->by_number = (struct map){0};
	arena_reset(&programs->arena);
	programs->by_name = map_in(&programs->arena);
	programs->by_number = map_in(&programs->arena);
	enum status status = tenants_read(programs->store, &programs->arena, &all, error);
	for (uint32_t i = 0; status == OK && i < all.count; i++) {
		map_put(&programs->by_name, all.items[i].name, &all.items[i]);
		map_put(&programs->by_number, number_key(&all.items[i].number), &all.items[i]);
	}
	if (status == OK)
		status = unfinished_find(programs, error);
	if (status == OK)
		release_unused(programs);
	return status;
}

/* --- what is loaded */
static bool is_needed(const struct programs *programs, uint64_t stack)
{
	for (uint32_t i = 0; i < programs->by_number.capacity; i++) {
		const struct tenant *tenant = programs->by_number.entries[i].value;
		if (tenant && tenant->has_stack && tenant->stack == stack)
			return true;
	}
	return programs_have((void *)programs, stack);
}

static void release_unused(struct programs *programs)
{
	uint32_t kept = 0;

	/* statements are of tables that may have changed, and of programs that go */
	store_forget_programs(programs->store);
	for (uint32_t i = 0; i < programs->running.count; i++) {
		struct running *running = programs->running.items[i];
		if (!running->owner || is_needed(programs, running->loaded.program->hash))
			programs->running.items[kept++] = running;
		else
			running_close(programs, running);
	}
	programs->running.count = kept;
}

static enum status running_make(struct programs *programs, uint64_t stack, struct running *running, struct error *error)
{
	enum status status = OK;

	if (programs->ready && programs->ready->hash == stack)
		running->loaded.program = programs->ready;
	else
		status = programs->loader ? programs->loader->load(programs->store, stack, &running->loaded.program,
								   &running->owner, error)
					  : error_set(error, NOT_FOUND, "nobody here can load packs");
	if (status != OK)
		return status;
	if (engine_open(&running->loaded.engine) != OK)
		return error_set(error, LIMIT, "there is no memory for an engine");
	return engine_use_pack(running->loaded.engine, running->loaded.program, error);
}

static void awaited_find(struct running *running)
{
	const struct program *program = running->loaded.program;

	running->awaited = map_in(&running->arena);
	for (uint32_t w = 0; w < program->workflow_count; w++) {
		const struct code *code = program->workflows[w].code;
		for (uint32_t i = 0; i < code->step_count; i++) {
			if (code->steps[i].operation != STEP_WORK_WAIT)
				continue;
			const struct event_kind *kind = program->waits[code->steps[i].a].event;
			map_put(&running->awaited, kind->name, (void *)kind);
		}
	}
}

enum status programs_by_hash(struct programs *programs, uint64_t stack, const struct loaded **loaded_out, struct error *error)
{
	for (uint32_t i = 0; i < programs->running.count; i++) {
		*loaded_out = &programs->running.items[i]->loaded;
		if ((*loaded_out)->program->hash == stack)
			return OK;
	}
	struct running *running = calloc(1, sizeof *running);
	CHECK(running);
	arena_init(&running->arena, "a program", 0);
	enum status status = running_make(programs, stack, running, error);
	if (status != OK) {
		running_close(programs, running);
		return status;
	}
	awaited_find(running);
	*list_add(&programs->arena_running, &programs->running) = running;
	*loaded_out = &running->loaded;
	return OK;
}

static const struct running *running_of(const struct programs *programs, uint64_t stack)
{
	for (uint32_t i = 0; i < programs->running.count; i++)
		if (programs->running.items[i]->loaded.program->hash == stack)
			return programs->running.items[i];
	return NULL;
}

bool programs_are_behind(const struct programs *programs, int64_t tenant, uint64_t own)
{
	for (uint32_t i = 0; i < programs->unfinished.count; i++)
		if (programs->unfinished.items[i].tenant == tenant && programs->unfinished.items[i].stack != own)
			return true;
	return false;
}

enum status programs_that_wait(struct programs *programs, int64_t tenant, uint64_t own, struct text event, struct arena *arena,
			       stack_list *stacks, struct error *error)
{
	const struct running *mine = running_of(programs, own);
	const struct loaded *loaded;
	enum status status = OK;

	if (mine && map_get(&mine->awaited, event)) /* then its engine has looked, and named them */
		return OK;
	for (uint32_t i = 0; i < programs->unfinished.count && status == OK; i++) {
		const struct unfinished *each = &programs->unfinished.items[i];
		if (each->tenant != tenant || each->stack == own)
			continue;
		status = programs_by_hash(programs, each->stack, &loaded, error);
		if (status == OK && map_get(&running_of(programs, each->stack)->awaited, event))
			*list_add(arena, stacks) = each->stack;
	}
	return status;
}

bool programs_have(void *context, uint64_t stack)
{
	const struct programs *programs = context;

	for (uint32_t i = 0; i < programs->unfinished.count; i++)
		if (programs->unfinished.items[i].stack == stack)
			return true;
	return false;
}

/* --- asking */
enum status programs_tenant(const struct programs *programs, struct text name, int64_t *tenant_out, struct error *error)
{
	const struct tenant *tenant = map_get(&programs->by_name, name.length ? name : TEXT("default"));

	if (!tenant)
		return tenant_unknown(name, error);
	*tenant_out = tenant->number;
	if (tenant->state == TENANT_SUSPENDED)
		return error_set(error, DENIED, "the tenant `%.*s` is suspended: nothing is taken for it until it is resumed",
				 TEXT_ARGS(tenant->name));
	return OK;
}

enum status programs_of(struct programs *programs, int64_t tenant, const struct loaded **loaded_out, struct error *error)
{
	static const int64_t house_number = 0;
	const struct tenant *own = map_get(&programs->by_number, number_key(&tenant));
	const struct tenant *house = map_get(&programs->by_number, number_key(&house_number));

	if (!own)
		return error_set(error, NOT_FOUND,
				 "it is for a tenant that there was not when it came; whoever sent it has to send it again");
	const struct tenant *has = own->has_stack || !house ? own : house;
	if (has->has_stack)
		return programs_by_hash(programs, has->stack, loaded_out, error);
	if (programs->ready)
		return programs_by_hash(programs, programs->ready->hash, loaded_out, error);
	return error_set(error, NOT_FOUND, "no packs are active for the tenant `%.*s`", TEXT_ARGS(own->name));
}
