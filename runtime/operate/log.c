/* Log lines, each one write: lines of several processes do not mix. Must never fail its caller, and never let what somebody
 * sent us begin a line or steer a terminal. */
#include "runtime/operate/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/json.h"
#include "runtime/operate/traceparent.h"

enum { SENTENCE_MOST = 2048, SECRETS_MOST = 16, SECRET_LEAST = 4, SECRET_MOST = 512, TENANT_MOST = 64 };

static const char *const LEVELS[] = {"debug", "info", "warning", "error"};
static const char *role = "stellwerk";
static enum log_level least = LOG_INFO;
static char tenant[TENANT_MOST], trace[TRACE_ID_TEXT + 1];
static char secrets[SECRETS_MOST][SECRET_MOST];
static int secret_count;

/* --- who speaks, of what, and what not to say */
void log_role(const char *name)
{
	role = name;
}

void log_least(enum log_level level)
{
	least = level;
}

bool log_says(enum log_level level)
{
	return level >= least;
}

enum status log_level_parse(const char *name, enum log_level *level_out, struct error *error)
{
	*level_out = LOG_DEBUG;
	while (*level_out <= LOG_ERROR && strcmp(name, LEVELS[*level_out]))
		(*level_out)++;
	if (*level_out <= LOG_ERROR)
		return OK;
	*level_out = LOG_INFO;
	return error_set(error, INVALID, "`%.40s` is no level of the log; there are debug, info, warning and error", name);
}

void log_about(struct text of_tenant, struct text of_trace)
{
	snprintf(tenant, sizeof tenant, "%.*s", TEXT_ARGS(of_tenant));
	snprintf(trace, sizeof trace, "%.*s", TEXT_ARGS(of_trace));
}

static void hide(const char *bytes, size_t length)
{
	if (length < SECRET_LEAST || length >= SECRET_MOST || secret_count == SECRETS_MOST)
		return;
	memcpy(secrets[secret_count], bytes, length);
	secrets[secret_count++][length] = 0;
}

void log_hide(const char *secret)
{
	hide(secret, strlen(secret));
}

void log_hide_password(const char *address)
{
	const char *user = strstr(address, "://");
	const char *colon = user ? strchr(user + 3, ':') : NULL;
	const char *at = colon ? strchr(colon, '@') : NULL;

	if (at)
		hide(colon + 1, (size_t)(at - colon - 1));
}

/* In place; stars are never longer than what they hide. */
static void secrets_hide(char *sentence)
{
	for (int i = 0; i < secret_count; i++) {
		size_t length = strlen(secrets[i]);
		for (char *found = sentence; (found = strstr(found, secrets[i]));) {
			memcpy(found, "***", 3);
			memmove(found + 3, found + length, strlen(found + length) + 1);
			found += 3;
		}
	}
}

/* --- a line */
static void time_write(char *buffer, size_t size)
{
	struct timeval now;
	struct tm utc;

	gettimeofday(&now, NULL);
	gmtime_r(&now.tv_sec, &utc);
	size_t length = strftime(buffer, size, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(buffer + length, size - length, ".%03dZ", (int)(now.tv_usec / 1000));
}

static void member_write(struct json_writer *writer, const char *name, const char *value)
{
	json_write_name(writer, text_from(name));
	json_write_text(writer, text_from(value));
}

static struct text line_for_tools(struct arena *arena, enum log_level level, const char *time, const char *sentence)
{
	struct text_builder text = {.arena = arena};
	struct json_writer writer = {.text = &text};

	json_open_object(&writer);
	member_write(&writer, "time", time);
	member_write(&writer, "level", LEVELS[level]);
	member_write(&writer, "role", role);
	json_write_name(&writer, TEXT("pid"));
	json_write_int(&writer, getpid());
	if (*tenant)
		member_write(&writer, "tenant", tenant);
	if (*trace)
		member_write(&writer, "trace_id", trace);
	member_write(&writer, "message", sentence);
	json_close_object(&writer);
	builder_add_char(&text, '\n');
	return builder_text(&text);
}

static struct text line_for_people(struct arena *arena, enum log_level level, const char *time, const char *sentence)
{
	const char *mark = level == LOG_ERROR ? "ERROR " : level == LOG_WARNING ? "warning: " : "";
	struct text_builder text = {.arena = arena};

	builder_format(&text, "%.8s %-8s %s", time + 11, role, mark);
	for (const char *byte = sentence; *byte; byte++)
		builder_add_char(&text, (unsigned char)*byte < ' ' || *byte == 0x7f ? ' ' : *byte);
	builder_add_char(&text, '\n');
	return builder_text(&text);
}

void log_line(enum log_level level, const char *format, ...)
{
	char sentence[SENTENCE_MOST], time[40];
	struct arena arena;
	va_list arguments;

	if (!log_says(level))
		return;
	va_start(arguments, format);
	vsnprintf(sentence, sizeof sentence, format, arguments);
	va_end(arguments);
	secrets_hide(sentence);
	time_write(time, sizeof time);
	arena_init(&arena, "a log line", 0);
	struct text line = (isatty(STDERR_FILENO) ? line_for_people : line_for_tools)(&arena, level, time, sentence);
	(void)!write(STDERR_FILENO, line.bytes, line.length);
	arena_release(&arena);
}
