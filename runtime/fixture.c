/* Values as Flow writes them. Must never write what would be read as something else. */
#include "runtime/fixture.h"

#include "engine/base/moment.h"
#include "engine/model/value.h"

void flow_quote(struct text_builder *flow, struct text text)
{
	builder_add_char(flow, '"');
	for (uint32_t i = 0; i < text.length; i++) {
		char byte = text.bytes[i];
		if (byte == '\n' || byte == '\t') {
			builder_add_string(flow, byte == '\n' ? "\\n" : "\\t");
			continue;
		}
		if (strchr("\"\\{}", byte))
			builder_add_char(flow, '\\');
		builder_add_char(flow, byte);
	}
	builder_add_char(flow, '"');
}

static enum status value_flow(struct text_builder *flow, struct value value, const struct type *type, struct error *error);

static enum status members_flow(struct text_builder *flow, struct value value, const struct record_type *record,
				struct error *error)
{
	enum status status = OK;
	bool any = false;

	builder_add_string(flow, "{ ");
	for (uint32_t i = 0; status == OK && i < value.count; i++) {
		if (value.items[i].kind == VALUE_MISSING)
			continue;
		builder_format(flow, "%s%.*s = ", any ? "; " : "", TEXT_ARGS(record->fields[i].name));
		status = value_flow(flow, value.items[i], record->fields[i].type, error);
		any = true;
	}
	builder_add_string(flow, any ? " }" : "}");
	return status;
}

static enum status items_flow(struct text_builder *flow, struct value value, const struct type *element, struct error *error)
{
	enum status status = OK;

	builder_add_char(flow, '[');
	for (uint32_t i = 0; status == OK && i < value.count; i++) {
		builder_add_string(flow, i ? ", " : "");
		status = value_flow(flow, value.items[i], element, error);
	}
	builder_add_char(flow, ']');
	return status;
}

/* 2026-03-27T14:45:00 UTC */
static void moment_flow(struct text_builder *flow, moment at)
{
	char text[MOMENT_TEXT];
	uint32_t length = moment_write(at, zone_utc(), text);

	builder_add(flow, (struct text){text, length < 19 ? length : 19});
	builder_add_string(flow, " UTC");
}

static enum status value_flow(struct text_builder *flow, struct value value, const struct type *type, struct error *error)
{
	switch (value.kind) {
	case VALUE_TEXT:
		flow_quote(flow, value_as_text(value));
		return OK;
	case VALUE_ENUM:
		builder_add(flow, value.enumeration->values[value.count].name);
		return OK;
	case VALUE_BOOL:
		builder_add_string(flow, value.integer ? "true" : "false");
		return OK;
	case VALUE_INT:
	case VALUE_DECIMAL:
	case VALUE_PERCENT:
	case VALUE_MONEY:
	case VALUE_DATE:
		value_write(flow, value, NULL);
		return OK;
	case VALUE_TIME:
		moment_flow(flow, value.integer);
		return OK;
	case VALUE_LIST:
		return items_flow(flow, value, type ? type->element : NULL, error);
	case VALUE_RECORD:
		if (type && type->kind == TYPE_RECORD)
			return members_flow(flow, value, type->record, error);
		break;
	default:
		break;
	}
	struct text called = type ? type_show(flow->arena, type) : TEXT("this");
	return error_set(error, INVALID, "%.*s can not be written in a test", TEXT_ARGS(called));
}

static enum status arguments_flow(struct text_builder *flow, const struct fixture *fixture, struct error *error)
{
	const struct action *action = fixture->action;
	enum status status = OK;
	bool any = false;

	for (uint32_t i = 0; status == OK && i < action->parameter_count; i++) {
		if (fixture->arguments[i].kind == VALUE_MISSING)
			continue;
		builder_format(flow, "%s%.*s = ", any ? ", " : "", TEXT_ARGS(action->parameters[i].name));
		status = value_flow(flow, fixture->arguments[i], action->parameters[i].type, error);
		any = true;
	}
	return status;
}

enum status fixture_write(struct arena *arena, const struct fixture *fixture, struct text *flow_out, struct error *error)
{
	struct text_builder flow = {.arena = arena};
	struct text name = fixture->action->name;
	enum status status = OK;

	builder_format(&flow, "# What was answered to %.*s\ntest \"%.*s answers as it did\" {\n  at     ",
		       TEXT_ARGS(fixture->request), TEXT_ARGS(name));
	moment_flow(&flow, fixture->at);
	builder_format(&flow, "\n  answer %.*s ", TEXT_ARGS(name));
	if (fixture->action->result)
		status = value_flow(&flow, fixture->result, fixture->action->result, error);
	else
		builder_add_string(&flow, "{ }");
	builder_format(&flow, "\n  when   call %.*s(", TEXT_ARGS(name));
	if (status == OK)
		status = arguments_flow(&flow, fixture, error);
	builder_format(&flow, ")\n  expect one %.*s\n}\n", TEXT_ARGS(name));
	*flow_out = builder_text(&flow);
	return status;
}
