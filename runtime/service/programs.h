/* Which tenants there are, and which program each runs: a process's memory of what the store says, good for one generation
 * (runtime/store/tenant.h). Tenants of the same stack of packs share one program and one engine, however many they are. */
#ifndef SERVICE_PROGRAMS_H
#define SERVICE_PROGRAMS_H

#include "engine/engine.h"
#include "runtime/store/store.h"

/* A compiled stack of packs, and an engine that has it. */
struct loaded {
	const struct program *program;
	struct engine *engine;
};

struct programs;

/* `house` is what every tenant runs; it and the store must outlive this. */
enum status programs_open(struct store *store, const struct program *house, struct programs **programs_out,
			  struct error *error) MUST_CHECK;
void programs_close(struct programs *programs);

/* Asks the store whether something has changed, and then reads it anew. What programs_of has given is good no longer. */
enum status programs_refresh(struct programs *programs, bool *changed_out, struct error *error) MUST_CHECK;

/* The number of the tenant that an event names; an empty name is `default`. NOT_FOUND: there is none. DENIED: it is suspended
 * (its number is told as well). */
enum status programs_tenant(const struct programs *programs, struct text name, int64_t *tenant_out,
			    struct error *error) MUST_CHECK;

/* What the tenant runs, suspended or not. NOT_FOUND: there is no such tenant. */
enum status programs_of(const struct programs *programs, int64_t tenant, const struct loaded **loaded_out,
			struct error *error) MUST_CHECK;

#endif
