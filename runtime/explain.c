/* Conditions as trees. Reads what the engine observed and never computes anything again: the tree is what happened. */
#include "runtime/explain.h"

#include "engine/base/check.h"

enum { VALUE_WIDTH = 60, VALUE_WIDTH_WHOLE = 400, NAME_DEPTH = 3 };

static void node_draw(const struct drawing *drawing, const struct code *code, const struct observed *nodes, uint32_t node,
		      uint32_t indent);
static void node_write(const struct drawing *drawing, struct json_writer *writer, const struct code *code,
		       const struct observed *nodes, uint32_t node);
static struct text ref_describe(const struct drawing *drawing, struct value ref, uint32_t depth);

/* --- names for people */
static struct text shorten(struct arena *arena, struct text text, uint32_t width)
{
	if (text_characters(text) <= width)
		return text;
	uint32_t bytes = 0, characters = 0;
	while (characters < width && bytes < text.length) {
		do
			bytes++;
		while (bytes < text.length && ((unsigned char)text.bytes[bytes] & 0xc0) == 0x80);
		characters++;
	}
	return text_format(arena, "%.*s…", (int)bytes, text.bytes);
}

/* A number first, a name else: what people call it. Empty when it has neither. */
static struct text record_name(const struct entity *entity, const struct value *values)
{
	const struct field *name = entity_field(entity, TEXT("name"));
	struct text found = TEXT("");

	for (uint32_t i = entity->field_count; i-- > FIELD_FIRST_OWN;)
		if (values[i].kind == VALUE_TEXT && entity->fields[i].sequence)
			found = value_as_text(values[i]);
	if (!found.length && name && values[name->index].kind == VALUE_TEXT)
		found = value_as_text(values[name->index]);
	for (uint32_t i = FIELD_FIRST_OWN; !found.length && i < entity->field_count; i++)
		if (values[i].kind == VALUE_TEXT && entity->fields[i].unique)
			found = value_as_text(values[i]);
	return found;
}

/* What has no name of its own is called after what it belongs to: the fields that make it unique, else its first reference.
 * Empty when that is not set either. */
static struct text owner_name(const struct drawing *drawing, const struct entity *entity, const struct value *values,
			      uint32_t depth)
{
	struct text_builder text = {.arena = drawing->arena};

	if (!depth)
		return TEXT("");
	for (uint32_t i = 0; i < entity->index_count; i++) {
		const struct index *index = &entity->indexes[i];
		for (uint32_t f = 0; index->unique && f < index->count; f++) {
			struct value value = values[index->fields[f]];
			if (value.kind == VALUE_MISSING)
				continue;
			builder_add_string(&text, text.length ? " " : "of ");
			builder_add(&text, value.kind == VALUE_REF ? ref_describe(drawing, value, depth - 1)
								   : value_describe(drawing, value));
		}
		if (text.length)
			return builder_text(&text);
	}
	for (uint32_t i = FIELD_FIRST_OWN; i < entity->field_count; i++)
		if (values[i].kind == VALUE_REF && !entity->fields[i].computed)
			return text_format(drawing->arena, "of %.*s", TEXT_ARGS(ref_describe(drawing, values[i], depth - 1)));
	return TEXT("");
}

static struct text row_describe(const struct drawing *drawing, const struct entity *entity, const struct value *values,
				uint32_t depth)
{
	struct text name = record_name(entity, values);

	if (!name.length)
		name = owner_name(drawing, entity, values, depth);
	if (!name.length)
		name = value_show(drawing->arena, values[FIELD_ID], NULL);
	return text_format(drawing->arena, "%.*s %.*s", TEXT_ARGS(entity->name), TEXT_ARGS(name));
}

struct text record_describe(const struct drawing *drawing, const struct entity *entity, const struct value *values)
{
	return row_describe(drawing, entity, values, NAME_DEPTH);
}

static struct text ref_describe(const struct drawing *drawing, struct value ref, uint32_t depth)
{
	const struct schema *schema = &drawing->program->schema;
	const struct entity *entity = ref.entity < schema->entity_count ? schema->entities[ref.entity] : NULL;
	struct error error;

	if (!entity)
		return value_show(drawing->arena, ref, NULL);
	struct value *values = arena_array(drawing->arena, struct value, entity->field_count);
	if (drawing->ports->read(drawing->ports->host, drawing->arena, entity, ref.id, values, &error) != OK)
		return text_format(drawing->arena, "%.*s %.*s", TEXT_ARGS(entity->name),
				   TEXT_ARGS(value_show(drawing->arena, ref, NULL)));
	values[FIELD_ID] = ref;
	return row_describe(drawing, entity, values, depth);
}

static struct text describe(const struct drawing *drawing, struct value value, uint32_t width)
{
	struct text_builder text = {.arena = drawing->arena};

	switch ((enum value_kind)value.kind) {
	case VALUE_MISSING:
		return TEXT("not set");
	case VALUE_REF:
		return ref_describe(drawing, value, NAME_DEPTH);
	case VALUE_TEXT:
		return text_format(drawing->arena, "\"%.*s\"", TEXT_ARGS(shorten(drawing->arena, value_as_text(value), width)));
	case VALUE_LIST:
		builder_add_char(&text, '[');
		for (uint32_t i = 0; i < value.count && i < 8; i++) {
			builder_add_string(&text, i ? ", " : "");
			builder_add(&text, value_describe(drawing, value.items[i]));
		}
		builder_add_string(&text, value.count > 8 ? ", …]" : "]");
		return shorten(drawing->arena, builder_text(&text), width);
	default:
		return shorten(drawing->arena, value_show(drawing->arena, value, drawing->program->zone), width);
	}
}

struct text value_describe(const struct drawing *drawing, struct value value)
{
	return describe(drawing, value, VALUE_WIDTH);
}

struct text value_describe_whole(const struct drawing *drawing, struct value value)
{
	const struct enum_value *chosen = value.kind == VALUE_ENUM ? &value.enumeration->values[value.count] : NULL;

	if (chosen && chosen->label.length && !text_equal(chosen->label, chosen->name))
		return text_format(drawing->arena, "%.*s (%.*s)", TEXT_ARGS(chosen->name), TEXT_ARGS(chosen->label));
	return describe(drawing, value, VALUE_WIDTH_WHOLE);
}

struct text place_describe(const struct drawing *drawing, struct span span)
{
	if (!span.line || span.file >= drawing->program->file_count)
		return TEXT("");
	return text_format(drawing->arena, "%.*s:%u", TEXT_ARGS(drawing->program->files[span.file].path), span.line);
}

/* --- what a frame tells */
static const char not_reached_mark[] = "not reached";

struct value not_reached(void)
{
	return (struct value){.kind = VALUE_MISSING, .text = not_reached_mark};
}

static bool is_reached(struct value value)
{
	return value.kind != VALUE_MISSING || value.text != not_reached_mark;
}

/* A path that a fused step read itself has no slot: read it as the step did. */
static struct value fused_value(const struct drawing *drawing, const struct step *step, struct value owner)
{
	const struct schema *schema = &drawing->program->schema;
	struct error error;

	if (owner.kind == VALUE_RECORD)
		return step->b < owner.count ? owner.items[step->b] : value_missing();
	if (owner.kind != VALUE_REF || owner.entity >= schema->entity_count)
		return value_missing();
	const struct entity *entity = schema->entities[owner.entity];
	struct value *values = arena_array(drawing->arena, struct value, entity->field_count);
	if (step->b >= entity->field_count ||
	    drawing->ports->read(drawing->ports->host, drawing->arena, entity, owner.id, values, &error) != OK)
		return value_missing();
	return values[step->b];
}

const struct observed *observed_from_frame(const struct drawing *drawing, const struct code *code, const struct value *frame)
{
	struct observed *nodes = arena_array(drawing->arena, struct observed, code->node_count + 1);

	for (uint32_t i = 0; i < code->node_count; i++) {
		const struct node *node = &code->nodes[i];
		if (node->slot != SLOT_NONE) {
			nodes[i] = (struct observed){frame[node->slot], is_reached(frame[node->slot])};
		} else if (node->fused_step < code->step_count) {
			const struct step *step = &code->steps[node->fused_step];
			bool reached = is_reached(frame[step->d]) && is_reached(frame[step->a]);
			nodes[i] = (struct observed){reached ? fused_value(drawing, step, frame[step->a]) : value_missing(),
						     reached};
		}
	}
	return nodes;
}

/* --- marks */
static bool is_condition(const struct node *node)
{
	return node->type && node->type->kind == TYPE_BOOL;
}

static const char *mark_of(const struct observed *observed)
{
	if (!observed->evaluated)
		return "·";
	return value_is_true(observed->value) ? "✓" : value_is_false(observed->value) ? "✗" : "?";
}

static enum style style_of(const struct observed *observed)
{
	if (!observed->evaluated)
		return STYLE_DIM;
	return value_is_true(observed->value) ? STYLE_GREEN : value_is_false(observed->value) ? STYLE_RED : STYLE_YELLOW;
}

static const char *state_of(const struct observed *observed)
{
	if (!observed->evaluated)
		return "not_reached";
	return value_is_true(observed->value) ? "true" : value_is_false(observed->value) ? "false" : "unknown";
}

static uint32_t child_of(const struct code *code, const struct node *node, uint32_t number)
{
	return code->children[node->first_child + number];
}

/* --- the values behind a condition: the paths and calls that it was made of, each once */
typedef LIST(uint32_t) node_list;

static void operands_collect(const struct drawing *drawing, const struct code *code, uint32_t number, bool is_root,
			     node_list *found)
{
	const struct node *node = &code->nodes[number];

	if (node->kind == NODE_VALUE)
		return;
	if (node->kind == NODE_PATH || (node->kind == NODE_CALL && !is_root)) {
		for (uint32_t i = 0; i < found->count; i++)
			if (text_equal(code->nodes[found->items[i]].source, node->source))
				return;
		*list_add(drawing->arena, found) = number;
		if (node->kind == NODE_PATH)
			return;
	}
	for (uint32_t i = 0; i < node->child_count; i++)
		operands_collect(drawing, code, child_of(code, node, i), false, found);
}

/* `indent` and `column`: where the line began, and where it stands. */
static void operands_draw(const struct drawing *drawing, const struct code *code, const struct observed *nodes, uint32_t number,
			  uint32_t indent, uint32_t column)
{
	node_list found = {0};
	bool comma = false;

	operands_collect(drawing, code, number, true, &found);
	for (uint32_t i = 0; i < found.count; i++) {
		const struct observed *observed = &nodes[found.items[i]];
		/* a path that is the condition itself says nothing new, unless it is not set */
		if (!observed->evaluated || (found.items[i] == number && observed->value.kind != VALUE_MISSING))
			continue;
		const char *join = observed->value.kind == VALUE_MISSING ? " is " : " = ";
		struct text said = text_format(drawing->arena, "%.*s%s%.*s", TEXT_ARGS(code->nodes[found.items[i]].source),
					       join, TEXT_ARGS(value_describe(drawing, observed->value)));
		uint32_t width = text_width(said) + 3;
		bool breaks = column + width > terminal_width() && column > indent + 6;
		if (breaks)
			fprintf(drawing->stream, "%s\n%*s", comma ? "," : "", (int)indent + 6, "");
		fputs(style_on(drawing->stream, STYLE_DIM), drawing->stream);
		fputs(breaks ? "" : comma ? ", " : "   ", drawing->stream);
		print_safe(drawing->stream, said);
		fputs(style_on(drawing->stream, STYLE_PLAIN), drawing->stream);
		column = (breaks ? indent + 6 : column) + width;
		comma = true;
	}
}

/* --- drawing */
void condition_draw(const struct drawing *drawing, const struct code *code, const struct observed *nodes, uint32_t indent)
{
	if (code && code->node_count && code->root < code->node_count)
		node_draw(drawing, code, nodes, code->root, indent);
}

static void line_begin(const struct drawing *drawing, const struct observed *observed, uint32_t indent)
{
	fprintf(drawing->stream, "%*s", (int)indent, "");
	styled(drawing->stream, style_of(observed), "%s", mark_of(observed));
	fputc(' ', drawing->stream);
}

/* `a and b and c` is one list of three, however it is nested. */
static void chain_draw(const struct drawing *drawing, const struct code *code, const struct observed *nodes, uint32_t number,
		       enum node_kind kind, uint32_t indent)
{
	const struct node *node = &code->nodes[number];

	for (uint32_t i = 0; i < node->child_count; i++) {
		uint32_t child = child_of(code, node, i);
		if (code->nodes[child].kind == kind)
			chain_draw(drawing, code, nodes, child, kind, indent);
		else
			node_draw(drawing, code, nodes, child, indent);
	}
}

static bool has_junction(const struct code *code, uint32_t number)
{
	const struct node *node = &code->nodes[number];

	if (node->kind == NODE_AND || node->kind == NODE_OR)
		return true;
	return node->kind == NODE_NOT && node->child_count && has_junction(code, child_of(code, node, 0));
}

static void node_draw(const struct drawing *drawing, const struct code *code, const struct observed *nodes, uint32_t number,
		      uint32_t indent)
{
	const struct node *node = &code->nodes[number];

	line_begin(drawing, &nodes[number], indent);
	if (node->kind == NODE_AND || node->kind == NODE_OR) {
		fputs(node->kind == NODE_AND ? "all of\n" : "any of\n", drawing->stream);
		chain_draw(drawing, code, nodes, number, node->kind, indent + 2);
		return;
	}
	if (node->kind == NODE_NOT && has_junction(code, number)) {
		fputs("not\n", drawing->stream);
		node_draw(drawing, code, nodes, child_of(code, node, 0), indent + 2);
		return;
	}
	if (!nodes[number].evaluated)
		fputs(style_on(drawing->stream, STYLE_DIM), drawing->stream);
	print_safe(drawing->stream, node->source);
	if (!nodes[number].evaluated)
		fputs(style_on(drawing->stream, STYLE_PLAIN), drawing->stream);
	else
		operands_draw(drawing, code, nodes, number, indent, indent + 2 + text_width(node->source));
	fputc('\n', drawing->stream);
}

/* Of `a and b and c` the first that was false has decided. */
static uint32_t decisive(const struct code *code, const struct observed *nodes, uint32_t number)
{
	const struct node *node = &code->nodes[number];

	for (uint32_t i = 0; node->kind == NODE_AND && i < node->child_count; i++) {
		uint32_t child = child_of(code, node, i);
		if (nodes[child].evaluated && value_is_false(nodes[child].value))
			return decisive(code, nodes, child);
	}
	return number;
}

void condition_reason_draw(const struct drawing *drawing, const struct code *code, const struct observed *nodes,
			   uint32_t column)
{
	if (!code || !code->node_count || code->root >= code->node_count)
		return;
	uint32_t number = decisive(code, nodes, code->root);
	print_safe(drawing->stream, code->nodes[number].source);
	operands_draw(drawing, code, nodes, number, 2, column + text_width(code->nodes[number].source));
}

/* --- for tools: every node */
void condition_write(const struct drawing *drawing, struct json_writer *writer, const struct code *code,
		     const struct observed *nodes)
{
	if (code && code->node_count && code->root < code->node_count)
		node_write(drawing, writer, code, nodes, code->root);
	else
		json_write_null(writer);
}

static void node_write(const struct drawing *drawing, struct json_writer *writer, const struct code *code,
		       const struct observed *nodes, uint32_t number)
{
	static const char *const kinds[] = {"value", "path", "comparison", "and", "or", "not", "call", "other"};
	const struct node *node = &code->nodes[number];

	json_open_object(writer);
	json_write_name(writer, TEXT("kind"));
	json_write_text(writer, text_from(kinds[node->kind]));
	json_write_name(writer, TEXT("source"));
	json_write_text(writer, node->source);
	if (is_condition(node)) {
		json_write_name(writer, TEXT("state"));
		json_write_text(writer, text_from(state_of(&nodes[number])));
	} else if (nodes[number].evaluated) {
		json_write_name(writer, TEXT("value"));
		if (nodes[number].value.kind == VALUE_MISSING)
			json_write_null(writer);
		else
			json_write_text(writer, value_describe(drawing, nodes[number].value));
	}
	if (node->child_count) {
		json_write_name(writer, TEXT("children"));
		json_open_list(writer);
		for (uint32_t i = 0; i < node->child_count; i++)
			node_write(drawing, writer, code, nodes, child_of(code, node, i));
		json_close_list(writer);
	}
	json_close_object(writer);
}
