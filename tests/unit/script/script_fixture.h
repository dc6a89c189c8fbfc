/* A program with one script, made by hand: what the tests of this room share. */
#ifndef SCRIPT_FIXTURE_H
#define SCRIPT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/script/script.h"

struct fixture {
	struct arena arena;
	struct script_host *host;
	struct script script;
	struct source_file file;
	struct program program;
	struct record_field parameters[8];
	struct error error;
};

extern const struct type BOOL_TYPE, INT_TYPE, DECIMAL_TYPE, PERCENT_TYPE, MONEY_TYPE, TEXT_TYPE, DATE_TYPE, TIME_TYPE,
	TIME_OF_DAY_TYPE, DURATION_TYPE, DATA_TYPE;

int fixture_open(void **state);
int fixture_close(void **state);

/* The body of `return function(a, b, …) BODY end`. */
enum status fixture_load(struct fixture *fixture, const char *source, const struct type *result);
void fixture_parameter(struct fixture *fixture, const char *name, const struct type *type);
/* Loads a whole file and calls its function. */
enum status fixture_run(struct fixture *fixture, const char *source, const struct type *result, const struct value *arguments,
			struct value *result_out);
/* `return function() return EXPRESSION end` gives that text. */
void expect_text(struct fixture *fixture, const char *expression, const char *text);
/* `return function() BODY end` fails with a sentence that contains `part`. */
void expect_failure(struct fixture *fixture, const char *body, enum status status, const char *part);

#endif
