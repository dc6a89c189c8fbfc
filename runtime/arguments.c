/* Reads arguments by letting the compiler read them. Must never run what is not one call of what was named. */
#include "runtime/arguments.h"

#include "dsl/compiler/nearest.h"
#include "runtime/fixture.h"

static uint32_t format_count(const struct program *program)
{
	return program->format_count;
}

static struct text format_name(const struct program *program, uint32_t index)
{
	return program->formats[index].name;
}

static struct parameters format_parameters(const struct program *program, uint32_t index)
{
	return (struct parameters){program->formats[index].parameters, program->formats[index].parameter_count};
}

static uint32_t action_count(const struct program *program)
{
	return program->action_count;
}

static struct text action_name(const struct program *program, uint32_t index)
{
	return program->actions[index].name;
}

static struct parameters action_parameters(const struct program *program, uint32_t index)
{
	return (struct parameters){program->actions[index].parameters, program->actions[index].parameter_count};
}

const struct arguments_kind ARGUMENTS_OF_FORMAT = {"format", "run", TEST_EXPORT, format_count, format_name, format_parameters};
const struct arguments_kind ARGUMENTS_OF_ACTION = {"action", "call", TEST_ACT, action_count, action_name, action_parameters};

struct given {
	struct text name, value;
};

struct reading {
	struct serving *serving;
	struct arena *arena;
	const struct arguments_kind *kind;
	struct text name;
	struct parameters parameters;
	LIST(struct given) given;
};

static int given_read(struct reading *reading)
{
	const struct command_line *line = reading->serving->line;
	const char *const *values;
	uint32_t count = option_values(line, "arg", &values);

	for (uint32_t i = 0; i < count; i++) {
		const char *sign = strchr(values[i], '=');
		if (!sign || sign == values[i] || strchr(values[i], '\n'))
			return usage_error(line, "--arg \"%s\" is not of the form NAME=VALUE, in one line", values[i]);
		*list_add(reading->arena, &reading->given) =
			(struct given){{values[i], (uint32_t)(sign - values[i])}, text_from(sign + 1)};
	}
	return EXIT_FINE;
}

/* --- as it would be written in a pack */
static struct text quoted(struct arena *arena, struct text value)
{
	struct text_builder text = {.arena = arena};

	flow_quote(&text, value);
	return builder_text(&text);
}

/* What people know a record by: a numbered field, one that is unique, its name. */
static const struct field *known_by(const struct entity *entity)
{
	const struct field *best = entity_field(entity, TEXT("name"));

	for (uint32_t i = FIELD_FIRST_OWN; i < entity->field_count; i++) {
		const struct field *field = &entity->fields[i];
		if (field->type->kind == TYPE_TEXT && (field->sequence || (field->unique && !best)))
			best = field;
	}
	return best && best->type->kind == TYPE_TEXT ? best : NULL;
}

static struct text looked_up(struct arena *arena, const struct entity *entity, struct text value)
{
	const struct field *field = known_by(entity);
	struct text text = quoted(arena, value);

	if (!field || memchr(value.bytes, '(', value.length))
		return value;
	return text_format(arena, "lookup(%.*s where %.*s.%.*s == %.*s)", TEXT_ARGS(entity->name), TEXT_ARGS(entity->name),
			   TEXT_ARGS(field->name), TEXT_ARGS(text));
}

static struct text written(struct arena *arena, const struct type *type, struct text value)
{
	if (type->kind == TYPE_TEXT)
		return quoted(arena, value);
	return type->kind == TYPE_REF ? looked_up(arena, type->entity, value) : value;
}

static const struct type *parameter_type(const struct parameters *parameters, struct text name)
{
	for (uint32_t i = 0; i < parameters->count; i++)
		if (text_equal(parameters->fields[i].name, name))
			return parameters->fields[i].type;
	return NULL;
}

static struct text call_text(const struct reading *reading)
{
	struct text_builder text = {.arena = reading->arena};

	builder_format(&text, "test \"the arguments\" {\n  when %s %.*s(", reading->kind->statement, TEXT_ARGS(reading->name));
	for (uint32_t i = 0; i < reading->given.count; i++) {
		const struct given *given = &reading->given.items[i];
		const struct type *type = parameter_type(&reading->parameters, given->name);
		struct text value = type ? written(reading->arena, type, given->value) : given->value;
		builder_format(&text, "%s%.*s = %.*s", i ? ", " : "", TEXT_ARGS(given->name), TEXT_ARGS(value));
	}
	builder_add_string(&text, ")\n}\n");
	return builder_text(&text);
}

/* --- what is named, and then the call of it */
static int name_unknown(const struct reading *reading, const struct program *program)
{
	uint32_t count = reading->kind->count(program);
	struct text *names = arena_array(reading->arena, struct text, count + 1);

	for (uint32_t i = 0; i < count; i++)
		names[i] = reading->kind->name(program, i);
	int64_t near = nearest_name(reading->name, names, count);
	error_set(&reading->serving->error, NOT_FOUND, "there is no %s `%.*s`%s%.*s%s", reading->kind->called,
		  TEXT_ARGS(reading->name), near >= 0 ? "; did you mean `" : "", TEXT_ARGS(near >= 0 ? names[near] : TEXT("")),
		  near >= 0 ? "`?" : "");
	return world_error(&reading->serving->error);
}

static bool name_find(struct reading *reading, const struct program *program)
{
	for (uint32_t i = 0; i < reading->kind->count(program); i++)
		if (text_equal(reading->kind->name(program, i), reading->name)) {
			reading->parameters = reading->kind->parameters(program, i);
			return true;
		}
	return false;
}

static const struct test_item *run_find(const struct program *program, enum test_item_kind kind)
{
	const struct test *test = program->test_count ? &program->tests[program->test_count - 1] : NULL;

	return test && test->item_count == 1 && test->items[0].kind == kind ? test->items : NULL;
}

int line_arguments(struct serving *serving, const hash_list *packs, const struct arguments_kind *kind, struct text name,
		   struct pack *pack_out, const struct test_item **run_out)
{
	struct reading reading = {.serving = serving, .arena = serving->line->arena, .kind = kind, .name = name};
	struct source_input call = {.path = TEXT("the arguments"), .layer = packs->count - 1};
	int code = given_read(&reading);

	if (code == EXIT_FINE)
		code = pack_open_stored(pack_out, serving->store, packs, NULL);
	if (code != EXIT_FINE)
		return code;
	if (name_find(&reading, pack_out->program))
		call.text = call_text(&reading);
	else
		code = name_unknown(&reading, pack_out->program);
	pack_close(pack_out);
	if (code == EXIT_FINE)
		code = pack_open_stored(pack_out, serving->store, packs, &call);
	if (code != EXIT_FINE)
		return code;
	*run_out = run_find(pack_out->program, kind->item);
	if (*run_out)
		return EXIT_FINE;
	error_set(&serving->error, INVALID, "what stands behind --arg is more than a value");
	return world_error(&serving->error);
}
