/* `stellwerk COMMAND …`: reads the command line against commands.def and calls the command. Knows no command by itself. */
#include "dsl/compiler/nearest.h"
#include "runtime/command.h"
#include "runtime/terminal.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define COMMAND(name, arguments, summary, help) static const struct option OPTIONS_##name[] = {
#define OPTION(name, kind, value, summary) {name, OPTION_##kind, value, summary},
#define END                                                                                                                    \
	{                                                                                                                      \
	}                                                                                                                      \
	}                                                                                                                      \
	;
#include "runtime/commands.def"
#undef COMMAND
#undef OPTION
#undef END

const struct command COMMANDS[] = {
#define COMMAND(name, arguments, summary, help)                                                                                \
	{#name, arguments, summary, help, cmd_##name, OPTIONS_##name, sizeof(OPTIONS_##name) / sizeof(struct option) - 1},
#define OPTION(name, kind, value, summary)
#define END
#include "runtime/commands.def"
#undef COMMAND
#undef OPTION
#undef END
};
const uint32_t COMMAND_COUNT = sizeof(COMMANDS) / sizeof(*COMMANDS);
_Static_assert(sizeof(COMMANDS) / sizeof(*COMMANDS) <= COMMAND_COUNT_MOST, "room for all names");

const struct command *command_find(const char *name)
{
	for (uint32_t i = 0; i < COMMAND_COUNT; i++)
		if (!strcmp(COMMANDS[i].name, name))
			return &COMMANDS[i];
	return NULL;
}

/* --- reading the line */
static int option_index(const struct command_line *line, struct text name)
{
	for (uint32_t i = 0; i < line->command->option_count; i++)
		if (text_is(name, line->command->options[i].name))
			return (int)i;
	return -1;
}

static int unknown_option(const struct command_line *line, const char *word, struct text name)
{
	struct text names[64];
	uint32_t count = line->command->option_count;
	for (uint32_t i = 0; i < count && i < 64; i++)
		names[i] = text_from(line->command->options[i].name);
	int64_t near = nearest_name(name, names, count);
	if (near >= 0)
		return usage_error(line, "there is no option `%s`; did you mean `--%s`?", word,
				   line->command->options[near].name);
	return usage_error(line, "there is no option `%s`", word);
}

static bool is_file(const char *path)
{
	FILE *file = fopen(path, "r");
	if (file)
		fclose(file);
	return file != NULL;
}

/* argv[*at] is an option; moves *at behind what belongs to it. */
static int option_read(struct command_line *line, int argc, char **argv, int *at)
{
	const char *word = argv[(*at)++];
	const char *equals = strchr(word, '=');
	struct text name = {word + 2, (uint32_t)(equals ? equals - word - 2 : (ptrdiff_t)strlen(word) - 2)};
	int index = option_index(line, name);
	if (index < 0)
		return unknown_option(line, word, name);
	const struct option *option = &line->command->options[index];
	if (option->kind == OPTION_FLAG && equals)
		return usage_error(line, "`--%s` takes no value", option->name);
	if (option->kind == OPTION_FLAG) {
		*list_add(line->arena, &line->values[index]) = "";
		return EXIT_FINE;
	}
	if (!equals && *at >= argc)
		return usage_error(line, "`--%s` needs %s behind it", option->name, option->value);
	*list_add(line->arena, &line->values[index]) = equals ? equals + 1 : argv[(*at)++];
	while (option->kind == OPTION_FILES && *at < argc && is_file(argv[*at]))
		*list_add(line->arena, &line->values[index]) = argv[(*at)++];
	return EXIT_FINE;
}

static int line_read(struct command_line *line, int argc, char **argv)
{
	LIST(const char *) words = {0};
	bool only_words = false;
	line->values = arena_alloc(line->arena, sizeof(*line->values) * (line->command->option_count + 1));
	for (int at = 0; at < argc;) {
		const char *word = argv[at];
		if (!only_words && !strcmp(word, "--")) {
			only_words = true;
			at++;
		} else if (!only_words && word[0] == '-' && word[1] == '-') {
			int code = option_read(line, argc, argv, &at);
			if (code != EXIT_FINE)
				return code;
		} else {
			*list_add(line->arena, &words) = argv[at++];
		}
	}
	line->words = words.items;
	line->word_count = words.count;
	line->json = option_given(line, "json");
	return EXIT_FINE;
}

bool option_given(const struct command_line *line, const char *name)
{
	int index = option_index(line, text_from(name));
	return index >= 0 && line->values[index].count;
}

const char *option_value(const struct command_line *line, const char *name)
{
	int index = option_index(line, text_from(name));
	return index >= 0 && line->values[index].count ? *list_last(&line->values[index]) : NULL;
}

uint32_t option_values(const struct command_line *line, const char *name, const char *const **values_out)
{
	int index = option_index(line, text_from(name));
	*values_out = index < 0 ? NULL : (const char *const *)line->values[index].items;
	return index < 0 ? 0 : line->values[index].count;
}

/* --- commands */
static int unknown_command(const char *word)
{
	struct text names[COMMAND_COUNT_MOST];
	for (uint32_t i = 0; i < COMMAND_COUNT; i++)
		names[i] = text_from(COMMANDS[i].name);
	int64_t near = nearest_name(text_from(word), names, COMMAND_COUNT);
	fprintf(stderr, "stellwerk: there is no command `%s`", word);
	if (near >= 0)
		fprintf(stderr, "; did you mean `%s`?", COMMANDS[near].name);
	fprintf(stderr, "\n`stellwerk help` lists them all\n");
	return EXIT_USAGE;
}

static bool asks_for_help(int argc, char **argv)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return true;
	return false;
}

static int command_run(const char *name, int argc, char **argv)
{
	struct arena arena;
	struct command_line line = {.arena = &arena, .command = command_find(name)};
	char *about[] = {(char *)name};
	if (!line.command)
		return unknown_command(name);
	if (asks_for_help(argc, argv)) {
		line.command = command_find("help");
		argv = about;
		argc = 1;
	}
	arena_init(&arena, "command", 0);
	int code = line_read(&line, argc, argv);
	if (code == EXIT_FINE)
		code = line.command->run(&line);
	arena_release(&arena);
	return code;
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN); /* `| head` ends the output, not the work */
	terminal_open();
	int code;
	if (argc > 1 && (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))) {
		puts("stellwerk " STELLWERK_VERSION);
		code = EXIT_FINE;
	} else if (argc < 2 || asks_for_help(1, argv + 1)) {
		code = command_run("help", 0, NULL);
	} else {
		code = command_run(argv[1], argc - 2, argv + 2);
	}
	if (argc < 2)
		code = EXIT_USAGE;
	return fflush(stdout) && code == EXIT_FINE ? EXIT_BROKEN : code;
}
