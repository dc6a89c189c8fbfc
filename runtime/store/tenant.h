/* Who there is: each tenant's number, which begins every key of its rows, and the name that events call it by. `default` is
 * there from the start, with number 0.
 *
 * And the generation: a number that grows whenever a tenant or what it runs has changed, so that a process that keeps such
 * things in its memory sees with one look whether it still may. Whoever writes calls inside a transaction. */
#ifndef STORE_TENANT_H
#define STORE_TENANT_H

#include "runtime/store/store.h"

enum tenant_state { TENANT_ACTIVE, TENANT_SUSPENDED };

struct tenant {
	int64_t number;
	struct text name;
	enum tenant_state state;
	moment created_at; /* 0: with the store */
	bool has_stack;    /* else it runs what `default` runs */
	uint64_t stack;    /* stack.h */
};

enum {
	TENANT_NAME_MOST = 60,
	TENANT_NOBODY = -2, /* whose entries are those that name a tenant that there is not; nothing runs for it */
};

/* INVALID: a name has lower-case letters, digits, - and _, and begins with a letter. CONFLICT: it is taken. */
enum status tenant_create(struct store *store, struct text name, moment now, int64_t *number_out,
			  struct error *error) MUST_CHECK;
/* NOT_FOUND: there is none of that name. */
enum status tenant_find(struct store *store, struct arena *arena, struct text name, struct tenant *tenant_out,
			struct error *error) MUST_CHECK;
/* The sentence of that. */
enum status tenant_unknown(struct text name, struct error *error);
/* In the order of their numbers. */
typedef LIST(struct tenant) known_tenants;
enum status tenants_read(struct store *store, struct arena *arena, known_tenants *tenants_out, struct error *error) MUST_CHECK;
/* NULL: there is none of that number. */
const struct tenant *tenant_numbered(const known_tenants *tenants, int64_t number);
/* CONFLICT: it is in that state already. SUSPENDED: nothing new is taken for it, what waits and what is due stays where it is.
 */
enum status tenant_set_state(struct store *store, const struct tenant *tenant, enum tenant_state state,
			     struct error *error) MUST_CHECK;
const char *tenant_state_name(enum tenant_state state);

/* What store_set_setting has written for the tenant that is used, as it stands there: a JSON list of one. By name. */
struct tenant_setting {
	struct text name, value;
};
typedef LIST(struct tenant_setting) tenant_settings;
enum status tenant_settings_read(struct store *store, struct arena *arena, tenant_settings *settings_out,
				 struct error *error) MUST_CHECK;
/* As it was read: for who moves settings from one store to another. */
enum status tenant_setting_put(struct store *store, const struct tenant_setting *setting, struct error *error) MUST_CHECK;
/* The default of its packs counts again. NOT_FOUND: it did already. */
enum status tenant_setting_unset(struct store *store, struct text name, struct error *error) MUST_CHECK;

/* The tables of the store itself, for who comes before the first service. */
enum status store_make_own_tables(struct store *store, struct error *error) MUST_CHECK;
enum status store_generation(struct store *store, int64_t *generation_out, struct error *error) MUST_CHECK;

#endif
