/* What a command says when it can not do what it was asked, the same for all of them. Must print to stderr only. */
#include "runtime/command.h"

#include <stdarg.h>
#include <stdio.h>

int usage_error(const struct command_line *line, const char *format, ...)
{
	va_list arguments;
	fprintf(stderr, "stellwerk %s: ", line->command->name);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, "\n`stellwerk help %s` says how it is used\n", line->command->name);
	return EXIT_USAGE;
}

int world_error(const struct error *error)
{
	fprintf(stderr, "stellwerk: %s\n", error->sentence);
	bool unreadable = error->status == NOT_FOUND || error->status == DENIED || error->status == INVALID;
	return unreadable ? EXIT_UNREADABLE : EXIT_BROKEN;
}
