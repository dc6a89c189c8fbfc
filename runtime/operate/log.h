/* What the service says while it runs, on stderr: a JSON object a line for those who collect logs, a plain line for a person
 * at a terminal. Never a secret, never the content of an event. */
#ifndef OPERATE_LOG_H
#define OPERATE_LOG_H

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

/* Who speaks: the name of the process's role. Must live as long as the process. */
void log_role(const char *role);
/* Lines below it are not written; LOG_INFO at first. */
void log_least(enum log_level level);
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
