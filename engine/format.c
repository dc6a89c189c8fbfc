/* Evaluates formats, a page of rows at a time: what a file of theirs holds, and never its bytes. Between two pages nothing is
 * kept but the id of the last row, so that a million rows take as much memory as a few hundred. */
#include "engine/format.h"

struct paging {
	const struct format *format;
	const struct format_rows *rows;
	const struct value *arguments;
	struct format_place *place;
	struct format_page *page;
	struct format_cell *always; /* the cells that are the same in every row */
};

/* --- one row */
static struct value *frame_fill(const struct paging *paging, const struct code *code, struct value *frame, struct value item)
{
	memset(frame, 0, sizeof(*frame) * code->slot_count);
	memcpy(frame, paging->arguments, sizeof(*frame) * paging->format->parameter_count);
	frame[paging->format->parameter_count] = item;
	return frame;
}

static struct text text_in(const struct value *frame, uint32_t slot)
{
	return slot != SLOT_NONE && frame[slot].kind == VALUE_TEXT ? value_as_text(frame[slot]) : TEXT("");
}

/* All that is wrong with it, so that nobody has to ask again. */
static void cells_make(struct context *context, const struct paging *paging, const struct value *frame, struct format_row *row)
{
	const struct format_rows *rows = paging->rows;
	struct format_cell *cells = arena_copy(context->arena, paging->always, sizeof(*cells) * (rows->column_count + 1));
	struct text_builder refused = {.arena = context->arena};
	builder_add(&refused, row->refused);
	for (uint32_t i = 0; i < rows->column_count; i++) {
		const struct format_column *column = &rows->columns[i];
		struct text why;
		if (column->slot == SLOT_NONE && !cells[i].is_refused)
			continue;
		cell_of_column(context, paging->format, column,
			       column->slot == SLOT_NONE ? column->constant : frame[column->slot], &cells[i], &why);
		if (why.length)
			builder_format(&refused, "%s%.*s", refused.length ? "; " : "", TEXT_ARGS(why));
	}
	row->cells = cells;
	row->refused = refused.length ? builder_text(&refused) : TEXT("");
}

/* What a rule would fail over is the row's mistake, and said beside the others'. */
static enum status refuse(struct context *context, struct format_row *row, enum status status)
{
	if (context->fatal)
		return status;
	row->refused = text_copy(context->arena, text_from(context->error->sentence));
	return OK;
}

static enum status row_make(struct context *context, const struct paging *paging, struct value *frame, struct value item)
{
	const struct format_rows *rows = paging->rows;
	struct value holds = value_bool(true);
	enum status status = OK;
	if (rows->where)
		status = eval_run(context, rows->where, frame_fill(paging, rows->where, frame, item), &holds);
	if (status == OK && !value_is_true(holds))
		return OK;
	struct format_row *row = list_add(context->arena, &paging->page->rows);
	row->number = ++paging->place->rows;
	if (status == OK)
		status = eval_run(context, rows->code, frame_fill(paging, rows->code, frame, item), NULL);
	if (status != OK)
		return refuse(context, row, status);
	row->called = text_in(frame, rows->called);
	row->left_out = text_in(frame, rows->left_out);
	row->refused = text_in(frame, rows->refused);
	if (row->left_out.length)
		row->refused = TEXT("");
	else
		cells_make(context, paging, frame, row);
	return OK;
}

/* --- a page */
/* Most columns of a wide file are empty in every row. */
static void always_make(struct context *context, struct paging *paging)
{
	const struct format_rows *rows = paging->rows;
	paging->always = arena_array(context->arena, struct format_cell, rows->column_count + 1);
	for (uint32_t i = 0; i < rows->column_count; i++) {
		const struct format_column *column = &rows->columns[i];
		struct text why = TEXT("");
		if (column->slot == SLOT_NONE)
			cell_of_column(context, paging->format, column, column->constant, &paging->always[i], &why);
		paging->always[i].is_refused = why.length;
	}
}

static enum status items_make(struct context *context, const struct paging *paging, const struct value *items, uint32_t count)
{
	const struct format_rows *rows = paging->rows;
	uint32_t slots = rows->code->slot_count;
	enum status status = OK;
	if (rows->where && rows->where->slot_count > slots)
		slots = rows->where->slot_count;
	struct value *frame = arena_array(context->arena, struct value, slots + 1);
	for (uint32_t i = 0; status == OK && i < count; i++)
		status = row_make(context, paging, frame, items[i]);
	return status;
}

/* Behind which row it goes on: that has to outlive the page. */
static enum status place_keep(struct context *context, struct format_place *place, const struct query *page,
			      const struct row *last)
{
	place->begun = true;
	place->after = last->id;
	if (page->order == FIELD_ID)
		return OK;
	struct text key = value_as_text(last->values[page->order]);
	if (key.length > sizeof(place->key))
		return error_set(context->error, LIMIT, "rows can not be sorted by a `%.*s` of %u bytes",
				 TEXT_ARGS(page->entity->fields[page->order].name), key.length);
	memcpy(place->key, key.bytes, key.length);
	place->key_length = key.length;
	return OK;
}

static enum status query_page(struct context *context, const struct paging *paging, struct value given)
{
	const struct query *query = paging->rows->query, *page = paging->rows->page;
	struct value *parameters = arena_array(context->arena, struct value, given.count + 1);
	struct row_page found;
	if (given.count)
		memcpy(parameters, given.items, sizeof(*parameters) * given.count);
	parameters[given.count] = page->order == FIELD_ID
					  ? value_ref(query->entity->index, paging->place->after)
					  : value_text((struct text){paging->place->key, paging->place->key_length});
	enum status status =
		row_query_page(context, query, paging->place->begun ? page : paging->rows->first, parameters, &found);
	struct value *items = arena_array(context->arena, struct value, found.rows.count + 1);
	for (uint32_t i = 0; i < found.rows.count; i++)
		items[i] = value_ref(query->entity->index, found.rows.items[i]->id);
	if (status == OK)
		status = items_make(context, paging, items, found.rows.count);
	if (status == OK && found.last)
		status = place_keep(context, paging->place, page, found.last);
	paging->page->more = found.more;
	return status;
}

static enum status work_page(struct context *context, void *argument)
{
	struct paging *paging = argument;
	const struct code *source = paging->rows->source;
	struct value *frame = frame_new(context, source), given;
	memcpy(frame, paging->arguments, sizeof(*frame) * paging->format->parameter_count);
	always_make(context, paging);
	enum status status = eval_run(context, source, frame, &given);
	if (status != OK)
		return status;
	if (paging->rows->query)
		return query_page(context, paging, given);
	if (given.kind != VALUE_LIST)
		return OK;
	return items_make(context, paging, given.items, given.count);
}

enum status engine_format_page(struct engine *engine, const struct format *format, const struct value *arguments,
			       struct format_place *place, moment now, const struct ports *ports, struct format_page *page_out,
			       struct error *error)
{
	const struct turn *turn;
	struct paging paging = {
		.format = format, .rows = &format->rows[place->part], .arguments = arguments, .place = place, .page = page_out};
	*page_out = (struct format_page){.of = paging.rows};
	enum status status =
		turn_run(engine, now, value_missing(), (struct record_id){0}, ports, work_page, &paging, &turn, error);
	if (status == OK && !page_out->more) {
		place->begun = false;
		page_out->more = ++place->part < format->rows_count;
	}
	return status;
}

/* --- lines */
struct lining {
	const struct format *format;
	const struct code *code;
	const struct value *arguments;
	int64_t number;
	struct format_line *line;
};

static enum status cells_of_line(struct context *context, const struct lining *lining, struct value list)
{
	struct format_cell *cells = arena_array(context->arena, struct format_cell, list.count + 1);
	*lining->line = (struct format_line){.cells = cells, .count = list.count};
	for (uint32_t i = 0; i < list.count; i++) {
		struct text why;
		cell_of_line(context, lining->format, list.items[i], &cells[i], &why);
		if (why.length)
			return error_set(context->error, INVALID, "%.*s: cell %u of a line that is no row %.*s",
					 TEXT_ARGS(lining->format->name), i + 1, TEXT_ARGS(why));
	}
	return OK;
}

static enum status work_line(struct context *context, void *argument)
{
	const struct lining *lining = argument;
	struct value *frame = frame_new(context, lining->code), value;
	memcpy(frame, lining->arguments, sizeof(*frame) * lining->format->parameter_count);
	frame[lining->format->parameter_count] = value_int(lining->number);
	enum status status = eval_run(context, lining->code, frame, &value);
	if (status != OK)
		return status;
	if (value.kind == VALUE_LIST)
		return cells_of_line(context, lining, value);
	lining->line->text = value.kind == VALUE_TEXT ? value_as_text(value) : TEXT("");
	struct text lacks = encoding_lacks(lining->format->encoding, lining->line->text);
	if (lacks.length)
		return error_set(context->error, INVALID, "%.*s: a line has the character %.*s in it, which %s does not have",
				 TEXT_ARGS(lining->format->name), TEXT_ARGS(lacks), encoding_name(lining->format->encoding));
	return OK;
}

enum status engine_format_line(struct engine *engine, const struct format *format, const struct code *code,
			       const struct value *arguments, int64_t number, moment now, const struct ports *ports,
			       struct format_line *line_out, struct error *error)
{
	const struct turn *turn;
	struct lining lining = {format, code, arguments, number, line_out};
	*line_out = (struct format_line){.text = TEXT("")};
	engine->begun = true; /* the page that is being written stays */
	return turn_run(engine, now, value_missing(), (struct record_id){0}, ports, work_line, &lining, &turn, error);
}
