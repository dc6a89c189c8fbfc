/* `stellwerk help`: the commands from commands.def, the messages from diagnostic.def. Says nothing that stands nowhere else. */
#include "dsl/compiler/diagnostic.h"
#include "dsl/compiler/nearest.h"
#include "engine/base/json.h"
#include "runtime/command.h"
#include "runtime/report.h"
#include "runtime/table.h"

static const char EXITS[] = "  0  done, nothing to complain of\n"
			    "  1  errors in the pack, failing tests, rules that failed\n"
			    "  2  the command line is wrong\n"
			    "  3  a file or folder cannot be read, or lines of recorded events (the others were played)\n"
			    "  4  a limit was reached or the store failed\n";

static void help_all(const struct command_line *line)
{
	static const char *const titles[] = {"", ""};
	struct print_table table = table_new(line->arena, titles, 2);
	table.wraps = true;
	printf("stellwerk %s: rules, workflows and clocks of a service desk, written in Flow\n\n", STELLWERK_VERSION);
	styled(stdout, STYLE_BOLD, "Commands\n");
	for (uint32_t i = 0; i < COMMAND_COUNT; i++) {
		table_add(&table, text_from(COMMANDS[i].name), STYLE_CYAN);
		table_add(&table, text_from(COMMANDS[i].summary), STYLE_PLAIN);
	}
	table_print(&table, stdout, 2);
	styled(stdout, STYLE_BOLD, "\nExit codes\n");
	fputs(EXITS, stdout);
	printf("\n`stellwerk help COMMAND` says more, `stellwerk help F0202` explains a message of `check`.\n"
	       "With --json, standard output is one document, or empty; the exit code says whether all was done, and the\n"
	       "standard error why not.\n"
	       "Colours appear on a terminal only, and never when NO_COLOR is set.\n");
}

static void help_command(const struct command_line *line, const struct command *command)
{
	static const char *const titles[] = {"", ""};
	struct print_table table = table_new(line->arena, titles, 2);
	table.wraps = true;
	styled(stdout, STYLE_BOLD, "stellwerk %s", command->name);
	printf(" %s\n\n%s\n", command->arguments, command->help);
	for (uint32_t i = 0; i < command->option_count; i++) {
		const struct option *option = &command->options[i];
		table_add(&table,
			  text_format(line->arena, "--%s%s%s", option->name, option->value ? " " : "",
				      option->value ? option->value : ""),
			  STYLE_CYAN);
		table_add(&table, text_from(option->summary), STYLE_PLAIN);
	}
	if (command->option_count)
		styled(stdout, STYLE_BOLD, "Options\n");
	table_print(&table, stdout, 2);
}

static void help_diagnostic(const struct diagnostic_info *info)
{
	styled(stdout, severity_style(info->severity), "%s", info->code);
	styled(stdout, STYLE_BOLD, "  %s", info->title);
	printf(" (%s)\n\n%s\n", severity_name(info->severity), info->help);
}

static void command_json(struct json_writer *writer, const struct command *command)
{
	json_open_object(writer);
	json_write_name(writer, TEXT("name"));
	json_write_text(writer, text_from(command->name));
	json_write_name(writer, TEXT("arguments"));
	json_write_text(writer, text_from(command->arguments));
	json_write_name(writer, TEXT("summary"));
	json_write_text(writer, text_from(command->summary));
	json_write_name(writer, TEXT("options"));
	json_open_list(writer);
	for (uint32_t i = 0; i < command->option_count; i++) {
		json_open_object(writer);
		json_write_name(writer, TEXT("name"));
		json_write_text(writer, text_from(command->options[i].name));
		json_write_name(writer, TEXT("value"));
		json_write_text(writer, text_from(command->options[i].value ? command->options[i].value : ""));
		json_write_name(writer, TEXT("summary"));
		json_write_text(writer, text_from(command->options[i].summary));
		json_close_object(writer);
	}
	json_close_list(writer);
	json_close_object(writer);
}

static void help_json(const struct command_line *line)
{
	struct text_builder builder = {.arena = line->arena};
	struct json_writer writer = {.text = &builder};
	json_open_object(&writer);
	json_write_name(&writer, TEXT("commands"));
	json_open_list(&writer);
	for (uint32_t i = 0; i < COMMAND_COUNT; i++)
		command_json(&writer, &COMMANDS[i]);
	json_close_list(&writer);
	json_write_name(&writer, TEXT("diagnostics"));
	json_open_list(&writer);
	for (uint32_t i = 0; i < DIAGNOSTIC_COUNT; i++) {
		const struct diagnostic_info *info = diagnostic_info((enum diagnostic_code)i);
		json_open_object(&writer);
		json_write_name(&writer, TEXT("code"));
		json_write_text(&writer, text_from(info->code));
		json_write_name(&writer, TEXT("severity"));
		json_write_text(&writer, text_from(severity_name(info->severity)));
		json_write_name(&writer, TEXT("title"));
		json_write_text(&writer, text_from(info->title));
		json_write_name(&writer, TEXT("help"));
		json_write_text(&writer, text_from(info->help));
		json_close_object(&writer);
	}
	json_close_list(&writer);
	json_close_object(&writer);
	printf("%s\n", builder_text(&builder).bytes);
}

static int help_unknown(const struct command_line *line, const char *word)
{
	struct text names[COMMAND_COUNT_MOST + DIAGNOSTIC_COUNT];
	uint32_t count = 0;
	for (uint32_t i = 0; i < COMMAND_COUNT && i < COMMAND_COUNT_MOST; i++)
		names[count++] = text_from(COMMANDS[i].name);
	for (uint32_t i = 0; i < DIAGNOSTIC_COUNT; i++)
		names[count++] = text_from(diagnostic_info((enum diagnostic_code)i)->code);
	int64_t near = nearest_name(text_from(word), names, count);
	if (near >= 0)
		return usage_error(line, "there is neither a command nor a message `%s`; did you mean `%.*s`?", word,
				   TEXT_ARGS(names[near]));
	return usage_error(line, "there is neither a command nor a message `%s`", word);
}

int cmd_help(const struct command_line *line)
{
	if (line->word_count > 1)
		return usage_error(line, "one command or code at a time");
	if (line->json)
		return help_json(line), EXIT_FINE;
	if (!line->word_count)
		return help_all(line), EXIT_FINE;
	const struct command *command = command_find(line->words[0]);
	const struct diagnostic_info *info = diagnostic_find(text_from(line->words[0]));
	if (command)
		help_command(line, command);
	else if (info)
		help_diagnostic(info);
	else
		return help_unknown(line, line->words[0]);
	return EXIT_FINE;
}
