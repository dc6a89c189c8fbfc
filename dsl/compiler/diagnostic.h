/* What is wrong in a pack, for its author: a stable code, a place, a plain sentence. Errors of the author are collected, never
 * returned: one mistake gives one message and the compiler goes on. */
#ifndef COMPILER_DIAGNOSTIC_H
#define COMPILER_DIAGNOSTIC_H

#include "engine/base/list.h"
#include "engine/model/program.h"

enum diagnostic_code {
#define DIAGNOSTIC(code, NAME, severity, title, help) DIAGNOSTIC_##NAME,
#include "dsl/compiler/diagnostic.def"
#undef DIAGNOSTIC
	DIAGNOSTIC_COUNT
};

enum severity {
	SEVERITY_ERROR,
	SEVERITY_WARNING,
	SEVERITY_NOTE, /* good to know, nothing to mend */
};
const char *severity_name(enum severity severity);

struct diagnostic {
	enum diagnostic_code code;
	struct span span;
	struct text sentence;
	struct text hint;  /* "did you mean …?"; may be empty */
	struct span other; /* a second place ("declared here"); line 0: none */
};

struct diagnostics {
	struct arena *arena;
	LIST(struct diagnostic) items;
	uint32_t errors, warnings, notes;
	uint32_t dropped; /* beyond DIAGNOSTIC_LIMIT */
};

enum { DIAGNOSTIC_LIMIT = 500 };

struct diagnostic_info {
	const char *code; /* "F0101" */
	enum severity severity;
	const char *title;
	const char *help; /* several lines, with an example */
};

const struct diagnostic_info *diagnostic_info(enum diagnostic_code code);
/* By "F0101" or "f0101"; NULL when there is none. */
const struct diagnostic_info *diagnostic_find(struct text code);

struct diagnostic *diagnostic_add(struct diagnostics *diagnostics, enum diagnostic_code code, struct span span,
				  const char *format, ...) __attribute__((format(printf, 4, 5)));
/* By file, then line; stable. */
void diagnostics_sort(struct diagnostics *diagnostics);

#endif
