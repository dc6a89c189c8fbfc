/* `stellwerk replay`: the recorded past of a service once more, from some moment on with other packs; and what would have been
 * different. Must never write into the store of the service. */
#include <inttypes.h>
#include <stdlib.h>

#include "engine/model/duration.h"
#include "runtime/difference.h"
#include "runtime/operate/log.h"
#include "runtime/operate/wall.h"
#include "runtime/serving.h"
#include "runtime/stacks.h"
#include "runtime/terminal.h"

enum { MOST_NAMED = 20, MOST_NAMED_JSON = 1000, DAY_SECONDS = 86400 };

struct replaying {
	struct serving serving;
	const struct command_line *line;
	struct arena *arena;
	struct tenant tenant;
	struct tape tape;
	moment since, parted_at;
	struct replay *then, *now;
	struct parting parting;
	uint32_t repeated; /* entries before the parting */
	struct fidelity fidelity;
	struct pack pack;   /* the stack of now, compiled */
	stored_packs given; /* of --pack */
	hash_list packs;
	struct difference difference;
};

static int line_read(struct replaying *replaying);
static enum status past_repeat(struct replaying *replaying);
static int packs_choose(struct replaying *replaying);
static enum status both_go_on(struct replaying *replaying);
static void result_print(const struct replaying *replaying);
static void result_write(const struct replaying *replaying);

static int replay_run(struct replaying *replaying)
{
	if (past_repeat(replaying) != OK)
		return world_error(&replaying->serving.error);
	int code = packs_choose(replaying);
	if (code == EXIT_FINE && both_go_on(replaying) != OK)
		code = world_error(&replaying->serving.error);
	if (code != EXIT_FINE)
		return code;
	(replaying->line->json ? result_write : result_print)(replaying);
	return difference_is_none(&replaying->difference) && !replaying->fidelity.other ? EXIT_FINE : EXIT_FINDINGS;
}

int cmd_replay(const struct command_line *line)
{
	struct replaying replaying = {.line = line, .arena = line->arena};

	log_least(LOG_ERROR); /* what is dead was dead then */
	int code = serving_open(&replaying.serving, line);
	if (code == EXIT_FINE)
		code = line_read(&replaying);
	if (code == EXIT_FINE)
		code = replay_run(&replaying);
	progress_end();
	replay_close(replaying.then);
	replay_close(replaying.now);
	pack_close(&replaying.pack);
	serving_close(&replaying.serving);
	return code;
}

/* --- what is asked for */
/* "30d", "12h", "2 weeks", "2026-03-27", "2026-03-27T16:45:00+01:00"; without an offset in UTC. */
static bool since_read(struct text text, moment now, moment *since_out)
{
	struct value duration;
	date day;

	if (moment_parse(text, NULL, since_out) == OK)
		return true;
	if (date_parse(text, &day) == OK) {
		*since_out = (moment)day * DAY_SECONDS;
		return true;
	}
	if (duration_parse(text, &duration, NULL) != OK || duration.integer < 0)
		return false;
	if (duration.unit != UNIT_SECOND && duration.unit != UNIT_DAY)
		return false;
	*since_out = now - duration.integer * (duration.unit == UNIT_DAY ? DAY_SECONDS : 1);
	return true;
}

static bool most_read(const struct command_line *line, uint32_t *most_out)
{
	const char *text = option_value(line, "most");
	char *end;

	*most_out = line->json ? MOST_NAMED_JSON : MOST_NAMED;
	if (!text)
		return true;
	long most = strtol(text, &end, 10);
	*most_out = (uint32_t)most;
	return end != text && !*end && most >= 0 && most <= INT32_MAX;
}

static int line_read(struct replaying *replaying)
{
	const struct command_line *line = replaying->line;
	struct serving *serving = &replaying->serving;
	const char *since = option_value(line, "since"), *tenant = option_value(line, "tenant");

	if (line->word_count)
		return usage_error(line, "the packs stand behind --pack: --pack %s", line->words[0]);
	if (!since)
		return usage_error(line, "since when? --since 30d, or --since 2026-03-27");
	if (!since_read(text_from(since), wall_now(), &replaying->since))
		return usage_error(
			line, "--since: \"%s\" is neither a time nor so and so long ago; write it as 30d, 12h or 2026-03-27",
			since);
	if (!most_read(line, &replaying->difference.most))
		return usage_error(line, "--most is a number");
	enum status status = tenant_find(serving->store, replaying->arena, text_from(tenant ? tenant : "default"),
					 &replaying->tenant, &serving->error);
	if (status == OK)
		status = tape_read(serving->store, &STACK_LOADER, &replaying->tenant, replaying->arena, &replaying->tape,
				   &serving->error);
	if (status == OK && !replaying->tape.turns.count)
		status = error_set(&serving->error, NOT_FOUND, "nothing has happened for the tenant `%.*s` yet",
				   TEXT_ARGS(replaying->tenant.name));
	return status == OK ? EXIT_FINE : world_error(&serving->error);
}

/* --- up to there everything happens as it did */
static enum status past_repeat(struct replaying *replaying)
{
	struct error *error = &replaying->serving.error;
	const past_turns *turns = &replaying->tape.turns;
	const struct past_turn *next;
	enum status status = replay_open(&replaying->tape, &replaying->then, error);

	while (status == OK && (next = replay_next(replaying->then)) && next->at < replaying->since) {
		progress("the past", replay_place(replaying->then), turns->count);
		status = replay_repeat(replaying->then, error);
	}
	if (status != OK)
		return status;
	replaying->repeated = replay_place(replaying->then);
	next = replay_next(replaying->then);
	if (!next)
		return error_set(error, NOT_FOUND, "nothing has happened for the tenant `%.*s` since then",
				 TEXT_ARGS(replaying->tenant.name));
	replaying->parted_at = next->at > replaying->since ? next->at : replaying->since;
	status = fidelity_find(&replaying->tape, replaying->then, replaying->since, replaying->arena, &replaying->fidelity,
			       error);
	if (status == OK)
		status = replay_fork(replaying->then, &replaying->now, error);
	return status == OK ? parting_here(replaying->then, replaying->parted_at, &replaying->parting, error) : status;
}

/* --- from there on, other packs */
static struct text name_of(const stored_packs *packs, struct text hash)
{
	for (uint32_t i = 0; i < packs->count; i++)
		if (text_equal(packs->items[i].hash, hash))
			return packs->items[i].name;
	return TEXT("");
}

/* In the place of the one of its name; one that is new stands on top. */
static void pack_place(struct replaying *replaying, const struct stored_pack *pack)
{
	for (uint32_t i = 0; i < replaying->packs.count; i++) {
		if (!text_equal(name_of(&replaying->tape.packs, replaying->packs.items[i]), pack->name))
			continue;
		replaying->packs.items[i] = pack->hash;
		return;
	}
	*list_add(replaying->arena, &replaying->packs) = pack->hash;
}

static enum status given_read(struct replaying *replaying)
{
	struct error *error = &replaying->serving.error;
	const char *const *paths;
	uint32_t count = option_values(replaying->line, "pack", &paths);
	source_list sources = {0};
	enum status status = OK;
	bool is_new;

	if (!count)
		return OK;
	status = files_read(replaying->arena, paths, count, false, &sources, error);
	if (status == OK)
		status = packs_from_sources(replaying->arena, sources.items, sources.count, replaying->parted_at,
					    &replaying->given, error);
	for (uint32_t i = 0; status == OK && i < replaying->given.count; i++) {
		status = pack_put(replay_store(replaying->now), replaying->arena, &replaying->given.items[i], &is_new, error);
		pack_place(replaying, &replaying->given.items[i]);
	}
	return status;
}

static int packs_choose(struct replaying *replaying)
{
	struct error *error = &replaying->serving.error;
	enum status status =
		stack_of_tenant(replaying->serving.store, replaying->arena, &replaying->tenant, &replaying->packs, error);

	if (status == OK)
		status = given_read(replaying);
	if (status == OK)
		status = replay_keep_packs(replaying->now, &replaying->packs, error);
	if (status != OK)
		return world_error(error);
	int code = pack_open_stored(&replaying->pack, replay_store(replaying->now), &replaying->packs, NULL);
	if (code != EXIT_FINE)
		return code;
	status = replay_use(replaying->now, replaying->pack.program, &replaying->packs, replaying->parted_at, error);
	if (status != OK)
		error_within(error, "these packs can not be activated over the records of then");
	return status == OK ? EXIT_FINE : world_error(error);
}

static enum status go_on(struct replaying *replaying, struct replay *replay, const char *what)
{
	enum status status = OK;

	while (status == OK && replay_next(replay)) {
		progress(what, replay_place(replay), replaying->tape.turns.count);
		status = replay_go_on(replay, &replaying->serving.error);
	}
	return status;
}

static enum status both_go_on(struct replaying *replaying)
{
	enum status status = go_on(replaying, replaying->then, "as it was");

	if (status == OK)
		status = go_on(replaying, replaying->now, "with these packs");
	if (status == OK)
		status = difference_find(&replaying->tape, replaying->then, replaying->now, &replaying->parting,
					 replaying->difference.most, replaying->arena, &replaying->difference,
					 &replaying->serving.error);
	return status;
}

/* --- what came of it */
static void packs_print(const struct replaying *replaying)
{
	const stored_packs *installed = &replaying->tape.packs, *given = &replaying->given;

	fputs("with", stdout);
	for (uint32_t i = 0; i < replaying->packs.count; i++) {
		struct text hash = replaying->packs.items[i];
		bool is_given = name_of(given, hash).length;
		const stored_packs *from = is_given ? given : installed;
		for (uint32_t k = 0; k < from->count; k++)
			if (text_equal(from->items[k].hash, hash))
				styled(stdout, is_given ? STYLE_BOLD : STYLE_PLAIN, " %.*s %.*s%s",
				       TEXT_ARGS(from->items[k].name), TEXT_ARGS(from->items[k].version), is_given ? "*" : "");
	}
	putchar('\n');
}

static void head_print(const struct replaying *replaying)
{
	const struct replay_said *said = replay_said(replaying->now);
	const struct past_turn *last = list_last(&replaying->tape.turns);
	char from[MOMENT_TEXT], to[MOMENT_TEXT];

	moment_write_short(replaying->parted_at, zone_utc(), from);
	moment_write_short(last->at, zone_utc(), to);
	styled(stdout, STYLE_BOLD, "%.*s, %s to %s (UTC), once more ", TEXT_ARGS(replaying->tenant.name), from, to);
	packs_print(replaying);
	printf("%u from outside came again, %u timers were due, %u calls were answered as then", said->outside, said->own,
	       said->answered);
	if (said->unasked)
		printf("; %u answers of then found nobody who had asked", said->unasked);
	putchar('\n');
}

static void fidelity_print(const struct replaying *replaying)
{
	const struct fidelity *fidelity = &replaying->fidelity;
	char id[RECORD_ID_TEXT + 1];

	if (!replaying->repeated) {
		styled(stdout, STYLE_DIM, "nothing had happened before that\n");
		return;
	}
	if (!fidelity->other) {
		styled(stdout, STYLE_DIM, "%u turns before that were repeated, and changed exactly what is recorded of them\n",
		       replaying->repeated);
		return;
	}
	record_id_write(fidelity->first, id);
	styled(stdout, STYLE_YELLOW,
	       "%u of %u turns before that came to something else than what is recorded of them (the first: %s): what follows "
	       "begins with other records than there were\n",
	       fidelity->other, fidelity->turns, id);
}

static void result_print(const struct replaying *replaying)
{
	progress_end();
	head_print(replaying);
	fidelity_print(replaying);
	if (difference_is_none(&replaying->difference))
		styled(stdout, STYLE_GREEN, "\nNothing would have been different: %u turns, %u records\n",
		       replaying->difference.turns, replaying->difference.records);
	else
		difference_print(&replaying->difference);
}

static void result_write(const struct replaying *replaying)
{
	const struct replay_said *said = replay_said(replaying->now);
	struct text_builder text = {.arena = replaying->arena};
	struct json_writer writer = {.text = &text, .indent = 2};

	progress_end();
	json_open_object(&writer);
	json_write_member_int(&writer, "repeated", replaying->repeated);
	json_write_member_int(&writer, "repeated_otherwise", replaying->fidelity.other);
	json_write_member_int(&writer, "outside", said->outside);
	json_write_member_int(&writer, "timers", said->own);
	json_write_member_int(&writer, "answered", said->answered);
	json_write_member_int(&writer, "unasked", said->unasked);
	difference_write(&replaying->difference, &writer);
	json_close_object(&writer);
	puts(builder_text(&text).bytes);
}
