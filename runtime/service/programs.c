/* Keeps who there is and what they run. Must never change what is loaded while a turn runs. */
#include "runtime/service/programs.h"

#include <stdlib.h>

#include "engine/base/check.h"
#include "engine/base/map.h"
#include "runtime/store/tenant.h"

struct programs {
	struct store *store;
	int64_t generation; /* of what is remembered here; -1: nothing is */
	struct arena arena; /* one generation */
	struct map by_name; /* -> struct tenant */
	struct map by_number;
	struct loaded house;
};

static enum status remember(struct programs *programs, struct error *error) MUST_CHECK;

enum status programs_open(struct store *store, const struct program *house, struct programs **programs_out, struct error *error)
{
	struct programs *programs = calloc(1, sizeof *programs);
	bool changed;

	CHECK(programs);
	*programs_out = programs;
	programs->store = store;
	programs->generation = -1;
	programs->house.program = house;
	arena_init(&programs->arena, "tenants", 0);
	enum status status = engine_open(&programs->house.engine);
	if (status != OK)
		return error_set(error, LIMIT, "there is no memory for an engine");
	status = engine_use_pack(programs->house.engine, house, error);
	return status == OK ? programs_refresh(programs, &changed, error) : status;
}

void programs_close(struct programs *programs)
{
	if (!programs)
		return;
	if (programs->house.engine)
		engine_close(programs->house.engine);
	arena_release(&programs->arena);
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

static enum status remember(struct programs *programs, struct error *error)
{
	tenants all;

	programs->by_name = programs->by_number = (struct map){0};
	arena_reset(&programs->arena);
	programs->by_name = map_in(&programs->arena);
	programs->by_number = map_in(&programs->arena);
	enum status status = tenants_read(programs->store, &programs->arena, &all, error);
	for (uint32_t i = 0; status == OK && i < all.count; i++) {
		map_put(&programs->by_name, all.items[i].name, &all.items[i]);
		map_put(&programs->by_number, number_key(&all.items[i].number), &all.items[i]);
	}
	return status;
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

enum status programs_of(const struct programs *programs, int64_t tenant, const struct loaded **loaded_out, struct error *error)
{
	*loaded_out = &programs->house;
	if (map_get(&programs->by_number, number_key(&tenant)))
		return OK;
	return error_set(error, NOT_FOUND,
			 "it is for a tenant that there was not when it came; whoever sent it has to send it again");
}
