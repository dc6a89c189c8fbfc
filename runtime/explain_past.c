/* Lets the past of a service happen again up to one turn, and draws that one. Must say so when what it draws is not what was
 * recorded then. */
#include "runtime/explain_past.h"

#include <inttypes.h>
#include <stdlib.h>

#include "engine/base/check.h"
#include "engine/base/json.h"
#include "runtime/difference.h"
#include "runtime/explain.h"
#include "runtime/operate/log.h"
#include "runtime/service/replay.h"
#include "runtime/serving.h"
#include "runtime/stacks.h"

struct looking {
	struct serving serving;
	struct arena *arena;
	struct entry entry; /* what is asked about, as it was recorded */
	struct tape tape;
	struct replay *replay;
	struct turn_view view;
	/* the drawing; what was taken back is not in it */
	char *drawn;
	size_t drawn_length;
	FILE *stream;
	struct text_builder json;
};

static int entry_find(struct looking *looking);
static enum status past_repeat(struct looking *looking);
static int result_print(const struct looking *looking);

int explain_past(const struct command_line *line)
{
	struct looking looking = {.arena = line->arena, .json = {.arena = line->arena}};
	const char *rule = option_value(line, "rule");

	looking.view = (struct turn_view){.only = rule ? text_from(rule) : TEXT(""), .everything = option_given(line, "all")};
	log_least(LOG_ERROR); /* what is dead was dead then */
	int code = serving_open(&looking.serving, line);
	if (code == EXIT_FINE)
		code = entry_find(&looking);
	if (code == EXIT_FINE && past_repeat(&looking) != OK)
		code = world_error(&looking.serving.error);
	if (code == EXIT_FINE)
		code = result_print(&looking);
	replay_close(looking.replay);
	serving_close(&looking.serving);
	free(looking.drawn);
	return code;
}

/* --- which turn */
static int entry_find(struct looking *looking)
{
	struct serving *serving = &looking->serving;
	struct entry *entry = &looking->entry;
	const struct tenant *tenant = NULL;
	known_tenants all;
	enum status status = serving_entry(serving, text_from(serving->line->words[0]), entry);

	if (status == OK && (entry->state == ENTRY_PENDING || entry->origin == ENTRY_NOTED))
		status = error_set(&serving->error, NOT_FOUND, "entry %" PRId64 " of the journal %s", entry->number,
				   entry->state == ENTRY_PENDING ? "has not had its turn yet" : "began no turn");
	if (status == OK)
		status = tenants_read(serving->store, looking->arena, &all, &serving->error);
	if (status == OK && !(tenant = tenant_numbered(&all, entry->tenant)))
		status = error_set(&serving->error, NOT_FOUND, "it is of no tenant: `stellwerk why` shows what is known of it");
	if (status == OK)
		status = tape_read(serving->store, &STACK_LOADER, tenant, looking->arena, &looking->tape, &serving->error);
	return status == OK ? EXIT_FINE : world_error(&serving->error);
}

/* --- everything before it, and it */
static void turn_heard(void *context, const struct loaded *loaded, const struct turn *turn)
{
	struct looking *looking = context;
	struct ports ports;

	if (!turn) {
		rewind(looking->stream);
		looking->json.length = 0;
		return;
	}
	store_ports(replay_store(looking->replay), &ports);
	struct drawing drawing = {looking->stream, looking->arena, loaded->program, &ports};
	struct json_writer writer = {.text = &looking->json, .indent = 2};
	if (looking->serving.line->json) {
		json_open_object(&writer);
		turn_write(&drawing, &writer, turn, &looking->view);
		json_close_object(&writer);
	} else {
		turn_draw(&drawing, turn, &looking->view);
	}
}

static enum status past_repeat(struct looking *looking)
{
	struct error *error = &looking->serving.error;
	const struct past_turn *next;
	bool is_it = false;
	enum status status = replay_open(&looking->tape, &looking->replay, error);

	looking->stream = open_memstream(&looking->drawn, &looking->drawn_length);
	CHECK(looking->stream);
	while (status == OK && !is_it && (next = replay_next(looking->replay))) {
		is_it = next->number == looking->entry.number;
		progress("the past", replay_place(looking->replay), looking->tape.turns.count);
		if (is_it)
			replay_listen(looking->replay, turn_heard, looking);
		status = replay_repeat(looking->replay, error);
	}
	progress_end();
	fclose(looking->stream);
	return status == OK && !is_it ? error_set(error, NOT_FOUND, "the journal does not say when it had its turn") : status;
}

/* --- what it came to */
static bool is_as_recorded(const struct looking *looking)
{
	const struct entry *then = &looking->entry, *now = replay_last(looking->replay);

	return (then->state == ENTRY_DONE) == (now->state == ENTRY_DONE) &&
	       text_equal(rules_decided(looking->arena, then->trace), rules_decided(looking->arena, now->trace));
}

static void entry_print(const struct looking *looking)
{
	const struct entry *entry = &looking->entry, *now = replay_last(looking->replay);
	const struct loaded *loaded;
	struct error ignored;
	char handled[MOMENT_TEXT];

	/* the time of its packs, as in the drawing below */
	bool known = replay_loaded(looking->replay, &loaded, &ignored) == OK;
	moment_write_short(entry->handled_at, known ? loaded->program->zone : zone_utc(), handled);
	styled(stdout, STYLE_DIM, "entry %" PRId64 " of the journal of %.*s, which had its turn %s\n", entry->number,
	       TEXT_ARGS(looking->tape.tenant.name), handled);
	if (now->state == ENTRY_DEAD)
		styled(stdout, STYLE_RED, "dead: %.*s\n", TEXT_ARGS(now->sentence));
	else if (!looking->drawn_length)
		styled(stdout, STYLE_YELLOW, "nothing happened: it was there before, or what was due had been cleared\n");
}

static int result_print(const struct looking *looking)
{
	bool same = is_as_recorded(looking);

	if (looking->serving.line->json) {
		puts(looking->json.length ? builder_text((struct text_builder *)&looking->json).bytes : "{}");
	} else {
		entry_print(looking);
		fwrite(looking->drawn, 1, looking->drawn_length, stdout);
	}
	if (same)
		return EXIT_FINE;
	fflush(stdout);
	styled(stderr, STYLE_YELLOW,
	       "This is not what happened then: something has changed that the journal does not know of. `stellwerk why "
	       "%" PRId64 "` shows what was recorded.\n",
	       looking->entry.number);
	return EXIT_FINDINGS;
}
