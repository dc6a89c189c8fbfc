/* Error sentences and the end of the process when a CHECK fails. Never allocates: it must work when memory is gone. */
#include "engine/base/error.h"
#include "engine/base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

noreturn void check_failed(const char *condition, const char *file, int line)
{
	fprintf(stderr, "stellwerk: bug at %s:%d: `%s` does not hold\n", file, line, condition);
	abort();
}

const char *status_name(enum status status)
{
	static const char *const NAMES[] = {"ok", "not found", "invalid", "conflict", "retry", "denied", "limit", "foreign"};
	return NAMES[status];
}

/* A sentence that was cut ends with a whole character. */
static void end_whole(struct error *error)
{
	size_t length = strlen(error->sentence), last = sizeof(error->sentence) - 1;
	if (length < last)
		return;
	size_t start = last - 1;
	while (start && ((unsigned char)error->sentence[start] & 0xc0) == 0x80)
		start--;
	unsigned char first = (unsigned char)error->sentence[start];
	size_t needed = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (start + needed > last)
		error->sentence[start] = 0;
}

enum status error_set(struct error *error, enum status status, const char *format, ...)
{
	if (!error)
		return status;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(error->sentence, sizeof(error->sentence), format, arguments);
	va_end(arguments);
	end_whole(error);
	error->status = status;
	return status;
}

enum status error_within(struct error *error, const char *format, ...)
{
	char before[sizeof(error->sentence)];
	memcpy(before, error->sentence, sizeof(before));
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(error->sentence, sizeof(error->sentence), format, arguments);
	va_end(arguments);
	size_t used = strlen(error->sentence), left = sizeof(error->sentence) - used - 1;
	strncat(error->sentence, ": ", left);
	strncat(error->sentence, before, left > 2 ? left - 2 : 0);
	end_whole(error);
	return error->status;
}
