/* Compiles a tenant's packs once more, with a test on top that gives the setting its value: so it is read, typed and complained
 * of as it would be in a pack. Must never write what the packs do not declare. */
#include "runtime/tenant_setting.h"

#include <stdio.h>

#include "dsl/compiler/nearest.h"
#include "engine/engine.h"
#include "runtime/operate/wall.h"
#include "runtime/stacks.h"

/* --- what the packs declare */
static const struct setting *declared(const struct program *program, struct text name)
{
	for (uint32_t i = 0; i < program->setting_count; i++)
		if (text_equal(program->settings[i].name, name))
			return &program->settings[i];
	return NULL;
}

/* As it would be written in a pack. */
static struct text written(struct arena *arena, const struct setting *setting, struct text value)
{
	struct text_builder quoted = {.arena = arena};

	if (!setting || setting->type->kind != TYPE_TEXT || text_starts(value, TEXT("\"")))
		return value;
	builder_add_char(&quoted, '"');
	for (uint32_t i = 0; i < value.length; i++) {
		if (strchr("\"\\{}", value.bytes[i]))
			builder_add_char(&quoted, '\\');
		builder_add_char(&quoted, value.bytes[i]);
	}
	builder_add_char(&quoted, '"');
	return builder_text(&quoted);
}

static int setting_find(struct serving *serving, const hash_list *packs, struct text name, struct text *value)
{
	struct pack pack;
	int code = pack_open_stored(&pack, serving->store, packs, NULL);

	if (code == EXIT_FINE) {
		const struct setting *setting = declared(pack.program, name);
		if (setting && setting->type->kind == TYPE_SECRET) {
			error_set(&serving->error, DENIED,
				  "`%.*s` is a secret, and a command line is seen by everybody on the machine: `stellwerk "
				  "secret set` reads it",
				  TEXT_ARGS(name));
			code = world_error(&serving->error);
		}
		*value = written(serving->line->arena, setting, *value);
	}
	pack_close(&pack);
	return code;
}

/* --- the value */
static enum status value_make(struct serving *serving, const struct pack *pack, struct engine *engine, struct ports *ports,
			      const struct setting **setting_out, struct value *value_out)
{
	const struct program *program = pack->program;
	const struct test *test = program->test_count ? &program->tests[program->test_count - 1] : NULL;
	const struct test_item *item = test && test->item_count == 1 ? test->items : NULL;

	if (!item || item->kind != TEST_SETTING)
		return error_set(&serving->error, INVALID, "what stands behind the setting is more than a value");
	uint32_t slots = (test->slot_count > item->code->slot_count ? test->slot_count : item->code->slot_count) + 1;
	struct value *frame = arena_array(serving->line->arena, struct value, slots);
	*setting_out = &program->settings[item->setting];
	return engine_evaluate(engine, item->code, frame, wall_now(), ports, value_out, &serving->error);
}

/* As it stands in the store; empty: it has the default of its packs. */
static enum status stands(struct serving *serving, struct text name, struct text *value_out)
{
	tenant_settings settings;
	enum status status = tenant_settings_read(serving->store, serving->line->arena, &settings, &serving->error);

	*value_out = TEXT("");
	for (uint32_t i = 0; status == OK && i < settings.count; i++)
		if (text_equal(settings.items[i].name, name))
			*value_out = settings.items[i].value;
	return status;
}

/* The journal says of each turn which settings it had. */
static enum status noted(struct serving *serving, int64_t tenant, struct text name, struct text before)
{
	struct text after;
	enum status status = stands(serving, name, &after);

	return status == OK ? serving_note_setting(serving, tenant, name, before, after) : status;
}

static enum status unset(struct serving *serving, const struct tenant *tenant, struct text name)
{
	struct text before;
	enum status status = stands(serving, name, &before);

	if (status == OK)
		status = tenant_setting_unset(serving->store, name, &serving->error);
	return status == OK ? noted(serving, tenant->number, name, before) : status;
}

int tenant_setting_default(struct serving *serving, const struct tenant *tenant, struct text name)
{
	store_use_tenant(serving->store, tenant->number);
	if (store_begin(serving->store, &serving->error) != OK)
		return world_error(&serving->error);
	return serving_settle(serving, unset(serving, tenant, name));
}

static enum status set(struct serving *serving, const struct pack *pack, int64_t tenant)
{
	const struct setting *setting = NULL;
	struct engine *engine;
	struct ports ports;
	struct value value = value_missing();
	struct text before = TEXT("");
	enum status status = engine_open(&engine);

	if (status != OK)
		return error_set(&serving->error, LIMIT, "there is no memory for an engine");
	store_use_program(serving->store, pack->program);
	store_use_tenant(serving->store, tenant);
	store_ports(serving->store, &ports);
	status = engine_use_pack(engine, pack->program, &serving->error);
	if (status == OK)
		status = value_make(serving, pack, engine, &ports, &setting, &value);
	if (status == OK && value.kind == VALUE_MISSING)
		status = error_set(&serving->error, INVALID, "that is no value; `tenant unset` goes back to the default");
	if (status == OK)
		status = stands(serving, setting->name, &before);
	if (status == OK)
		status = store_set_setting(serving->store, setting, value, &serving->error);
	if (status == OK)
		status = noted(serving, tenant, setting->name, before);
	engine_close(engine);
	store_forget_programs(serving->store);
	return status;
}

int tenant_setting_set(struct serving *serving, const struct tenant *tenant, struct text name, struct text value)
{
	struct arena *arena = serving->line->arena;
	hash_list packs;
	struct pack pack;

	if (stack_of_tenant(serving->store, serving->line->arena, tenant, &packs, &serving->error) != OK)
		return world_error(&serving->error);
	int code = setting_find(serving, &packs, name, &value);
	if (code != EXIT_FINE)
		return code;
	struct source_input test = {.path = TEXT("the setting"),
				    .layer = packs.count - 1,
				    .text = text_format(arena, "test \"the setting\" {\n  given setting %.*s = %.*s\n}\n",
							TEXT_ARGS(name), TEXT_ARGS(value))};
	code = pack_open_stored(&pack, serving->store, &packs, &test);
	if (code == EXIT_FINE && store_begin(serving->store, &serving->error) != OK)
		code = world_error(&serving->error);
	else if (code == EXIT_FINE)
		code = serving_settle(serving, set(serving, &pack, tenant->number));
	pack_close(&pack);
	return code;
}

/* --- secrets */
static void secret_unknown(struct arena *arena, const struct tenant *tenant, const struct program *program, struct text name)
{
	struct text *names = arena_array(arena, struct text, program->setting_count + 1);
	uint32_t count = 0;

	for (uint32_t i = 0; i < program->setting_count; i++)
		if (program->settings[i].type->kind == TYPE_SECRET)
			names[count++] = program->settings[i].name;
	int64_t near = nearest_name(name, names, count);
	if (near >= 0 && text_equal(names[near], name))
		return;
	fprintf(stderr, "stellwerk: no pack that %.*s runs declares `setting %.*s secret`", TEXT_ARGS(tenant->name),
		TEXT_ARGS(name));
	if (near >= 0)
		fprintf(stderr, "; did you mean `%.*s`?", TEXT_ARGS(names[near]));
	fputc('\n', stderr);
}

void tenant_secret_look(struct serving *serving, const struct tenant *tenant, struct text name)
{
	hash_list packs;
	struct pack pack;

	if (stack_of_tenant(serving->store, serving->line->arena, tenant, &packs, &serving->error) != OK)
		return;
	if (pack_open_stored(&pack, serving->store, &packs, NULL) == EXIT_FINE)
		secret_unknown(serving->line->arena, tenant, pack.program, name);
	pack_close(&pack);
}
