/* What the targets that need a program share: a pack compiled once, when the process begins. */
#ifndef FUZZ_PACK_H
#define FUZZ_PACK_H

#include <stdio.h>

#include "dsl/compiler/compiler.h"
#include "engine/base/check.h"

static inline const struct program *fuzz_compile(struct arena *arena, const char *flow, const char *script)
{
	const struct source_input inputs[] = {
		{.path = TEXT("pack.flow"), .text = text_from(flow)},
		{.path = TEXT("script.lua"), .text = text_from(script ? script : ""), .is_script = true},
	};
	struct diagnostics diagnostics = {.arena = arena};
	arena_init(arena, "fuzz pack", 0);
	const struct program *program = compile(arena, inputs, script ? 2 : 1, &diagnostics);
	for (uint32_t i = 0; i < diagnostics.items.count; i++) {
		const struct diagnostic *diagnostic = &diagnostics.items.items[i];
		if (diagnostics.errors)
			fprintf(stderr, "%u: %.*s\n", diagnostic->span.line, TEXT_ARGS(diagnostic->sentence));
	}
	CHECK(!diagnostics.errors);
	return program;
}

#endif
