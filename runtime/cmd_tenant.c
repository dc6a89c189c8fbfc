/* `stellwerk tenant …`: who there is. Works beside a service that runs, and without one. */
#include <inttypes.h>

#include "engine/base/json.h"
#include "runtime/operate/wall.h"
#include "runtime/serving.h"
#include "runtime/store/journal.h"
#include "runtime/store/tenant.h"
#include "runtime/table.h"
#include "runtime/tenant_setting.h"

static int tenant_list_print(struct serving *serving);
static int tenant_make(struct serving *serving);
static int tenant_show(struct serving *serving);
static int tenant_suspend(struct serving *serving);
static int tenant_resume(struct serving *serving);
static int tenant_set(struct serving *serving);
static int tenant_unset(struct serving *serving);

static const struct tenant_verb {
	const char *name;
	uint32_t words; /* behind it */
	const char *wanted;
	int (*run)(struct serving *serving);
} VERBS[] = {
	{"list", 0, "nothing", tenant_list_print},
	{"create", 1, "a NAME", tenant_make},
	{"show", 1, "a NAME", tenant_show},
	{"suspend", 1, "a NAME", tenant_suspend},
	{"resume", 1, "a NAME", tenant_resume},
	{"set", 3, "a NAME, a SETTING and its VALUE", tenant_set},
	{"unset", 2, "a NAME and a SETTING", tenant_unset},
};

int cmd_tenant(const struct command_line *line)
{
	const struct tenant_verb *verb = NULL;
	struct serving serving;

	for (size_t i = 0; line->word_count && i < sizeof VERBS / sizeof *VERBS; i++)
		if (text_is(text_from(line->words[0]), VERBS[i].name))
			verb = &VERBS[i];
	if (!verb)
		return usage_error(
			line, "tenants can be listed, created, shown, suspended, resumed, and have settings set and unset");
	if (line->word_count != verb->words + 1)
		return usage_error(line, "behind `tenant %s` stands %s", verb->name, verb->wanted);
	int code = serving_make(&serving, line);
	if (code == EXIT_FINE)
		code = verb->run(&serving);
	serving_close(&serving);
	return code;
}

/* --- showing */
static struct text created_text(struct arena *arena, const struct tenant *tenant)
{
	char time[MOMENT_TEXT];

	if (!tenant->created_at)
		return TEXT("with the store");
	return text_copy(arena, (struct text){time, moment_write_short(tenant->created_at, zone_utc(), time)});
}

static void tenant_json(struct json_writer *writer, const struct tenant *tenant)
{
	char time[MOMENT_TEXT];

	json_open_object(writer);
	json_write_name(writer, TEXT("name"));
	json_write_text(writer, tenant->name);
	json_write_name(writer, TEXT("number"));
	json_write_int(writer, tenant->number);
	json_write_name(writer, TEXT("state"));
	json_write_text(writer, text_from(tenant_state_name(tenant->state)));
	json_write_name(writer, TEXT("created_at"));
	if (tenant->created_at)
		json_write_text(writer, (struct text){time, moment_write(tenant->created_at, zone_utc(), time)});
	else
		json_write_null(writer);
	json_close_object(writer);
}

static int tenants_print(struct serving *serving, const known_tenants *all)
{
	static const char *const titles[] = {"name", ">number", "state", "created"};
	struct arena *arena = serving->line->arena;
	struct print_table table = table_new(arena, titles, 4);
	struct text_builder text = {.arena = arena};
	struct json_writer writer = {.text = &text, .indent = 2};

	json_open_list(&writer);
	for (uint32_t i = 0; i < all->count; i++) {
		const struct tenant *tenant = &all->items[i];
		bool active = tenant->state == TENANT_ACTIVE;
		tenant_json(&writer, tenant);
		table_add(&table, tenant->name, STYLE_BOLD);
		table_add_number(&table, tenant->number);
		table_add(&table, text_from(tenant_state_name(tenant->state)), active ? STYLE_PLAIN : STYLE_YELLOW);
		table_add(&table, created_text(arena, tenant), STYLE_DIM);
	}
	json_close_list(&writer);
	if (serving->line->json)
		puts(builder_text(&text).bytes);
	else
		table_print(&table, stdout, 0);
	return EXIT_FINE;
}

static int tenant_list_print(struct serving *serving)
{
	known_tenants all;

	if (tenants_read(serving->store, serving->line->arena, &all, &serving->error) != OK)
		return world_error(&serving->error);
	return tenants_print(serving, &all);
}

static int named_find(struct serving *serving, struct tenant *tenant_out)
{
	if (tenant_find(serving->store, serving->line->arena, text_from(serving->line->words[1]), tenant_out,
			&serving->error) != OK)
		return world_error(&serving->error);
	return EXIT_FINE;
}

static int settings_print(struct serving *serving)
{
	static const char *const titles[] = {"setting", "value"};
	struct arena *arena = serving->line->arena;
	struct print_table table = table_new(arena, titles, 2);
	tenant_settings settings;

	if (tenant_settings_read(serving->store, arena, &settings, &serving->error) != OK)
		return world_error(&serving->error);
	for (uint32_t i = 0; i < settings.count; i++) {
		struct text value = settings.items[i].value;
		table_add(&table, settings.items[i].name, STYLE_BOLD);
		table_add(&table, value.length > 2 ? text_slice(value, 1, value.length - 1) : value, STYLE_PLAIN);
	}
	if (settings.count) {
		putchar('\n');
		table_print(&table, stdout, 0);
	}
	return EXIT_FINE;
}

static int tenant_show(struct serving *serving)
{
	known_tenants one = {0};
	int code = named_find(serving, list_add(serving->line->arena, &one));

	if (code == EXIT_FINE)
		code = tenants_print(serving, &one);
	if (code != EXIT_FINE || serving->line->json)
		return code;
	store_use_tenant(serving->store, one.items[0].number);
	return settings_print(serving);
}

/* --- changing */
/* A new tenant's first turn plants what its packs ship and starts their schedules. */
static enum status create(struct serving *serving, moment now)
{
	struct entry entry = {.origin = ENTRY_ACTIVATED, .source = TEXT("tenant"), .received_at = now};
	bool is_new;
	enum status status =
		tenant_create(serving->store, text_from(serving->line->words[1]), now, &entry.tenant, &serving->error);

	return status == OK ? journal_add(serving->store, &entry, &is_new, &serving->error) : status;
}

static int tenant_make(struct serving *serving)
{
	if (store_begin(serving->store, &serving->error) != OK)
		return world_error(&serving->error);
	int code = serving_settle(serving, create(serving, wall_now()));
	if (code == EXIT_FINE)
		printf("the tenant %s is there\n", serving->line->words[1]);
	return code;
}

static int state_set(struct serving *serving, enum tenant_state state, const char *done)
{
	struct tenant tenant;
	int code = named_find(serving, &tenant);

	if (code != EXIT_FINE)
		return code;
	if (store_begin(serving->store, &serving->error) != OK)
		return world_error(&serving->error);
	code = serving_settle(serving, tenant_set_state(serving->store, &tenant, state, &serving->error));
	if (code == EXIT_FINE)
		printf("the tenant %s is %s\n", serving->line->words[1], done);
	return code;
}

static int tenant_suspend(struct serving *serving)
{
	return state_set(serving, TENANT_SUSPENDED, "suspended: nothing new is taken for it, and what waits stays");
}

static int tenant_resume(struct serving *serving)
{
	return state_set(serving, TENANT_ACTIVE, "resumed");
}

static int tenant_set(struct serving *serving)
{
	const char *const *words = serving->line->words;
	struct tenant tenant;
	int code = named_find(serving, &tenant);

	if (code == EXIT_FINE)
		code = tenant_setting_set(serving, &tenant, text_from(words[2]), text_from(words[3]));
	if (code == EXIT_FINE)
		printf("%s is set for %s\n", words[2], words[1]);
	return code;
}

static int tenant_unset(struct serving *serving)
{
	const char *const *words = serving->line->words;
	struct tenant tenant;
	int code = named_find(serving, &tenant);

	if (code == EXIT_FINE)
		code = tenant_setting_default(serving, &tenant, text_from(words[2]));
	if (code == EXIT_FINE)
		printf("%s has its default again for %s\n", words[2], words[1]);
	return code;
}
