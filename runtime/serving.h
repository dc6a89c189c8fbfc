/* The store of a service, for commands that look after it: beside a service that runs, or without one. */
#ifndef RUNTIME_SERVING_H
#define RUNTIME_SERVING_H

#include "runtime/command.h"
#include "runtime/service/serve.h"
#include "runtime/store/journal.h"
#include "runtime/store/tenant.h"

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
/* The same of a setting: as it stood in the store, and as it stands there now. */
enum status serving_note_setting(struct serving *serving, int64_t tenant, struct text name, struct text before,
				 struct text after);
/* What a person means by a word: the number of an entry of the journal, the id of an event, or a record, whose last turn it is
 * then. NOT_FOUND: there is none. */
enum status serving_entry(struct serving *serving, struct text what, struct entry *entry_out) MUST_CHECK;
/* What people call a tenant; "nobody" when there is none of that number. */
struct text serving_tenant(const known_tenants *tenants, int64_t number);
/* The id of the trace that it belongs to, for people who look for it in logs; may be empty. */
struct text serving_trace(struct arena *arena, const struct entry *entry);
void serving_close(struct serving *serving);

#endif
