/* What `workflow list` and `workflow move` share: the instances of a service with the programs that they run on. */
#ifndef RUNTIME_WORKFLOW_VERBS_H
#define RUNTIME_WORKFLOW_VERBS_H

#include "runtime/serving.h"
#include "runtime/store/instances.h"

struct workflows {
	struct serving *serving;
	struct programs *programs;
	known_tenants tenants;
	instance_list instances;
};

/* EXIT_FINE, or the reason was printed. */
int workflows_open(struct workflows *workflows, struct serving *serving);
void workflows_close(struct workflows *workflows);
/* Whether --tenant leaves it in. */
bool workflows_wanted(const struct workflows *workflows, const struct unfinished_instance *instance);
/* "default 1.2.0", and behind it as much of the hash as tells it from others. */
struct text workflows_pack(struct arena *arena, const struct program *program, uint64_t hash);
/* By its points; by what the row says when its program is not there. */
struct text workflows_place(struct workflows *workflows, const struct program *program,
			    const struct unfinished_instance *instance);
/* NULL: it can not be compiled any more. */
const struct program *workflows_program(struct workflows *workflows, uint64_t hash);

int workflow_verb_list(struct serving *serving);
int workflow_verb_move(struct serving *serving);

#endif
