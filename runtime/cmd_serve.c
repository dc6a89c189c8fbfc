/* `stellwerk serve`: reads packs and settings, then lets the service run. */
#include "runtime/command.h"
#include "runtime/files.h"
#include "runtime/operate/wall.h"
#include "runtime/pack.h"
#include "runtime/service/serve.h"
#include "runtime/stacks.h"

enum { CONFIG_MOST = 1 << 20 };

static const char *given(void *context, const char *word)
{
	return option_value(context, word);
}

static int stored_serve(const struct settings *settings)
{
	struct served served = {0};

	return serve(&served, &STACK_LOADER, settings) ? EXIT_BROKEN : EXIT_FINE;
}

static int packs_serve(const struct command_line *line, const struct settings *settings)
{
	struct pack pack;
	struct served served = {0};
	struct error error;
	int code = pack_open(&pack, line->words, line->word_count, PACK_RUN);

	if (code == EXIT_FINE &&
	    packs_from_sources(line->arena, pack.inputs, pack.input_count, wall_now(), &served.packs, &error) != OK)
		code = world_error(&error);
	served.program = pack.program;
	if (code == EXIT_FINE && serve(&served, &STACK_LOADER, settings))
		code = EXIT_BROKEN;
	pack_close(&pack);
	return code;
}

int cmd_serve(const struct command_line *line)
{
	const char *path = option_value(line, "config");
	struct settings settings;
	struct text config = {0};
	struct error error;

	if (path && file_read(line->arena, path, CONFIG_MOST, &config, &error) != OK)
		return world_error(&error);
	if (settings_read(line->arena, given, (void *)line, path ? path : "", config, &settings, &error) != OK)
		return world_error(&error);
	return line->word_count ? packs_serve(line, &settings) : stored_serve(&settings);
}
