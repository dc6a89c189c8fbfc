/* Any source through the whole compiler, beside a small pack whose names it may use. Whatever an author writes gives
 * diagnostics that stand inside the file, and a program only when there is none; a broken pack must never end the process that
 * checks it. */
#include "dsl/compiler/compiler.h"
#include "engine/base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

enum { MEMORY_LIMIT = 512 * 1024 * 1024 };

static const char BASE[] =
	"pack base \"1.0.0\" { title \"Base\" }\n"
	"entity user { name text required; email text }\n"
	"entity thing \"Thing\" {\n"
	"  number text sequence \"T-{n:4}\"; name text required; owner ref user; parent ref thing\n"
	"  status enum(new, open, closed) default new; level enum(low, high) default low\n"
	"  cost money; share percent; count int default 0; due time; day date; spent duration; tags list of text\n"
	"  transitions status { new -> open, closed; open <-> closed }\n"
	"  index owner, status; unique number\n"
	"}\n"
	"entity thing_note { thing ref thing required; body text; public bool default false }\n"
	"event bell.rung { source text; external_id text key; thing ref thing; level enum(low, high) }\n"
	"setting pause duration default 15min\n"
	"define double(a int) -> int = a * 2\n"
	"table level_of(t ref thing) -> level thing.level { hit first\n"
	"  | t.status || level: |\n"
	"  | open     || high   |\n"
	"  | *        || low    |\n"
	"}\n"
	"holidays feast { fixed 01-01 }\n"
	"calendar office { zone UTC; mon..fri 08:00..17:00; holidays feast }\n"
	"role boss { read thing; change thing }\n"
	"connector bells { base \"https://example.com\"; action stop(t ref thing) -> record(id text) = POST \"/stop\" { } }\n"
	"workflow later(t ref thing) { sleep for 1d; stop }\n"
	"rule rings { on bell.rung as b; when b.thing is set; then set b.thing { status = open } }\n";

static void diagnostics_check(const struct diagnostics *diagnostics, const struct source_input *inputs, uint32_t count)
{
	for (uint32_t i = 0; i < diagnostics->items.count; i++) {
		const struct diagnostic *diagnostic = &diagnostics->items.items[i];
		CHECK(diagnostic->sentence.length && diagnostic->span.file < count);
		CHECK(diagnostic->span.start <= diagnostic->span.end);
		CHECK(diagnostic->span.end <= inputs[diagnostic->span.file].text.length);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static struct arena arena;
	jmp_buf jump;
	const struct source_input inputs[] = {
		{.path = TEXT("base.flow"), .text = {BASE, sizeof(BASE) - 1}},
		{.path = TEXT("extra/input.flow"), .module = TEXT("extra"), .text = {(const char *)bytes, (uint32_t)length}},
	};
	arena_init(&arena, "fuzz", MEMORY_LIMIT);
	if (!arena_guard(&arena, jump)) {
		struct diagnostics diagnostics = {.arena = &arena};
		struct program *program = compile(&arena, inputs, 2, &diagnostics);
		diagnostics_check(&diagnostics, inputs, 2);
		if (!diagnostics.errors) {
			struct text_builder builder = {.arena = &arena};
			program_dump(&builder, program, (struct text){0});
		}
	}
	arena_release(&arena);
	return 0;
}
