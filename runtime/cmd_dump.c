/* `stellwerk dump`: what a pack was compiled to, as text. */
#include "runtime/pack.h"
#include "runtime/terminal.h"

static int dump(const struct command_line *line, struct pack *pack, const char *only)
{
	struct text_builder builder = {.arena = &pack->arena};
	program_dump(&builder, pack->program, only ? text_from(only) : TEXT(""));
	struct text text = builder_text(&builder);
	if (!text.length && only) {
		fprintf(stderr, "stellwerk dump: nothing in %s is called `%s`\n", line->words[0], only);
		return EXIT_FINDINGS;
	}
	fwrite(text.bytes, 1, text.length, stdout);
	return EXIT_FINE;
}

int cmd_dump(const struct command_line *line)
{
	struct pack pack;
	if (!line->word_count)
		return usage_error(line, "name the pack to dump, such as rules/default");
	uint32_t paths = pack_paths(line);
	if (line->word_count > paths + 1)
		return usage_error(line, "there is no file or folder `%s`, and only one NAME can be asked for",
				   line->words[paths]);
	int code = pack_open(&pack, line->words, paths, PACK_RUN);
	if (code == EXIT_FINE)
		code = dump(line, &pack, paths < line->word_count ? line->words[paths] : NULL);
	pack_close(&pack);
	return code;
}
