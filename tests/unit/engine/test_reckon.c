/* The arithmetic of clocks and schedules: every row of the business-time table, pauses and targets in days; and when schedules
 * are due around months that end early and days on which the clocks change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "engine/clock_reckon.h"
#include "engine/schedule.h"

static const struct hours OFFICE[] = {{8 * 3600, 17 * 3600}}, WHOLE_DAY[] = {{0, 24 * 3600}},
			  HALF_DAY[] = {{8 * 3600, 12 * 3600}};

static const struct holiday BERLIN_DAYS[] = {
	{.rule = HOLIDAY_FIXED, .month = 1, .day = 1},   {.rule = HOLIDAY_FIXED, .month = 5, .day = 1},
	{.rule = HOLIDAY_EASTER, .offset = -2},          {.rule = HOLIDAY_EASTER, .offset = 1},
	{.rule = HOLIDAY_EASTER, .offset = 39},          {.rule = HOLIDAY_EASTER, .offset = 50},
	{.rule = HOLIDAY_FIXED, .month = 12, .day = 25}, {.rule = HOLIDAY_FIXED, .month = 12, .day = 26},
};
static const struct holiday BAVARIA_DAYS[] = {{.rule = HOLIDAY_EASTER, .offset = 60}};
static const struct holiday AUSTRIA_DAYS[] = {
	{.rule = HOLIDAY_EASTER, .offset = 1},
	{.rule = HOLIDAY_EASTER, .offset = 60},
	{.rule = HOLIDAY_FIXED, .month = 10, .day = 26},
};
static const struct holidays BERLIN = {.items = BERLIN_DAYS, .count = sizeof BERLIN_DAYS / sizeof *BERLIN_DAYS};
static const struct holidays *const BERLIN_INCLUDED[] = {&BERLIN};
static const struct holidays BAVARIA = {.items = BAVARIA_DAYS, .count = 1, .includes = BERLIN_INCLUDED, .include_count = 1};
static const struct holidays AUSTRIA = {.items = AUSTRIA_DAYS, .count = 3};
static const struct holidays *const SETS[] = {&BAVARIA, &BERLIN, &AUSTRIA};

enum where { BY, BE, AT, ALWAYS, HALF };

static struct day_exception christmas_eve = {.hours = HALF_DAY, .hour_count = 1};

static const struct zone *zone_named(const char *name)
{
	const struct zone *zone;
	assert_int_equal(zone_find(text_from(name), &zone), OK);
	return zone;
}

static struct calendar calendar_for(enum where where)
{
	struct calendar calendar = {.zone = zone_named(where == AT ? "Europe/Vienna" : "Europe/Berlin")};
	for (int day = MONDAY; day <= (where == ALWAYS ? SUNDAY : FRIDAY); day++) {
		calendar.week[day].hours = where == ALWAYS ? WHOLE_DAY : OFFICE;
		calendar.week[day].count = 1;
	}
	if (where != ALWAYS) {
		calendar.holidays = &SETS[where == HALF ? BY : where];
		calendar.holiday_count = 1;
	}
	christmas_eve.day = date_from_civil(2026, 12, 24);
	if (where == HALF) {
		calendar.exceptions = &christmas_eve;
		calendar.exception_count = 1;
	}
	return calendar;
}

static moment local(const char *text)
{
	moment at;
	if (!text)
		return PAUSE_OPEN;
	assert_int_equal(moment_parse(text_from(text), zone_named("Europe/Berlin"), &at), OK);
	return at;
}

#define MINUTES(n) ((n)*60), UNIT_SECOND
#define HOURS(n) ((n)*3600), UNIT_SECOND
#define WORK_DAYS(n) (n), UNIT_WORK_DAY

static const struct row {
	enum where where;
	const char *start;
	int64_t target;
	enum duration_unit unit;
	const char *due; /* NULL: not before the open pause */
	const char *pauses[4];
} ROWS[] = {
	{BY, "2026-05-04 06:15", MINUTES(60), "2026-05-04 09:00"},
	{BY, "2026-05-04 17:00", MINUTES(1), "2026-05-05 08:01"},
	{BY, "2026-05-04 16:00", MINUTES(60), "2026-05-04 17:00"},
	{BY, "2026-04-02 16:30", MINUTES(60), "2026-04-07 08:30"},
	{AT, "2026-04-02 16:30", MINUTES(60), "2026-04-03 08:30"},
	{BE, "2026-06-03 16:00", HOURS(4), "2026-06-04 11:00"},
	{BY, "2026-06-03 16:00", HOURS(4), "2026-06-05 11:00"},
	{AT, "2026-06-03 16:00", HOURS(4), "2026-06-05 11:00"},
	{ALWAYS, "2026-03-28 23:00", HOURS(4), "2026-03-29T04:00+02:00"},
	{ALWAYS, "2026-10-24 23:00", HOURS(4), "2026-10-25T02:00+01:00"},
	{BY, "2026-03-27 16:00", HOURS(2), "2026-03-30T09:00+02:00"},
	{BY, "2026-05-04 09:00", HOURS(8), "2026-05-05 17:00", {"2026-05-04 10:00", "2026-05-05 10:00"}},
	{BY, "2026-05-08 15:00", HOURS(4), "2026-05-11 10:00", {"2026-05-08 17:00", "2026-05-11 08:00"}},
	{BY, "2026-05-08 15:00", HOURS(4), "2026-05-11 10:00"},
	{BY, "2026-05-04 09:00", HOURS(8), "2026-05-05 15:00", {"2026-05-04 11:00", "2026-05-05 09:00"}},
	{BY, "2026-05-04 09:00", HOURS(4), "2026-05-04 13:00"},
	{BY, "2026-05-04 09:00", HOURS(4), "2026-05-04 14:00", {"2026-05-04 10:00", "2026-05-04 11:00"}},
	{HALF, "2026-12-24 11:00", HOURS(2), "2026-12-28 09:00"},
	{BY, "2026-12-24 11:00", HOURS(2), "2026-12-24 13:00"},
	{AT, "2026-10-23 16:30", MINUTES(60), "2026-10-27T08:30+01:00"},
	{BE, "2026-10-23 16:30", MINUTES(60), "2026-10-26T08:30+01:00"},
	/* an open pause: no due, unless it was reached before; a pause that begins at the due does not count */
	{BY, "2026-05-04 09:00", HOURS(8), NULL, {"2026-05-04 10:00"}},
	{BY, "2026-05-04 09:00", HOURS(1), "2026-05-04 10:00", {"2026-05-04 10:00"}},
	{BY, "2026-05-04 09:00", HOURS(1), "2026-05-04 10:00", {"2026-05-04 12:00", "2026-05-04 13:00"}},
	/* two pauses, the second across a night */
	{BY,
	 "2026-05-04 09:00",
	 HOURS(8),
	 "2026-05-06 09:00",
	 {"2026-05-04 10:00", "2026-05-04 11:00", "2026-05-04 12:00", "2026-05-05 12:00"}},
	{BY,
	 "2026-05-04 09:00",
	 HOURS(3),
	 "2026-05-04 14:30",
	 {"2026-05-04 10:00", "2026-05-04 11:00", "2026-05-04 12:00", "2026-05-04 13:30"}},
	/* days: same wall clock; a start outside working time counts from the next working second; pauses behind it */
	{BY, "2026-05-04 10:30", WORK_DAYS(5), "2026-05-11 10:30"},
	{BY, "2026-04-30 10:30", WORK_DAYS(1), "2026-05-04 10:30"},
	{BY, "2026-05-02 10:30", WORK_DAYS(1), "2026-05-05 08:00"},
	{BY, "2026-05-04 10:30", WORK_DAYS(2), "2026-05-07 08:30", {"2026-05-05 09:00", "2026-05-05 16:00"}},
	{BY, "2026-05-04 10:30", WORK_DAYS(2), "2026-05-06 10:30", {"2026-05-06 10:30"}},
	{BY, "2026-05-04 10:30", WORK_DAYS(2), NULL, {"2026-05-06 10:29"}},
	{HALF, "2026-12-23 15:00", WORK_DAYS(1), "2026-12-24 12:00"},
	{BY, "2026-05-04 10:30", 0, UNIT_END_OF_WORK_DAY, "2026-05-04 17:00"},
	{BY, "2026-05-04 18:00", 0, UNIT_END_OF_WORK_DAY, "2026-05-05 17:00"},
};

static uint32_t pauses_read(const struct row *row, struct pause pauses_out[2])
{
	uint32_t count = 0;
	for (; count < 2 && row->pauses[2 * count]; count++)
		pauses_out[count] = (struct pause){local(row->pauses[2 * count]), local(row->pauses[2 * count + 1])};
	return count;
}

static void test_every_row_is_due(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		const struct row *row = &ROWS[i];
		struct calendar calendar = calendar_for(row->where);
		struct pause pauses[2];
		struct reckoning reckoning = {.work = {.calendar = &calendar},
					      .started_at = local(row->start),
					      .pauses = pauses,
					      .pause_count = pauses_read(row, pauses),
					      .target = row->target,
					      .unit = row->unit};
		moment due = 0;
		enum status status = reckon_due(&reckoning, &due);
		char text[MOMENT_TEXT] = "none";
		if (status == OK)
			moment_write(due, calendar.zone, text);
		if (status != (row->due ? OK : NOT_FOUND) || (row->due && due != local(row->due)))
			fail_msg("row %zu, start %s: due %s, wanted %s", i, row->start, text, row->due ? row->due : "none");
	}
}

static void test_elapsed_and_remaining_leave_pauses_out(void **state)
{
	(void)state;
	struct calendar calendar = calendar_for(BY);
	struct pause pauses[] = {{local("2026-05-04 10:00"), local("2026-05-05 10:00")},
				 {local("2026-05-05 12:00"), PAUSE_OPEN}};
	struct reckoning reckoning = {.work = {.calendar = &calendar},
				      .started_at = local("2026-05-04 09:00"),
				      .pauses = pauses,
				      .pause_count = 2,
				      .target = 8 * 3600};
	int64_t left = 0;
	assert_int_equal(reckon_elapsed(&reckoning, local("2026-05-04 09:30")), 1800);
	assert_int_equal(reckon_elapsed(&reckoning, local("2026-05-05 11:00")), 2 * 3600);
	assert_int_equal(reckon_elapsed(&reckoning, local("2026-05-06 11:00")), 3 * 3600);
	assert_int_equal(reckon_remaining(&reckoning, local("2026-05-06 11:00"), &left), OK);
	assert_int_equal(left, 5 * 3600);
	reckoning.target = 2;
	reckoning.unit = UNIT_WORK_DAY; /* lands 05-06 09:00, the first pause moves it by 9 h to 05-07 09:00 */
	assert_int_equal(reckon_remaining(&reckoning, local("2026-05-06 11:00"), &left), OK);
	assert_int_equal(left, (5 + 9 + 1) * 3600);
}

static void test_shares_are_reached_in_working_time(void **state)
{
	(void)state;
	struct calendar calendar = calendar_for(BY);
	struct reckoning reckoning = {
		.work = {.calendar = &calendar}, .started_at = local("2026-05-04 15:00"), .target = 4 * 3600};
	moment at = 0;
	assert_int_equal(reckon_share(&reckoning, (struct decimal){50, 2}, &at), OK);
	assert_int_equal(at, local("2026-05-04 17:00"));
	assert_int_equal(reckon_share(&reckoning, (struct decimal){75, 2}, &at), OK);
	assert_int_equal(at, local("2026-05-05 09:00"));
	reckoning.target = 1;
	reckoning.unit = UNIT_WORK_DAY; /* 9 working hours */
	assert_int_equal(reckon_share(&reckoning, (struct decimal){5, 1}, &at), OK);
	assert_int_equal(at, local("2026-05-05 10:30"));
}

static void test_no_due_without_a_way_to_reach_it(void **state)
{
	(void)state;
	struct calendar closed = {.zone = zone_utc()}, calendar = calendar_for(BY);
	struct reckoning reckoning = {.work = {.calendar = &closed}, .target = 60};
	moment due;
	assert_int_equal(reckon_due(&reckoning, &due), LIMIT);
	reckoning.work.calendar = &calendar;
	reckoning.unit = UNIT_MONTH;
	assert_int_equal(reckon_due(&reckoning, &due), INVALID);
	reckoning.unit = UNIT_SECOND;
	reckoning.target = -60;
	assert_int_equal(reckon_due(&reckoning, &due), INVALID);
}

/* --- schedules */
static const struct due_row {
	struct schedule schedule;
	const char *after, *next;
} DUE[] = {
	{{.period = EVERY_MONTH, .day = 1, .at = 2 * 3600}, "2026-03-01 01:59", "2026-03-01 02:00"},
	{{.period = EVERY_MONTH, .day = 1, .at = 2 * 3600}, "2026-03-01 02:00", "2026-04-01 02:00"},
	{{.period = EVERY_MONTH, .day = 31, .at = 0}, "2026-01-31 00:00", "2026-02-28 00:00"},
	{{.period = EVERY_MONTH, .day = 31, .at = 0}, "2026-02-28 00:00", "2026-03-31 00:00"},
	{{.period = EVERY_MONTH, .day = 31, .at = 0}, "2026-03-31 00:00", "2026-04-30 00:00"},
	{{.period = EVERY_MONTH, .day = -1, .at = 0}, "2028-02-01 00:00", "2028-02-29 00:00"},
	{{.period = EVERY_MONTH, .last_workday = true, .day = 1, .at = 3600}, "2026-05-01 00:00", "2026-05-29 01:00"},
	{{.period = EVERY_MONTH, .last_workday = true, .day = 1, .at = 3600}, "2026-12-24 00:00", "2026-12-31 01:00"},
	{{.period = EVERY_QUARTER, .day = 1, .at = 0}, "2026-01-01 00:00", "2026-04-01 00:00"},
	{{.period = EVERY_QUARTER, .day = -1, .at = 0}, "2026-01-01 00:00", "2026-03-31 00:00"},
	{{.period = EVERY_YEAR, .day = 1, .at = 0}, "2026-01-01 00:00", "2027-01-01 00:00"},
	{{.period = EVERY_WEEK, .weekday = MONDAY, .at = 6 * 3600}, "2026-05-04 06:00", "2026-05-11 06:00"},
	{{.period = EVERY_WORKDAY, .at = 8 * 3600}, "2026-04-02 09:00", "2026-04-07 08:00"},
	/* the skipped hour: at the change; once; the doubled hour: the first, once */
	{{.period = EVERY_DAY, .at = 2 * 3600 + 1800}, "2026-03-28 03:00", "2026-03-29T03:00+02:00"},
	{{.period = EVERY_DAY, .at = 2 * 3600 + 1800}, "2026-03-29T03:00+02:00", "2026-03-30T02:30+02:00"},
	{{.period = EVERY_DAY, .at = 2 * 3600 + 1800}, "2026-10-24 03:00", "2026-10-25T02:30+02:00"},
	{{.period = EVERY_DAY, .at = 2 * 3600 + 1800}, "2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"},
	{{.every = 3600}, "2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00"},
};

static void test_schedules_are_due(void **state)
{
	(void)state;
	struct calendar calendar = calendar_for(BY);
	for (size_t i = 0; i < sizeof DUE / sizeof *DUE; i++) {
		struct schedule schedule = DUE[i].schedule;
		schedule.zone = calendar.zone;
		moment next = 0;
		assert_int_equal(schedule_next(&schedule, &calendar, local(DUE[i].after), &next), OK);
		char text[MOMENT_TEXT];
		moment_write(next, calendar.zone, text);
		if (next != local(DUE[i].next))
			fail_msg("row %zu: after %s comes %s, wanted %s", i, DUE[i].after, text, DUE[i].next);
	}
}

static void test_a_schedule_without_workdays_is_never_due(void **state)
{
	(void)state;
	struct calendar closed = {.zone = zone_utc()};
	struct schedule schedule = {.period = EVERY_WORKDAY};
	moment next;
	assert_int_equal(schedule_next(&schedule, &closed, 0, &next), LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row_is_due),
		cmocka_unit_test(test_elapsed_and_remaining_leave_pauses_out),
		cmocka_unit_test(test_shares_are_reached_in_working_time),
		cmocka_unit_test(test_no_due_without_a_way_to_reach_it),
		cmocka_unit_test(test_schedules_are_due),
		cmocka_unit_test(test_a_schedule_without_workdays_is_never_due),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
