/* What the programs of bench/ that write to a store have in common: packs compiled from paths below the root of the project, a
 * store with nothing in it, and turns. Whatever goes wrong ends the program with a sentence. */
#ifndef BENCH_HOST_H
#define BENCH_HOST_H

#include "runtime/operate/wall.h"
#include "runtime/pack.h"
#include "runtime/service/turns.h"

struct host {
	struct pack pack;
	struct arena arena; /* of the opening */
	struct store *store;
	struct programs *programs;
	struct turns *turns;
};

double seconds_now(void);
void must(enum status status, const struct error *error);

/* `url`: a file, or postgresql://…, whose schema `schema` is made anew. */
void host_open(struct host *host, const char *url, const char *schema, const char *const *paths, uint32_t path_count);
void host_close(struct host *host);

#endif
