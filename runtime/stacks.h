/* Packs in a store: folders become installed packs, and a stack of those becomes a program again. */
#ifndef RUNTIME_STACKS_H
#define RUNTIME_STACKS_H

#include "runtime/pack.h"
#include "runtime/service/serve.h"
#include "runtime/store/stack.h"

/* Each layer of what was read is one pack. Its files are kept as JSON: [{"path", "module", "text", "script"}, …]. INVALID: a
 * file is no UTF-8, or a layer does not say which pack it is. */
enum status packs_from_sources(struct arena *arena, const struct source_input *inputs, uint32_t count, moment now,
			       stored_packs *packs_out, struct error *error) MUST_CHECK;

/* Compiles installed packs as a stack; `more`, if not NULL, as a file of the topmost. Codes as pack_open's. */
int pack_open_stored(struct pack *pack, struct store *store, const hash_list *packs, const struct source_input *more);

/* What a tenant runs now: its own stack, or that of `default`. NOT_FOUND: nothing was activated. */
enum status stack_of_tenant(struct store *store, struct arena *arena, const struct tenant *tenant, hash_list *packs_out,
			    struct error *error) MUST_CHECK;

/* For the service: what a tenant runs, by the hash of its stack. */
extern const struct loader STACK_LOADER;

#endif
