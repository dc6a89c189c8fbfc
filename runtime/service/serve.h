/* The door of the service: settings, and running until asked to end. */
#ifndef SERVICE_SERVE_H
#define SERVICE_SERVE_H

#include "engine/model/program.h"
#include "runtime/service/programs.h"
#include "runtime/store/stack.h"

/* Each a text, never NULL. */
struct settings {
#define SETTING(name, word, value, otherwise, doc) const char *name;
#include "runtime/service/settings.def"
#undef SETTING
};

/* What the command line says for a setting's word; NULL: nothing. */
typedef const char *given_fn(void *context, const char *word);

/* `config`: the text of a file of settings, may be empty; `path` names it in sentences. INVALID: a line is none, or names a
 * setting that there is not. */
enum status settings_read(struct arena *arena, given_fn *given, void *context, const char *path, struct text config,
			  struct settings *settings_out, struct error *error) MUST_CHECK;

/* The store that the settings name. `make`: the data folder and the store are made when they are not there; else NOT_FOUND says
 * that nothing was ever served from there. */
enum status service_store_open(const struct settings *settings, bool make, struct store **store_out,
			       struct error *error) MUST_CHECK;
/* Another process has put something into the store: whoever serves it looks now. Nobody serves it: nothing happens. */
void service_ring(const struct settings *settings);
/* The same for services on other machines: within the transaction, which they hear when it is committed. */
enum status service_call(struct store *store, struct error *error) MUST_CHECK;

/* Packs that are to be what `default` runs: activated when they are others than the last that were served so. So what `pack
 * activate` has put in their place stays, until they change. */
struct served {
	const struct program *program; /* NULL: none; what was activated before goes on */
	stored_packs packs;
};

/* Makes the store ready, then runs all roles. Returns the exit code; what went wrong was logged. */
int serve(struct served *served, const struct loader *loader, const struct settings *settings);

#endif
