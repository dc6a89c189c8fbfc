/* What tenants run: packs that were installed, stacks of them, and who has had which stack since when. A stack is known by the
 * hash of its compiled program, the same that instances of workflows are pinned to.
 *
 * A tenant without a stack of its own runs what `default` runs. */
#ifndef STORE_STACK_H
#define STORE_STACK_H

#include "engine/model/program.h"
#include "runtime/store/tenant.h"

struct stored_pack {
	struct text hash; /* of `files`, in hexadecimal digits */
	struct text name, version;
	struct text files;  /* JSON, as runtime/stacks.h writes it; not read by packs_read */
	struct text signer; /* whose signature was verified; empty: it has none */
	moment installed_at;
};
typedef LIST(struct stored_pack) stored_packs;

/* Fills in the hash. `is_new_out` false: the very same was there already; when it had no signer, it has this one now. */
enum status pack_put(struct store *store, struct arena *arena, struct stored_pack *pack, bool *is_new_out,
		     struct error *error) MUST_CHECK;
/* By name, of one name the newest first. */
enum status packs_read(struct store *store, struct arena *arena, stored_packs *packs_out, struct error *error) MUST_CHECK;
enum status pack_files_read(struct store *store, struct arena *arena, struct text hash, struct text *files_out,
			    struct error *error) MUST_CHECK;

/* The hashes of a stack's packs, the lowest first. NOT_FOUND: nobody ever ran it. */
typedef LIST(struct text) hash_list;
enum status stack_read(struct store *store, struct arena *arena, uint64_t stack, hash_list *packs_out,
		       struct error *error) MUST_CHECK;
/* Whether the tables are still what this program would make of that stack's schema: a newer one may see it with other eyes. */
enum status stack_fits(struct store *store, struct arena *arena, const struct program *program, bool *fits_out,
		       struct error *error) MUST_CHECK;
/* On which programs workflows of whom run that have not ended. */
struct unfinished {
	int64_t tenant;
	uint64_t stack;
};
typedef LIST(struct unfinished) unfinished_list;
enum status stacks_unfinished(struct store *store, struct arena *arena, unfinished_list *unfinished_out,
			      struct error *error) MUST_CHECK;

/* --- the past of a tenant's stacks */
struct activation {
	int64_t tenant, number; /* from 1 in each tenant */
	uint64_t stack;
	int64_t origin; /* the number of the activation that brought this stack: itself, or the one that was gone back to */
	moment at;
	struct text by;
};
typedef LIST(struct activation) activation_list;

/* The oldest first. */
enum status activations_read(struct store *store, struct arena *arena, int64_t tenant, activation_list *activations_out,
			     struct error *error) MUST_CHECK;

struct activating {
	const struct program *program;
	const hash_list *packs;
	int64_t tenant;
	struct text tenant_name;
	int64_t origin; /* 0: a new stack; else it goes back to that one */
	moment at;
	struct text by;
	enum status (*call)(struct store *store, struct error *error); /* lets others know, when it is committed; may be NULL */
	bool only_shows;                                               /* nothing is kept */
	bool has_first_turn; /* the caller runs it: `tenant` itself gets none into the journal */
};

/* In one transaction: the tables fit the program and all others that are in use, the tenant has the stack, its first turn is in
 * the journal, and whoever runs turns sees it before the next. INVALID: what store_migrate refuses, of this tenant's rows; or
 * another tenant's packs have another type for a field. `changes_out`: a line for each change of the tables. Not within a
 * transaction; forgets all programs of this store. */
enum status stack_activate(struct store *store, const struct activating *activating, struct arena *arena,
			   struct text *changes_out, struct error *error) MUST_CHECK;

/* Begins a transaction of turns: no activation comes in between. */
enum status store_begin_turns(struct store *store, struct error *error) MUST_CHECK;

#endif
