/* Scripts that compute: values in, a value out; nothing else goes in or out. Names no language: script_lua.c is the one behind
 * it. Deterministic: no clock, no randomness, no iteration order that differs between runs; bounded in instructions, memory
 * and depth, also against scripts that catch errors or hide in coroutines. */
#ifndef SCRIPT_SCRIPT_H
#define SCRIPT_SCRIPT_H

#include "engine/model/program.h"

struct script_host;

struct script_limits {
	uint64_t instructions;
	size_t memory; /* bytes, of one call */
	uint32_t depth;
};

enum status script_open(struct script_limits limits, struct script_host **host_out) MUST_CHECK;
void script_close(struct script_host *host);

/* Compiles every script of the program. INVALID: the sentence names pack file, line and what is wrong. */
enum status script_load(struct script_host *host, const struct program *program, struct error *error) MUST_CHECK;

/* Only compiles: for the checker. The line is that of the script file. */
enum status script_check(struct script_host *host, const struct script *script, uint32_t *line_out,
			 struct error *error) MUST_CHECK;

/* Calls program->scripts[index] with its typed arguments. The result is typed by script->result and lives in `arena`.
 * INVALID: the script failed or answered something that does not fit; LIMIT: it ran into a limit. */
enum status script_call(struct script_host *host, uint32_t index, const struct value *arguments, struct arena *arena,
			struct value *result_out, struct error *error) MUST_CHECK;

#endif
