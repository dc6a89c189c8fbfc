/* The worker: what waits in the journal, in transactions of many entries, fair between tenants: each that waits gets an equal
 * share of every transaction, so the storm of one delays the single event of another by one transaction at most. */
#include <stdlib.h>

#include "engine/base/check.h"
#include "runtime/service/service.h"

struct worker {
	struct arena arena; /* one transaction */
	uint32_t batch;
};

static enum status worker_start(struct member *member, struct error *error)
{
	struct worker *worker = calloc(1, sizeof *worker);

	CHECK(worker);
	(void)error;
	arena_init(&worker->arena, "a batch of events", 0);
	worker->batch = (uint32_t)strtoul(member->service->settings.batch, NULL, 10);
	if (worker->batch < 1)
		worker->batch = 1;
	member->own = worker;
	return OK;
}

static void worker_end(struct member *member)
{
	struct worker *worker = member->own;

	if (!worker)
		return;
	arena_release(&worker->arena);
	free(worker);
}

/* The oldest entries of each tenant that waits. `full_out`: some tenant has more. */
static enum status gather(struct member *member, entry_list *entries, bool *full_out, struct error *error)
{
	struct worker *worker = member->own;
	tenant_list tenants;
	enum status status = journal_waiting(member->store, &worker->arena, &tenants, error);
	uint32_t share = tenants.count && worker->batch > tenants.count ? worker->batch / tenants.count : 1;

	*full_out = tenants.count > worker->batch;
	for (uint32_t i = 0; status == OK && i < tenants.count && entries->count < worker->batch; i++) {
		struct entry_filter filter = {.tenant = tenants.items[i],
					      .has_state = true,
					      .state = ENTRY_PENDING,
					      .since = INT64_MIN,
					      .most = share};
		entry_list found;
		status = journal_list(member->store, &worker->arena, &filter, &found, error);
		for (uint32_t k = 0; status == OK && k < found.count; k++)
			*list_add(&worker->arena, entries) = found.items[k];
		*full_out |= status == OK && found.count == share;
	}
	return status;
}

static void worker_work(struct member *member)
{
	struct worker *worker = member->own;
	entry_list entries = {0};
	struct turned turned = {0};
	struct error error;
	bool full = false;

	arena_reset(&worker->arena);
	enum status status = gather(member, &entries, &full, &error);
	if (status == OK && entries.count)
		status = turns_run(member->turns, entries.items, entries.count, member_now(), &turned, &error);
	if (status == OK && turned.has_timer)
		bell_ring(member->service, ROLE_CLOCK);
	if (status == OK && turned.calls)
		bell_ring(member->service, ROLE_COURIER);
	member_weather(member, status, &error);
	if (status == OK && full)
		member_come_again(member, 0);
}

const struct role_duty WORKER_DUTY = {worker_start, worker_work, worker_end};
