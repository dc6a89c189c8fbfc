/* Which rules, table rows and branches the tests reached. */
#ifndef RUNTIME_COVERAGE_H
#define RUNTIME_COVERAGE_H

#include "engine/base/json.h"
#include "engine/engine.h"
#include "runtime/terminal.h"

void coverage_init(struct coverage *coverage, struct arena *arena, const struct program *program);
/* A few lines that line up; with `listed` also each place that no test reached. */
void coverage_print(const struct coverage *coverage, struct arena *arena, const struct program *program, bool listed,
		    FILE *stream);
void coverage_write(const struct coverage *coverage, const struct program *program, struct json_writer *writer);

#endif
