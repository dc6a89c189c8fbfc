/* Scripts that compute: values in, a value out; nothing else goes in or out. Names no language: script_lua.c is the one behind
 * it. Deterministic: no clock, no randomness, no iteration order that differs between runs, nothing kept from one call to the
 * next; bounded in instructions, memory and depth, also against scripts that catch errors. Single-threaded. */
#ifndef SCRIPT_SCRIPT_H
#define SCRIPT_SCRIPT_H

#include "engine/model/program.h"

struct script_host;

struct script_limits {
	uint64_t instructions; /* of one call; long texts and sorted tables cost more than one */
	size_t memory;         /* bytes, of one call; one text may be an eighth of it */
	uint32_t depth;        /* calls inside calls */
};

/* How a script follows a ref (`x.name`): through the engine, so that it sees what the rule sees. Reads only. */
struct script_reader {
	void *host;
	/* The value of that field, MISSING when it is not set or the row is gone. It may live in `arena`, and may call a
	 * script itself (a computed field): that one counts against the limits of the outermost. */
	enum status (*read)(void *host, struct arena *arena, const struct entity *entity, const struct field *field,
			    struct record_id id, struct value *value_out, struct error *error);
	/* Field CLOCK_… of the row that `clock` keeps for the record (`x.clock.due_at`); NULL: clocks are not read. */
	enum status (*read_clock)(void *host, struct arena *arena, const struct clock *clock, uint32_t field,
				  struct record_id id, struct value *value_out, struct error *error);
};

enum status script_open(struct script_limits limits, struct script_host **host_out) MUST_CHECK;
void script_close(struct script_host *host);

/* For all later calls; NULL (and at first): a ref has nothing but its `id`. The reader must outlive its use. */
void script_read_through(struct script_host *host, const struct script_reader *reader);

/* Compiles every script of the program, which must outlive the host or the next load. INVALID: the sentence names pack file,
 * line and what is wrong. */
enum status script_load(struct script_host *host, const struct program *program, struct error *error) MUST_CHECK;

/* Only compiles, and sees whether a function of the script's name comes out: for the checker. The line is that of the script
 * file; the sentence does not repeat it. */
enum status script_check(struct script_host *host, const struct script *script, uint32_t *line_out,
			 struct error *error) MUST_CHECK;

/* Calls program->scripts[index] with its typed arguments. The result is typed by script->result and lives in `arena`.
 * INVALID: the script failed or answered something that does not fit; LIMIT: it ran into a limit. What a reader answered
 * comes back as it was. */
enum status script_call(struct script_host *host, uint32_t index, const struct value *arguments, struct arena *arena,
			struct value *result_out, struct error *error) MUST_CHECK;

#endif
