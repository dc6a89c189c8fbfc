/* Metrics and reports: every name and expression in them is checked. A metric is used like a function of its
 * parameters, which only reports may do; expressions that use one are taken apart as far as the names go. */
#include "dsl/compiler/others.h"

static const char *const SPANS[] = {"day", "week", "month", "quarter", "year"};

/* --- metrics */
/* The entity that a path such as response.record.owner begins with. */
static const struct entity *head_entity(struct compiler *compiler, uint32_t file, const struct syntax *path)
{
	const struct syntax *head = path;
	while (head && head->kind == SYNTAX_member)
		head = syntax_named(head, 0);
	return head && head->kind == SYNTAX_identifier ? entity_read(compiler, file, head) : NULL;
}

void metric_check(struct compiler *compiler, const struct declaration *declaration)
{
	uint32_t file = declaration->file;
	const struct syntax *value = syntax_value(declaration->syntax), *by = syntax_child(declaration->syntax, SYNTAX_by);
	struct coder coder = view_coder(compiler, file, NULL, 0, NULL);
	if (value)
		view_value(&coder, value, NULL);
	if (by) {
		for (each_child (path, by)) {
			const struct entity *entity = path->kind == SYNTAX_token ? NULL : head_entity(compiler, file, path);
			struct coder row = view_coder(compiler, file, NULL, 0, entity);
			if (entity)
				view_value(&row, path, NULL);
		}
	}
	bool over = false;
	for (each_child (child, declaration->syntax)) {
		if (over && child->kind == SYNTAX_identifier)
			WORD_CHECK(compiler, file, child, SPANS, "span of time");
		if (child->kind == SYNTAX_token)
			over = text_is(syntax_text(compiler, file, child), "over");
	}
}

/* --- reports */
struct report {
	struct compiler *compiler;
	uint32_t file;
	const struct record_field *parameters;
	uint32_t count;
};

static bool is_metric(const struct report *report, const struct syntax *invocation)
{
	struct text name = syntax_text(report->compiler, report->file, syntax_with_role(invocation, ROLE_function));
	const struct declaration *found =
		name_find(report->compiler, SPACE_OTHER, report->compiler->inputs[report->file].module, name);
	return found && found->syntax->kind == SYNTAX_metric;
}

static bool uses_metric(const struct report *report, const struct syntax *value)
{
	for (const struct syntax *node = value; node < value + value->size; node++)
		if (node->kind == SYNTAX_invocation && is_metric(report, node))
			return true;
	return false;
}

/* Of an expression with a metric in it only the parts outside can be compiled: the arguments of the metric, and other texts. */
static void value_check(const struct report *report, const struct syntax *value)
{
	if (value->kind == SYNTAX_token || value->kind == SYNTAX_picture || value->kind == SYNTAX_string_content ||
	    value->kind == SYNTAX_escape)
		return;
	if (!uses_metric(report, value)) {
		if (value->kind == SYNTAX_interpolation || value->role == ROLE_function || value->kind == SYNTAX_query)
			return;
		struct coder coder = view_coder(report->compiler, report->file, report->parameters, report->count, NULL);
		view_value(&coder, value, NULL);
		return;
	}
	for (each_child (child, value))
		value_check(report, child);
}

static void chart_check(const struct report *report, const struct syntax *chart)
{
	static const char *const SHAPES[] = {"bar", "line", "pie", "area", "table", "gauge", "number"};
	const struct syntax *by = syntax_child(chart, SYNTAX_by);
	WORD_CHECK(report->compiler, report->file, syntax_named(chart, 0), SHAPES, "chart");
	value_check(report, syntax_named(chart, 1));
	if (by)
		for (each_child (path, by))
			if (path->kind != SYNTAX_token && head_entity(report->compiler, report->file, path)) {
				const struct entity *entity = head_entity(report->compiler, report->file, path);
				struct coder row = view_coder(report->compiler, report->file, NULL, 0, entity);
				view_value(&row, path, NULL);
			}
}

static void listing_check(const struct report *report, const struct syntax *listing)
{
	const struct entity *entity = entity_read(report->compiler, report->file, syntax_child(listing, SYNTAX_dotted_name));
	view_items_check(report->compiler, report->file, listing, entity, report->parameters, report->count);
}

static void body_check(const struct report *report, const struct syntax *body)
{
	for (each_child (item, body)) {
		if (item->kind == SYNTAX_section)
			body_check(report, syntax_child(item, SYNTAX_report_body));
		else if (item->kind == SYNTAX_chart)
			chart_check(report, item);
		else if (item->kind == SYNTAX_listing)
			listing_check(report, item);
		else if (item->kind == SYNTAX_text || item->kind == SYNTAX_narrative)
			value_check(report, syntax_named(item, 0));
	}
}

void report_check(struct compiler *compiler, const struct declaration *declaration)
{
	struct report report = {.compiler = compiler, .file = declaration->file};
	report.parameters = parameters_read(compiler, declaration->file, syntax_child(declaration->syntax, SYNTAX_parameters),
					    declaration->name, &report.count);
	body_check(&report, syntax_child(declaration->syntax, SYNTAX_report_body));
}
