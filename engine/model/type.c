/* Types as authors write them, for messages. */
#include "engine/model/type.h"
#include "engine/model/schema.h"

static void show(struct text_builder *builder, const struct type *type);

static const char *const WORDS[] = {
	[TYPE_ERROR] = "unknown",     [TYPE_BOOL] = "bool",
	[TYPE_INT] = "int",           [TYPE_DECIMAL] = "decimal",
	[TYPE_PERCENT] = "percent",   [TYPE_MONEY] = "money",
	[TYPE_TEXT] = "text",         [TYPE_DATE] = "date",
	[TYPE_TIME] = "time",         [TYPE_TIME_OF_DAY] = "time_of_day",
	[TYPE_DURATION] = "duration", [TYPE_DATA] = "data",
	[TYPE_FILE] = "file",         [TYPE_SECRET] = "secret",
	[TYPE_NOTHING] = "nothing",
};

static void show_enum(struct text_builder *builder, const struct enumeration *enumeration)
{
	if (enumeration->name.length) {
		builder_add(builder, enumeration->name);
		return;
	}
	builder_add_string(builder, "enum(");
	for (uint32_t i = 0; i < enumeration->count; i++) {
		builder_add_string(builder, i ? ", " : "");
		builder_add(builder, enumeration->values[i].name);
	}
	builder_add_char(builder, ')');
}

static void show_record(struct text_builder *builder, const struct record_type *record)
{
	builder_add_string(builder, "record(");
	for (uint32_t i = 0; i < record->count; i++) {
		builder_format(builder, "%s%.*s ", i ? ", " : "", TEXT_ARGS(record->fields[i].name));
		show(builder, record->fields[i].type);
	}
	builder_add_char(builder, ')');
}

static void show(struct text_builder *builder, const struct type *type)
{
	switch (type->kind) {
	case TYPE_ENUM:
		show_enum(builder, type->enumeration);
		return;
	case TYPE_REF:
		builder_format(builder, "ref %.*s", TEXT_ARGS(type->entity->name));
		return;
	case TYPE_LIST:
		builder_add_string(builder, "list of ");
		show(builder, type->element);
		return;
	case TYPE_RANGE:
		builder_add_string(builder, "range of ");
		show(builder, type->element);
		return;
	case TYPE_RECORD:
		show_record(builder, type->record);
		return;
	case TYPE_EVENT:
		builder_add(builder, type->event->name);
		return;
	default:
		builder_add_string(builder, WORDS[type->kind]);
	}
}

struct text type_show(struct arena *arena, const struct type *type)
{
	struct text_builder builder = {.arena = arena};
	show(&builder, type);
	return builder_text(&builder);
}
