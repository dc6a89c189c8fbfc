/* What was compiled, as text: for `dump`, for golden tests, for whoever asks what a line of a pack costs. Stable: the same
 * program always gives the same text. */
#include "dsl/compiler/internal.h"

#include <stdio.h>

struct dump {
	struct text_builder *out;
	const struct program *program;
	struct text only;
};

static void line(struct dump *dump, int depth, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void line(struct dump *dump, int depth, const char *format, ...)
{
	char text[1200];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	builder_format(dump->out, "%*s%s\n", depth * 2, "", text);
}

static bool wanted(const struct dump *dump, struct text name)
{
	if (!dump->only.length || text_equal(dump->only, name))
		return true;
	return name.length > dump->only.length && text_ends(name, dump->only) &&
	       name.bytes[name.length - dump->only.length - 1] == '.';
}

static struct text value_text_of(struct dump *dump, struct value value)
{
	struct text shown = value_show(dump->out->arena, value, NULL);
	if (value.kind == VALUE_MISSING)
		return TEXT("-");
	return value.kind == VALUE_TEXT ? text_format(dump->out->arena, "\"%.*s\"", TEXT_ARGS(shown)) : shown;
}

/* --- code */
static void operand_add(struct dump *dump, struct text_builder *text, const struct code *code, const struct step *step,
			int which)
{
	const uint32_t operands[] = {step->d, step->a, step->b, step->c};
	uint32_t operand = operands[which];
	switch (step_shape(step->operation)[which]) {
	case 's':
		builder_format(text, " s%u", operand);
		break;
	case 'S':
		if (operand)
			builder_format(text, " s%u", operand);
		break;
	case 'k':
		builder_format(text, " %.*s", TEXT_ARGS(value_text_of(dump, code->constants[operand])));
		break;
	case 'f':
		builder_format(text, " .%u", operand);
		break;
	case 'j':
		builder_format(text, " -> %u", operand);
		break;
	case 'n':
		builder_format(text, " #%u", operand);
		break;
	case 'l':
	case 'p':
		builder_add_string(text, " (");
		for (uint32_t i = 0; i < step->c; i++)
			builder_format(text, "%s%s%u", i ? ", " : "", step_shape(step->operation)[which] == 'l' ? "s" : "",
				       code->operands[operand + i]);
		builder_add_char(text, ')');
		break;
	default:
		break;
	}
}

static void query_dump(struct dump *dump, int depth, uint32_t index);

static void code_dump(struct dump *dump, int depth, const char *title, const struct code *code)
{
	if (!code)
		return;
	line(dump, depth, "%s (%u slots, %u parameters)", title, code->slot_count, code->parameter_count);
	for (uint32_t i = 0; i < code->step_count; i++) {
		const struct step *step = &code->steps[i];
		struct text_builder text = {.arena = dump->out->arena};
		if (step_shape(step->operation)[0] == 's')
			builder_format(&text, "s%u = ", step->d);
		builder_add_string(&text, step_name(step->operation));
		for (int which = 1; which < 4; which++)
			operand_add(dump, &text, code, step, which);
		if (step->extra)
			builder_format(&text, " extra %u", step->extra);
		line(dump, depth + 1, "%3u  %-60.*s %.*s", i, TEXT_ARGS(builder_text(&text)),
		     TEXT_ARGS(code->nodes[step->node].source));
	}
	if (code->result != SLOT_NONE)
		line(dump, depth + 1, "result s%u", code->result);
	for (uint32_t i = 0; i < code->step_count; i++)
		if (code->steps[i].operation == STEP_QUERY)
			query_dump(dump, depth + 1, code->steps[i].a);
}

static const char *const QUERY_WORDS[] = {"all", "lookup", "exists", "count", "sum", "min", "max", "avg", "percent"};
static const char *const COMPARISONS[] = {"==", "!=", "<", "<=", ">", ">=", "in", "is set", "is not set"};

static struct text term_text(struct dump *dump, const struct query *query, const struct query_term *term)
{
	struct text_builder text = {.arena = dump->out->arena};
	const struct entity *entity = query->entity;
	for (uint32_t i = 0; i < term->path_length; i++) {
		const struct field *field = &entity->fields[term->path[i]];
		builder_format(&text, "%s%.*s", i ? "." : "", TEXT_ARGS(field->name));
		entity = field->type->entity;
	}
	builder_format(&text, " %s", COMPARISONS[term->comparison]);
	if (term->comparison < COMPARE_IS_SET)
		builder_format(&text, " p%u", term->parameter);
	return builder_text(&text);
}

static void query_dump(struct dump *dump, int depth, uint32_t index)
{
	const struct query *query = &dump->program->queries[index];
	line(dump, depth, "query #%u: %s %.*s, %u parameters%s", index, QUERY_WORDS[query->kind],
	     TEXT_ARGS(query->entity->name), query->parameter_count, query->terms_are_all ? ", the terms are all" : "");
	for (uint32_t i = 0; i < query->term_count; i++)
		line(dump, depth + 1, "term %.*s", TEXT_ARGS(term_text(dump, query, &query->terms[i])));
	code_dump(dump, depth + 1, "where", query->where);
	code_dump(dump, depth + 1, "value", query->value);
}

/* --- schema */
static void field_dump(struct dump *dump, const struct field *field)
{
	struct text type = field->type ? type_show(dump->out->arena, field->type) : TEXT("?");
	line(dump, 1, ".%u %.*s %.*s%s%s%s%s%s%s", field->index, TEXT_ARGS(field->name), TEXT_ARGS(type),
	     field->required ? " required" : "", field->key ? " key" : "", field->unique ? " unique" : "",
	     field->searchable ? " searchable" : "", field->sequence ? " sequence" : "", field->fallback ? " default" : "");
	code_dump(dump, 2, "default", field->fallback);
	code_dump(dump, 2, "computed", field->computed);
}

static void entity_dump(struct dump *dump, const struct entity *entity)
{
	line(dump, 0, "entity %.*s \"%.*s\"", TEXT_ARGS(entity->name), TEXT_ARGS(entity->label));
	for (uint32_t i = FIELD_FIRST_OWN; i < entity->field_count; i++)
		field_dump(dump, &entity->fields[i]);
	for (uint32_t i = 0; i < entity->index_count; i++) {
		struct text_builder text = {.arena = dump->out->arena};
		for (uint32_t k = 0; k < entity->indexes[i].count; k++)
			builder_format(&text, "%s%.*s", k ? ", " : "",
				       TEXT_ARGS(entity->fields[entity->indexes[i].fields[k]].name));
		line(dump, 1, "%s %.*s", entity->indexes[i].unique ? "unique" : "index", TEXT_ARGS(builder_text(&text)));
	}
	code_dump(dump, 1, "sealed when", entity->sealed_when);
}

static void schema_dump(struct dump *dump)
{
	for (uint32_t i = 0; i < dump->program->schema.entity_count; i++)
		if (wanted(dump, dump->program->schema.entities[i]->name))
			entity_dump(dump, dump->program->schema.entities[i]);
	for (uint32_t i = 0; i < dump->program->schema.event_count; i++) {
		const struct event_kind *event = dump->program->schema.events[i];
		if (event->origin != EVENT_DECLARED || !wanted(dump, event->name))
			continue;
		line(dump, 0, "event %.*s \"%.*s\"", TEXT_ARGS(event->name), TEXT_ARGS(event->label));
		for (uint32_t k = 0; k < event->field_count; k++)
			field_dump(dump, &event->fields[k]);
	}
}

/* --- decisions */
static struct text signature(struct dump *dump, const struct record_field *parameters, uint32_t count,
			     const struct type *result)
{
	struct text_builder text = {.arena = dump->out->arena};
	builder_add_char(&text, '(');
	for (uint32_t i = 0; i < count; i++)
		builder_format(&text, "%s%.*s %.*s", i ? ", " : "", TEXT_ARGS(parameters[i].name),
			       TEXT_ARGS(type_show(dump->out->arena, parameters[i].type)));
	builder_add_char(&text, ')');
	if (result)
		builder_format(&text, " -> %.*s", TEXT_ARGS(type_show(dump->out->arena, result)));
	return builder_text(&text);
}

static const char *const CELLS[] = {"*", "-", "==", "one of", "range", "code"};

static void row_dump(struct dump *dump, const struct table *table, const struct table_row *row, uint32_t number)
{
	struct text_builder text = {.arena = dump->out->arena};
	for (uint32_t i = 0; i < table->input_count; i++) {
		const struct cell *cell = &row->cells[i];
		builder_format(&text, "| %s ", CELLS[cell->kind]);
		for (uint32_t k = 0; k < cell->count; k++)
			builder_format(&text, "%s%.*s ", k ? ", " : "", TEXT_ARGS(value_text_of(dump, cell->values[k])));
	}
	char buffer[40];
	if (row->valid_from != DATE_OPEN)
		builder_format(&text, "| valid from %.*s ", (int)date_write(row->valid_from, buffer), buffer);
	if (row->valid_until != DATE_OPEN)
		builder_format(&text, "| valid until %.*s ", (int)date_write(row->valid_until, buffer), buffer);
	line(dump, 1, "row %u %.*s", number, TEXT_ARGS(builder_text(&text)));
	for (uint32_t i = 0; i < table->input_count; i++)
		code_dump(dump, 2, "cell", row->cells[i].code);
	for (uint32_t i = 0; i < table->outputs->count; i++) {
		if (row->outputs[i])
			code_dump(dump, 2, "output", row->outputs[i]);
		else
			line(dump, 2, "output -");
	}
}

static void table_dump(struct dump *dump, const struct table *table)
{
	static const char *const policies[] = {"first", "unique", "priority", "collect"};
	static const char *const folds[] = {"", " sum", " min", " max", " count"};
	line(dump, 0, "table %.*s%.*s hit %s%s", TEXT_ARGS(table->name),
	     TEXT_ARGS(signature(dump, table->parameters, table->parameter_count, NULL)), policies[table->policy],
	     folds[table->fold]);
	for (uint32_t i = 0; i < table->input_count; i++)
		code_dump(dump, 1, "input", table->inputs[i]);
	for (uint32_t i = 0; i < table->row_count; i++)
		row_dump(dump, table, &table->rows[i], i + 1);
}

static void decisions_dump(struct dump *dump)
{
	const struct program *program = dump->program;
	for (uint32_t i = 0; i < program->function_count; i++) {
		const struct function *function = &program->functions[i];
		if (!wanted(dump, function->name))
			continue;
		line(dump, 0, "define %.*s%.*s", TEXT_ARGS(function->name),
		     TEXT_ARGS(signature(dump, function->parameters, function->parameter_count, function->result)));
		code_dump(dump, 1, "code", function->code);
	}
	for (uint32_t i = 0; i < program->table_count; i++)
		if (wanted(dump, program->tables[i].name))
			table_dump(dump, &program->tables[i]);
	for (uint32_t i = 0; i < program->script_count; i++)
		if (wanted(dump, program->scripts[i].name))
			line(dump, 0, "script %.*s%.*s from \"%.*s\"", TEXT_ARGS(program->scripts[i].name),
			     TEXT_ARGS(signature(dump, program->scripts[i].parameters, program->scripts[i].parameter_count,
						 program->scripts[i].result)),
			     TEXT_ARGS(program->scripts[i].file));
	for (uint32_t i = 0; i < program->setting_count; i++) {
		const struct setting *setting = &program->settings[i];
		if (!wanted(dump, setting->name))
			continue;
		line(dump, 0, "setting %.*s %.*s", TEXT_ARGS(setting->name),
		     TEXT_ARGS(type_show(dump->out->arena, setting->type)));
		code_dump(dump, 1, "default", setting->fallback);
	}
}

/* --- rules */
static void fields_dump(struct dump *dump, const char *title, const uint32_t *packed, uint32_t count)
{
	struct text_builder text = {.arena = dump->out->arena};
	for (uint32_t i = 0; i < count; i++) {
		const struct entity *entity = dump->program->schema.entities[packed[i] >> 16];
		builder_format(&text, "%s%.*s.%.*s", i ? ", " : "", TEXT_ARGS(entity->name),
			       TEXT_ARGS(entity->fields[packed[i] & 0xffff].name));
	}
	if (count)
		line(dump, 1, "%s %.*s", title, TEXT_ARGS(builder_text(&text)));
}

static void rule_dump(struct dump *dump, const struct rule *rule)
{
	line(dump, 0, "rule %u %.*s on %.*s", rule->index, TEXT_ARGS(rule->name), TEXT_ARGS(rule->event->name));
	if (rule->index_field != SLOT_NONE)
		line(dump, 1, "found by .%u = %.*s", rule->index_field, TEXT_ARGS(value_text_of(dump, rule->index_value)));
	code_dump(dump, 1, "guard", rule->guard);
	code_dump(dump, 1, "dedupe by", rule->dedupe_keys);
	code_dump(dump, 1, "dedupe while", rule->dedupe_while);
	code_dump(dump, 1, "once by", rule->once_keys);
	code_dump(dump, 1, "at most by", rule->at_most_keys);
	code_dump(dump, 1, "damp by", rule->damp_keys);
	code_dump(dump, 1, "holds for", rule->holds_for);
	code_dump(dump, 1, "unless within", rule->unless.within);
	code_dump(dump, 1, "unless where", rule->unless.where);
	code_dump(dump, 1, "body", rule->body);
	fields_dump(dump, "reads", rule->reads, rule->read_count);
	fields_dump(dump, "writes", rule->writes, rule->write_count);
	struct text_builder text = {.arena = dump->out->arena};
	for (uint32_t i = 0; i < rule->emit_count; i++)
		builder_format(&text, "%s%.*s", i ? ", " : "", TEXT_ARGS(dump->program->schema.events[rule->emits[i]]->name));
	if (rule->emit_count)
		line(dump, 1, "emits %.*s", TEXT_ARGS(builder_text(&text)));
}

static void index_dump(struct dump *dump)
{
	for (uint32_t i = 0; dump->program->index && i < dump->program->schema.event_count; i++) {
		const struct rule_index *index = &dump->program->index[i];
		const struct event_kind *event = dump->program->schema.events[i];
		if ((!index->always_count && !index->field_count) || !wanted(dump, event->name))
			continue;
		line(dump, 0, "index %.*s: %u rules always", TEXT_ARGS(event->name), index->always_count);
		for (uint32_t k = 0; k < index->field_count; k++) {
			uint32_t values = 0;
			for (uint32_t b = 0; b < index->fields[k].capacity; b++)
				values += index->fields[k].buckets[b].value != NULL;
			line(dump, 1, "by .%u: %u values", index->fields[k].field, values);
		}
	}
}

static void clock_dump(struct dump *dump, const struct clock *clock)
{
	line(dump, 0, "clock %.*s on %.*s", TEXT_ARGS(clock->name), TEXT_ARGS(clock->entity->name));
	code_dump(dump, 1, "starts when", clock->starts_when);
	code_dump(dump, 1, "stops when", clock->stops_when);
	code_dump(dump, 1, "pauses while", clock->pauses_while);
	code_dump(dump, 1, "calendar", clock->calendar);
	code_dump(dump, 1, "target", clock->target);
	code_dump(dump, 1, "holidays", clock->holidays);
}

static void receive_dump(struct dump *dump, const struct receive *receive)
{
	line(dump, 0, "receive %.*s \"%.*s\" of %.*s", TEXT_ARGS(receive->kind), TEXT_ARGS(receive->name),
	     TEXT_ARGS(receive->connector->name));
	for (uint32_t i = 0; i < receive->arrival_count; i++) {
		code_dump(dump, 1, "when", receive->arrivals[i].guard);
		code_dump(dump, 1, "then", receive->arrivals[i].body);
	}
}

/* Where an instance may rest, and what it has to know there. */
static void point_dump(struct dump *dump, const struct work_point *point)
{
	struct text_builder needed = {.arena = dump->out->arena};
	for (uint32_t i = 0; i < point->variable_count; i++) {
		const struct work_variable *variable = &point->variables[i];
		if (variable->need == NEED_NONE)
			continue;
		builder_format(&needed, "%s%.*s", needed.length ? ", " : "", TEXT_ARGS(variable->name));
		if (!variable->name.length)
			builder_format(&needed, "slot %u", variable->slot);
	}
	line(dump, 1, "point \"%.*s\": step %u%s%.*s", TEXT_ARGS(point->name), point->step, needed.length ? ", needs " : "",
	     TEXT_ARGS(builder_text(&needed)));
}

static void column_dump(struct dump *dump, const struct format_column *column)
{
	if (column->slot == SLOT_NONE)
		line(dump, 3, "\"%.*s\" always %.*s", TEXT_ARGS(column->title),
		     TEXT_ARGS(value_text_of(dump, column->constant)));
	else
		line(dump, 3, "\"%.*s\" s%u", TEXT_ARGS(column->title), column->slot);
}

static void format_dump(struct dump *dump, const struct format *format)
{
	line(dump, 0, "format %.*s%.*s", TEXT_ARGS(format->name),
	     TEXT_ARGS(signature(dump, format->parameters, format->parameter_count, NULL)));
	code_dump(dump, 1, "file", format->file);
	code_dump(dump, 1, "header", format->header);
	code_dump(dump, 1, "footer", format->footer);
	for (uint32_t i = 0; i < format->rows_count; i++) {
		const struct format_rows *rows = &format->rows[i];
		code_dump(dump, 1, rows->query ? "rows of a query" : "rows of a list", rows->source);
		code_dump(dump, 2, "where", rows->where);
		code_dump(dump, 2, "columns", rows->code);
		for (uint32_t k = 0; k < rows->column_count; k++)
			column_dump(dump, &rows->columns[k]);
	}
}

static void others_dump(struct dump *dump)
{
	const struct program *program = dump->program;
	for (uint32_t i = 0; i < program->clock_count; i++)
		if (wanted(dump, program->clocks[i].name))
			clock_dump(dump, &program->clocks[i]);
	for (uint32_t i = 0; i < program->workflow_count; i++) {
		const struct workflow *workflow = &program->workflows[i];
		if (!wanted(dump, workflow->name))
			continue;
		line(dump, 0, "workflow %.*s%.*s", TEXT_ARGS(workflow->name),
		     TEXT_ARGS(signature(dump, workflow->parameters, workflow->parameter_count, NULL)));
		for (uint32_t k = 0; k < workflow->point_count; k++)
			point_dump(dump, &workflow->points[k]);
		code_dump(dump, 1, "code", workflow->code);
	}
	for (uint32_t i = 0; i < program->schedule_count; i++) {
		const struct schedule *schedule = &program->schedules[i];
		if (!wanted(dump, schedule->name))
			continue;
		line(dump, 0, "schedule %.*s", TEXT_ARGS(schedule->name));
		code_dump(dump, 1, "when", schedule->guard);
		code_dump(dump, 1, "then", schedule->body);
	}
	for (uint32_t i = 0; i < program->receive_count; i++)
		if (program->receives[i].connector && wanted(dump, program->receives[i].connector->name))
			receive_dump(dump, &program->receives[i]);
	for (uint32_t i = 0; i < program->format_count; i++)
		if (wanted(dump, program->formats[i].name))
			format_dump(dump, &program->formats[i]);
}

void program_dump(struct text_builder *builder, const struct program *program, struct text only)
{
	struct dump dump = {.out = builder, .program = program, .only = only};
	schema_dump(&dump);
	decisions_dump(&dump);
	for (uint32_t i = 0; i < program->rule_count; i++)
		if (wanted(&dump, program->rules[i].name))
			rule_dump(&dump, &program->rules[i]);
	others_dump(&dump);
	index_dump(&dump);
}
