/* Any bytes as an event of a kind that has a field of every type. What must hold: a refusal is a sentence; what was typed can
 * be written as JSON, and that is typed as the same values again. */
#include "engine/base/json.h"
#include "engine/model/event.h"
#include "tests/fuzz/fuzz_pack.h"

enum { MEMORY = 64 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
int LLVMFuzzerInitialize(int *argument_count, char ***arguments);

static const char PACK[] = "pack fuzz \"1.0.0\" { title \"Fuzz\" }\n"
			   "entity thing { name text required; level enum(low, high) }\n"
			   "event seen {\n"
			   "  source text key; number int; share percent; price money; exact decimal; on bool\n"
			   "  day date; at time; hour time_of_day; long duration; level thing.level required default low\n"
			   "  thing ref thing; words list of text; lists list of list of int; prices list of money\n"
			   "  span period; pair record(name text, count int, when time); short text\n"
			   "}\n";
static struct arena pack_arena;
static const struct program *program;
static const struct event_kind *kind;

int LLVMFuzzerInitialize(int *argument_count, char ***arguments)
{
	(void)argument_count, (void)arguments;
	program = fuzz_compile(&pack_arena, PACK, NULL);
	kind = schema_event(&program->schema, TEXT("seen"));
	CHECK(kind);
	return 0;
}

static enum status typed(struct arena *arena, struct text source, struct value **fields_out)
{
	struct error error = {0};
	const struct json *json;
	enum status status = json_parse(arena, source, &json, &error);
	if (status == OK)
		status = event_from_json(arena, &program->schema, kind, json, fields_out, &error);
	CHECK(status == OK || error.sentence[0]);
	CHECK(status == OK || text_is_utf8(text_from(error.sentence)));
	return status;
}

static struct text written(struct arena *arena, const struct value *fields)
{
	struct text_builder builder = {.arena = arena};
	struct json_writer writer = {.text = &builder};
	json_open_object(&writer);
	for (uint32_t i = 0; i < kind->field_count; i++) {
		json_write_name(&writer, kind->fields[i].name);
		value_to_json(&writer, fields[i], kind->fields[i].type);
	}
	json_close_object(&writer);
	return builder_text(&builder);
}

static bool has_missing(struct value value)
{
	bool missing = value.kind == VALUE_MISSING;
	bool inside = value.kind == VALUE_LIST || value.kind == VALUE_RECORD || value.kind == VALUE_RANGE;
	for (uint32_t i = 0; inside && i < value.count && !missing; i++)
		missing = has_missing(value.items[i]);
	return missing;
}

static void event_check(struct arena *arena, struct text source)
{
	jmp_buf jump;
	struct value *fields, *again;
	if (arena_guard(arena, jump) || typed(arena, source, &fields) != OK)
		return;
	struct text text = written(arena, fields);
	CHECK(typed(arena, text, &again) == OK);
	for (uint32_t i = 0; i < kind->field_count; i++)
		CHECK(has_missing(fields[i]) ? has_missing(again[i]) : value_equal(fields[i], again[i]));
	CHECK(id_equal(event_key_id(kind, fields), event_key_id(kind, again)));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct arena arena;
	arena_init(&arena, "fuzz", MEMORY);
	event_check(&arena, (struct text){(const char *)bytes, (uint32_t)length});
	arena_release(&arena);
	return 0;
}
