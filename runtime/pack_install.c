/* `stellwerk pack install | list | activate | rollback | history`: packs at run time. Works beside a service that runs, which
 * swaps between two turns, and without one. Must never leave a tenant with half a change: the store has one transaction for it.
 */
#include <inttypes.h>
#include <pwd.h>
#include <unistd.h>

#include "engine/base/json.h"
#include "runtime/operate/wall.h"
#include "runtime/pack_sign.h"
#include "runtime/pack_verbs.h"
#include "runtime/serving.h"
#include "runtime/stacks.h"
#include "runtime/table.h"

enum { HASH_SHOWN = 12 };

static struct text time_text(struct arena *arena, moment at)
{
	char time[MOMENT_TEXT];

	return text_copy(arena, (struct text){time, moment_write_short(at, zone_utc(), time)});
}

static struct text hash_short(struct text hash)
{
	return text_slice(hash, 0, hash.length < HASH_SHOWN ? hash.length : HASH_SHOWN);
}

/* Who sits at the machine: the history says who has activated what. */
static struct text whoever(struct arena *arena)
{
	const struct passwd *user = getpwuid(getuid());

	return user ? text_copy(arena, text_from(user->pw_name)) : text_format(arena, "user %u", (unsigned)getuid());
}

/* --- install */
static enum status packs_keep(struct serving *serving, stored_packs *packs, bool *new)
{
	enum status status = OK;

	for (uint32_t i = 0; i < packs->count && status == OK; i++)
		status = pack_put(serving->store, serving->line->arena, &packs->items[i], &new[i], &serving->error);
	return status;
}

static int install(struct serving *serving, stored_packs *packs)
{
	bool *new = arena_array(serving->line->arena, bool, packs->count + 1);

	if (store_begin(serving->store, &serving->error) != OK)
		return world_error(&serving->error);
	int code = serving_settle(serving, packs_keep(serving, packs, new));
	for (uint32_t i = 0; i < packs->count && code == EXIT_FINE; i++) {
		const struct stored_pack *pack = &packs->items[i];
		printf("%.*s %.*s (%.*s) is %s\n", TEXT_ARGS(pack->name), TEXT_ARGS(pack->version),
		       TEXT_ARGS(hash_short(pack->hash)), new[i] ? "installed" : "installed already");
	}
	return code;
}

/* What was named on the line, and who vouches for each. */
struct installing {
	struct pack_source *sources;
	struct text *signers;
	uint32_t count;
};

static enum status installing_read(const struct command_line *line, struct installing *installing_out, struct error *error)
{
	uint32_t count = line->word_count - 1;
	trusted_keys trusted;
	enum status status = trust_of_line(line, &trusted, error);

	*installing_out = (struct installing){arena_array(line->arena, struct pack_source, count),
					      arena_array(line->arena, struct text, count), count};
	for (uint32_t i = 0; i < count && status == OK; i++)
		status = source_vouched(line, line->words[i + 1], &trusted, &installing_out->sources[i],
					&installing_out->signers[i], error);
	return status;
}

static struct text signer_of(const struct installing *installing, struct text path)
{
	for (uint32_t i = 0; i < installing->count; i++) {
		struct text source = text_from(installing->sources[i].path);
		if (text_starts(path, source) && path.length > source.length && path.bytes[source.length] == '/')
			return installing->signers[i];
	}
	return TEXT("");
}

/* One who has signed all that is in the layer; else nobody. */
static struct text layer_signer(const struct installing *installing, const source_list *sources, uint32_t layer)
{
	struct text signer = TEXT("");
	bool first = true;

	for (uint32_t i = 0; i < sources->count; i++) {
		if (sources->items[i].layer != layer)
			continue;
		struct text one = signer_of(installing, sources->items[i].path);
		if (!first && !text_equal(one, signer))
			return TEXT("");
		signer = one;
		first = false;
	}
	return signer;
}

int pack_verb_install(const struct command_line *line)
{
	struct serving serving = {.line = line};
	struct installing installing;
	source_list sources = {0};
	stored_packs packs;

	if (installing_read(line, &installing, &serving.error) != OK ||
	    sources_read(line->arena, installing.sources, installing.count, false, &sources, &serving.error) != OK ||
	    packs_from_sources(line->arena, sources.items, sources.count, wall_now(), &packs, &serving.error) != OK)
		return world_error(&serving.error);
	for (uint32_t i = 0; i < packs.count; i++)
		packs.items[i].signer = layer_signer(&installing, &sources, i);
	int code = serving_make(&serving, line);
	if (code == EXIT_FINE)
		code = install(&serving, &packs);
	serving_close(&serving);
	return code;
}

/* --- list */
static bool has_pack(const hash_list *packs, struct text hash)
{
	for (uint32_t i = 0; i < packs->count; i++)
		if (text_equal(packs->items[i], hash))
			return true;
	return false;
}

/* The names of those that run it. A tenant without a stack of its own runs `default`'s, and is not named. */
static enum status runners(struct serving *serving, const known_tenants *tenants, const hash_list *stacks, struct text hash,
			   struct text *names_out)
{
	struct text_builder names = {.arena = serving->line->arena};

	for (uint32_t i = 0; i < tenants->count; i++)
		if (has_pack(&stacks[i], hash))
			builder_format(&names, "%s%.*s", names.length ? ", " : "", TEXT_ARGS(tenants->items[i].name));
	*names_out = builder_text(&names);
	return OK;
}

static enum status stacks_of(struct serving *serving, const known_tenants *tenants, hash_list *stacks)
{
	enum status status = OK;

	for (uint32_t i = 0; i < tenants->count && status == OK; i++)
		if (tenants->items[i].has_stack)
			status = stack_read(serving->store, serving->line->arena, tenants->items[i].stack, &stacks[i],
					    &serving->error);
	return status;
}

static void pack_json(struct json_writer *writer, const struct stored_pack *pack, struct text names)
{
	char time[MOMENT_TEXT];
	const struct {
		const char *name;
		struct text value;
	} members[] = {{"name", pack->name},
		       {"version", pack->version},
		       {"hash", pack->hash},
		       {"signer", pack->signer},
		       {"installed_at", {time, moment_write(pack->installed_at, zone_utc(), time)}},
		       {"run_by", names}};

	json_open_object(writer);
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		json_write_name(writer, text_from(members[i].name));
		json_write_text(writer, members[i].value);
	}
	json_close_object(writer);
}

static int packs_print(struct serving *serving, const stored_packs *packs, const known_tenants *tenants,
		       const hash_list *stacks)
{
	static const char *const titles[] = {"name", "version", "hash", "installed", "signed by", "run by"};
	struct arena *arena = serving->line->arena;
	struct print_table table = table_new(arena, titles, 6);
	struct text_builder text = {.arena = arena};
	struct json_writer writer = {.text = &text, .indent = 2};

	json_open_list(&writer);
	for (uint32_t i = 0; i < packs->count; i++) {
		const struct stored_pack *pack = &packs->items[i];
		struct text names;
		if (runners(serving, tenants, stacks, pack->hash, &names) != OK)
			return world_error(&serving->error);
		pack_json(&writer, pack, names);
		table_add(&table, pack->name, STYLE_BOLD);
		table_add(&table, pack->version, STYLE_PLAIN);
		table_add(&table, hash_short(pack->hash), STYLE_DIM);
		table_add(&table, time_text(arena, pack->installed_at), STYLE_DIM);
		table_add(&table, pack->signer.length ? pack->signer : TEXT("nobody"),
			  pack->signer.length ? STYLE_PLAIN : STYLE_YELLOW);
		table_add(&table, names, STYLE_PLAIN);
	}
	json_close_list(&writer);
	if (serving->line->json)
		puts(builder_text(&text).bytes);
	else if (packs->count)
		table_print(&table, stdout, 0);
	else
		puts("no pack is installed");
	return EXIT_FINE;
}

static int list(struct serving *serving)
{
	stored_packs packs;
	known_tenants tenants;

	if (packs_read(serving->store, serving->line->arena, &packs, &serving->error) != OK ||
	    tenants_read(serving->store, serving->line->arena, &tenants, &serving->error) != OK)
		return world_error(&serving->error);
	hash_list *stacks = arena_array(serving->line->arena, hash_list, tenants.count + 1);
	if (stacks_of(serving, &tenants, stacks) != OK)
		return world_error(&serving->error);
	return packs_print(serving, &packs, &tenants, stacks);
}

static int with_store(const struct command_line *line, int (*run)(struct serving *serving))
{
	struct serving serving;
	int code = serving_make(&serving, line);

	if (code == EXIT_FINE)
		code = run(&serving);
	serving_close(&serving);
	return code;
}

int pack_verb_list(const struct command_line *line)
{
	return with_store(line, list);
}

/* --- activate */
static int tenant_named(struct serving *serving, struct tenant *tenant_out)
{
	const char *name = option_value(serving->line, "tenant");

	if (tenant_find(serving->store, serving->line->arena, text_from(name ? name : "default"), tenant_out,
			&serving->error) != OK)
		return world_error(&serving->error);
	return EXIT_FINE;
}

/* NAME: the newest of that name; NAME@VERSION; or the begin of a hash. */
static bool is_called(struct arena *arena, const struct stored_pack *pack, struct text word)
{
	return text_equal(pack->name, word) ||
	       text_equal(text_format(arena, "%.*s@%.*s", TEXT_ARGS(pack->name), TEXT_ARGS(pack->version)), word) ||
	       (word.length >= HASH_SHOWN && text_starts(pack->hash, word));
}

static int stack_named(struct serving *serving, hash_list *hashes)
{
	struct arena *arena = serving->line->arena;
	stored_packs packs;

	if (packs_read(serving->store, arena, &packs, &serving->error) != OK)
		return world_error(&serving->error);
	for (uint32_t w = 1; w < serving->line->word_count; w++) {
		const char *word = serving->line->words[w];
		uint32_t i = 0;
		while (i < packs.count && !is_called(arena, &packs.items[i], text_from(word)))
			i++;
		if (i == packs.count) {
			error_set(&serving->error, NOT_FOUND, "no pack `%s` is installed; `pack list` shows what is", word);
			return world_error(&serving->error);
		}
		*list_add(arena, hashes) = packs.items[i].hash;
	}
	return EXIT_FINE;
}

static void changes_print(struct text changes)
{
	uint32_t from = 0;

	if (!changes.length)
		puts("the tables stay as they are");
	for (uint32_t i = 0; i < changes.length; i++) {
		if (changes.bytes[i] != '\n')
			continue;
		printf("  %.*s\n", TEXT_ARGS(text_slice(changes, from, i)));
		from = i + 1;
	}
}

static int stack_switch(struct serving *serving, const struct tenant *tenant, const hash_list *packs, int64_t origin)
{
	struct arena *arena = serving->line->arena;
	bool only_shows = option_given(serving->line, "dry-run");
	struct text changes;
	struct pack pack;
	int code = pack_open_stored(&pack, serving->store, packs, NULL);

	if (code == EXIT_FINE) {
		struct activating activating = {.program = pack.program,
						.packs = packs,
						.tenant = tenant->number,
						.tenant_name = tenant->name,
						.origin = origin,
						.at = wall_now(),
						.by = whoever(arena),
						.call = service_call,
						.only_shows = only_shows};
		if (stack_activate(serving->store, &activating, arena, &changes, &serving->error) != OK)
			code = world_error(&serving->error);
	}
	if (code == EXIT_FINE) {
		changes_print(changes);
		printf("%.*s %s %.*s %.*s\n", TEXT_ARGS(tenant->name), only_shows ? "would run" : "runs",
		       TEXT_ARGS(pack.program->name), TEXT_ARGS(pack.program->version));
		if (!only_shows)
			service_ring(&serving->settings);
	} else {
		fprintf(stderr, "nothing was changed: %.*s runs what it ran\n", TEXT_ARGS(tenant->name));
	}
	pack_close(&pack);
	return code;
}

static int activate(struct serving *serving)
{
	struct tenant tenant;
	hash_list packs = {0};
	int code = tenant_named(serving, &tenant);

	if (code == EXIT_FINE)
		code = stack_named(serving, &packs);
	return code == EXIT_FINE ? stack_switch(serving, &tenant, &packs, 0) : code;
}

int pack_verb_activate(const struct command_line *line)
{
	return with_store(line, activate);
}

/* --- back */
static const struct activation *activation_of(const activation_list *past, int64_t number)
{
	for (uint32_t i = 0; i < past->count; i++)
		if (past->items[i].number == number)
			return &past->items[i];
	return NULL;
}

/* What ran when the stack that runs now came: so again and again it goes further back, and never to and fro. */
static const struct activation *activation_before(const activation_list *past)
{
	const struct activation *current = past->count ? &past->items[past->count - 1] : NULL;
	const struct activation *last = current ? activation_of(past, current->origin - 1) : NULL;

	return last ? activation_of(past, last->origin) : NULL;
}

static int rollback(struct serving *serving)
{
	struct tenant tenant;
	activation_list past;
	hash_list packs;
	int code = tenant_named(serving, &tenant);

	if (code != EXIT_FINE)
		return code;
	if (activations_read(serving->store, serving->line->arena, tenant.number, &past, &serving->error) != OK)
		return world_error(&serving->error);
	const struct activation *before = activation_before(&past);
	if (!before) {
		error_set(&serving->error, NOT_FOUND, "%.*s had no stack of packs before this one", TEXT_ARGS(tenant.name));
		return world_error(&serving->error);
	}
	if (stack_read(serving->store, serving->line->arena, before->stack, &packs, &serving->error) != OK)
		return world_error(&serving->error);
	return stack_switch(serving, &tenant, &packs, before->number);
}

int pack_verb_rollback(const struct command_line *line)
{
	return with_store(line, rollback);
}

/* --- history */
static enum status packs_text(struct serving *serving, const stored_packs *packs, uint64_t stack, struct text *names_out)
{
	struct text_builder names = {.arena = serving->line->arena};
	hash_list hashes;
	enum status status = stack_read(serving->store, serving->line->arena, stack, &hashes, &serving->error);

	for (uint32_t i = 0; status == OK && i < packs->count; i++)
		if (has_pack(&hashes, packs->items[i].hash))
			builder_format(&names, "%s%.*s@%.*s", names.length ? " " : "", TEXT_ARGS(packs->items[i].name),
				       TEXT_ARGS(packs->items[i].version));
	*names_out = builder_text(&names);
	return status;
}

static int history(struct serving *serving)
{
	static const char *const titles[] = {">number", "at", "by", "stack", "packs", "what"};
	struct arena *arena = serving->line->arena;
	struct print_table table = table_new(arena, titles, 6);
	struct tenant tenant;
	activation_list past;
	stored_packs packs;
	int code = tenant_named(serving, &tenant);

	if (code != EXIT_FINE)
		return code;
	if (activations_read(serving->store, arena, tenant.number, &past, &serving->error) != OK ||
	    packs_read(serving->store, arena, &packs, &serving->error) != OK)
		return world_error(&serving->error);
	for (uint32_t i = 0; i < past.count; i++) {
		const struct activation *each = &past.items[i];
		struct text names;
		if (packs_text(serving, &packs, each->stack, &names) != OK)
			return world_error(&serving->error);
		table_add_number(&table, each->number);
		table_add(&table, time_text(arena, each->at), STYLE_DIM);
		table_add(&table, each->by, STYLE_PLAIN);
		table_add(&table, program_hash_text(arena, each->stack), STYLE_DIM);
		table_add(&table, names, STYLE_BOLD);
		table_add(&table,
			  each->origin == each->number ? TEXT("activated")
						       : text_format(arena, "back to %" PRId64, each->origin),
			  STYLE_PLAIN);
	}
	if (past.count)
		table_print(&table, stdout, 0);
	else
		printf("%.*s has no stack of its own: it runs what default runs\n", TEXT_ARGS(tenant.name));
	return EXIT_FINE;
}

int pack_verb_history(const struct command_line *line)
{
	return with_store(line, history);
}
