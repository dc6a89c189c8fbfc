/* A tenant gets another stack of packs: tables, history, the tenant's row, its first turn and the generation, all in one
 * transaction. Must never leave a tenant with a program that the tables do not fit. */
#include "engine/base/check.h"
#include "engine/base/json.h"
#include "runtime/store/journal.h"
#include "runtime/store/migrating.h"
#include "runtime/store/stack.h"

struct activation_work {
	struct store *store;
	const struct activating *activating;
	struct arena *arena;
	known_tenants tenants;
	const struct tenant *house; /* `default` */
	struct sharing sharing;
	LIST(struct sharer) sharers;
	struct layout before;
	struct migrating migrating;
	struct error *error;
};

static enum status work_do(struct activation_work *work) MUST_CHECK;

enum status stack_activate(struct store *store, const struct activating *activating, struct arena *arena,
			   struct text *changes_out, struct error *error)
{
	struct activation_work work = {.store = store, .activating = activating, .arena = arena, .error = error};
	struct error ignored;

	CHECK(store->depth == 0);
	store_forget_programs(store);
	enum status status = database_check_references(store->database, false, error);
	if (status == OK)
		status = store_begin(store, error);
	if (status != OK)
		return status;
	status = work_do(&work);
	if (status == OK && !activating->only_shows)
		status = store_commit(store, error);
	else
		store_rollback(store);
	store_forget_programs(store);
	enum status again = database_check_references(store->database, true, status == OK ? error : &ignored);
	*changes_out = builder_text(&work.migrating.changes);
	return status == OK ? again : status;
}

/* --- who shares the tables */
static bool gets_it(const struct activation_work *work, const struct tenant *tenant)
{
	const struct activating *activating = work->activating;

	return tenant->number == activating->tenant || (!activating->tenant && !tenant->has_stack);
}

/* SQL behind `_tenant`: those of whom `is_one` says so. Who has no stack of its own may be many, and more tomorrow. */
static struct text tenants_sql(struct activation_work *work,
			       bool (*is_one)(const struct activation_work *, const struct tenant *, uint64_t stack),
			       uint64_t stack)
{
	struct text_builder sql = {.arena = work->arena};
	bool house = is_one(work, work->house, stack);
	uint32_t named = 0;

	for (uint32_t i = 0; i < work->tenants.count; i++) {
		const struct tenant *tenant = &work->tenants.items[i];
		if (is_one(work, tenant, stack) != house)
			builder_format(&sql, "%s%lld", named++ ? "," : "", (long long)tenant->number);
	}
	if (!named)
		return house ? TEXT(" IS NOT NULL") : TEXT("");
	return text_format(work->arena, " %sIN (%.*s)", house ? "NOT " : "", TEXT_ARGS(builder_text(&sql)));
}

static bool is_mine(const struct activation_work *work, const struct tenant *tenant, uint64_t stack)
{
	(void)stack;
	return gets_it(work, tenant);
}

static bool runs(const struct activation_work *work, const struct tenant *tenant, uint64_t stack)
{
	bool has = tenant->has_stack || work->house->has_stack;

	return !gets_it(work, tenant) && has && (tenant->has_stack ? tenant->stack : work->house->stack) == stack;
}

static bool is_known(const struct activation_work *work, const uint64_t *stacks, uint64_t stack)
{
	for (uint32_t i = 0; i < work->sharers.count; i++)
		if (stacks[i] == stack)
			return true;
	return false;
}

static enum status sharer_add(struct activation_work *work, uint64_t *stacks, uint64_t stack, const struct tenant *tenant)
{
	struct sharer sharer = {.tenants = tenant ? tenants_sql(work, runs, stack) : TEXT("")};

	if (is_known(work, stacks, stack))
		return OK;
	sharer.name = tenant ? text_format(work->arena, "the packs of `%.*s`", TEXT_ARGS(tenant->name))
			     : TEXT("packs on which workflows still run");
	enum status status = stack_layout(work->store, work->arena, stack, &sharer.layout, work->error);
	if (status == NOT_FOUND && !tenant) /* it began before stacks were kept: it holds */
		return OK;
	if (status != OK)
		return status;
	stacks[work->sharers.count] = stack;
	*list_add(work->arena, &work->sharers) = sharer;
	return OK;
}

/* What the workflows of those who get the new packs still need is not renamed under them. */
static void unfinished_mark(struct activation_work *work, const uint64_t *stacks, const struct unfinished *unfinished)
{
	const struct tenant *tenant = tenant_numbered(&work->tenants, unfinished->tenant);

	for (uint32_t i = 0; tenant && gets_it(work, tenant) && i < work->sharers.count; i++)
		if (stacks[i] == unfinished->stack)
			work->sharers.items[i].has_unfinished = true;
}

static enum status sharers_find(struct activation_work *work)
{
	unfinished_list unfinished;
	enum status status = stacks_unfinished(work->store, work->arena, &unfinished, work->error);

	if (status != OK)
		return status;
	uint64_t *stacks = arena_array(work->arena, uint64_t, work->tenants.count + unfinished.count + 1);
	for (uint32_t i = 0; i < work->tenants.count && status == OK; i++) {
		const struct tenant *tenant = &work->tenants.items[i];
		const struct tenant *owner = tenant->has_stack ? tenant : work->house;
		if (!gets_it(work, tenant) && owner->has_stack)
			status = sharer_add(work, stacks, owner->stack, owner);
	}
	for (uint32_t i = 0; i < unfinished.count && status == OK; i++)
		if (unfinished.items[i].stack != work->activating->program->hash)
			status = sharer_add(work, stacks, unfinished.items[i].stack, NULL);
	for (uint32_t i = 0; i < unfinished.count && status == OK; i++)
		unfinished_mark(work, stacks, &unfinished.items[i]);
	return status;
}

static enum status sharing_find(struct activation_work *work)
{
	enum status status = tenants_read(work->store, work->arena, &work->tenants, work->error);

	if (status != OK)
		return status;
	work->house = tenant_numbered(&work->tenants, 0);
	CHECK(work->house);
	const struct tenant *own = tenant_numbered(&work->tenants, work->activating->tenant);
	const struct tenant *had = own && own->has_stack ? own : work->house;
	status = sharers_find(work);
	if (status == OK && had->has_stack) {
		status = stack_layout(work->store, work->arena, had->stack, &work->before, work->error);
		work->sharing.before = &work->before;
	}
	work->sharing.sharers = work->sharers.items;
	work->sharing.count = work->sharers.count;
	work->sharing.name = text_format(work->arena, "the packs of `%.*s`", TEXT_ARGS(work->activating->tenant_name));
	work->sharing.tenants = tenants_sql(work, is_mine, 0);
	work->sharing.goes_back = work->activating->origin;
	return status;
}

/* --- what is written */
static enum status stack_write(struct activation_work *work)
{
	const struct activating *activating = work->activating;
	struct text_builder text = {.arena = work->arena};
	struct json_writer writer = {.text = &text};
	struct statement *statement;
	enum status status = store_statement(
		work->store,
		"INSERT INTO _stack(hash,packs,layout) VALUES(?1,?2,?3) ON CONFLICT(hash) DO UPDATE SET layout=excluded.layout",
		&statement, work->error);

	if (status != OK)
		return status;
	json_open_list(&writer);
	for (uint32_t i = 0; i < activating->packs->count; i++)
		json_write_text(&writer, activating->packs->items[i]);
	json_close_list(&writer);
	statement_bind(statement, 1, sql_integer((int64_t)activating->program->hash));
	statement_bind(statement, 2, sql_text(builder_text(&text)));
	statement_bind(statement, 3, sql_text(layout_to_json(work->arena, &work->migrating.mine)));
	return statement_run(statement, work->error);
}

static enum status activation_write(struct activation_work *work)
{
	const struct activating *activating = work->activating;
	struct statement *statement;
	/* its own number is its origin, unless it goes back */
	enum status status = store_statement(
		work->store,
		"INSERT INTO _activation(_tenant,number,stack,origin,at,by_whom) SELECT ?1,coalesce(max(number),0)+1,?2,"
		"CASE WHEN ?3=0 THEN coalesce(max(number),0)+1 ELSE ?3 END,?4,?5 FROM _activation WHERE _tenant=?1",
		&statement, work->error);

	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(activating->tenant));
	statement_bind(statement, 2, sql_integer((int64_t)activating->program->hash));
	statement_bind(statement, 3, sql_integer(activating->origin));
	statement_bind(statement, 4, sql_integer(activating->at));
	statement_bind(statement, 5, sql_text(activating->by));
	status = statement_run(statement, work->error);
	if (status == OK)
		status = store_statement(work->store, "UPDATE _tenant SET stack=?2 WHERE number=?1", &statement, work->error);
	if (status != OK)
		return status;
	statement_bind(statement, 1, sql_integer(activating->tenant));
	statement_bind(statement, 2, sql_integer((int64_t)activating->program->hash));
	return statement_run(statement, work->error);
}

/* Seeds are planted, schedules begin and clocks follow what the packs now say. */
static enum status first_turns_add(struct activation_work *work)
{
	enum status status = OK;

	for (uint32_t i = 0; i < work->tenants.count && status == OK; i++) {
		struct entry entry = {.tenant = work->tenants.items[i].number,
				      .origin = ENTRY_ACTIVATED,
				      .source = TEXT("pack"),
				      .received_at = work->activating->at};
		bool is_new;
		if (gets_it(work, &work->tenants.items[i]) &&
		    (!work->activating->has_first_turn || entry.tenant != work->activating->tenant))
			status = journal_add(work->store, &entry, &is_new, work->error);
	}
	return status;
}

static enum status work_do(struct activation_work *work)
{
	enum status status = database_execute(work->store->database, work->store->dialect->lock_turns, work->error);

	if (status == OK)
		status = sharing_find(work);
	if (status != OK)
		return status;
	work->migrating = (struct migrating){.store = work->store,
					     .program = work->activating->program,
					     .sharing = &work->sharing,
					     .arena = work->arena,
					     .error = work->error};
	migrating_begin(&work->migrating);
	status = migrating_run(&work->migrating);
	if (status == OK)
		status = stack_write(work);
	if (status == OK)
		status = activation_write(work);
	if (status == OK)
		status = first_turns_add(work);
	if (status == OK && work->activating->call)
		status = work->activating->call(work->store, work->error);
	return status == OK ? store_generation_next(work->store, work->error) : status;
}
