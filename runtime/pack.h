/* A stack of packs, read from folders or archives and compiled: what nearly every command begins with. */
#ifndef RUNTIME_PACK_H
#define RUNTIME_PACK_H

#include "dsl/compiler/compiler.h"
#include "runtime/command.h"
#include "runtime/files.h"

struct script_host;

struct pack {
	struct arena arena;
	const struct source_input *inputs;
	uint32_t input_count;
	struct program *program;
	struct diagnostics diagnostics;
	struct script_host *checker;
	double seconds; /* reading and compiling */
};

/* What in a folder called `tests` is declared belongs to `stellwerk test` alone: no rule of it runs, no entity gets a table. */
enum pack_use {
	PACK_CHECK, /* all of it, and that the rest can do without tests; who opens it shows what was found */
	PACK_TEST,  /* all of it */
	PACK_RUN,   /* without tests */
};

/* Each path is a pack's folder or archive (a layer on top of those before it), or a folder or .flow file that joins the pack
 * before it. Compiles the stack and its scripts. EXIT_FINE: it may run. EXIT_FINDINGS: the diagnostics have errors; they were
 * printed to stderr (not for PACK_CHECK). Other codes: the reason was printed. Warnings are printed only by `check`. */
int pack_open(struct pack *pack, const char *const *paths, uint32_t path_count, enum pack_use use);
/* The same, of sources that somebody has already: `read` gets them into `arena`. */
typedef enum status sources_fn(void *context, struct arena *arena, source_list *sources_out, struct error *error);
int pack_open_from(struct pack *pack, sources_fn *read, void *context, enum pack_use use);
void pack_close(struct pack *pack);

/* How many of the first words are paths of packs: the first one, and those behind it that exist as files or folders. */
uint32_t pack_paths(const struct command_line *line);

#endif
