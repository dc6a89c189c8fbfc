/* The store of a service, for commands that look after it: beside a service that runs, or without one. */
#ifndef RUNTIME_SERVING_H
#define RUNTIME_SERVING_H

#include "runtime/command.h"
#include "runtime/service/serve.h"
#include "runtime/store/store.h"

struct serving {
	const struct command_line *line;
	struct settings settings; /* of the line and the environment */
	struct store *store;
	struct error error;
};

/* EXIT_FINE, or the reason was printed. */
int serving_open(struct serving *serving, const struct command_line *line);
/* The same for who prepares a service: a store that is not there is made. */
int serving_make(struct serving *serving, const struct command_line *line);
/* Commits (or, after a failure, takes back) what was begun with store_begin, and lets the service look. */
int serving_settle(struct serving *serving, enum status status);
/* Who says it: the word of --by, or who is logged in. */
struct text serving_person(const struct serving *serving);
/* Keeps in the journal what a person has decided about something that is no event: `what` of `id`, by whom and why. Within a
 * transaction. */
enum status serving_note(struct serving *serving, int64_t tenant, struct record_id id, const char *what, struct text because);
void serving_close(struct serving *serving);

#endif
