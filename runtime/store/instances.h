/* Instances of workflows that are not over, for those who list and move them. */
#ifndef STORE_INSTANCES_H
#define STORE_INSTANCES_H

#include "runtime/store/store.h"

struct unfinished_instance {
	int64_t tenant;
	struct record_id id;
	struct text workflow, state, waits_for, data;
	uint64_t program; /* that it is pinned to */
};
typedef LIST(struct unfinished_instance) instance_list;

/* By tenant, workflow, program and id. A store without tables has none. */
enum status instances_read(struct store *store, struct arena *arena, instance_list *instances_out,
			   struct error *error) MUST_CHECK;

#endif
