/* A command of `stellwerk`: one row of commands.def, one function cmd_NAME in cmd_NAME.c, which gets its line read and checked
 * against the row. */
#ifndef RUNTIME_COMMAND_H
#define RUNTIME_COMMAND_H

#include "engine/base/error.h"
#include "engine/base/list.h"
#include "engine/base/text.h"

/* The same for every command; `stellwerk help` says them. */
enum exit_code {
	EXIT_FINE,       /* done, and nothing to complain of */
	EXIT_FINDINGS,   /* errors in the pack, failing tests, a rule that failed */
	EXIT_USAGE,      /* the command line is wrong */
	EXIT_UNREADABLE, /* a file or folder, or a line of recorded events, cannot be read or written */
	EXIT_BROKEN,     /* a limit was reached, or the store failed: what was asked could not be done */
};

struct command_line;

enum option_kind {
	OPTION_FLAG,
	OPTION_VALUE, /* --at TIME or --at=TIME; may stand again (option_values) */
	OPTION_FILES, /* --events FILE…: the next word, and the words behind it that name files */
};

struct option {
	const char *name; /* "json" for --json */
	enum option_kind kind;
	const char *value; /* "FILE", for help */
	const char *summary;
};

struct command {
	const char *name;
	const char *arguments; /* "PACK… [NAME]", for help */
	const char *summary, *help;
	int (*run)(const struct command_line *line); /* enum exit_code */
	const struct option *options;
	uint32_t option_count;
};

struct command_line {
	struct arena *arena; /* lives as long as the command */
	const struct command *command;
	const char *const *words; /* what is no option */
	uint32_t word_count;
	LIST(const char *) * values; /* by option */
	bool json;                   /* --json, which most commands have */
};

enum { COMMAND_COUNT_MOST = 32 };

extern const struct command COMMANDS[];
extern const uint32_t COMMAND_COUNT;
const struct command *command_find(const char *name); /* NULL: none */

/* cmd_check, cmd_help, … */
#define COMMAND(name, arguments, summary, help) int cmd_##name(const struct command_line *line);
#define OPTION(name, kind, value, summary)
#define END
#include "runtime/commands.def"
#undef COMMAND
#undef OPTION
#undef END

bool option_given(const struct command_line *line, const char *name);
/* The last value; NULL when it is not given. */
const char *option_value(const struct command_line *line, const char *name);
/* All values in their order. */
uint32_t option_values(const struct command_line *line, const char *name, const char *const **values_out);

/* "stellwerk check: what; `stellwerk help check` says how" on stderr. Returns EXIT_USAGE. */
int usage_error(const struct command_line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "stellwerk: sentence" on stderr. Returns the exit code that fits the status. */
int world_error(const struct error *error);

#endif
