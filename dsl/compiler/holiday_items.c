/* One set of holidays: the lines in its braces become rules that calendar.c resolves year by year. */
#include "dsl/compiler/time_items.h"

enum weekday weekday_of(struct compiler *compiler, uint32_t file, const struct syntax *name)
{
	enum weekday weekday = weekday_read(syntax_text(compiler, file, name));
	if (!weekday)
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_CALENDAR, span_in(file, name),
			       "`%.*s` is no day of the week; they are mon tue wed thu fri sat sun",
			       TEXT_ARGS(syntax_text(compiler, file, name)));
	return weekday;
}

/* 11-23; a leap day is allowed, in other years it is none. */
static bool month_day_read(struct compiler *compiler, uint32_t file, const struct syntax *syntax, int *month_out, int *day_out)
{
	struct text text = syntax ? syntax_text(compiler, file, syntax) : (struct text){0};
	*month_out = *day_out = 1;
	if (text.length != 5)
		return false;
	int month = (text.bytes[0] - '0') * 10 + text.bytes[1] - '0', day = (text.bytes[3] - '0') * 10 + text.bytes[4] - '0';
	if (!date_is_valid(2000, month, day)) {
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_LITERAL, span_in(file, syntax),
			       "`%.*s` is no day of the year: month-day", TEXT_ARGS(text));
		return false;
	}
	*month_out = month;
	*day_out = day;
	return true;
}

/* `easter - 2`: the number with its sign; 0 without one. */
static int offset_read(struct compiler *compiler, uint32_t file, const struct syntax *syntax)
{
	const struct syntax *number = syntax_child(syntax, SYNTAX_number);
	if (!number)
		return 0;
	int64_t days = number_read(compiler, file, number);
	if (days > 366) {
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_LITERAL, span_in(file, number),
			       "more than a year from Easter");
		return 0;
	}
	return syntax_has_word(compiler, file, syntax, "-") ? -(int)days : (int)days;
}

/* --- when a rule holds */
static int year_read(struct compiler *compiler, uint32_t file, const struct syntax *number)
{
	int64_t year = number ? number_read(compiler, file, number) : 0;
	if (number && (year < 1583 || year > 9999)) {
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_LITERAL, span_in(file, number), "years run from 1583 to 9999");
		return 0;
	}
	return (int)year;
}

static void years_read(struct compiler *compiler, uint32_t file, const struct syntax *years, struct holiday *holiday)
{
	holiday->from_year = year_read(compiler, file, syntax_with_role(years, ROLE_from));
	holiday->until_year = year_read(compiler, file, syntax_with_role(years, ROLE_until));
	if (holiday->from_year && holiday->until_year && holiday->until_year < holiday->from_year)
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_LITERAL, span_in(file, years),
			       "this is never a holiday: it ends before it begins");
}

static void weekdays_only(struct compiler *compiler, uint32_t file, const struct syntax *term, struct holiday *holiday)
{
	unsigned days = 0;
	for (each_child (child, term))
		if (child->kind == SYNTAX_identifier)
			days |= 1u << weekday_of(compiler, file, child);
	holiday->weekdays = days & 0xfe;
}

static void weekdays_except(struct compiler *compiler, uint32_t file, const struct syntax *term, struct holiday *holiday)
{
	weekdays_only(compiler, file, term, holiday);
	holiday->weekdays = 0xfe & ~holiday->weekdays;
}

static void unless_easter(struct compiler *compiler, uint32_t file, const struct syntax *term, struct holiday *holiday)
{
	holiday->unless_easter = true;
	holiday->unless_offset = offset_read(compiler, file, term);
}

static void within_days(struct compiler *compiler, uint32_t file, const struct syntax *term, struct holiday *holiday)
{
	int month, day;
	if (month_day_read(compiler, file, syntax_named(term, 0), &month, &day))
		holiday->within_from = month * 100 + day;
	if (month_day_read(compiler, file, syntax_named(term, 1), &month, &day))
		holiday->within_until = month * 100 + day;
	if (holiday->within_until && holiday->within_from > holiday->within_until)
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_LITERAL, span_in(file, term),
			       "the part of the year ends before it begins");
}

static const struct {
	enum syntax_kind kind;
	void (*read)(struct compiler *, uint32_t, const struct syntax *, struct holiday *);
} TERMS[] = {
	{SYNTAX_years, years_read},
	{SYNTAX_weekdays_only, weekdays_only},
	{SYNTAX_weekdays_except, weekdays_except},
	{SYNTAX_unless_easter, unless_easter},
	{SYNTAX_within_days, within_days},
};

static void terms_read(struct compiler *compiler, uint32_t file, const struct syntax *item, struct holiday *holiday)
{
	for (each_child (child, item))
		for (size_t i = 0; i < sizeof(TERMS) / sizeof(*TERMS); i++)
			if (TERMS[i].kind == child->kind)
				TERMS[i].read(compiler, file, child, holiday);
}

/* --- the rules */
static bool fixed_read(struct compiler *compiler, uint32_t file, const struct syntax *item, struct holiday *holiday)
{
	holiday->rule = HOLIDAY_FIXED;
	return month_day_read(compiler, file, syntax_child(item, SYNTAX_month_day), &holiday->month, &holiday->day);
}

static bool easter_read(struct compiler *compiler, uint32_t file, const struct syntax *item, struct holiday *holiday)
{
	holiday->rule = HOLIDAY_EASTER;
	holiday->offset = offset_read(compiler, file, item);
	return true;
}

static bool nth_read(struct compiler *compiler, uint32_t file, const struct syntax *item, struct holiday *holiday)
{
	const struct syntax *number = syntax_child(item, SYNTAX_number);
	int64_t nth = number ? number_read(compiler, file, number) : 1;
	bool before = syntax_has_word(compiler, file, item, "before");
	holiday->rule = before ? HOLIDAY_WEEKDAY_BEFORE : HOLIDAY_WEEKDAY_AFTER;
	holiday->weekday = weekday_of(compiler, file, syntax_child(item, SYNTAX_identifier));
	if (nth < 1 || nth > 53) {
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_LITERAL, span_in(file, number),
			       "the n-th day is between 1 and 53");
		return false;
	}
	holiday->nth = (int)nth;
	bool good = month_day_read(compiler, file, syntax_child(item, SYNTAX_month_day), &holiday->month, &holiday->day);
	return good && holiday->weekday;
}

static bool once_read(struct compiler *compiler, uint32_t file, const struct syntax *item, struct holiday *holiday)
{
	holiday->rule = HOLIDAY_ONCE;
	holiday->once = date_read(compiler, file, syntax_child(item, SYNTAX_date));
	return true;
}

static bool item_read(struct compiler *compiler, uint32_t file, const struct syntax *item, struct holiday *holiday)
{
	switch (item->kind) {
	case SYNTAX_fixed:
		return fixed_read(compiler, file, item, holiday);
	case SYNTAX_easter:
		return easter_read(compiler, file, item, holiday);
	case SYNTAX_weekday:
		return nth_read(compiler, file, item, holiday);
	case SYNTAX_once_on:
		return once_read(compiler, file, item, holiday);
	default:
		return false;
	}
}

void holidays_fill(struct compiler *compiler, struct declaration *declaration)
{
	struct holidays *set = declaration->object;
	LIST(struct holiday) items = {0};
	LIST(const struct holidays *) includes = {0};
	for (each_child (child, declaration->syntax)) {
		struct holiday holiday = {.label = label_read(compiler, declaration->file, child)};
		if (child->kind == SYNTAX_include) {
			for (each_child (name, child)) {
				const struct holidays *other = name->kind == SYNTAX_dotted_name
								       ? holidays_read(compiler, declaration->file, name)
								       : NULL;
				if (other)
					*list_add(compiler->arena, &includes) = other;
			}
		} else if (item_read(compiler, declaration->file, child, &holiday)) {
			terms_read(compiler, declaration->file, child, &holiday);
			*list_add(compiler->arena, &items) = holiday;
		}
	}
	set->items = items.items, set->count = items.count;
	set->includes = includes.items, set->include_count = includes.count;
}
