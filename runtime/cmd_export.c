/* `stellwerk export`: files that a format makes of the records in a store. Must never change the store, and makes no
 * file of an export before all of them are written. */
#include <inttypes.h>

#include "engine/base/json.h"
#include "runtime/arguments.h"
#include "runtime/export_folder.h"
#include "runtime/operate/wall.h"
#include "runtime/table.h"

struct errand {
	struct serving serving;
	struct pack pack;
	const struct test_item *run; /* the format with its arguments */
	struct export_folder folder;
	struct export_result result;
	struct json_writer *writer; /* with --json: rows that are in no file */
};

static int errand_run(struct errand *errand, const struct tenant *tenant);
static int files_print(const struct errand *errand, const struct folder_file *files, uint32_t count);

int cmd_export(const struct command_line *line)
{
	const char *tenant_name = option_value(line, "tenant"), *to = option_value(line, "to");
	struct text_builder text = {.arena = line->arena};
	struct json_writer writer = {.text = &text, .indent = 2};
	struct errand errand = {.writer = line->json ? &writer : NULL};
	struct serving *serving = &errand.serving;
	struct tenant tenant;
	hash_list packs;

	if (line->word_count > 1)
		return usage_error(line, "`%s` is one word too many: the packs are those that the tenant runs", line->words[1]);
	if (!line->word_count)
		return usage_error(line, "which format? `stellwerk export FORMAT`");
	int code = serving_open(serving, line);
	if (code != EXIT_FINE)
		return code;
	folder_begin(&errand.folder, line->arena, to ? to : ".");
	enum status status = tenant_find(serving->store, line->arena, text_from(tenant_name ? tenant_name : "default"), &tenant,
					 &serving->error);
	if (status == OK)
		status = stack_of_tenant(serving->store, line->arena, &tenant, &packs, &serving->error);
	code = status == OK ? EXIT_FINE : world_error(&serving->error);
	if (code == EXIT_FINE)
		code = line_arguments(serving, &packs, &ARGUMENTS_OF_FORMAT, text_from(line->words[0]), &errand.pack,
				      &errand.run);
	if (code == EXIT_FINE)
		code = errand_run(&errand, &tenant);
	pack_close(&errand.pack);
	serving_close(serving);
	return code;
}

/* --- rows that are in no file: said as they come, for there may be many */
static enum status missed_say(void *host, struct text called, struct text reason, bool refused, struct error *error)
{
	struct errand *errand = host;

	(void)error;
	if (errand->writer) {
		json_open_object(errand->writer);
		json_write_member(errand->writer, "row", called);
		json_write_member(errand->writer, refused ? "refused" : "left_out", reason);
		json_close_object(errand->writer);
		return OK;
	}
	styled(stdout, refused ? STYLE_RED : STYLE_YELLOW, "%s ", refused ? "refused " : "left out");
	print_safe(stdout, called);
	fputs(": ", stdout);
	print_safe(stdout, reason);
	putchar('\n');
	return OK;
}

static enum status file_open(void *host, struct text name, struct error *error)
{
	return folder_open(&((struct errand *)host)->folder, name, error);
}

static enum status file_write(void *host, struct text bytes, struct error *error)
{
	return folder_write(&((struct errand *)host)->folder, bytes, error);
}

static enum status file_close(void *host, uint64_t rows, struct error *error)
{
	return folder_close(&((struct errand *)host)->folder, rows, error);
}

/* --- the export */
/* A record that is not there is said here: the checker can not know. */
static enum status arguments_check(struct errand *errand, struct value *arguments)
{
	const struct format *format = errand->run->format;

	if (arguments->count != format->parameter_count)
		return error_set(&errand->serving.error, INVALID, "the arguments are not those of the format");
	for (uint32_t i = 0; i < arguments->count; i++)
		if (arguments->items[i].kind == VALUE_MISSING)
			return error_set(&errand->serving.error, NOT_FOUND, "--arg %.*s: there is no such record",
					 TEXT_ARGS(format->parameters[i].name));
	*arguments = value_copy(errand->serving.line->arena, *arguments);
	return OK;
}

static enum status errand_do(struct errand *errand, struct engine *engine)
{
	struct serving *serving = &errand->serving;
	const struct code *code = errand->run->code;
	struct export_sink sink = {errand, file_open, file_write, file_close, missed_say};
	struct ports ports;
	struct value arguments;

	store_ports(serving->store, &ports);
	enum status status = engine_use_pack(engine, errand->pack.program, &serving->error);
	if (status != OK)
		return status;
	struct value *frame = arena_array(serving->line->arena, struct value, code->slot_count + 1);
	status = engine_evaluate(engine, code, frame, wall_now(), &ports, &arguments, &serving->error);
	if (status == OK)
		status = arguments_check(errand, &arguments);
	if (status != OK)
		return status;
	struct export_order order = {.engine = engine,
				     .ports = &ports,
				     .format = errand->run->format,
				     .arguments = arguments.items,
				     .now = wall_now()};
	return export_run(&order, &sink, &errand->result, &serving->error);
}

static enum status export_at_one_moment(struct errand *errand, const struct tenant *tenant)
{
	struct serving *serving = &errand->serving;
	struct engine *engine;

	store_use_program(serving->store, errand->pack.program);
	store_use_tenant(serving->store, tenant->number);
	enum status status = store_begin_reading(serving->store, &serving->error);
	if (status != OK)
		return status;
	status = engine_open(&engine);
	if (status == OK) {
		status = errand_do(errand, engine);
		engine_close(engine);
	} else {
		error_set(&serving->error, LIMIT, "there is no memory for an engine");
	}
	store_rollback(serving->store);
	store_forget_programs(serving->store);
	return status;
}

static int errand_run(struct errand *errand, const struct tenant *tenant)
{
	struct folder_file *files = NULL;
	uint32_t count = 0;

	if (errand->writer) {
		json_open_object(errand->writer);
		json_write_name(errand->writer, TEXT("missed"));
		json_open_list(errand->writer);
	}
	enum status status = export_at_one_moment(errand, tenant);
	if (status == OK && !errand->result.refused) {
		files = errand->folder.files.items;
		count = errand->folder.files.count;
		status = folder_keep(&errand->folder, &errand->serving.error);
	}
	folder_forget(&errand->folder);
	return status == OK ? files_print(errand, files, count) : world_error(&errand->serving.error);
}

/* --- what became of it */
static void files_json(const struct errand *errand, const struct folder_file *files, uint32_t count)
{
	struct json_writer *writer = errand->writer;

	json_close_list(writer);
	json_write_name(writer, TEXT("files"));
	json_open_list(writer);
	for (uint32_t i = 0; i < count; i++) {
		json_open_object(writer);
		json_write_member(writer, "name", files[i].name);
		json_write_name(writer, TEXT("rows"));
		json_write_int(writer, (int64_t)files[i].rows);
		json_write_name(writer, TEXT("bytes"));
		json_write_int(writer, (int64_t)files[i].bytes);
		json_close_object(writer);
	}
	json_close_list(writer);
	json_close_object(writer);
	puts(builder_text(writer->text).bytes);
}

static void files_table(const struct errand *errand, const struct folder_file *files, uint32_t count)
{
	static const char *const titles[] = {"file", ">rows", ">bytes"};
	struct print_table table = table_new(errand->serving.line->arena, titles, 3);

	for (uint32_t i = 0; i < count; i++) {
		table_add(&table, files[i].name, STYLE_BOLD);
		table_add_number(&table, (int64_t)files[i].rows);
		table_add_number(&table, (int64_t)files[i].bytes);
	}
	if (count)
		table_print(&table, stdout, 0);
	else if (errand->result.refused)
		printf("nothing was written: %" PRIu64 " rows can not be written as they are\n", errand->result.refused);
	else
		puts("nothing was written: there are no rows");
}

static int files_print(const struct errand *errand, const struct folder_file *files, uint32_t count)
{
	(errand->writer ? files_json : files_table)(errand, files, count);
	return errand->result.refused ? EXIT_FINDINGS : EXIT_FINE;
}
