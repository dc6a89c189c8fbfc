/* When a schedule is due next. Only reckoning: what its words mean on a given day, in its zone. Days are tried one after the
 * other, because every shortcut would have to know months, quarters and holidays a second time. */
#include "engine/schedule.h"

enum { SEARCH_DAYS = 366 * 5 }; /* further than any period with a closed calendar is not worth looking */

static bool is_work_day(const struct calendar *calendar, date day)
{
	if (!calendar)
		return date_weekday(day) <= FRIDAY;
	return work_day(&(struct work_time){.calendar = calendar}, day);
}

static date month_day(int year, int month, int day)
{
	int last = days_in_month(year, month);
	return date_from_civil(year, month, day < 0 || day > last ? last : day);
}

/* MIN when the month has none. */
static date last_work_day(const struct calendar *calendar, int year, int month)
{
	date first = date_from_civil(year, month, 1);
	for (date day = month_day(year, month, -1); day >= first; day--)
		if (is_work_day(calendar, day))
			return day;
	return INT32_MIN;
}

/* A quarter or year has its `day N` in its first month, its last day and last workday in its last one. */
static bool month_matches(const struct schedule *schedule, int month)
{
	int length = schedule->period == EVERY_MONTH ? 1 : schedule->period == EVERY_QUARTER ? 3 : 12;
	bool at_end = schedule->last_workday || schedule->day < 0;
	return (month - 1) % length == (at_end ? length - 1 : 0);
}

static bool day_matches(const struct schedule *schedule, const struct calendar *calendar, date day)
{
	int year, month, number;
	switch (schedule->period) {
	case EVERY_DAY:
		return true;
	case EVERY_WEEK:
		return date_weekday(day) == (schedule->weekday ? schedule->weekday : MONDAY);
	case EVERY_WORKDAY:
		return is_work_day(calendar, day);
	case EVERY_MONTH:
	case EVERY_QUARTER:
	case EVERY_YEAR:
		date_to_civil(day, &year, &month, &number);
		if (!month_matches(schedule, month))
			return false;
		if (schedule->last_workday)
			return day == last_work_day(calendar, year, month);
		return day == month_day(year, month, schedule->day ? schedule->day : 1);
	default:
		return false;
	}
}

enum status schedule_next(const struct schedule *schedule, const struct calendar *calendar, moment after, moment *next_out)
{
	if (schedule->period == EVERY_NONE) {
		*next_out = after + schedule->every;
		return schedule->every > 0 ? OK : INVALID;
	}
	const struct zone *zone = schedule->zone ? schedule->zone : zone_utc();
	date today;
	clock_time time;
	moment_to_local(zone, after, &today, &time);
	for (date day = today - 1; day < today + SEARCH_DAYS; day++) {
		if (!day_matches(schedule, calendar, day))
			continue;
		*next_out = moment_from_local(zone, day, schedule->at);
		if (*next_out > after)
			return OK;
	}
	return LIMIT;
}
