/* After a death. Whoever follows a process of its role that died does not know of what: so it takes what waits one by one at
 * first, and writes down before each that it is at it. What has killed so many (DEATHS_MOST) is set aside with a sentence, its
 * neighbours have their turns, and a death that had another reason costs nobody anything. One way for all roles: entries are
 * dead, calls are held. */
#ifndef SERVICE_CAREFUL_H
#define SERVICE_CAREFUL_H

#include "runtime/service/service.h"

#define DEADLY_SENTENCE "whoever was at it did not come to its end, again and again"

struct careful {
	uint32_t left;       /* that are still taken one by one */
	int64_t at;          /* the entry for which an attempt was counted last: this process has not died of it … */
	struct record_id id; /* … or what has no number */
};

/* Whether a process of this member's role has died since the service began. */
bool careful_after_death(const struct member *member);
/* What it was at is among the first `most`. */
void careful_begin(struct careful *careful, const struct member *member, uint32_t most);

/* Hands each to `run`, alone and counted; one that has killed before as DEAD. */
typedef enum status careful_run_fn(struct member *member, entry_list *entries, struct error *error);
enum status careful_run(struct careful *careful, struct member *member, entry_list *entries, careful_run_fn *run,
			struct error *error) MUST_CHECK;

#endif
