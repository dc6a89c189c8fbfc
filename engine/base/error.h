/* What the world can do to us: a status the caller must look at, and a whole sentence for the person who must act. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdarg.h>

enum status {
	OK,
	NOT_FOUND, /* what was named does not exist */
	INVALID,   /* the input can never work as it is */
	CONFLICT,  /* somebody else was first, or a constraint says no */
	RETRY,     /* the same again may work later */
	DENIED,    /* not allowed */
	LIMIT,     /* a limit in limits.h was reached */
	FOREIGN,   /* somebody else has to do it, who is said beside */
};

struct error {
	enum status status;
	char sentence[768]; /* UTF-8, no newline at its end; cut, never overrun */
};

#define MUST_CHECK __attribute__((warn_unused_result))

const char *status_name(enum status status);

/* Fills the error (which may be NULL) and returns the status, so that a failing function ends in one line. */
enum status error_set(struct error *error, enum status status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Puts "context: " before the sentence that is there. Returns the error's status. */
enum status error_within(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
