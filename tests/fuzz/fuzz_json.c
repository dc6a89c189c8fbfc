/* Any bytes as a document. What must hold of every result: a refusal is a sentence; what was read can be written, and what was
 * written is read as the same, byte for byte; and the arena's limit is the only other way out. */
#include "engine/base/check.h"
#include "engine/base/json.h"

enum { MEMORY = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static struct text written(struct arena *arena, const struct json *json)
{
	struct text_builder builder = {.arena = arena};
	struct json_writer writer = {.text = &builder};
	json_write_document(&writer, json);
	return builder_text(&builder);
}

static void document_check(struct arena *arena, struct text source)
{
	jmp_buf jump;
	if (arena_guard(arena, jump))
		return;
	struct error error = {0};
	const struct json *json, *again;
	if (json_parse(arena, source, &json, &error) != OK) {
		CHECK(error.status == INVALID && error.sentence[0]);
		CHECK(text_is_utf8(text_from(error.sentence)));
		return;
	}
	struct text text = written(arena, json);
	CHECK(json_parse(arena, text, &again, &error) == OK);
	CHECK(text_equal(written(arena, again), text));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct arena arena;
	arena_init(&arena, "fuzz", MEMORY);
	document_check(&arena, (struct text){(const char *)bytes, (uint32_t)length});
	arena_release(&arena);
	return 0;
}
