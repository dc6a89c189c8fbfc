/* On which days a holiday set has a holiday. Rules, not lists: a day is asked about, and each rule says whether it means it. */
#include "engine/base/calendar.h"

static bool in_years(const struct holiday *holiday, int year)
{
	return (!holiday->from_year || year >= holiday->from_year) && (!holiday->until_year || year <= holiday->until_year);
}

static bool weekday_fits(const struct holiday *holiday, int year, date day)
{
	date anchor = date_from_civil(year, holiday->month, holiday->day);
	int distance = holiday->rule == HOLIDAY_WEEKDAY_BEFORE ? anchor - day : day - anchor;
	return date_weekday(day) == holiday->weekday && distance > (holiday->nth - 1) * 7 && distance <= holiday->nth * 7;
}

/* Does the rule itself name the day? An anchor of the year before or after may reach into this one (a Sunday after 29
 * December). */
static bool names(const struct holiday *holiday, date day, int year, int month, int of_month)
{
	switch (holiday->rule) {
	case HOLIDAY_FIXED:
		return month == holiday->month && of_month == holiday->day;
	case HOLIDAY_EASTER:
		return day - date_easter(year) == holiday->offset;
	case HOLIDAY_ONCE:
		return day == holiday->once;
	default:
		return weekday_fits(holiday, year, day) || weekday_fits(holiday, year - 1, day) ||
		       weekday_fits(holiday, year + 1, day);
	}
}

static bool allowed(const struct holiday *holiday, date day, int year, int month, int of_month)
{
	if (holiday->weekdays && !(holiday->weekdays & 1u << date_weekday(day)))
		return false;
	if (holiday->unless_easter && day - date_easter(year) == holiday->unless_offset)
		return false;
	int of_year = month * 100 + of_month;
	return !holiday->within_from || (of_year >= holiday->within_from && of_year <= holiday->within_until);
}

const struct holiday *holidays_on(const struct holidays *holidays, date day)
{
	int year, month, of_month;
	date_to_civil(day, &year, &month, &of_month);
	for (uint32_t i = 0; i < holidays->count; i++) {
		const struct holiday *holiday = &holidays->items[i];
		if (in_years(holiday, year) && names(holiday, day, year, month, of_month) &&
		    allowed(holiday, day, year, month, of_month))
			return holiday;
	}
	for (uint32_t i = 0; i < holidays->include_count; i++) {
		const struct holiday *holiday = holidays_on(holidays->includes[i], day);
		if (holiday)
			return holiday;
	}
	return NULL;
}
