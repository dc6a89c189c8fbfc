/* Plays recorded events. Given the same packs and files it does the same every time: no time but that of the events. */
#include "runtime/play.h"

#include "runtime/terminal.h"

static int time_option(struct play *play, const char *name, moment *at_out)
{
	const char *text = option_value(play->line, name);

	*at_out = INT64_MIN;
	if (!text)
		return EXIT_FINE;
	struct text whole = text_from(text);
	int64_t blank = text_find(whole, TEXT(" "));
	const struct zone *zone = play->pack.program->zone;
	/* "2026-03-27T16:45 Europe/Berlin", as in a pack */
	if (blank > 0 && zone_find(text_slice(whole, (uint32_t)blank + 1, whole.length), &zone) == OK)
		whole = text_slice(whole, 0, (uint32_t)blank);
	if (moment_parse(whole, zone, at_out) == OK)
		return EXIT_FINE;
	return usage_error(play->line, "--%s: \"%s\" is no time; write it as 2026-03-27T16:45 Europe/Berlin", name, text);
}

int play_open(struct play *play, const struct command_line *line, uint32_t pack_count)
{
	const char *const *files;
	uint32_t count = option_values(line, "events", &files);
	moment first_at;

	*play = (struct play){.line = line};
	if (!pack_count)
		return usage_error(line, "which pack?");
	if (!count)
		return usage_error(line, "which events? --events FILE…");
	int code = pack_open(&play->pack, line->words, pack_count, PACK_RUN);
	if (code == EXIT_FINE)
		code = time_option(play, "at", &first_at);
	if (code == EXIT_FINE)
		code = time_option(play, "until", &play->until);
	if (code == EXIT_FINE && recording_read(line->arena, files, count, first_at, &play->recording, &play->error) != OK)
		code = world_error(&play->error);
	return code;
}

static enum status lines_play(struct play *play, line_listener listener, void *context)
{
	struct recording *recording = &play->recording;
	moment first = recording->lines.count ? recording->lines.items[0].at : play->until != INT64_MIN ? play->until : 0;
	enum status status = world_start(play->world, first, &play->error);
	struct played played;

	for (uint32_t i = 0; i < recording->lines.count && status == OK; i++) {
		progress("events", i, recording->lines.count);
		status = recorded_play(recording, play->world, &recording->lines.items[i], &played, &play->error);
		if (status == OK && listener)
			listener(context, &played);
	}
	if (status == OK && play->until != INT64_MIN)
		status = world_advance(play->world, play->until, &play->error);
	if (status == OK)
		status = world_keep(play->world, &play->error);
	progress_end();
	return status;
}

int play_run(struct play *play, const struct world_options *options, line_listener listener, void *context)
{

	world_close(play->world);
	if (world_open(play->pack.program, options, &play->world, &play->error) != OK)
		return world_error(&play->error);
	if (lines_play(play, listener, context) != OK)
		return world_error(&play->error);
	return EXIT_FINE;
}

void play_close(struct play *play)
{
	world_close(play->world);
	pack_close(&play->pack);
}
