/* `stellwerk workflow move`: which instances may go on with the packs that their tenant runs now, and why others may not. The
 * engine says it, here as in the turn that moves them: here nothing of it is kept but an entry of the journal. */
#include "engine/base/json.h"
#include "runtime/operate/wall.h"
#include "runtime/service/moved.h"
#include "runtime/table.h"
#include "runtime/workflow_verbs.h"

struct planned { /* an instance, and what would become of it */
	const struct unfinished_instance *instance;
	const struct program *from, *to;
	struct text why; /* not; empty: it is moved */
};

struct moving {
	struct workflows workflows;
	struct serving *serving;
	struct text workflow;
	point_changes points;
	LIST(struct planned) planned;
	uint32_t moved;
};

/* --- the line: "OLD -> NEW" */
static bool point_read(struct moving *moving, struct text said)
{
	int64_t arrow = text_find(said, TEXT("->"));

	if (arrow < 0)
		return false;
	struct text from = {said.bytes, (uint32_t)arrow};
	struct text to = {said.bytes + arrow + 2, said.length - (uint32_t)arrow - 2};
	struct point_change change = {text_trim(from), text_trim(to)};
	*list_add(moving->serving->line->arena, &moving->points) = change;
	return change.from.length && change.to.length;
}

static int points_read(struct moving *moving)
{
	const char *const *said;
	uint32_t count = option_values(moving->serving->line, "point", &said);

	for (uint32_t i = 0; i < count; i++)
		if (!point_read(moving, text_from(said[i])))
			return usage_error(moving->serving->line, "--point \"%s\" is not of the form \"OLD -> NEW\"", said[i]);
	return EXIT_FINE;
}

/* The hash, or as much of its beginning as is said. */
static bool is_from(const struct moving *moving, uint64_t program)
{
	const char *from = option_value(moving->serving->line, "from");

	return !from || text_starts(program_hash_text(moving->serving->line->arena, program), text_from(from));
}

/* --- what would become of each */
static enum status checked(struct moving *moving, struct planned *planned, const struct loaded *to, const struct loaded *from)
{
	struct serving *serving = moving->serving;
	struct workflow_move move = {from->program, planned->instance->id, moving->points.items, moving->points.count};
	struct ports ports;
	const struct turn *turn;
	moment now = wall_now();

	store_ports(serving->store, &ports);
	store_use_tenant(serving->store, planned->instance->tenant);
	store_use_program(serving->store, to->program);
	store_turn(serving->store, now, move.instance);
	engine_begin(to->engine);
	return engine_move(to->engine, &move, value_missing(), now, &ports, &turn, &serving->error);
}

static enum status instance_check(struct moving *moving, const struct unfinished_instance *instance)
{
	struct serving *serving = moving->serving;
	const struct loaded *to, *from;
	enum status status = programs_of(moving->workflows.programs, instance->tenant, &to, &serving->error);

	if (status != OK || to->program->hash == instance->program)
		return status;
	struct planned *planned = list_add(serving->line->arena, &moving->planned);
	*planned = (struct planned){.instance = instance, .to = to->program};
	status = programs_by_hash(moving->workflows.programs, instance->program, &from, &serving->error);
	if (status == OK) {
		planned->from = from->program;
		status = checked(moving, planned, to, from);
	}
	if (status != OK && status != INVALID && status != NOT_FOUND && status != LIMIT)
		return status;
	if (status != OK)
		planned->why = text_copy(serving->line->arena, text_from(serving->error.sentence));
	moving->moved += status == OK;
	return OK;
}

static enum status instances_check(struct moving *moving)
{
	const instance_list *instances = &moving->workflows.instances;
	enum status status = OK;

	for (uint32_t i = 0; i < instances->count && status == OK; i++) {
		const struct unfinished_instance *each = &instances->items[i];
		if (text_equal(each->workflow, moving->workflow) && workflows_wanted(&moving->workflows, each) &&
		    is_from(moving, each->program))
			status = instance_check(moving, each);
	}
	return status;
}

/* A name that nothing is called by is a slip of the pen: nothing is moved by such a map. */
static bool is_point(const struct moving *moving, struct text name)
{
	for (uint32_t i = 0; i < moving->planned.count; i++) {
		const struct program *from = moving->planned.items[i].from;
		const struct workflow *workflow = from ? program_workflow(from, moving->workflow) : NULL;
		for (uint32_t k = 0; workflow && k < workflow->point_count; k++)
			if (text_equal(workflow->points[k].name, name))
				return true;
	}
	return false;
}

static enum status points_check(struct moving *moving)
{
	for (uint32_t i = 0; moving->planned.count && i < moving->points.count; i++)
		if (!is_point(moving, moving->points.items[i].from))
			return error_set(
				&moving->serving->error, INVALID,
				"the workflow %.*s had no point `%.*s` in any version that is under way; `workflow list` and "
				"`dump` name them",
				TEXT_ARGS(moving->workflow), TEXT_ARGS(moving->points.items[i].from));
	return OK;
}

/* --- done by the worker, like all that is written into rows */
static enum status entry_add(struct moving *moving, const struct planned *planned)
{
	struct arena *arena = moving->serving->line->arena;
	struct entry entry = {
		.tenant = planned->instance->tenant,
		.origin = ENTRY_MOVED,
		.id = planned->instance->id,
		.source = TEXT("workflow"),
		.type = planned->instance->workflow,
		.content = moved_content(arena, planned->from, planned->to, &moving->points, serving_person(moving->serving)),
		.received_at = wall_now()};
	bool is_new;

	return journal_add(moving->serving->store, &entry, &is_new, &moving->serving->error);
}

static enum status entries_add(struct moving *moving)
{
	enum status status = OK;

	for (uint32_t i = 0; i < moving->planned.count && status == OK; i++)
		if (!moving->planned.items[i].why.length)
			status = entry_add(moving, &moving->planned.items[i]);
	return status;
}

/* --- said */
static void planned_json(struct moving *moving, bool is_dry)
{
	struct arena *arena = moving->serving->line->arena;
	struct text_builder text = {.arena = arena};
	struct json_writer writer = {.text = &text, .indent = 2};
	char id[RECORD_ID_TEXT + 1];

	json_open_object(&writer);
	json_write_name(&writer, TEXT("dry_run"));
	json_write_bool(&writer, is_dry);
	json_write_name(&writer, TEXT("instances"));
	json_open_list(&writer);
	for (uint32_t i = 0; i < moving->planned.count; i++) {
		const struct planned *each = &moving->planned.items[i];
		record_id_write(each->instance->id, id);
		json_open_object(&writer);
		json_write_member(&writer, "id", text_from(id));
		json_write_member(&writer, "tenant", serving_tenant(&moving->workflows.tenants, each->instance->tenant));
		json_write_member(&writer, "from", program_hash_text(arena, each->instance->program));
		json_write_member(&writer, "to", program_hash_text(arena, each->to->hash));
		json_write_member(&writer, "at", workflows_place(&moving->workflows, each->from, each->instance));
		json_write_name(&writer, TEXT("moved"));
		json_write_bool(&writer, !each->why.length);
		json_write_member(&writer, "why", each->why);
		json_close_object(&writer);
	}
	json_close_list(&writer);
	json_close_object(&writer);
	puts(builder_text(&text).bytes);
}

static void planned_print(struct moving *moving, bool is_dry)
{
	static const char *const titles[] = {"id", "tenant", "from", "to", "stands at", "and"};
	struct arena *arena = moving->serving->line->arena;
	struct print_table table = table_new(arena, titles, 6);
	char id[RECORD_ID_TEXT + 1];

	table.wraps = true;
	for (uint32_t i = 0; i < moving->planned.count; i++) {
		const struct planned *each = &moving->planned.items[i];
		record_id_write(each->instance->id, id);
		table_add(&table, text_copy(arena, text_from(id)), STYLE_BOLD);
		table_add(&table, serving_tenant(&moving->workflows.tenants, each->instance->tenant), STYLE_DIM);
		table_add(&table, workflows_pack(arena, each->from, each->instance->program), STYLE_PLAIN);
		table_add(&table, workflows_pack(arena, each->to, each->to->hash), STYLE_PLAIN);
		table_add(&table, workflows_place(&moving->workflows, each->from, each->instance), STYLE_PLAIN);
		table_add(&table, each->why.length ? each->why : TEXT("goes on"),
			  each->why.length ? STYLE_YELLOW : STYLE_PLAIN);
	}
	if (moving->planned.count)
		table_print(&table, stdout, 0);
	printf("%u %s, %u %s as they are\n", moving->moved, is_dry ? "would be moved" : "are moved",
	       moving->planned.count - moving->moved, is_dry ? "would stay" : "stay");
}

/* One that nobody has, now or under way, is mistyped. */
static enum status workflow_check(struct moving *moving)
{
	const struct workflows *workflows = &moving->workflows;
	const struct loaded *loaded;
	struct error ignored;

	for (uint32_t i = 0; i < workflows->instances.count; i++)
		if (text_equal(workflows->instances.items[i].workflow, moving->workflow))
			return OK;
	for (uint32_t i = 0; i < workflows->tenants.count; i++)
		if (programs_of(workflows->programs, workflows->tenants.items[i].number, &loaded, &ignored) == OK &&
		    program_workflow(loaded->program, moving->workflow))
			return OK;
	return error_set(&moving->serving->error, NOT_FOUND, "there is no workflow `%.*s`", TEXT_ARGS(moving->workflow));
}

/* Checked without a lock: the turn checks again, and the service goes on meanwhile. */
static int move_and_say(struct moving *moving)
{
	struct serving *serving = moving->serving;
	bool is_dry = option_given(serving->line, "dry-run");
	enum status status = workflow_check(moving);

	if (status == OK)
		status = instances_check(moving);
	if (status == OK)
		status = points_check(moving);
	if (status == OK && !is_dry && moving->moved)
		status = store_begin(serving->store, &serving->error);
	if (status != OK)
		return world_error(&serving->error);
	if (!is_dry && moving->moved && serving_settle(serving, entries_add(moving)) != EXIT_FINE)
		return EXIT_BROKEN;
	(serving->line->json ? planned_json : planned_print)(moving, is_dry);
	return moving->moved == moving->planned.count ? EXIT_FINE : EXIT_FINDINGS;
}

int workflow_verb_move(struct serving *serving)
{
	struct moving moving = {.serving = serving, .workflow = text_from(serving->line->words[1])};
	int code = points_read(&moving);

	if (code != EXIT_FINE)
		return code;
	code = workflows_open(&moving.workflows, serving);
	if (code == EXIT_FINE)
		code = move_and_say(&moving);
	workflows_close(&moving.workflows);
	return code;
}
