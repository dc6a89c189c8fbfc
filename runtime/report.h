/* Diagnostics as people and tools read them: `file:line:column: error F0202: sentence`, the line with a caret, what to do. */
#ifndef RUNTIME_REPORT_H
#define RUNTIME_REPORT_H

#include "engine/base/json.h"
#include "runtime/pack.h"
#include "runtime/terminal.h"

struct report {
	const struct program *program; /* whose files the spans are of */
	struct text expression;        /* what spans of no file are of, such as a line of the prompt */
	bool errors_only;
};

enum style severity_style(enum severity severity);
void report_diagnostics(const struct report *report, const struct diagnostics *diagnostics, FILE *stream);
/* "3 errors, 1 warning in 2 files" */
void report_summary(const struct diagnostics *diagnostics, FILE *stream);
/* A list: [{"code":…,"severity":…,"file":…,"line":…,"column":…,"end_line":…, "end_column":…,"message":…,"hint":…}] */
void report_json(const struct report *report, const struct diagnostics *diagnostics, struct json_writer *writer);

#endif
