/* Finds the program and the engine of a tenant. Must never change what is loaded while a turn runs. */
#include "runtime/service/programs.h"

#include <stdlib.h>

#include "engine/base/check.h"

struct programs {
	struct loaded house;
};

enum status programs_open(const struct program *house, struct programs **programs_out, struct error *error)
{
	struct programs *programs = calloc(1, sizeof *programs);

	CHECK(programs);
	*programs_out = programs;
	programs->house.program = house;
	enum status status = engine_open(&programs->house.engine);
	if (status != OK)
		return error_set(error, LIMIT, "there is no memory for an engine");
	return engine_use_pack(programs->house.engine, house, error);
}

void programs_close(struct programs *programs)
{
	if (!programs)
		return;
	if (programs->house.engine)
		engine_close(programs->house.engine);
	free(programs);
}

const struct loaded *programs_of(const struct programs *programs, int64_t tenant)
{
	(void)tenant; /* all run what the house does */
	return &programs->house;
}
