/* On which days a holiday set has a holiday. Rules, not lists: each rule says which day of a year it names, and whether that
 * day is allowed. */
#include "engine/base/calendar.h"

static date weekday_day(const struct holiday *holiday, int year)
{
	date anchor = date_from_civil(year, holiday->month, holiday->day);
	int weeks = (holiday->nth - 1) * 7;
	if (holiday->rule == HOLIDAY_WEEKDAY_BEFORE) {
		int back = ((int)date_weekday(anchor) - (int)holiday->weekday + 6) % 7 + 1;
		return anchor - back - weeks;
	}
	int ahead = ((int)holiday->weekday - (int)date_weekday(anchor) + 6) % 7 + 1;
	return anchor + ahead + weeks;
}

/* The day that the rule names with its anchor in that year; false for 29 February where there is none. */
static bool day_named(const struct holiday *holiday, int year, date *day_out)
{
	switch (holiday->rule) {
	case HOLIDAY_FIXED:
		*day_out = date_from_civil(year, holiday->month, holiday->day);
		return holiday->day <= days_in_month(year, holiday->month);
	case HOLIDAY_EASTER:
		*day_out = date_easter(year) + holiday->offset;
		return true;
	case HOLIDAY_ONCE:
		*day_out = holiday->once;
		return true;
	default:
		*day_out = weekday_day(holiday, year);
		return true;
	}
}

static bool allowed(const struct holiday *holiday, date day)
{
	int year, month, of_month;
	date_to_civil(day, &year, &month, &of_month);
	if ((holiday->from_year && year < holiday->from_year) || (holiday->until_year && year > holiday->until_year))
		return false;
	if (holiday->weekdays && !(holiday->weekdays & 1u << date_weekday(day)))
		return false;
	if (holiday->unless_easter && day - date_easter(year) == holiday->unless_offset)
		return false;
	int of_year = month * 100 + of_month;
	return !holiday->within_from || (of_year >= holiday->within_from && of_year <= holiday->within_until);
}

/* Can the rule name that day at all? The cheap questions first: most rules are of another day. */
static bool may_mean(const struct holiday *holiday, date day, int month, int of_month)
{
	switch (holiday->rule) {
	case HOLIDAY_FIXED:
		return holiday->month == month && holiday->day == of_month;
	case HOLIDAY_ONCE:
		return holiday->once == day;
	case HOLIDAY_EASTER:
		return true;
	default:
		return date_weekday(day) == holiday->weekday;
	}
}

/* An anchor of the year before or after may reach into this one: the Sunday after 29 December. */
static bool means(const struct holiday *holiday, int year, date day)
{
	bool within_year = holiday->rule == HOLIDAY_FIXED || holiday->rule == HOLIDAY_ONCE ||
			   (holiday->rule == HOLIDAY_EASTER && holiday->offset > -80 && holiday->offset < 250);
	date named;
	for (int anchor = year - !within_year; anchor <= year + !within_year; anchor++)
		if (day_named(holiday, anchor, &named) && named == day)
			return allowed(holiday, day);
	return false;
}

const struct holiday *holidays_on(const struct holidays *holidays, date day)
{
	int year, month, of_month;
	date_to_civil(day, &year, &month, &of_month);
	for (uint32_t i = 0; i < holidays->count; i++)
		if (may_mean(&holidays->items[i], day, month, of_month) && means(&holidays->items[i], year, day))
			return &holidays->items[i];
	for (uint32_t i = 0; i < holidays->include_count; i++) {
		const struct holiday *holiday = holidays_on(holidays->includes[i], day);
		if (holiday)
			return holiday;
	}
	return NULL;
}

void holidays_in_year(const struct holidays *holidays, int year, struct year_days *days)
{
	date first = date_from_civil(year, 1, 1), next = date_from_civil(year + 1, 1, 1), day;
	for (uint32_t i = 0; i < holidays->count; i++)
		for (int anchor = year - 1; anchor <= year + 1; anchor++)
			if (day_named(&holidays->items[i], anchor, &day) && day >= first && day < next &&
			    allowed(&holidays->items[i], day))
				days->bits[(day - first) / 64] |= (uint64_t)1 << ((day - first) % 64);
	for (uint32_t i = 0; i < holidays->include_count; i++)
		holidays_in_year(holidays->includes[i], year, days);
}
