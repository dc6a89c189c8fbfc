/* `stellwerk workflow …`: which instances there are, on which packs and where they stand, and letting them go on with others.
 * Moving stands in workflow_move.c. */
#include "runtime/workflow_verbs.h"

#include <inttypes.h>

#include "engine/base/json.h"
#include "runtime/stacks.h"
#include "runtime/table.h"

static const struct workflow_verb {
	const char *name;
	uint32_t words;
	const char *wanted;
	int (*run)(struct serving *serving);
} VERBS[] = {
	{"list", 1, "`workflow list` takes no word behind it; --tenant narrows it", workflow_verb_list},
	{"move", 2, "which workflow? `workflow move NAME`, as `workflow list` shows it", workflow_verb_move},
};

int cmd_workflow(const struct command_line *line)
{
	const struct workflow_verb *verb = NULL;
	struct serving serving;

	for (size_t i = 0; line->word_count && i < sizeof VERBS / sizeof *VERBS; i++)
		if (text_is(text_from(line->words[0]), VERBS[i].name))
			verb = &VERBS[i];
	if (!verb)
		return usage_error(line, "workflows can be listed and moved: `workflow list`, `workflow move NAME`");
	if (line->word_count != verb->words)
		return usage_error(line, "%s", verb->wanted);
	int code = serving_open(&serving, line);
	if (code == EXIT_FINE)
		code = verb->run(&serving);
	serving_close(&serving);
	return code;
}

/* --- instances and their programs */
int workflows_open(struct workflows *workflows, struct serving *serving)
{
	struct arena *arena = serving->line->arena;
	const char *tenant = option_value(serving->line, "tenant");
	struct error *error = &serving->error;

	*workflows = (struct workflows){.serving = serving};
	enum status status = tenants_read(serving->store, arena, &workflows->tenants, error);
	if (status == OK)
		status = instances_read(serving->store, arena, &workflows->instances, error);
	if (status == OK)
		status = programs_open(serving->store, NULL, &STACK_LOADER, &workflows->programs, error);
	if (status == OK && tenant) {
		status = tenant_unknown(text_from(tenant), error);
		for (uint32_t i = 0; i < workflows->tenants.count; i++)
			if (text_is(workflows->tenants.items[i].name, tenant))
				status = OK;
	}
	return status == OK ? EXIT_FINE : world_error(error);
}

void workflows_close(struct workflows *workflows)
{
	programs_close(workflows->programs);
}

bool workflows_wanted(const struct workflows *workflows, const struct unfinished_instance *instance)
{
	const char *tenant = option_value(workflows->serving->line, "tenant");

	return !tenant || text_is(serving_tenant(&workflows->tenants, instance->tenant), tenant);
}

const struct program *workflows_program(struct workflows *workflows, uint64_t hash)
{
	const struct loaded *loaded;
	struct error ignored;

	return programs_by_hash(workflows->programs, hash, &loaded, &ignored) == OK ? loaded->program : NULL;
}

struct text workflows_pack(struct arena *arena, const struct program *program, uint64_t hash)
{
	if (!program)
		return text_format(arena, "%016" PRIx64 ", which is not kept", hash);
	return text_format(arena, "%.*s %.*s (%08" PRIx64 ")", TEXT_ARGS(program->name), TEXT_ARGS(program->version),
			   hash >> 32);
}

struct text workflows_place(struct workflows *workflows, const struct program *program,
			    const struct unfinished_instance *instance)
{
	struct text points;
	struct error ignored;

	if (program &&
	    engine_whereabouts(program, instance->workflow, instance->data, workflows->serving->line->arena, &points,
			       &ignored) == OK &&
	    points.length)
		return points;
	return instance->waits_for.length ? instance->waits_for : instance->state;
}

/* --- the list: those that stand at the same place are one line */
struct group {
	const struct unfinished_instance *first;
	const struct program *program;
	struct text place;
	int64_t count;
};
typedef LIST(struct group) group_list;

static void group_add(struct workflows *workflows, group_list *groups, const struct unfinished_instance *instance)
{
	const struct program *program = workflows_program(workflows, instance->program);
	struct text place = workflows_place(workflows, program, instance);

	for (uint32_t i = groups->count; i-- > 0;) {
		struct group *group = &groups->items[i];
		if (group->first->tenant != instance->tenant || group->first->program != instance->program ||
		    !text_equal(group->first->workflow, instance->workflow))
			break; /* they come in the order of these */
		if (!text_equal(group->place, place))
			continue;
		group->count++;
		return;
	}
	*list_add(workflows->serving->line->arena, groups) = (struct group){instance, program, place, 1};
}

static void groups_json(const struct workflows *workflows, const group_list *groups)
{
	struct arena *arena = workflows->serving->line->arena;
	struct text_builder text = {.arena = arena};
	struct json_writer writer = {.text = &text, .indent = 2};

	json_open_list(&writer);
	for (uint32_t i = 0; i < groups->count; i++) {
		const struct group *group = &groups->items[i];
		json_open_object(&writer);
		json_write_member(&writer, "tenant", serving_tenant(&workflows->tenants, group->first->tenant));
		json_write_member(&writer, "workflow", group->first->workflow);
		json_write_member(&writer, "program", program_hash_text(arena, group->first->program));
		json_write_member(&writer, "pack", group->program ? group->program->name : TEXT(""));
		json_write_member(&writer, "version", group->program ? group->program->version : TEXT(""));
		json_write_member(&writer, "at", group->place);
		json_write_name(&writer, TEXT("count"));
		json_write_int(&writer, group->count);
		json_close_object(&writer);
	}
	json_close_list(&writer);
	puts(builder_text(&text).bytes);
}

static void groups_print(const struct workflows *workflows, const group_list *groups)
{
	static const char *const titles[] = {"tenant", "workflow", "pack", ">how many", "stands at"};
	struct arena *arena = workflows->serving->line->arena;
	struct print_table table = table_new(arena, titles, 5);

	for (uint32_t i = 0; i < groups->count; i++) {
		const struct group *group = &groups->items[i];
		table_add(&table, serving_tenant(&workflows->tenants, group->first->tenant), STYLE_DIM);
		table_add(&table, group->first->workflow, STYLE_BOLD);
		table_add(&table, workflows_pack(arena, group->program, group->first->program), STYLE_PLAIN);
		table_add_number(&table, group->count);
		table_add(&table, group->place, STYLE_PLAIN);
	}
	if (groups->count)
		table_print(&table, stdout, 0);
	else
		puts("no workflow is under way");
}

int workflow_verb_list(struct serving *serving)
{
	struct workflows workflows;
	group_list groups = {0};
	int code = workflows_open(&workflows, serving);

	for (uint32_t i = 0; code == EXIT_FINE && i < workflows.instances.count; i++)
		if (workflows_wanted(&workflows, &workflows.instances.items[i]))
			group_add(&workflows, &groups, &workflows.instances.items[i]);
	if (code == EXIT_FINE)
		(serving->line->json ? groups_json : groups_print)(&workflows, &groups);
	workflows_close(&workflows);
	return code;
}
