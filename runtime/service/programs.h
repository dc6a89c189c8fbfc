/* Which program a tenant runs. Tenants of the same stack of packs share one program and one engine, however many they are. */
#ifndef SERVICE_PROGRAMS_H
#define SERVICE_PROGRAMS_H

#include "engine/engine.h"

/* A compiled stack of packs, and an engine that has it. */
struct loaded {
	const struct program *program;
	struct engine *engine;
};

struct programs;

/* `house` is what every tenant runs; it must outlive this. */
enum status programs_open(const struct program *house, struct programs **programs_out, struct error *error) MUST_CHECK;
void programs_close(struct programs *programs);

const struct loaded *programs_of(const struct programs *programs, int64_t tenant);

#endif
