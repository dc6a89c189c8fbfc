/* `stellwerk pack build | show`: an archive of a folder, and what stands in one. Must archive nothing but what was compiled. */
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/json.h"
#include "runtime/crypto/hex.h"
#include "runtime/pack_sign.h"
#include "runtime/pack_verbs.h"
#include "runtime/report.h"
#include "runtime/table.h"

/* --- build */
struct building {
	const struct command_line *line;
	const char *folder;
	struct text bytes; /* the archive */
	bool is_pack;      /* else it joins the one below */
};

/* The archive itself is compiled, not the folder once more: what was checked is what is written. */
static enum status stack_read_in(void *context, struct arena *arena, source_list *sources_out, struct error *error)
{
	const struct building *building = context;
	const char *const *below;
	uint32_t count = option_values(building->line, "on", &below);
	struct pack_source *sources = arena_array(arena, struct pack_source, count + 1);

	for (uint32_t i = 0; i < count; i++)
		sources[i].path = below[i];
	sources[count] = (struct pack_source){building->folder, building->bytes};
	return sources_read(arena, sources, count + 1, true, sources_out, error);
}

static enum status output_name(const struct building *building, const struct program *program, const char **name_out,
			       struct error *error)
{
	struct arena *arena = building->line->arena;
	const char *given = option_value(building->line, "output");
	char path[PATH_MAX];
	struct text name;

	*name_out = given;
	if (given)
		return OK;
	if (building->is_pack)
		name = text_format(arena, "%.*s-%.*s", TEXT_ARGS(program->name), TEXT_ARGS(program->version));
	else
		name = text_from(realpath(building->folder, path) ? basename(path) : "");
	if (key_name_check(name, error) != OK)
		return error_set(error, INVALID, "`%.*s` is no good name for a file; --output names one", TEXT_ARGS(name));
	*name_out = arena_format(arena, "%.*s.pack", TEXT_ARGS(name));
	return OK;
}

static int archive_keep(const struct building *building, const struct program *program)
{
	struct arena *arena = building->line->arena;
	struct archive archive;
	struct error error;
	const char *path;

	if (output_name(building, program, &path, &error) != OK ||
	    archive_open(arena, building->bytes, &archive, &error) != OK ||
	    file_replace(arena, path, building->bytes, &error) != OK)
		return world_error(&error);
	printf("%s: %u files, %u kB, sha256 %s\n", path, archive.file_count, (archive.bytes.length + 1023) / 1024,
	       hex_text(arena, archive.digest.bytes, DIGEST_BYTES).bytes);
	return EXIT_FINE;
}

int pack_verb_build(const struct command_line *line)
{
	struct building building = {.line = line, .folder = line->words[1]};
	struct error error;
	struct pack pack;

	if (folder_archive(line->arena, building.folder, &building.bytes, &building.is_pack, &error) != OK)
		return world_error(&error);
	int code = pack_open_from(&pack, stack_read_in, &building, PACK_CHECK);
	if (code == EXIT_FINE) {
		code = archive_keep(&building, pack.program);
	} else if (code == EXIT_FINDINGS) {
		report_diagnostics(&(struct report){.program = pack.program, .errors_only = true}, &pack.diagnostics, stderr);
		report_summary(&pack.diagnostics, stderr);
	}
	pack_close(&pack);
	return code;
}

/* --- show */
struct shown {
	const struct command_line *line;
	const char *path;
	struct archive_in_file file;
	signature_lines signatures;
	struct text name, version, title; /* of the pack that it declares; empty: it joins another */
};

/* What it is called stands in one of its files; whether it compiles does not matter here. */
static void name_find(struct shown *shown)
{
	const struct archive *archive = &shown->file.archive;
	struct arena *arena = shown->line->arena;
	struct diagnostics ignored = {.arena = arena};
	struct source_input *inputs = arena_array(arena, struct source_input, archive->file_count + 1);
	uint32_t count = 0;

	for (uint32_t i = 0; i < archive->file_count; i++) {
		struct text path = archive->files[i].path;
		if (text_ends(path, TEXT(".flow")) && !memchr(path.bytes, '/', path.length))
			inputs[count++] = (struct source_input){.path = path, .text = archive->files[i].bytes};
	}
	const struct program *program = count ? compile(arena, inputs, count, &ignored) : NULL;
	if (!program)
		return;
	shown->name = program->name;
	shown->version = program->version;
	shown->title = program->title;
}

static bool fits(const struct shown *shown, const struct signature_line *line)
{
	return signature_fits(shown->file.archive.bytes, &line->signature, &line->key);
}

static void text_member(struct json_writer *writer, const char *name, struct text value)
{
	json_write_name(writer, text_from(name));
	json_write_text(writer, value);
}

static void files_json(const struct archive *archive, struct json_writer *writer)
{
	json_write_name(writer, TEXT("files"));
	json_open_list(writer);
	for (uint32_t i = 0; i < archive->file_count; i++) {
		json_open_object(writer);
		text_member(writer, "path", archive->files[i].path);
		json_write_name(writer, TEXT("bytes"));
		json_write_int(writer, archive->files[i].bytes.length);
		json_close_object(writer);
	}
	json_close_list(writer);
}

static void signatures_json(const struct shown *shown, struct json_writer *writer)
{
	json_write_name(writer, TEXT("signatures"));
	json_open_list(writer);
	for (uint32_t i = 0; i < shown->signatures.count; i++) {
		json_open_object(writer);
		text_member(writer, "key", public_key_text(shown->line->arena, &shown->signatures.items[i].key));
		text_member(writer, "calls_itself", shown->signatures.items[i].name);
		json_write_name(writer, TEXT("fits"));
		json_write_bool(writer, fits(shown, &shown->signatures.items[i]));
		json_close_object(writer);
	}
	json_close_list(writer);
}

static void shown_json(const struct shown *shown)
{
	struct text_builder text = {.arena = shown->line->arena};
	struct json_writer writer = {.text = &text, .indent = 2};

	json_open_object(&writer);
	text_member(&writer, "name", shown->name);
	text_member(&writer, "version", shown->version);
	text_member(&writer, "title", shown->title);
	text_member(&writer, "sha256", hex_text(shown->line->arena, shown->file.archive.digest.bytes, DIGEST_BYTES));
	files_json(&shown->file.archive, &writer);
	signatures_json(shown, &writer);
	json_close_object(&writer);
	puts(builder_text(&text).bytes);
}

static void shown_text(const struct shown *shown)
{
	static const char *const titles[] = {">bytes", "file"};
	const struct archive *archive = &shown->file.archive;
	struct print_table table = table_new(shown->line->arena, titles, 2);

	if (shown->name.length) {
		print_safe(stdout, shown->name);
		printf(" ");
		print_safe(stdout, shown->version);
		printf("  ");
		print_safe(stdout, shown->title);
	} else {
		printf("joins the pack below it");
	}
	printf("\nsha256 %s\n", hex_text(shown->line->arena, archive->digest.bytes, DIGEST_BYTES).bytes);
	for (uint32_t i = 0; i < shown->signatures.count; i++) {
		const struct signature_line *line = &shown->signatures.items[i];
		bool good = fits(shown, line);
		printf("signed with %s, which calls itself %.*s: ", public_key_text(shown->line->arena, &line->key).bytes,
		       TEXT_ARGS(line->name));
		styled(stdout, good ? STYLE_GREEN : STYLE_RED, good ? "fits\n" : "does not fit these bytes\n");
	}
	if (!shown->signatures.count)
		puts("nobody has signed it");
	for (uint32_t i = 0; i < archive->file_count; i++) {
		table_add_number(&table, archive->files[i].bytes.length);
		table_add(&table, archive->files[i].path, STYLE_PLAIN);
	}
	table_print(&table, stdout, 2);
}

int pack_verb_show(const struct command_line *line)
{
	struct shown shown = {.line = line, .path = line->words[1]};
	struct error error;

	if (archive_in_file_read(line->arena, shown.path, &shown.file, &error) != OK)
		return world_error(&error);
	if (signatures_read(line->arena, shown.file.signatures, &shown.signatures, &error) != OK) {
		error_within(&error, "`%s.sig`", shown.path);
		return world_error(&error);
	}
	name_find(&shown);
	if (line->json)
		shown_json(&shown);
	else
		shown_text(&shown);
	return EXIT_FINE;
}
