/* Between folders, the store and the compiler. Must never compile something else than what was installed. */
#include "runtime/stacks.h"

#include <inttypes.h>
#include <stdlib.h>

#include "engine/base/check.h"
#include "engine/base/json.h"

/* --- into the store */
static void file_write(struct json_writer *writer, const struct source_input *input, struct text path)
{
	json_open_object(writer);
	json_write_name(writer, TEXT("path"));
	json_write_text(writer, path);
	json_write_name(writer, TEXT("module"));
	json_write_text(writer, input->module);
	json_write_name(writer, TEXT("script"));
	json_write_bool(writer, input->is_script);
	json_write_name(writer, TEXT("text"));
	json_write_text(writer, input->text);
	json_close_object(writer);
}

/* What it is called stands in one of its files. That it can not be compiled without those below it does not matter here. */
static enum status pack_named(struct arena *arena, const struct source_input *inputs, uint32_t count, struct stored_pack *pack,
			      struct error *error)
{
	struct diagnostics ignored = {.arena = arena};
	const struct program *program = compile(arena, inputs, count, &ignored);

	if (!program || !program->name.length)
		return error_set(error, INVALID,
				 "`%.*s` and what stands beside it is no pack: no file declares `pack NAME \"1.0.0\" { … }`",
				 TEXT_ARGS(inputs[0].path));
	pack->name = program->name;
	pack->version = program->version;
	return OK;
}

/* Where the pack's own files stand: its first file is one of them. */
static struct text pack_folder(const struct source_input *first)
{
	const char *slash = first->path.length ? memrchr(first->path.bytes, '/', first->path.length) : NULL;

	return text_slice(first->path, 0, slash ? (uint32_t)(slash + 1 - first->path.bytes) : 0);
}

/* Below the pack's name, in place of the folder or archive it came from: so the same pack is the same wherever it was read.
 * What joins it from elsewhere keeps its path. */
static struct text stored_path(struct arena *arena, const struct stored_pack *pack, struct text folder, struct text path)
{
	if (!text_starts(path, folder))
		return path;
	return text_format(arena, "%.*s/%.*s", TEXT_ARGS(pack->name), TEXT_ARGS(text_slice(path, folder.length, path.length)));
}

static enum status pack_of_layer(struct arena *arena, const struct source_input *inputs, uint32_t count,
				 struct stored_pack *pack, struct error *error)
{
	struct text_builder text = {.arena = arena};
	struct json_writer writer = {.text = &text};
	struct source_input *alone = arena_copy(arena, inputs, count * sizeof *inputs);

	for (uint32_t i = 0; i < count; i++) {
		alone[i].layer = 0;
		if (!text_is_utf8(inputs[i].text))
			return error_set(error, INVALID, "`%.*s` is no UTF-8", TEXT_ARGS(inputs[i].path));
	}
	if (pack_named(arena, alone, count, pack, error) != OK)
		return INVALID;
	json_open_list(&writer);
	for (uint32_t i = 0; i < count; i++)
		if (!inputs[i].is_test)
			file_write(&writer, &inputs[i], stored_path(arena, pack, pack_folder(inputs), inputs[i].path));
	json_close_list(&writer);
	pack->files = builder_text(&text);
	return OK;
}

enum status packs_from_sources(struct arena *arena, const struct source_input *inputs, uint32_t count, moment now,
			       stored_packs *packs_out, struct error *error)
{
	enum status status = OK;

	*packs_out = (stored_packs){0};
	for (uint32_t first = 0, end = 0; first < count && status == OK; first = end) {
		struct stored_pack pack = {.installed_at = now};
		while (end < count && inputs[end].layer == inputs[first].layer)
			end++;
		status = pack_of_layer(arena, inputs + first, end - first, &pack, error);
		*list_add(arena, packs_out) = pack;
	}
	return status;
}

/* --- out of the store */
struct stored_stack {
	struct store *store;
	const hash_list *packs;
	const struct source_input *more;
};

static enum status stored_read(void *context, struct arena *arena, source_list *sources_out, struct error *error)
{
	const struct stored_stack *stack = context;
	enum status status = OK;

	for (uint32_t layer = 0; layer < stack->packs->count && status == OK; layer++) {
		const struct json *json = NULL;
		struct text files;
		status = pack_files_read(stack->store, arena, stack->packs->items[layer], &files, error);
		if (status == OK)
			status = json_parse(arena, files, &json, error);
		for (const struct json *file = status == OK ? json_first(json) : NULL; file; file = json_next(file)) {
			const struct json *script = json_member(file, TEXT("script"));
			*list_add(arena, sources_out) = (struct source_input){
				.path = json_member_text(file, "path"),
				.module = json_member_text(file, "module"),
				.text = json_member_text(file, "text"),
				.layer = layer,
				.is_script = script && json_kind(script) == JSON_BOOL && json_bool(script)};
		}
	}
	if (stack->more)
		*list_add(arena, sources_out) = *stack->more;
	return status;
}

int pack_open_stored(struct pack *pack, struct store *store, const hash_list *packs, const struct source_input *more)
{
	struct stored_stack stack = {store, packs, more};

	return pack_open_from(pack, stored_read, &stack, PACK_RUN);
}

enum status stack_of_tenant(struct store *store, struct arena *arena, const struct tenant *tenant, hash_list *packs_out,
			    struct error *error)
{
	struct tenant house = *tenant;
	enum status status = tenant->has_stack ? OK : tenant_find(store, arena, TEXT("default"), &house, error);

	if (status == OK && !house.has_stack)
		return error_set(error, NOT_FOUND, "no packs are active for the tenant `%.*s`", TEXT_ARGS(tenant->name));
	return status == OK ? stack_read(store, arena, house.stack, packs_out, error) : status;
}

static enum status stack_load(struct store *store, uint64_t stack, const struct program **program_out, void **owner_out,
			      struct error *error)
{
	struct pack *pack = calloc(1, sizeof *pack);
	struct arena arena;
	hash_list packs;

	CHECK(pack);
	arena_init(&arena, "a stack's packs", 0);
	enum status status = stack_read(store, &arena, stack, &packs, error);
	if (status == OK && pack_open_stored(pack, store, &packs, NULL) != EXIT_FINE)
		status = error_set(error, INVALID, "the packs of the stack %016" PRIx64 " do not compile any more", stack);
	arena_release(&arena);
	if (status == OK && pack->program->hash != stack)
		status =
			error_set(error, INVALID, "the stored packs of the stack %016" PRIx64 " are not what they were", stack);
	if (status != OK) {
		pack_close(pack);
		free(pack);
		return status;
	}
	*program_out = pack->program;
	*owner_out = pack;
	return OK;
}

static void stack_release(void *owner)
{
	pack_close(owner);
	free(owner);
}

const struct loader STACK_LOADER = {.load = stack_load, .release = stack_release};
