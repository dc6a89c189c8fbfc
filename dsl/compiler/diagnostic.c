/* The list of what is wrong in a pack. Sentences are made where the mistake is found; the table holds what is true of all of
 * its kind. */
#include "dsl/compiler/diagnostic.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static const struct diagnostic_info INFO[] = {
#define DIAGNOSTIC(code, NAME, severity, title, help) {#code, SEVERITY_##severity, title, help},
#include "dsl/compiler/diagnostic.def"
#undef DIAGNOSTIC
};

const char *severity_name(enum severity severity)
{
	static const char *const names[] = {"error", "warning", "note"};
	return names[severity];
}

const struct diagnostic_info *diagnostic_info(enum diagnostic_code code)
{
	return &INFO[code];
}

const struct diagnostic_info *diagnostic_find(struct text code)
{
	for (uint32_t i = 0; i < DIAGNOSTIC_COUNT; i++)
		if (strlen(INFO[i].code) == code.length && !strncasecmp(INFO[i].code, code.bytes, code.length))
			return &INFO[i];
	return NULL;
}

struct diagnostic *diagnostic_add(struct diagnostics *diagnostics, enum diagnostic_code code, struct span span,
				  const char *format, ...)
{
	static struct diagnostic dropped;
	uint32_t *counts[] = {&diagnostics->errors, &diagnostics->warnings, &diagnostics->notes};
	++*counts[INFO[code].severity];
	if (diagnostics->items.count >= DIAGNOSTIC_LIMIT) {
		diagnostics->dropped++;
		return &dropped;
	}
	char sentence[1024];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(sentence, sizeof(sentence), format, arguments);
	va_end(arguments);
	struct diagnostic *diagnostic = list_add(diagnostics->arena, &diagnostics->items);
	*diagnostic =
		(struct diagnostic){.code = code, .span = span, .sentence = text_copy(diagnostics->arena, text_from(sentence))};
	return diagnostic;
}

static int by_place(const void *left, const void *right)
{
	const struct diagnostic *a = left, *b = right;
	if (a->span.file != b->span.file)
		return a->span.file < b->span.file ? -1 : 1;
	if (a->span.start != b->span.start)
		return a->span.start < b->span.start ? -1 : 1;
	return (a->code > b->code) - (a->code < b->code);
}

void diagnostics_sort(struct diagnostics *diagnostics)
{
	if (diagnostics->items.count)
		qsort(diagnostics->items.items, diagnostics->items.count, sizeof(struct diagnostic), by_place);
}
