/* The worker: what waits in the journal, in transactions of many entries, fair between tenants: each that waits gets an equal
 * share of every transaction, so the storm of one delays the single event of another by one transaction at most.
 *
 * With a broker, what it delivers has its turn at once while nothing waits before it. When there are several tenants and more
 * comes than is handled, it is written to the journal first, which is quick, and waits there: so fairness holds also for what
 * is still behind a storm.
 *
 * A worker that follows a dead one takes what waits one by one at first (careful.h). */
#include <stdlib.h>

#include "engine/base/check.h"
#include "runtime/service/careful.h"
#include "runtime/service/intake.h"

enum {
	STORE_AT_ONCE = 4, /* batches of deliveries that are written to the journal in one transaction */
	STORE_FIRST = 4,   /* such transactions before the next turns, while the broker has more: 2.0 s at most became 1.1 s in
			      bench/fair */
};

struct worker {
	struct arena arena; /* one transaction */
	uint32_t batch;
	struct intake *intake; /* NULL without a broker */
	bool waiting;          /* something may wait in the journal */
	uint32_t stored;       /* transactions in a row that only stored, for the broker had more */
	struct careful careful;
};

static void on_deliveries(void *context)
{
	struct member *member = context;

	if (!member->failures) /* else the alarm is set already, later each time */
		member_come_again(member, 0);
}

static enum status worker_start(struct member *member, struct error *error)
{
	struct worker *worker = calloc(1, sizeof *worker);

	CHECK(worker);
	arena_init(&worker->arena, "a batch of events", 0);
	worker->batch = (uint32_t)strtoul(member->service->settings.batch, NULL, 10);
	if (worker->batch < 1)
		worker->batch = 1;
	careful_begin(&worker->careful, member, worker->batch * STORE_AT_ONCE);
	member->own = worker;
	return *member->service->settings.broker ? intake_open(member, on_deliveries, &worker->intake, error) : OK;
}

static void worker_end(struct member *member)
{
	struct worker *worker = member->own;

	if (!worker)
		return;
	intake_close(worker->intake);
	arena_release(&worker->arena);
	free(worker);
}

/* --- turns */
static enum status entries_run(struct member *member, entry_list *entries, struct error *error)
{
	struct turned turned = {0};
	enum status status = turns_run(member->turns, entries->items, entries->count, wall_now(), &turned, error);

	if (status == OK && turned.timers)
		bell_ring(member->service, ROLE_CLOCK);
	if (status == OK && turned.calls)
		bell_ring(member->service, ROLE_COURIER);
	return status;
}

/* Packs that begin may change thousands of rows: of tenants who get them together, one has his first turn in a transaction. */
static bool is_long(const struct entry *entry)
{
	return entry->origin == ENTRY_ACTIVATED;
}

/* The oldest entries of each tenant that waits. */
static enum status gather(struct member *member, entry_list *entries, struct error *error)
{
	struct worker *worker = member->own;
	tenant_list tenants;
	enum status status = journal_waiting(member->store, &worker->arena, &tenants, error);
	uint32_t share = tenants.count && worker->batch > tenants.count ? worker->batch / tenants.count : 1;
	bool has_long = false;

	for (uint32_t i = 0; status == OK && i < tenants.count && entries->count < worker->batch; i++) {
		struct entry_filter filter = {.tenant = tenants.items[i],
					      .has_state = true,
					      .state = ENTRY_PENDING,
					      .since = INT64_MIN,
					      .most = share};
		entry_list found;
		status = journal_list(member->store, &worker->arena, &filter, &found, error);
		for (uint32_t k = 0; status == OK && k < found.count; k++) {
			if (has_long && is_long(&found.items[k]))
				break;
			has_long = has_long || is_long(&found.items[k]);
			*list_add(&worker->arena, entries) = found.items[k];
		}
	}
	return status;
}

static enum status waiting_run(struct member *member, struct error *error)
{
	struct worker *worker = member->own;
	entry_list entries = {0};
	enum status status = gather(member, &entries, error);

	if (status == OK && entries.count)
		status = worker->careful.left ? careful_run(&worker->careful, member, &entries, entries_run, error)
					      : entries_run(member, &entries, error);
	if (status == OK)
		worker->waiting = entries.count;
	return status;
}

/* --- what the broker delivers */
static enum status entries_store(struct member *member, entry_list *entries, struct error *error)
{
	enum status status = store_begin(member->store, error);
	uint32_t new;

	if (status != OK)
		return status;
	for (uint32_t i = 0; i < entries->count; i++)
		entries->items[i].handled_at = entries->items[i].received_at; /* of the dead */
	status = journal_add_many(member->store, entries->items, entries->count, &new, error);
	return store_end(member->store, status, error);
}

static enum status delivered_run(struct member *member, struct error *error)
{
	struct worker *worker = member->own;
	entry_list entries = {0};
	bool changed;
	/* whose an event is, is said by what is true now */
	enum status status = programs_refresh(member->programs, &changed, error);

	if (status != OK)
		return status;
	/* who is alone need not wait for a fair share, and his events need not be written twice */
	bool alone = programs_tenants(member->programs) == 1;
	intake_take(worker->intake, &worker->arena, worker->batch * (alone ? 1 : STORE_AT_ONCE), &entries);
	if (!entries.count) {
		worker->stored = 0;
		return OK;
	}
	/* with the deadly one the broker would count its neighbours, and give them up together */
	if (worker->waiting || worker->careful.left || entries.count > worker->batch) {
		status = entries_store(member, &entries, error);
		worker->waiting = true;
		worker->stored = entries.count < worker->batch * STORE_AT_ONCE ? 0 : worker->stored + 1;
	} else {
		status = entries_run(member, &entries, error);
	}
	intake_settle(worker->intake, status == OK);
	if (status == OK)
		member_come_again(member, 0);
	return status;
}

static void worker_work(struct member *member)
{
	struct worker *worker = member->own;
	struct error error;
	enum status status = OK;

	arena_reset(&worker->arena);
	if (worker->intake)
		status = delivered_run(member, &error);
	if (status == OK && worker->waiting && worker->stored % STORE_FIRST == 0)
		status = waiting_run(member, &error);
	member_weather(member, status, &error);
	if (status == OK && worker->waiting)
		member_come_again(member, 0);
}

/* Somebody has put something into the journal, or the process has just begun. */
static void worker_rung(struct member *member)
{
	struct worker *worker = member->own;

	worker->waiting = true;
}

const struct role_duty WORKER_DUTY = {.start = worker_start, .rung = worker_rung, .work = worker_work, .end = worker_end};
