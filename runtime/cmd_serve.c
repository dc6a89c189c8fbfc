/* `stellwerk serve`: reads packs and settings, then lets the service run. */
#include "runtime/command.h"
#include "runtime/files.h"
#include "runtime/pack.h"
#include "runtime/service/serve.h"

enum { CONFIG_MOST = 1 << 20 };

static const char *given(void *context, const char *word)
{
	return option_value(context, word);
}

int cmd_serve(const struct command_line *line)
{
	const char *path = option_value(line, "config");
	struct settings settings;
	struct text config = {0};
	struct error error;
	struct pack pack;

	if (!line->word_count)
		return usage_error(line, "which pack?");
	if (path && file_read(line->arena, path, CONFIG_MOST, &config, &error) != OK)
		return world_error(&error);
	if (settings_read(line->arena, given, (void *)line, path ? path : "", config, &settings, &error) != OK)
		return world_error(&error);
	int code = pack_open(&pack, line->words, line->word_count, PACK_RUN);
	if (code == EXIT_FINE && serve(pack.program, &settings))
		code = EXIT_BROKEN;
	pack_close(&pack);
	return code;
}
