/* `stellwerk eval`: one expression, table or script, computed in a world that has the pack's master data; a prompt without one.
 * Must change nothing: what is computed has no effects. */
#include "runtime/explain.h"
#include "runtime/operate/wall.h"
#include "runtime/report.h"
#include "runtime/table.h"
#include "runtime/world.h"

#include <stdlib.h>
#include <unistd.h>

enum { EXPRESSION_MEMORY_MOST = 1 << 30, PARTS_MOST = 40 };

struct session {
	const struct command_line *line;
	struct pack pack;
	struct world *world;
	moment at;
	struct arena arena; /* of one expression */
	bool type_only;
};

/* --- answers */
static struct text answer_text(const struct drawing *drawing, struct value value, const struct type *type);

/* { queue = noc; priority = high } */
static struct text record_text(const struct drawing *drawing, struct value value, const struct type *type)
{
	struct text_builder text = {.arena = drawing->arena};
	bool event = type->kind == TYPE_EVENT;
	uint32_t count = event ? type->event->field_count : type->record->count;
	builder_add_string(&text, "{ ");
	for (uint32_t i = 0; i < count && i < value.count; i++) {
		struct text name = event ? type->event->fields[i].name : type->record->fields[i].name;
		const struct type *part = event ? type->event->fields[i].type : type->record->fields[i].type;
		struct text shown = answer_text(drawing, value.items[i], part);
		builder_format(&text, "%s%.*s = ", i ? "; " : "", TEXT_ARGS(name));
		builder_add(&text, shown);
	}
	builder_add_string(&text, " }");
	return builder_text(&text);
}

static struct text list_text(const struct drawing *drawing, struct value value, const struct type *element)
{
	struct text_builder text = {.arena = drawing->arena};
	builder_add_char(&text, '[');
	for (uint32_t i = 0; i < value.count; i++) {
		builder_add_string(&text, i ? ", " : "");
		builder_add(&text, answer_text(drawing, value.items[i], element));
	}
	builder_add_char(&text, ']');
	return builder_text(&text);
}

/* The whole value: unlike explain, which shows many, nothing is shortened. */
static struct text answer_text(const struct drawing *drawing, struct value value, const struct type *type)
{
	bool record = type && (type->kind == TYPE_RECORD || type->kind == TYPE_EVENT);
	if (value.kind == VALUE_RECORD && record)
		return record_text(drawing, value, type);
	if (value.kind == VALUE_LIST)
		return list_text(drawing, value, type ? type->element : NULL);
	if (value.kind == VALUE_MISSING && value.count)
		return text_format(drawing->arena, "not set, because %.*s is not set", TEXT_ARGS(value_as_text(value)));
	if (value.kind == VALUE_TEXT)
		return text_format(drawing->arena, "\"%.*s\"", TEXT_ARGS(value_as_text(value)));
	return value_describe(drawing, value);
}

static struct text indented(struct arena *arena, struct text text, uint32_t depth)
{
	return text_format(arena, "%*s%.*s", (int)depth * 2, "", TEXT_ARGS(text));
}

static void parts_add(const struct drawing *drawing, struct print_table *table, const struct code *code,
		      const struct observed *nodes, uint32_t number, uint32_t depth)
{
	const struct node *node = &code->nodes[number];
	const struct observed *observed = &nodes[number];
	if (table->cells.count >= PARTS_MOST * 2)
		return;
	enum style style = observed->evaluated ? STYLE_PLAIN : STYLE_DIM;
	table_add(table, indented(drawing->arena, node->source, depth), style);
	table_add(table, observed->evaluated ? answer_text(drawing, observed->value, node->type) : TEXT("not needed"),
		  STYLE_DIM);
	for (uint32_t i = 0; i < node->child_count; i++) {
		uint32_t child = code->children[node->first_child + i];
		if (code->nodes[child].kind != NODE_VALUE)
			parts_add(drawing, table, code, nodes, child, depth + 1);
	}
}

static bool has_parts(const struct code *code)
{
	const struct node *root = &code->nodes[code->root];
	for (uint32_t i = 0; i < root->child_count; i++)
		if (code->nodes[code->children[root->first_child + i]].kind != NODE_VALUE)
			return true;
	return false;
}

static void answer_print(const struct drawing *drawing, const struct code *code, const struct value *frame, struct value result,
			 const struct type *type)
{
	static const char *const titles[] = {"", ""};
	fputs(style_on(stdout, STYLE_BOLD), stdout);
	print_safe(stdout, answer_text(drawing, result, type));
	fputs(style_on(stdout, STYLE_PLAIN), stdout);
	styled(stdout, STYLE_DIM, "  %.*s\n", TEXT_ARGS(type_show(drawing->arena, type)));
	if (code->root >= code->node_count || !has_parts(code))
		return;
	const struct observed *nodes = observed_from_frame(drawing, code, frame);
	if (type->kind == TYPE_BOOL) {
		condition_draw(drawing, code, nodes, 2);
		return;
	}
	struct print_table table = table_new(drawing->arena, titles, 2);
	parts_add(drawing, &table, code, nodes, code->root, 0);
	table_print(&table, stdout, 2);
}

static void json_line(struct text_builder *builder)
{
	struct text text = builder_text(builder);
	printf("%.*s\n", TEXT_ARGS(text));
}

static void member(struct json_writer *writer, const char *name, struct text text)
{
	json_write_name(writer, text_from(name));
	json_write_text(writer, text);
}

static void answer_write(const struct drawing *drawing, struct text expression, const struct code *code,
			 const struct value *frame, struct value result, const struct type *type)
{
	struct text_builder builder = {.arena = drawing->arena};
	struct json_writer writer = {.text = &builder};
	json_open_object(&writer);
	member(&writer, "expression", expression);
	member(&writer, "type", type_show(drawing->arena, type));
	json_write_name(&writer, TEXT("value"));
	value_to_json(&writer, result, type);
	member(&writer, "shown", answer_text(drawing, result, type));
	json_write_name(&writer, TEXT("parts"));
	condition_write(drawing, &writer, code, observed_from_frame(drawing, code, frame));
	json_close_object(&writer);
	json_line(&builder);
}

/* --- one expression */
static int refused(struct session *session, struct text expression, const struct diagnostics *diagnostics, const char *sentence)
{
	struct report report = {.program = session->pack.program, .expression = expression};
	if (!session->line->json && sentence) {
		styled(stderr, STYLE_RED, "failed: ");
		print_safe(stderr, text_from(sentence));
		fputc('\n', stderr);
	} else if (!session->line->json) {
		report_diagnostics(&report, diagnostics, stderr);
	} else {
		struct text_builder builder = {.arena = &session->arena};
		struct json_writer writer = {.text = &builder};
		json_open_object(&writer);
		member(&writer, "expression", expression);
		if (sentence)
			member(&writer, "error", text_from(sentence));
		json_write_name(&writer, TEXT("diagnostics"));
		report_json(&report, diagnostics, &writer);
		json_close_object(&writer);
		json_line(&builder);
	}
	return EXIT_FINDINGS;
}

static int evaluate_guarded(struct session *session, struct text expression)
{
	struct arena *arena = &session->arena;
	struct program *program = session->pack.program;
	const struct type *type = NULL;
	struct diagnostics diagnostics = {.arena = &session->pack.arena};
	struct drawing drawing = {stdout, arena, program, world_ports(session->world)};
	struct value result;
	struct error error;
	const struct code *code = compile_expression(&session->pack.arena, program, expression, &type, &diagnostics);
	if (!code || diagnostics.errors)
		return refused(session, expression, &diagnostics, NULL);
	if (session->type_only) {
		printf("%.*s\n", TEXT_ARGS(type_show(arena, type)));
		return EXIT_FINE;
	}
	struct value *frame = arena_array(arena, struct value, code->slot_count + 1);
	for (uint32_t i = 0; i < code->slot_count; i++)
		frame[i] = not_reached();
	enum status status = engine_evaluate(world_engine(session->world), code, frame, session->at,
					     world_ports(session->world), &result, &error);
	if (status != OK)
		return refused(session, expression, &diagnostics, error.sentence);
	if (session->line->json)
		answer_write(&drawing, expression, code, frame, result, type);
	else
		answer_print(&drawing, code, frame, result, type);
	return EXIT_FINE;
}

static int evaluate(struct session *session, struct text expression)
{
	jmp_buf jump;
	arena_reset(&session->arena);
	if (arena_guard(&session->arena, jump)) {
		session->pack.arena.escape = session->arena.escape = NULL;
		fprintf(stderr, "stellwerk eval: the expression needs more than %d MB of memory\n",
			EXPRESSION_MEMORY_MOST >> 20);
		return EXIT_BROKEN;
	}
	/* what an expression adds to the program lives with it; a line of the prompt may go */
	session->pack.arena.escape = &jump;
	int code = evaluate_guarded(session, text_copy(&session->pack.arena, expression));
	session->pack.arena.escape = session->arena.escape = NULL;
	return code;
}

/* --- the prompt */
static const char PROMPT_HELP[] =
	"an expression       its value, type and parts: 2 + 3, setting.x, route(…), exists(NAME where …)\n"
	":type EXPRESSION    its type only\n"
	":help               this\n"
	":quit               ends, as does the end of the input\n";

/* False: it is over. */
static bool prompt_line(struct session *session, struct text text, int *code_out)
{
	text = text_trim(text);
	bool type_only = text_starts(text, TEXT(":type ")) || text_starts(text, TEXT(":t "));
	if (!text.length || text.bytes[0] == '#')
		return true;
	if (text_is(text, ":quit") || text_is(text, ":q"))
		return false;
	if (text_is(text, ":help") || text_is(text, ":h")) {
		fputs(PROMPT_HELP, stdout);
	} else if (text.bytes[0] == ':' && !type_only) {
		fprintf(stderr, "there is no `%.*s`; :help says what there is\n", TEXT_ARGS(text));
		*code_out = EXIT_FINDINGS;
	} else {
		session->type_only = type_only;
		int code = evaluate(session,
				    type_only ? text_slice(text, (uint32_t)strcspn(text.bytes, " ") + 1, text.length) : text);
		*code_out = code != EXIT_FINE ? code : *code_out;
	}
	return true;
}

static int prompt(struct session *session)
{
	bool person = isatty(STDIN_FILENO);
	char *bytes = NULL;
	size_t capacity = 0;
	ssize_t length;
	int code = EXIT_FINE;
	if (person)
		printf("%.*s %.*s. :help says what there is, :quit ends.\n", TEXT_ARGS(session->pack.program->name),
		       TEXT_ARGS(session->pack.program->version));
	for (;;) {
		if (person)
			styled(stdout, STYLE_CYAN, "> ");
		fflush(stdout);
		if ((length = getline(&bytes, &capacity, stdin)) < 0)
			break;
		if (!prompt_line(session, (struct text){bytes, (uint32_t)length}, &code))
			break;
	}
	free(bytes);
	return person ? EXIT_FINE : code;
}

/* --- opening */
/* "2026-03-27T16:45 Europe/Berlin", "2026-03-27T16:45:00+01:00", "2026-03-27" */
static bool moment_read(const char *string, const struct zone *zone, moment *at_out)
{
	struct text text = text_trim(text_from(string));
	const char *blank = text.length ? memrchr(text.bytes, ' ', text.length) : NULL;
	struct text name = blank ? text_slice(text, (uint32_t)(blank + 1 - text.bytes), text.length) : TEXT("");
	date day;
	if (blank && zone_find(name, &zone) == OK)
		text = text_trim(text_slice(text, 0, (uint32_t)(blank - text.bytes)));
	if (date_parse(text, &day) == OK) {
		*at_out = moment_from_local(zone ? zone : zone_utc(), day, 0);
		return true;
	}
	return moment_parse(text, zone, at_out) == OK;
}

static enum status session_begin(struct session *session, struct error *error)
{
	struct world_options options = {0};
	enum status status = world_open(session->pack.program, &options, &session->world, error);
	return status == OK ? world_begin(session->world, session->at, error) : status;
}

static int session_run(struct session *session, const char *expression)
{
	struct error error;
	const char *at = option_value(session->line, "at");
	session->at = wall_now();
	if (at && !moment_read(at, session->pack.program->zone, &session->at))
		return usage_error(session->line, "`%s` is no time such as '2026-03-27T16:45 Europe/Berlin'", at);
	if (session_begin(session, &error) != OK)
		return world_error(&error);
	return expression ? evaluate(session, text_from(expression)) : prompt(session);
}

/* The packs, then the files of --given: they join the topmost one. */
static const char *const *paths_with_given(const struct command_line *line, uint32_t *count)
{
	const char *const *given;
	uint32_t given_count = option_values(line, "given", &given);
	const char **paths = arena_array(line->arena, const char *, *count + given_count + 1);
	memcpy(paths, line->words, sizeof(*paths) * *count);
	for (uint32_t i = 0; i < given_count; i++)
		paths[(*count)++] = given[i];
	return paths;
}

int cmd_eval(const struct command_line *line)
{
	struct session session = {.line = line};
	uint32_t paths = pack_paths(line);
	if (!line->word_count)
		return usage_error(line, "name the pack, such as rules/default");
	if (line->word_count > paths + 1)
		return usage_error(line, "`%s` is no file or folder; an expression with blanks stands in '…'",
				   line->words[paths]);
	const char *expression = paths < line->word_count ? line->words[paths] : NULL;
	const char *const *all = paths_with_given(line, &paths);
	arena_init(&session.arena, "expression", EXPRESSION_MEMORY_MOST);
	int code = pack_open(&session.pack, all, paths, PACK_RUN);
	if (code == EXIT_FINE)
		code = session_run(&session, expression);
	world_close(session.world);
	arena_release(&session.arena);
	pack_close(&session.pack);
	return code;
}
