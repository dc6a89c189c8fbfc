/* Counts who dies of what. Must never count a failure of the store: only who does not come back has died. */
#include "runtime/service/careful.h"

#include "runtime/operate/metric.h"
#include "runtime/store/deaths.h"

bool careful_after_death(const struct member *member)
{
	return metric_value(METRIC_DEATHS_WORKER + member->role) > 0;
}

void careful_begin(struct careful *careful, const struct member *member, uint32_t most)
{
	*careful = (struct careful){.left = careful_after_death(member) ? most : 0};
}

static bool is_counted(const struct careful *careful, const struct entry *entry)
{
	return entry->number ? entry->number == careful->at : !careful->at && id_equal(entry->id, careful->id);
}

static enum status count(struct member *member, struct entry *entry, struct error *error)
{
	uint32_t deaths = 0;

	if (entry->number) {
		entry->attempts++;
		return journal_attempt(member->store, entry->number, error);
	}
	enum status status = deaths_count(member->store, entry->tenant, entry->id, entry->received_at, &deaths, error);
	entry->attempts = deaths > DEATHS_MOST ? DEATHS_MOST : 0;
	return status;
}

static enum status count_durably(struct member *member, struct entry *entry, struct error *error)
{
	enum status status = store_begin(member->store, error);

	if (status != OK)
		return status;
	status = count(member, entry, error);
	return store_end(member->store, status, error);
}

/* One that has killed before is not tried for ever. */
static void dead_make(struct entry *entry)
{
	entry->state = ENTRY_DEAD;
	entry->sentence = TEXT(DEADLY_SENTENCE);
}

static enum status attempt_begin(struct careful *careful, struct member *member, struct entry *entry, struct error *error)
{
	if (is_counted(careful, entry)) /* it was the store that failed */
		return OK;
	if (entry->number && entry->attempts >= DEATHS_MOST) {
		dead_make(entry);
		return OK;
	}
	enum status status = count_durably(member, entry, error);
	if (status == OK && !entry->number && entry->attempts >= DEATHS_MOST) {
		dead_make(entry);
	} else if (status == OK) {
		careful->at = entry->number;
		careful->id = entry->id;
	}
	return status;
}

/* Nobody has died of it. An entry with a number keeps its attempts. */
static enum status attempt_end(struct careful *careful, struct member *member, const struct entry *entry, struct error *error)
{
	enum status status = entry->number ? OK : store_begin(member->store, error);

	*careful = (struct careful){.left = careful->left - (careful->left > 0), .at = careful->at};
	if (status != OK || entry->number)
		return status;
	status = deaths_forget(member->store, entry->tenant, entry->id, error);
	return store_end(member->store, status, error);
}

enum status careful_run(struct careful *careful, struct member *member, entry_list *entries, careful_run_fn *run,
			struct error *error)
{
	enum status status = OK;

	for (uint32_t i = 0; i < entries->count && status == OK; i++) {
		entry_list one = {.items = &entries->items[i], .count = 1};
		status = attempt_begin(careful, member, &entries->items[i], error);
		if (status == CONFLICT) { /* somebody else has handled it */
			careful->left -= careful->left > 0;
			status = OK;
			continue;
		}
		if (status == OK)
			status = run(member, &one, error);
		if (status == OK)
			status = attempt_end(careful, member, &entries->items[i], error);
	}
	return status;
}
