/* What the service says while it runs, on stderr: a JSON object a line for those who collect logs, a plain line for a person
 * at a terminal. Never a secret; of what somebody sent no more than the word that was wrong with it. */
#ifndef OPERATE_LOG_H
#define OPERATE_LOG_H

#include "engine/base/error.h"
#include "engine/base/text.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

/* Who speaks: the name of the process's role. Must live as long as the process. */
void log_role(const char *role);
/* Lines below it are not written; LOG_INFO at first. */
void log_least(enum log_level level);
bool log_says(enum log_level level); /* for lines that cost something to make */
/* "debug", "info", "warning", "error". INVALID: the sentence lists them. */
enum status log_level_parse(const char *name, enum log_level *level_out, struct error *error) MUST_CHECK;

/* What the lines that follow are about: the name of a tenant, and a trace's id (traceparent.h). Copied; empty: nothing. */
void log_about(struct text tenant, struct text trace);
/* From here on three stars stand in each line where this stood, also in processes that are forked later. Copied. Shorter ones
 * than four bytes are no secrets, and would hide half of every line. */
void log_hide(const char *secret);
/* The same for the password of an address: scheme://user:PASSWORD@host. */
void log_hide_password(const char *address);

void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
