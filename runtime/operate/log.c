/* Log lines, each one write: lines of several processes do not mix. Must never fail its caller. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/json.h"
#include "runtime/operate/log.h"

static const char *const LEVELS[] = {"debug", "info", "warning", "error"};
static const char *role = "stellwerk";
static enum log_level least = LOG_INFO;

void log_role(const char *name)
{
	role = name;
}

void log_least(enum log_level level)
{
	least = level;
}

static uint32_t time_write(char *buffer, size_t size)
{
	struct timeval now;
	struct tm utc;

	gettimeofday(&now, NULL);
	gmtime_r(&now.tv_sec, &utc);
	size_t length = strftime(buffer, size, "%Y-%m-%dT%H:%M:%S", &utc);
	return (uint32_t)(length + (size_t)snprintf(buffer + length, size - length, ".%03dZ", (int)(now.tv_usec / 1000)));
}

static struct text line_for_tools(struct arena *arena, enum log_level level, struct text time, struct text sentence)
{
	struct text_builder text = {.arena = arena};
	struct json_writer writer = {.text = &text};

	json_open_object(&writer);
	json_write_name(&writer, TEXT("time"));
	json_write_text(&writer, time);
	json_write_name(&writer, TEXT("level"));
	json_write_text(&writer, text_from(LEVELS[level]));
	json_write_name(&writer, TEXT("role"));
	json_write_text(&writer, text_from(role));
	json_write_name(&writer, TEXT("pid"));
	json_write_int(&writer, getpid());
	json_write_name(&writer, TEXT("message"));
	json_write_text(&writer, sentence);
	json_close_object(&writer);
	builder_add_char(&text, '\n');
	return builder_text(&text);
}

void log_line(enum log_level level, const char *format, ...)
{
	char sentence[2048], time[40];
	struct arena arena;
	va_list arguments;

	if (level < least)
		return;
	va_start(arguments, format);
	vsnprintf(sentence, sizeof sentence, format, arguments);
	va_end(arguments);
	uint32_t length = time_write(time, sizeof time);
	arena_init(&arena, "a log line", 0);
	struct text line =
		isatty(STDERR_FILENO)
			? text_format(&arena, "%.8s %-8s %s%s\n", time + 11, role,
				      level >= LOG_WARNING ? level == LOG_ERROR ? "ERROR " : "warning: " : "", sentence)
			: line_for_tools(&arena, level, (struct text){time, length}, text_from(sentence));
	(void)!write(STDERR_FILENO, line.bytes, line.length);
	arena_release(&arena);
}
