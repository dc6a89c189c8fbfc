/* One calendar: its zone, the hours of the week, the holidays it keeps, and single days that are closed or open otherwise. */
#include "dsl/compiler/time_items.h"

#include <stdlib.h>

enum { LONGEST_CLOSURE_DAYS = 3660 };

typedef LIST(struct hours) hour_list;
typedef LIST(struct day_exception) exception_list;

struct calendar_builder {
	struct compiler *compiler;
	uint32_t file;
	struct calendar *calendar;
	hour_list week[8];
	LIST(const struct holidays *) holidays;
	exception_list exceptions;
	bool has_zone;
};

/* --- hours */
static bool range_read(struct calendar_builder *builder, const struct syntax *range, struct hours *hours_out)
{
	uint32_t errors = builder->compiler->diagnostics->errors;
	hours_out->from = time_of_day_read(builder->compiler, builder->file, syntax_named(range, 0));
	hours_out->to = time_of_day_read(builder->compiler, builder->file, syntax_named(range, 1));
	if (errors != builder->compiler->diagnostics->errors)
		return false;
	if (hours_out->from != hours_out->to && hours_out->from < 86400)
		return true;
	diagnostic_add(builder->compiler->diagnostics, DIAGNOSTIC_CALENDAR, span_in(builder->file, range),
		       "these hours have no length; the whole day is 00:00..24:00");
	return false;
}

static hour_list ranges_read(struct calendar_builder *builder, const struct syntax *item)
{
	hour_list hours = {0};
	struct hours range;
	for (each_child (child, item))
		if (child->kind == SYNTAX_time_range && range_read(builder, child, &range))
			*list_add(builder->compiler->arena, &hours) = range;
	return hours;
}

/* `mon..thu`; `sat..mon` goes round the week's end. */
static void days_read(struct calendar_builder *builder, const struct syntax *days, const hour_list *hours)
{
	const struct syntax *last = syntax_named(days, 1);
	enum weekday from = weekday_of(builder->compiler, builder->file, syntax_named(days, 0));
	enum weekday to = last ? weekday_of(builder->compiler, builder->file, last) : from;
	if (!from || !to)
		return;
	for (enum weekday day = from;; day = day == SUNDAY ? MONDAY : day + 1) {
		for (uint32_t i = 0; i < hours->count; i++)
			*list_add(builder->compiler->arena, &builder->week[day]) = hours->items[i];
		if (day == to)
			return;
	}
}

static void hours_read(struct calendar_builder *builder, const struct syntax *item)
{
	hour_list hours = ranges_read(builder, item);
	for (each_child (child, item))
		if (child->kind == SYNTAX_days)
			days_read(builder, child, &hours);
}

/* --- single days */
static void exception_add(struct calendar_builder *builder, date day, const hour_list *hours, const struct syntax *at)
{
	if (builder->exceptions.count > LONGEST_CLOSURE_DAYS * 10) {
		diagnostic_add(builder->compiler->diagnostics, DIAGNOSTIC_CALENDAR, span_in(builder->file, at),
			       "this calendar has too many days of its own");
		return;
	}
	*list_add(builder->compiler->arena, &builder->exceptions) = (struct day_exception){
		.day = day, .hours = hours ? hours->items : NULL, .hour_count = hours ? hours->count : 0};
}

static void closed_read(struct calendar_builder *builder, const struct syntax *item)
{
	for (each_child (range, item)) {
		if (range->kind != SYNTAX_days_range)
			continue;
		const struct syntax *last = syntax_named(range, 1);
		date from = date_read(builder->compiler, builder->file, syntax_named(range, 0));
		date to = last ? date_read(builder->compiler, builder->file, last) : from;
		if (to < from || to - from > LONGEST_CLOSURE_DAYS) {
			diagnostic_add(builder->compiler->diagnostics, DIAGNOSTIC_CALENDAR, span_in(builder->file, range),
				       to < from ? "the days end before they begin" : "closed for more than ten years");
			continue;
		}
		for (date day = from; day <= to; day++)
			exception_add(builder, day, NULL, range);
	}
}

static void opened_read(struct calendar_builder *builder, const struct syntax *item)
{
	hour_list hours = ranges_read(builder, item);
	exception_add(builder, date_read(builder->compiler, builder->file, syntax_child(item, SYNTAX_date)), &hours, item);
}

static int by_day(const void *left, const void *right)
{
	const struct day_exception *a = left, *b = right;
	if (a->day != b->day)
		return a->day < b->day ? -1 : 1;
	return (b->hour_count > 0) - (a->hour_count > 0);
}

/* One a day: a day that is open somehow beats one that is closed in a range; several openings of a day come together. */
static void exceptions_settle(struct calendar_builder *builder)
{
	exception_list *all = &builder->exceptions;
	uint32_t kept = 0;
	if (all->count)
		qsort(all->items, all->count, sizeof(*all->items), by_day);
	for (uint32_t i = 0; i < all->count; i++) {
		struct day_exception *last = kept ? &all->items[kept - 1] : NULL;
		if (!last || last->day != all->items[i].day) {
			all->items[kept++] = all->items[i];
			continue;
		}
		hour_list joined = {0};
		for (uint32_t k = 0; k < last->hour_count; k++)
			*list_add(builder->compiler->arena, &joined) = last->hours[k];
		for (uint32_t k = 0; k < all->items[i].hour_count; k++)
			*list_add(builder->compiler->arena, &joined) = all->items[i].hours[k];
		last->hours = joined.items;
		last->hour_count = joined.count;
	}
	builder->calendar->exceptions = all->items;
	builder->calendar->exception_count = kept;
}

/* --- the items */
static void keeps_read(struct calendar_builder *builder, const struct syntax *item)
{
	for (each_child (name, item)) {
		const struct holidays *set =
			name->kind == SYNTAX_dotted_name ? holidays_read(builder->compiler, builder->file, name) : NULL;
		if (set)
			*list_add(builder->compiler->arena, &builder->holidays) = set;
	}
}

static void zone_item(struct calendar_builder *builder, const struct syntax *item)
{
	if (builder->has_zone)
		diagnostic_add(builder->compiler->diagnostics, DIAGNOSTIC_ITEM_TWICE, span_in(builder->file, item),
			       "`zone` stands twice in this calendar");
	builder->has_zone = true;
	builder->calendar->zone = zone_read(builder->compiler, builder->file, syntax_child(item, SYNTAX_zone));
}

static void item_read(struct calendar_builder *builder, const struct syntax *item)
{
	if (item->kind == SYNTAX_in_zone)
		zone_item(builder, item);
	else if (item->kind == SYNTAX_hours)
		hours_read(builder, item);
	else if (item->kind == SYNTAX_keeps)
		keeps_read(builder, item);
	else if (item->kind == SYNTAX_closed)
		closed_read(builder, item);
	else if (item->kind == SYNTAX_opened)
		opened_read(builder, item);
}

void calendar_fill(struct compiler *compiler, struct declaration *declaration)
{
	struct calendar_builder builder = {.compiler = compiler, .file = declaration->file, .calendar = declaration->object};
	uint32_t errors = compiler->diagnostics->errors;
	for (each_child (child, declaration->syntax))
		item_read(&builder, child);
	bool ever_open = false;
	for (int day = MONDAY; day <= SUNDAY; day++) {
		builder.calendar->week[day].hours = builder.week[day].items;
		builder.calendar->week[day].count = builder.week[day].count;
		ever_open |= builder.week[day].count > 0;
	}
	builder.calendar->holidays = builder.holidays.items;
	builder.calendar->holiday_count = builder.holidays.count;
	exceptions_settle(&builder);
	if (!ever_open && !builder.calendar->exception_count && errors == compiler->diagnostics->errors)
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_CALENDAR, span_in(declaration->file, declaration->syntax),
			       "the calendar `%.*s` is never open; give it hours such as mon..fri 08:00..17:00",
			       TEXT_ARGS(builder.calendar->name));
}
