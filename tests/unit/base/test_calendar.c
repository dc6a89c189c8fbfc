/* Working time: the worked examples that need no pause, the edges of days, holidays and clock changes, and thousands of random
 * calendars against an oracle that marks each minute. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/calendar.h"

enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };

static const struct zone *zone_of(const char *name)
{
	const struct zone *zone;
	assert_int_equal(zone_find(text_from(name), &zone), OK);
	return zone;
}

static const struct zone *berlin;

static moment at(const char *text)
{
	moment read;
	assert_int_equal(moment_parse(text_from(text), berlin, &read), OK);
	return read;
}

static date on(const char *text)
{
	date day;
	assert_int_equal(date_parse(text_from(text), &day), OK);
	return day;
}

static void assert_moment(moment actual, const char *expected)
{
	char buffer[MOMENT_TEXT];
	moment_write(actual, berlin, buffer);
	assert_string_equal(buffer, expected);
}

/* --- holidays */
#define FIXED(m, d)                                                                                                            \
	{                                                                                                                      \
		.rule = HOLIDAY_FIXED, .month = (m), .day = (d)                                                                \
	}
#define EASTER(days)                                                                                                           \
	{                                                                                                                      \
		.rule = HOLIDAY_EASTER, .offset = (days)                                                                       \
	}
#define SET(items_)                                                                                                            \
	{                                                                                                                      \
		.items = (items_), .count = sizeof(items_) / sizeof(*(items_))                                                 \
	}

static const struct holiday GERMAN[] = {FIXED(1, 1), EASTER(-2),   EASTER(1),     EASTER(39),   EASTER(50),
					FIXED(5, 1), FIXED(10, 3), FIXED(12, 25), FIXED(12, 26)};
static const struct holiday ONLY_BAVARIAN[] = {FIXED(1, 6), EASTER(60), FIXED(8, 15), FIXED(11, 1)};
static const struct holiday ONLY_BERLIN[] = {FIXED(3, 8), {.rule = HOLIDAY_ONCE, .once = 20216 /* 2025-05-08 */}};
static const struct holiday AUSTRIAN[] = {FIXED(1, 1),  FIXED(1, 6),  FIXED(5, 1),   FIXED(8, 15),  FIXED(10, 26),
					  FIXED(11, 1), FIXED(12, 8), FIXED(12, 25), FIXED(12, 26), EASTER(1),
					  EASTER(39),   EASTER(50),   EASTER(60)};
static const struct holidays germany = SET(GERMAN);
static const struct holidays *const of_germany[] = {&germany};
static const struct holidays bavaria = {.items = ONLY_BAVARIAN, .count = 4, .includes = of_germany, .include_count = 1};
static const struct holidays berlin_days = {.items = ONLY_BERLIN, .count = 2, .includes = of_germany, .include_count = 1};
static const struct holidays austria = SET(AUSTRIAN);
static const struct holidays *const IN_BAVARIA[] = {&bavaria}, *const IN_BERLIN[] = {&berlin_days},
				    *const IN_AUSTRIA[] = {&austria};

/* --- calendars */
static const struct hours OFFICE[] = {{8 * HOUR, 17 * HOUR}}, ALL_DAY[] = {{0, 24 * HOUR}}, NIGHT[] = {{22 * HOUR, 6 * HOUR}};

static struct calendar week_of(const struct hours *hours, uint32_t count, int days)
{
	struct calendar calendar = {.zone = berlin};
	for (int weekday = MONDAY; weekday <= days; weekday++) {
		calendar.week[weekday].hours = hours;
		calendar.week[weekday].count = count;
	}
	return calendar;
}

static struct calendar office(const struct holidays *const *holidays)
{
	struct calendar calendar = week_of(OFFICE, 1, FRIDAY);
	calendar.holidays = holidays;
	calendar.holiday_count = holidays ? 1 : 0;
	return calendar;
}

static void assert_due(const struct calendar *calendar, const char *start, int64_t seconds, const char *due)
{
	struct work_time work = {.calendar = calendar};
	moment from = at(start), actual;
	assert_int_equal(work_add(&work, from, seconds, &actual), OK);
	assert_moment(actual, due);
	assert_int_equal(work_between(&work, from, actual), seconds);
}

static void worked_examples(void **state)
{
	(void)state;
	struct calendar in_bavaria = office(IN_BAVARIA), in_berlin = office(IN_BERLIN), in_austria = office(IN_AUSTRIA);
	struct calendar always = week_of(ALL_DAY, 1, SUNDAY);
	assert_due(&in_bavaria, "2026-05-04 06:15", 60 * MINUTE, "2026-05-04T09:00:00+02:00");
	assert_due(&in_bavaria, "2026-05-04 17:00", 1 * MINUTE, "2026-05-05T08:01:00+02:00");
	assert_due(&in_bavaria, "2026-05-04 16:00", 60 * MINUTE, "2026-05-04T17:00:00+02:00");
	assert_due(&in_bavaria, "2026-04-02 16:30", 60 * MINUTE, "2026-04-07T08:30:00+02:00");
	assert_due(&in_austria, "2026-04-02 16:30", 60 * MINUTE, "2026-04-03T08:30:00+02:00");
	assert_due(&in_berlin, "2026-06-03 16:00", 4 * HOUR, "2026-06-04T11:00:00+02:00");
	assert_due(&in_bavaria, "2026-06-03 16:00", 4 * HOUR, "2026-06-05T11:00:00+02:00");
	assert_due(&in_austria, "2026-06-03 16:00", 4 * HOUR, "2026-06-05T11:00:00+02:00");
	assert_due(&always, "2026-03-28 23:00", 4 * HOUR, "2026-03-29T04:00:00+02:00");
	assert_due(&always, "2026-10-24 23:00", 4 * HOUR, "2026-10-25T02:00:00+01:00");
	assert_due(&in_bavaria, "2026-03-27 16:00", 2 * HOUR, "2026-03-30T09:00:00+02:00");
	assert_due(&in_austria, "2026-10-23 16:30", 60 * MINUTE, "2026-10-27T08:30:00+01:00");
	assert_due(&in_berlin, "2026-10-23 16:30", 60 * MINUTE, "2026-10-26T08:30:00+01:00");
	assert_due(&in_bavaria, "2026-12-24 11:00", 2 * HOUR, "2026-12-24T13:00:00+01:00");
}

/* Pauses are the clock's business; the lengths that its examples rest on are the calendar's. */
static void worked_examples_of_pauses(void **state)
{
	(void)state;
	struct calendar calendar = office(IN_BAVARIA);
	struct work_time work = {.calendar = &calendar};
	assert_int_equal(work_between(&work, at("2026-05-04 10:00"), at("2026-05-05 10:00")), 9 * HOUR);
	assert_int_equal(work_between(&work, at("2026-05-08 17:00"), at("2026-05-11 08:00")), 0);
	assert_due(&calendar, "2026-05-05 10:00", 7 * HOUR, "2026-05-05T17:00:00+02:00");
	assert_due(&calendar, "2026-05-05 09:00", 6 * HOUR, "2026-05-05T15:00:00+02:00");
}

static void half_days_and_exceptions(void **state)
{
	(void)state;
	static const struct hours MORNING[] = {{8 * HOUR, 12 * HOUR}};
	struct calendar calendar = office(IN_BAVARIA);
	const struct day_exception exceptions[] = {
		{.day = on("2026-05-05")},                                    /* closed */
		{.day = on("2026-06-04"), .hours = MORNING, .hour_count = 1}, /* Corpus Christi, yet open */
		{.day = on("2026-12-24"), .hours = MORNING, .hour_count = 1},
	};
	calendar.exceptions = exceptions;
	calendar.exception_count = 3;
	struct work_time work = {.calendar = &calendar};
	assert_due(&calendar, "2026-12-24 11:00", 2 * HOUR, "2026-12-28T09:00:00+01:00");
	assert_due(&calendar, "2026-05-04 16:30", 60 * MINUTE, "2026-05-06T08:30:00+02:00");
	assert_due(&calendar, "2026-06-03 16:00", 4 * HOUR, "2026-06-04T11:00:00+02:00");
	assert_true(work_day(&work, on("2026-06-04")));
	assert_false(work_day(&work, on("2026-05-05")));
	assert_false(work_day(&work, on("2026-12-25")));
}

static void zero_and_backwards(void **state)
{
	(void)state;
	struct calendar calendar = office(NULL);
	struct work_time work = {.calendar = &calendar};
	moment due;
	assert_int_equal(work_add(&work, at("2026-05-09 12:00"), 0, &due), OK);
	assert_moment(due, "2026-05-09T12:00:00+02:00");
	assert_int_equal(work_between(&work, at("2026-05-05 12:00"), at("2026-05-04 12:00")), 0);
	assert_int_equal(work_between(&work, at("2026-05-05 12:00"), at("2026-05-05 12:00")), 0);
}

static void splits_and_overlaps(void **state)
{
	(void)state;
	static const struct hours SPLIT[] = {{14 * HOUR, 18 * HOUR}, {8 * HOUR, 13 * HOUR}};
	static const struct hours OVERLAP[] = {{8 * HOUR, 12 * HOUR}, {10 * HOUR, 14 * HOUR}, {11 * HOUR, 12 * HOUR}};
	struct calendar split = week_of(SPLIT, 2, FRIDAY), overlap = week_of(OVERLAP, 3, FRIDAY);
	assert_due(&split, "2026-05-04 08:00", 5 * HOUR, "2026-05-04T13:00:00+02:00");
	assert_due(&split, "2026-05-04 12:30", 1 * HOUR, "2026-05-04T14:30:00+02:00");
	assert_due(&split, "2026-05-04 13:30", 4 * HOUR, "2026-05-04T18:00:00+02:00");
	assert_due(&overlap, "2026-05-04 08:00", 6 * HOUR, "2026-05-04T14:00:00+02:00");
	assert_due(&overlap, "2026-05-04 11:30", 3 * HOUR, "2026-05-05T08:30:00+02:00");
}

static void nights_over_clock_changes(void **state)
{
	(void)state;
	struct calendar nights = week_of(NIGHT, 1, SUNDAY);
	struct work_time work = {.calendar = &nights};
	assert_int_equal(work_between(&work, at("2026-03-27 12:00"), at("2026-03-28 12:00")), 8 * HOUR);
	assert_int_equal(work_between(&work, at("2026-03-28 12:00"), at("2026-03-29 12:00")), 7 * HOUR);
	assert_int_equal(work_between(&work, at("2026-10-24 12:00"), at("2026-10-25 12:00")), 9 * HOUR);
	assert_due(&nights, "2026-03-28 22:00", 7 * HOUR, "2026-03-29T06:00:00+02:00");
	assert_due(&nights, "2026-10-24 22:00", 9 * HOUR, "2026-10-25T06:00:00+01:00");
}

/* Saturday's shift of a week that ends on Saturday reaches into Sunday; a holiday takes away what begins on it, and only that.
 */
static void nights_belong_to_their_start_day(void **state)
{
	(void)state;
	struct calendar nights = week_of(NIGHT, 1, FRIDAY);
	nights.holidays = IN_BAVARIA;
	nights.holiday_count = 1;
	struct work_time work = {.calendar = &nights};
	assert_true(work_at(&work, at("2026-05-09 05:59")));  /* Saturday, begun on Friday */
	assert_false(work_at(&work, at("2026-05-11 03:00"))); /* Monday before its shift */
	/* Wed 3 June into Corpus Christi; nothing begins on Thursday; Friday's shift stands */
	assert_true(work_at(&work, at("2026-06-04 02:00")));
	assert_false(work_at(&work, at("2026-06-04 23:00")));
	assert_false(work_at(&work, at("2026-06-05 02:00")));
	assert_true(work_at(&work, at("2026-06-05 22:00")));
	assert_int_equal(work_between(&work, at("2026-06-03 22:00"), at("2026-06-06 06:00")), 16 * HOUR);
	/* An exception is no different: its day's own intervals go, last night's stay. */
	const struct day_exception closed = {.day = on("2026-05-06")};
	nights.exceptions = &closed;
	nights.exception_count = 1;
	assert_true(work_at(&work, at("2026-05-06 03:00")));
	assert_false(work_at(&work, at("2026-05-06 23:00")));
}

/* 02:00..02:30 has no length on the day that lacks 02:00, and begins with the change; in autumn the first 02:00 is meant. */
static void edges_within_a_clock_change(void **state)
{
	(void)state;
	static const struct hours EARLY[] = {{2 * HOUR, 2 * HOUR + 1800}}, INTO[] = {{2 * HOUR + 1800, 4 * HOUR}};
	struct calendar early = week_of(EARLY, 1, SUNDAY), into = week_of(INTO, 1, SUNDAY);
	struct work_time early_work = {.calendar = &early}, into_work = {.calendar = &into};
	assert_int_equal(work_between(&early_work, at("2026-03-29 00:00"), at("2026-03-30 00:00")), 0);
	assert_int_equal(work_between(&early_work, at("2026-10-25 00:00"), at("2026-10-26 00:00")), 1800);
	assert_true(work_at(&early_work, at("2026-10-25T00:15:00Z")));
	assert_false(work_at(&early_work, at("2026-10-25T01:15:00Z")));
	assert_int_equal(work_between(&into_work, at("2026-03-29 00:00"), at("2026-03-30 00:00")), HOUR);
	assert_int_equal(work_between(&into_work, at("2026-10-25 00:00"), at("2026-10-26 00:00")), 5 * 1800);
}

static void extra_holidays(void **state)
{
	(void)state;
	struct calendar calendar = office(NULL);
	struct work_time work = {.calendar = &calendar, .extra = IN_AUSTRIA, .extra_count = 1};
	moment due;
	assert_int_equal(work_add(&work, at("2026-10-23 16:30"), 60 * MINUTE, &due), OK);
	assert_moment(due, "2026-10-27T08:30:00+01:00");
	assert_false(work_day(&work, on("2026-10-26")));
}

static void never_open(void **state)
{
	(void)state;
	struct calendar closed = {.zone = berlin};
	struct work_time work = {.calendar = &closed};
	moment due;
	assert_int_equal(work_add(&work, at("2026-05-04 08:00"), 1, &due), LIMIT);
	assert_int_equal(work_next(&work, at("2026-05-04 08:00"), &due), LIMIT);
	assert_int_equal(work_add_days(&work, at("2026-05-04 08:00"), 1, &due), LIMIT);
	assert_int_equal(work_day_end(&work, at("2026-05-04 08:00"), &due), LIMIT);
	assert_int_equal(work_between(&work, INT64_MIN, INT64_MAX), 0);
	struct calendar calendar = office(NULL);
	work.calendar = &calendar;
	assert_int_equal(work_add(&work, at("2026-05-04 08:00"), INT64_MAX, &due), LIMIT);
	assert_int_equal(work_add(&work, INT64_MAX, 1, &due) == OK && due < at("2026-01-01 00:00"), 0);
}

/* --- days */
static void assert_days(const struct calendar *calendar, const char *start, int days, const char *due)
{
	struct work_time work = {.calendar = calendar};
	moment actual;
	assert_int_equal(work_add_days(&work, at(start), days, &actual), OK);
	assert_moment(actual, due);
}

static void working_days(void **state)
{
	(void)state;
	static const struct hours MORNING[] = {{8 * HOUR, 12 * HOUR}},
				  SPLIT[] = {{8 * HOUR, 13 * HOUR}, {14 * HOUR, 18 * HOUR}};
	struct calendar calendar = office(IN_BAVARIA), split = week_of(SPLIT, 2, FRIDAY);
	assert_days(&calendar, "2026-05-04 10:30", 5, "2026-05-11T10:30:00+02:00");
	assert_days(&calendar, "2026-03-30 10:30", 5, "2026-04-08T10:30:00+02:00"); /* over Easter */
	assert_days(&calendar, "2026-05-04 20:00", 1, "2026-05-06T08:00:00+02:00"); /* counts from Tuesday 08:00 */
	assert_days(&calendar, "2026-05-09 12:00", 1, "2026-05-12T08:00:00+02:00"); /* counts from Monday 08:00 */
	assert_days(&calendar, "2026-05-04 06:00", 1, "2026-05-05T08:00:00+02:00");
	assert_days(&calendar, "2026-03-27 09:00", 1, "2026-03-30T09:00:00+02:00"); /* the same wall clock */
	assert_days(&calendar, "2026-05-09 12:00", 0, "2026-05-11T08:00:00+02:00");
	const struct day_exception half[] = {{.day = on("2026-05-05"), .hours = MORNING, .hour_count = 1},
					     {.day = on("2026-05-07"), .hours = SPLIT, .hour_count = 2}};
	calendar.exceptions = half;
	calendar.exception_count = 2;
	assert_days(&calendar, "2026-05-04 15:00", 1, "2026-05-05T12:00:00+02:00"); /* a half day counts; its nearest edge */
	assert_days(&calendar, "2026-05-04 15:00", 2, "2026-05-06T15:00:00+02:00");
	assert_days(&calendar, "2026-05-06 13:20", 1, "2026-05-07T13:00:00+02:00");
	assert_days(&calendar, "2026-05-06 13:40", 1, "2026-05-07T14:00:00+02:00");
	assert_days(&calendar, "2026-05-06 13:30", 1, "2026-05-07T13:00:00+02:00"); /* of two, the earlier */
	assert_days(&split, "2026-05-04 13:30", 1, "2026-05-05T14:00:00+02:00");    /* from the next working second */
}

static void working_days_at_night(void **state)
{
	(void)state;
	struct calendar nights = week_of(NIGHT, 1, FRIDAY);
	assert_days(&nights, "2026-05-04 23:00", 1, "2026-05-05T23:00:00+02:00");
	assert_days(&nights, "2026-05-05 02:00", 1, "2026-05-06T02:00:00+02:00"); /* within Tuesday's shift */
	assert_days(&nights, "2026-05-09 02:00", 1, "2026-05-11T22:00:00+02:00"); /* Sunday has none that reaches Monday */
}

static void assert_day_end(const struct calendar *calendar, const char *start, const char *end)
{
	struct work_time work = {.calendar = calendar};
	moment actual;
	assert_int_equal(work_day_end(&work, at(start), &actual), OK);
	assert_moment(actual, end);
}

static void ends_of_days(void **state)
{
	(void)state;
	static const struct hours SPLIT[] = {{14 * HOUR, 18 * HOUR}, {8 * HOUR, 13 * HOUR}};
	struct calendar calendar = office(IN_BAVARIA), split = week_of(SPLIT, 2, FRIDAY), nights = week_of(NIGHT, 1, FRIDAY);
	assert_day_end(&calendar, "2026-05-04 10:00", "2026-05-04T17:00:00+02:00");
	assert_day_end(&calendar, "2026-05-04 06:00", "2026-05-04T17:00:00+02:00");
	assert_day_end(&calendar, "2026-05-04 17:00", "2026-05-05T17:00:00+02:00");
	assert_day_end(&calendar, "2026-05-08 18:00", "2026-05-11T17:00:00+02:00");
	assert_day_end(&split, "2026-05-04 13:30", "2026-05-04T18:00:00+02:00");
	assert_day_end(&nights, "2026-05-05 02:00", "2026-05-05T06:00:00+02:00");
	assert_day_end(&nights, "2026-05-05 07:00", "2026-05-06T06:00:00+02:00");
}

static void next_working_instant(void **state)
{
	(void)state;
	struct calendar calendar = office(IN_BAVARIA);
	struct work_time work = {.calendar = &calendar};
	moment next;
	assert_int_equal(work_next(&work, at("2026-04-02 17:00"), &next), OK);
	assert_moment(next, "2026-04-07T08:00:00+02:00");
	assert_int_equal(work_next(&work, at("2026-04-07 09:00:01"), &next), OK);
	assert_moment(next, "2026-04-07T09:00:01+02:00");
	assert_true(work_at(&work, at("2026-05-04 08:00")));
	assert_true(work_at(&work, at("2026-05-04 16:59:59")));
	assert_false(work_at(&work, at("2026-05-04 17:00")));
}

/* --- holiday rules */
static void holiday_rules(void **state)
{
	(void)state;
	static const struct holiday ITEMS[] = {
		{.rule = HOLIDAY_WEEKDAY_BEFORE,
		 .month = 11,
		 .day = 23,
		 .weekday = WEDNESDAY,
		 .nth = 1}, /* the day of repentance */
		{.rule = HOLIDAY_WEEKDAY_BEFORE, .month = 12, .day = 25, .weekday = SUNDAY, .nth = 4}, /* first Advent */
		{.rule = HOLIDAY_WEEKDAY_AFTER, .month = 12, .day = 29, .weekday = SUNDAY, .nth = 1}, /* reaches into January */
		{.rule = HOLIDAY_FIXED, .month = 2, .day = 29},
		{.rule = HOLIDAY_FIXED, .month = 10, .day = 31, .from_year = 2017, .until_year = 2017},
		{.rule = HOLIDAY_FIXED, .month = 6, .day = 29, .weekdays = ~(1u << TUESDAY)},
		{.rule = HOLIDAY_FIXED, .month = 3, .day = 19, .unless_easter = true, .unless_offset = -3},
		{.rule = HOLIDAY_WEEKDAY_AFTER,
		 .month = 4,
		 .day = 1,
		 .weekday = THURSDAY,
		 .nth = 1,
		 .within_from = 403,
		 .within_until = 405},
	};
	static const struct holidays SOME = SET(ITEMS);
	static const char *const YES[] = {"2025-11-19", "2026-11-18", "2022-11-16", "2026-11-29", "2027-01-03", "2024-02-29",
					  "2017-10-31", "2026-06-29", "2026-03-19", "2025-04-03", "2028-12-31"};
	static const char *const NO[] = {"2026-11-25", "2026-11-11", "2026-03-01", "2023-02-28", "2016-10-31",
					 "2018-10-31", "2027-06-29", "2024-04-02", "2026-04-02", "2027-04-08"};
	for (size_t i = 0; i < sizeof(YES) / sizeof(*YES); i++)
		if (!holidays_on(&SOME, on(YES[i])))
			fail_msg("%s is a holiday", YES[i]);
	for (size_t i = 0; i < sizeof(NO) / sizeof(*NO); i++)
		if (holidays_on(&SOME, on(NO[i])))
			fail_msg("%s is no holiday", NO[i]);
	for (int year = 1990; year < 2060; year++) { /* both ways of asking agree */
		struct year_days days = {0};
		holidays_in_year(&SOME, year, &days);
		holidays_in_year(&bavaria, year, &days);
		date first = date_from_civil(year, 1, 1);
		for (date day = first; day < date_from_civil(year + 1, 1, 1); day++) {
			bool bit = days.bits[(day - first) / 64] >> ((day - first) % 64) & 1;
			assert_int_equal(bit, holidays_on(&SOME, day) || holidays_on(&bavaria, day));
		}
	}
}

/* --- random calendars against an oracle */
static uint64_t seed;

static uint32_t random_below(uint32_t bound)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((seed >> 33) % bound);
}

enum { ORACLE_DAYS = 900, ORACLE_MINUTES = ORACLE_DAYS * 24 * 60, MOST_HOURS = 3, MOST_EXCEPTIONS = 12 };

struct random_calendar {
	struct calendar calendar;
	struct hours hours[8][MOST_HOURS];
	struct day_exception exceptions[MOST_EXCEPTIONS];
	struct hours exception_hours[MOST_EXCEPTIONS][MOST_HOURS];
	moment first;
	bool minutes[ORACLE_MINUTES];
};

static uint32_t random_hours(struct hours *hours, bool nights)
{
	uint32_t count = random_below(MOST_HOURS + 1);
	for (uint32_t i = 0; i < count; i++) {
		clock_time a = (clock_time)random_below(24 * 4) * 900, b = (clock_time)random_below(24 * 4 + 1) * 900;
		bool swap = !nights && b <= a;
		hours[i] = swap ? (struct hours){b, a == b ? a + 900 : a} : (struct hours){a, b};
	}
	return count;
}

static void random_exceptions(struct random_calendar *made, bool nights)
{
	date day = date_from_civil(2025, 1, 5);
	uint32_t count = random_below(MOST_EXCEPTIONS + 1);
	for (uint32_t i = 0; i < count; i++) {
		day += 1 + (date)random_below(120);
		made->exceptions[i] = (struct day_exception){.day = day, .hours = made->exception_hours[i]};
		made->exceptions[i].hour_count = random_hours(made->exception_hours[i], nights);
	}
	made->calendar.exceptions = made->exceptions;
	made->calendar.exception_count = count;
}

/* What the calendar says of a day, by the plainest reading of the rules. */
static const struct hours *plain_hours(const struct calendar *calendar, date day, uint32_t *count_out)
{
	for (uint32_t i = 0; i < calendar->exception_count; i++)
		if (calendar->exceptions[i].day == day) {
			*count_out = calendar->exceptions[i].hour_count;
			return calendar->exceptions[i].hours;
		}
	*count_out = holidays_on(calendar->holidays[0], day) ? 0 : calendar->week[date_weekday(day)].count;
	return calendar->week[date_weekday(day)].hours;
}

static void mark_minutes(struct random_calendar *made)
{
	date first = date_from_civil(2025, 1, 1);
	made->first = (moment)first * DAY;
	memset(made->minutes, 0, sizeof(made->minutes));
	for (date day = first - 2; day < first + ORACLE_DAYS + 2; day++) {
		uint32_t count;
		const struct hours *hours = plain_hours(&made->calendar, day, &count);
		for (uint32_t i = 0; i < count; i++) {
			moment from = moment_from_local(made->calendar.zone, day, hours[i].from);
			moment until =
				moment_from_local(made->calendar.zone, day + (hours[i].to <= hours[i].from), hours[i].to);
			for (moment minute = from; minute < until; minute += MINUTE)
				if (minute >= made->first && minute < made->first + (moment)ORACLE_MINUTES * MINUTE)
					made->minutes[(minute - made->first) / MINUTE] = true;
		}
	}
}

static void make_random(struct random_calendar *made, uint32_t number)
{
	static const char *const ZONES[] = {"Europe/Berlin", "UTC",         "America/Santiago", "Australia/Lord_Howe",
					    "Africa/Cairo",  "Asia/Beirut", "America/New_York", "+05:30"};
	bool nights = number % 3 == 0;
	memset(&made->calendar, 0, sizeof(made->calendar));
	made->calendar.zone = zone_of(ZONES[number % (sizeof(ZONES) / sizeof(*ZONES))]);
	made->calendar.holidays = IN_BAVARIA;
	made->calendar.holiday_count = 1;
	for (int weekday = MONDAY; weekday <= SUNDAY; weekday++) {
		made->calendar.week[weekday].hours = made->hours[weekday];
		made->calendar.week[weekday].count = random_hours(made->hours[weekday], nights);
	}
	random_exceptions(made, nights);
	mark_minutes(made);
}

static int64_t oracle_between(const struct random_calendar *made, int64_t from, int64_t until)
{
	int64_t minutes = 0;
	for (int64_t i = from; i < until; i++)
		minutes += made->minutes[i];
	return minutes * MINUTE;
}

static void compare_once(const struct random_calendar *made, int64_t span)
{
	struct work_time work = {.calendar = &made->calendar};
	int64_t from = random_below(ORACLE_MINUTES - (uint32_t)span), until = from + random_below((uint32_t)span) + 1;
	moment start = made->first + from * MINUTE, end = made->first + until * MINUTE;
	int64_t expected = oracle_between(made, from, until);
	assert_int_equal(work_between(&work, start, end), expected);
	assert_int_equal(work_at(&work, start), made->minutes[from]);
	if (!expected)
		return;
	int64_t minute = from, seconds = expected; /* the earliest minute at whose end so much has gone by */
	for (; seconds > 0; minute++)
		seconds -= made->minutes[minute] ? MINUTE : 0;
	moment due;
	assert_int_equal(work_add(&work, start, expected, &due), OK);
	assert_int_equal(due, made->first + minute * MINUTE);
}

static void random_calendars(void **state)
{
	(void)state;
	struct random_calendar *made = calloc(1, sizeof(*made));
	assert_non_null(made);
	for (uint32_t number = 0; number < 120; number++) {
		seed = number * 7919 + 1;
		make_random(made, number);
		for (int i = 0; i < 30; i++)
			compare_once(made, 6 * 24 * 60);
		for (int i = 0; i < 4; i++)
			compare_once(made, ORACLE_MINUTES / 2);
	}
	free(made);
}

/* To the second: adding and measuring are each other's inverse, and no earlier second would do. */
static void adding_and_measuring(void **state)
{
	(void)state;
	struct random_calendar *made = calloc(1, sizeof(*made));
	assert_non_null(made);
	for (uint32_t number = 0; number < 60; number++) {
		seed = number * 104729 + 5;
		make_random(made, number);
		struct work_time work = {.calendar = &made->calendar};
		for (int i = 0; i < 100; i++) {
			moment from = made->first + random_below(ORACLE_MINUTES / 2) * (moment)MINUTE + random_below(60), due;
			int64_t seconds = 1 + random_below(i % 10 ? 60 * HOUR : 2000 * HOUR);
			if (work_add(&work, from, seconds, &due) != OK)
				continue; /* a calendar without hours */
			assert_int_equal(work_between(&work, from, due), seconds);
			assert_int_equal(work_between(&work, from, due - 1), seconds - 1);
		}
	}
	free(made);
}

static int set_up(void **state)
{
	(void)state;
	berlin = zone_of("Europe/Berlin");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(worked_examples),
		cmocka_unit_test(worked_examples_of_pauses),
		cmocka_unit_test(half_days_and_exceptions),
		cmocka_unit_test(zero_and_backwards),
		cmocka_unit_test(splits_and_overlaps),
		cmocka_unit_test(nights_over_clock_changes),
		cmocka_unit_test(nights_belong_to_their_start_day),
		cmocka_unit_test(edges_within_a_clock_change),
		cmocka_unit_test(extra_holidays),
		cmocka_unit_test(never_open),
		cmocka_unit_test(working_days),
		cmocka_unit_test(working_days_at_night),
		cmocka_unit_test(ends_of_days),
		cmocka_unit_test(next_working_instant),
		cmocka_unit_test(holiday_rules),
		cmocka_unit_test(random_calendars),
		cmocka_unit_test(adding_and_measuring),
	};
	return cmocka_run_group_tests(tests, set_up, NULL);
}
