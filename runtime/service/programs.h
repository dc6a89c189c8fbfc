/* Which tenants there are, and which program each runs: a process's memory of what the store says, good for one generation
 * (runtime/store/tenant.h). Tenants of the same stack of packs share one program and one engine, however many they are. */
#ifndef SERVICE_PROGRAMS_H
#define SERVICE_PROGRAMS_H

#include "engine/engine.h"
#include "engine/base/list.h"
#include "runtime/store/store.h"

/* A compiled stack of packs, and an engine that has it. */
struct loaded {
	const struct program *program;
	struct engine *engine;
};

/* Compiles what stands in the store. `owner_out` goes to `release` when the program is not used any more. */
struct loader {
	enum status (*load)(struct store *store, uint64_t stack, const struct program **program_out, void **owner_out,
			    struct error *error);
	void (*release)(void *owner);
};

struct programs;

/* `ready` is compiled already: it is not loaded again, and is what tenants run as long as the store says nothing else. It may
 * be NULL; so may `loader`, when nothing else will be needed. All of them and the store must outlive this. */
enum status programs_open(struct store *store, const struct program *ready, const struct loader *loader,
			  struct programs **programs_out, struct error *error) MUST_CHECK;
void programs_close(struct programs *programs);

/* Asks the store whether something has changed, and then reads it anew and lets go what nobody needs any more. What programs_of
 * has given is good no longer. */
enum status programs_refresh(struct programs *programs, bool *changed_out, struct error *error) MUST_CHECK;

/* The number of the tenant that an event names; an empty name is `default`. NOT_FOUND: there is none. DENIED: it is suspended
 * (its number is told as well). */
enum status programs_tenant(const struct programs *programs, struct text name, int64_t *tenant_out,
			    struct error *error) MUST_CHECK;

/* What events call it by; empty: there is no such tenant. Until the next refresh. */
struct text programs_name(const struct programs *programs, int64_t tenant);

/* How many there are. */
uint32_t programs_tenants(const struct programs *programs);

/* What the tenant runs, suspended or not; compiled when it is first needed. NOT_FOUND: there is no such tenant, or nothing was
 * activated for it. */
enum status programs_of(struct programs *programs, int64_t tenant, const struct loaded **loaded_out,
			struct error *error) MUST_CHECK;

/* Whether workflows that have not ended run on that program (`programs` is a struct programs: a store_has_fn); and it. */
bool programs_have(void *programs, uint64_t stack);
/* Whether there are such workflows of that tenant, on others than its own program. */
bool programs_are_behind(const struct programs *programs, int64_t tenant, uint64_t own);
/* Adds those of them whose workflows wait for an event of that name, while none of its own program does: then the engine of its
 * own does not know of them. */
typedef LIST(uint64_t) stack_list;
enum status programs_that_wait(struct programs *programs, int64_t tenant, uint64_t own, struct text event, struct arena *arena,
			       stack_list *stacks, struct error *error) MUST_CHECK;
enum status programs_by_hash(struct programs *programs, uint64_t stack, const struct loaded **loaded_out,
			     struct error *error) MUST_CHECK;

#endif
