/* Dates, instants and zones: known dates, the hours that a zone skips or doubles, and everything written is read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "engine/base/moment.h"

enum { HOUR = 3600, DAY = 86400 };

static const struct zone *zone_of(const char *name)
{
	const struct zone *zone;
	assert_int_equal(zone_find(text_from(name), &zone), OK);
	return zone;
}

static moment at(const char *text)
{
	moment read;
	assert_int_equal(moment_parse(text_from(text), NULL, &read), OK);
	return read;
}

static date on(const char *text)
{
	date day;
	assert_int_equal(date_parse(text_from(text), &day), OK);
	return day;
}

static void assert_date(date day, const char *expected)
{
	char buffer[MOMENT_TEXT];
	assert_int_equal(date_write(day, buffer), strlen(expected));
	assert_string_equal(buffer, expected);
}

static void assert_written(moment moment_, const struct zone *zone, const char *expected)
{
	char buffer[MOMENT_TEXT];
	assert_int_equal(moment_write(moment_, zone, buffer), strlen(expected));
	assert_string_equal(buffer, expected);
}

/* --- dates */
static void every_day_of_the_calendar(void **state)
{
	(void)state;
	int year, month, day, expected_year = 1, expected_month = 1, expected_day = 1;
	enum weekday weekday = MONDAY; /* 0001-01-01, proleptic */
	for (date d = DATE_FIRST; d <= DATE_LAST; d++) {
		date_to_civil(d, &year, &month, &day);
		assert_true(year == expected_year && month == expected_month && day == expected_day);
		assert_true(date_is_valid(year, month, day));
		assert_int_equal(date_from_civil(year, month, day), d);
		assert_int_equal(date_weekday(d), weekday);
		weekday = weekday == SUNDAY ? MONDAY : weekday + 1;
		if (++expected_day > days_in_month(expected_year, expected_month)) {
			expected_day = 1;
			expected_month = expected_month % 12 + 1;
			expected_year += expected_month == 1;
		}
	}
	assert_int_equal(expected_year, 10000);
}

static void dates_that_do_not_exist(void **state)
{
	(void)state;
	static const char *const BAD[] = {"2026-02-29",  "1900-02-29", "2026-13-01", "2026-00-01", "2026-01-00",
					  "2026-04-31",  "2026-1-01",  "2026-01-1",  "0000-01-01", "20260101",
					  "2026-01-01 ", "",           "2026-01",    "-026-01-01"};
	date day;
	for (size_t i = 0; i < sizeof(BAD) / sizeof(*BAD); i++)
		if (date_parse(text_from(BAD[i]), &day) != INVALID)
			fail_msg("\"%s\" was read as a date", BAD[i]);
	assert_int_equal(on("2000-02-29") - on("2000-02-28"), 1);
}

static void months(void **state)
{
	(void)state;
	assert_date(date_add_months(on("2026-01-31"), 1), "2026-02-28");
	assert_date(date_add_months(on("2024-01-31"), 1), "2024-02-29");
	assert_date(date_add_months(on("2026-03-31"), -1), "2026-02-28");
	assert_date(date_add_months(on("2026-01-15"), -1), "2025-12-15");
	assert_date(date_add_months(on("2026-12-31"), 2), "2027-02-28");
	assert_date(date_add_months(on("2026-05-31"), 0), "2026-05-31");
	assert_date(date_add_months(on("2026-05-31"), -12 * 20), "2006-05-31");
}

/* Oudin's algorithm, another than the one in date.c, for three hundred years; and dates that anyone can look up. */
static date oudin(int year)
{
	int century = year / 100, g = year % 19, k = (century - 17) / 25;
	int i = (century - century / 4 - (century - k) / 3 + 19 * g + 15) % 30;
	i = i - (i / 28) * (1 - (i / 28) * (29 / (i + 1)) * ((21 - g) / 11));
	int j = (year + year / 4 + i + 2 - century + century / 4) % 7, l = i - j;
	int month = 3 + (l + 40) / 44, day = l + 28 - 31 * (month / 4);
	return date_from_civil(year, month, day);
}

static void easter(void **state)
{
	(void)state;
	static const char *const KNOWN[] = {"1900-04-15", "1913-03-23", "1943-04-25", "1954-04-18", "1981-04-19",
					    "2000-04-23", "2008-03-23", "2011-04-24", "2024-03-31", "2025-04-20",
					    "2026-04-05", "2027-03-28", "2038-04-25", "2049-04-18", "2076-04-19",
					    "2100-03-28", "2160-03-23", "2190-04-25", "2199-04-14"};
	for (size_t i = 0; i < sizeof(KNOWN) / sizeof(*KNOWN); i++) {
		int year =
			(KNOWN[i][0] - '0') * 1000 + (KNOWN[i][1] - '0') * 100 + (KNOWN[i][2] - '0') * 10 + KNOWN[i][3] - '0';
		assert_date(date_easter(year), KNOWN[i]);
	}
	for (int year = 1900; year < 2200; year++) {
		assert_int_equal(date_easter(year), oudin(year));
		assert_int_equal(date_weekday(date_easter(year)), SUNDAY);
	}
}

static void iso_weeks(void **state)
{
	(void)state;
	static const struct {
		const char *day;
		int week, year;
	} KNOWN[] = {{"2021-01-03", 53, 2020}, {"2021-01-04", 1, 2021},  {"2026-01-01", 1, 2026},  {"2026-12-31", 53, 2026},
		     {"2027-01-01", 53, 2026}, {"2024-12-30", 1, 2025},  {"2024-12-29", 52, 2024}, {"2016-01-01", 53, 2015},
		     {"2018-12-31", 1, 2019},  {"2026-05-04", 19, 2026}, {"2000-02-29", 9, 2000}};
	for (size_t i = 0; i < sizeof(KNOWN) / sizeof(*KNOWN); i++) {
		int year;
		assert_int_equal(date_iso_week(on(KNOWN[i].day), &year), KNOWN[i].week);
		assert_int_equal(year, KNOWN[i].year);
	}
	for (date day = on("1969-12-20"); day < on("2100-01-10"); day++) { /* against the C library's %G and %V */
		time_t seconds = (time_t)day * DAY;
		struct tm tm;
		char text[16], expected[16];
		int year, week = date_iso_week(day, &year);
		strftime(expected, sizeof(expected), "%G-%V", gmtime_r(&seconds, &tm));
		snprintf(text, sizeof(text), "%04d-%02d", year, week);
		assert_string_equal(text, expected);
	}
}

/* --- zones */
static void zones_by_name(void **state)
{
	(void)state;
	const struct zone *zone, *again;
	static const char *const UNKNOWN[] = {
		"",
		"Europe/Berlim",
		"europe/berlin",
		"Etc/Unknown",
		"GMT+25",
		"+25:00",
		"+2:00",
		"+02:60",
		"+02:0a",
		"-",
		"Europe/Berlin/Mitte/Europe/Berlin/Mitte/Europe/Berlin/Mitte/Europe/Berlin/Mitte"};
	for (size_t i = 0; i < sizeof(UNKNOWN) / sizeof(*UNKNOWN); i++)
		if (zone_find(text_from(UNKNOWN[i]), &zone) != NOT_FOUND)
			fail_msg("\"%s\" is a zone", UNKNOWN[i]);
	assert_ptr_equal(zone_of("UTC"), zone_utc());
	assert_ptr_equal(zone_of("Europe/Vienna"), zone_of("Europe/Vienna"));
	assert_int_equal(zone_find(TEXT("+0230"), &zone), OK);
	assert_int_equal(zone_find(TEXT("+02:30"), &again), OK);
	assert_ptr_equal(zone, again);
	assert_int_equal(zone_offset(zone, 0), 9000);
	assert_int_equal(zone_offset(zone_of("-03:00"), at("2026-07-01T00:00Z")), -3 * HOUR);
	assert_true(text_is(zone_name(zone), "+02:30"));
}

static void berlin_offsets(void **state)
{
	(void)state;
	const struct zone *berlin = zone_of("Europe/Berlin");
	assert_int_equal(zone_offset(berlin, at("2026-03-29T00:59:59Z")), HOUR);
	assert_int_equal(zone_offset(berlin, at("2026-03-29T01:00:00Z")), 2 * HOUR);
	assert_int_equal(zone_offset(berlin, at("2026-10-25T00:59:59Z")), 2 * HOUR);
	assert_int_equal(zone_offset(berlin, at("2026-10-25T01:00:00Z")), HOUR);
	assert_int_equal(zone_offset(berlin, at("1975-07-01T00:00:00Z")), HOUR); /* no summer time then */
	assert_int_equal(zone_offset(berlin, at("2099-07-01T00:00:00Z")), 2 * HOUR);
	moment from, until;
	assert_int_equal(zone_offset_span(berlin, at("2026-07-01T00:00:00Z"), &from, &until), 2 * HOUR);
	assert_int_equal(from, at("2026-03-29T01:00:00Z"));
	assert_int_equal(until, at("2026-10-25T01:00:00Z"));
	zone_offset_span(zone_utc(), 0, &from, &until);
	assert_true(from == INT64_MIN && until == INT64_MAX);
}

static moment local(const struct zone *zone, const char *text)
{
	moment read;
	assert_int_equal(moment_parse(text_from(text), zone, &read), OK);
	return read;
}

static void skipped_and_doubled_hours(void **state)
{
	(void)state;
	const struct zone *berlin = zone_of("Europe/Berlin");
	assert_int_equal(local(berlin, "2026-03-29 01:59:59"), at("2026-03-29T00:59:59Z"));
	assert_int_equal(local(berlin, "2026-03-29 02:00"), at("2026-03-29T01:00:00Z"));
	assert_int_equal(local(berlin, "2026-03-29 02:30"), at("2026-03-29T01:00:00Z")); /* skipped: the change itself */
	assert_int_equal(local(berlin, "2026-03-29 02:59:59"), at("2026-03-29T01:00:00Z"));
	assert_int_equal(local(berlin, "2026-03-29 03:00"), at("2026-03-29T01:00:00Z"));
	assert_int_equal(local(berlin, "2026-10-25 01:59:59"), at("2026-10-24T23:59:59Z"));
	assert_int_equal(local(berlin, "2026-10-25 02:00"), at("2026-10-25T00:00:00Z")); /* doubled: the first */
	assert_int_equal(local(berlin, "2026-10-25 02:59:59"), at("2026-10-25T00:59:59Z"));
	assert_int_equal(local(berlin, "2026-10-25 03:00"), at("2026-10-25T02:00:00Z"));
	assert_int_equal(local(berlin, "2026-03-28 24:00"), at("2026-03-28T23:00:00Z"));
	/* a day that a zone left out: Samoa went from 29 to 31 December 2011 */
	assert_int_equal(local(zone_of("Pacific/Apia"), "2011-12-30 12:00"), at("2011-12-30T10:00:00Z"));
	assert_int_equal(local(zone_of("America/Santiago"), "2026-09-06 00:30"),
			 at("2026-09-06T04:00:00Z")); /* midnight skipped */
}

/* The offsets of two zones that disagree about everything, each half hour of three years, against the C library's. */
static void offsets_against_the_c_library(void **state)
{
	(void)state;
	static const char *const NAMES[] = {"Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns"};
	for (size_t i = 0; i < sizeof(NAMES) / sizeof(*NAMES); i++) {
		const struct zone *zone = zone_of(NAMES[i]);
		setenv("TZ", NAMES[i], 1);
		tzset();
		for (moment m = at("2024-01-01T00:00Z"); m < at("2027-01-01T00:00Z"); m += 1800) {
			time_t seconds = m;
			struct tm tm;
			assert_non_null(localtime_r(&seconds, &tm));
			assert_int_equal(zone_offset(zone, m), tm.tm_gmtoff);
			date day;
			clock_time time;
			moment_to_local(zone, m, &day, &time);
			assert_int_equal(day, date_from_civil(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday));
			assert_int_equal(time, tm.tm_hour * HOUR + tm.tm_min * 60 + tm.tm_sec);
			moment back = moment_from_local(zone, day, time); /* itself, or the first of a doubled hour */
			assert_true(back == m || (back < m && m - back <= HOUR));
		}
		unsetenv("TZ");
	}
}

/* --- text */
static void instants_read(void **state)
{
	(void)state;
	assert_int_equal(at("2026-01-05T08:00:00.051Z"), 1767600000);
	assert_int_equal(at("2026-01-05 08:00:00Z"), 1767600000);
	assert_int_equal(at("2026-01-05t08:00z"), 1767600000);
	assert_int_equal(at("2026-01-05T09:00:00+01:00"), 1767600000);
	assert_int_equal(at("2026-01-05T09:00:00.999999999+0100"), 1767600000);
	assert_int_equal(at("2026-01-05T04:30:00,5-03:30"), 1767600000);
	assert_int_equal(at("2026-01-05T08:00:00"), 1767600000);
	assert_int_equal(local(zone_of("Europe/Berlin"), "2026-01-05T09:00:00"), 1767600000);
	assert_int_equal(local(zone_of("Europe/Berlin"), "2026-01-05T08:00:00Z"), 1767600000);
	assert_int_equal(at("1969-12-31T23:59:59Z"), -1);
	assert_int_equal(at("2016-12-31T23:59:60Z"), at("2016-12-31T23:59:59Z")); /* a leap second */
	assert_int_equal(at("2026-01-05T24:00:00Z"), at("2026-01-06T00:00:00Z"));
}

static void instants_refused(void **state)
{
	(void)state;
	static const char *const BAD[] = {"",
					  "2026-01-05",
					  "2026-01-05T",
					  "2026-01-05T08",
					  "2026-01-05T08:0",
					  "2026-01-05T25:00Z",
					  "2026-01-05T08:60Z",
					  "2026-01-05T08:00:61Z",
					  "2026-01-05T24:00:01Z",
					  "2026-02-30T08:00Z",
					  "2026-01-05T08:00:00.Z",
					  "2026-01-05T08:00:00ZZ",
					  "2026-01-05T08:00:00+1",
					  "2026-01-05T08:00:00+19:00",
					  "2026-01-05T08:00:00+01:60",
					  "2026-01-05T08:00:00 +01:00",
					  " 2026-01-05T08:00Z",
					  "2026-01-05T08:00Z ",
					  "2026-01-05X08:00Z",
					  "2026/01/05T08:00Z",
					  "+2026-01-05T08:00Z",
					  "2026-01-05T-8:00Z",
					  "1767600000"};
	moment read;
	for (size_t i = 0; i < sizeof(BAD) / sizeof(*BAD); i++)
		if (moment_parse(text_from(BAD[i]), NULL, &read) != INVALID)
			fail_msg("\"%s\" was read as an instant", BAD[i]);
}

static void times_of_day(void **state)
{
	(void)state;
	static const char *const BAD[] = {"", "8:00", "24:01", "08:60", "08:00:", "08-00", "0800", "08:00 ", "24:00:30"};
	clock_time time;
	assert_int_equal(clock_time_parse(TEXT("08:00"), &time), OK);
	assert_int_equal(time, 8 * HOUR);
	assert_int_equal(clock_time_parse(TEXT("08:00:30"), &time), OK);
	assert_int_equal(time, 8 * HOUR + 30);
	assert_int_equal(clock_time_parse(TEXT("24:00"), &time), OK);
	assert_int_equal(time, DAY);
	for (size_t i = 0; i < sizeof(BAD) / sizeof(*BAD); i++)
		if (clock_time_parse(text_from(BAD[i]), &time) != INVALID)
			fail_msg("\"%s\" was read as a time of day", BAD[i]);
	char buffer[MOMENT_TEXT];
	clock_time_write(8 * HOUR + 5 * 60, buffer);
	assert_string_equal(buffer, "08:05");
	clock_time_write(DAY, buffer);
	assert_string_equal(buffer, "24:00");
	clock_time_write(8 * HOUR + 7, buffer);
	assert_string_equal(buffer, "08:00:07");
}

static void instants_written(void **state)
{
	(void)state;
	const struct zone *berlin = zone_of("Europe/Berlin");
	char buffer[MOMENT_TEXT];
	assert_written(at("2026-03-27T15:45:00Z"), berlin, "2026-03-27T16:45:00+01:00");
	assert_written(at("2026-07-27T14:45:09Z"), berlin, "2026-07-27T16:45:09+02:00");
	assert_written(at("2026-03-27T15:45:00Z"), zone_utc(), "2026-03-27T15:45:00Z");
	assert_written(at("2026-03-27T15:45:00Z"), NULL, "2026-03-27T15:45:00Z");
	assert_written(at("2026-03-27T15:45:00Z"), zone_of("-03:30"), "2026-03-27T12:15:00-03:30");
	assert_written(at("1960-06-01T12:00:00Z"), zone_of("Africa/Monrovia"), "1960-06-01T12:00:00Z"); /* was at -00:44:30 */
	moment_write_short(at("2026-03-27T15:45:00Z"), berlin, buffer);
	assert_string_equal(buffer, "2026-03-27 16:45");
	moment_write_short(at("2026-03-27T15:45:01Z"), berlin, buffer);
	assert_string_equal(buffer, "2026-03-27 16:45:01");
}

static void far_instants_stay_within_the_calendar(void **state)
{
	(void)state;
	assert_written(INT64_MAX, NULL, "9999-12-31T23:59:59Z");
	assert_written(INT64_MIN, NULL, "0001-01-01T00:00:00Z");
	assert_written(MOMENT_LAST, zone_utc(), "9999-12-31T23:59:59Z");
	assert_date(INT32_MAX, "9999-12-31");
	assert_date(INT32_MIN, "0001-01-01");
	date day;
	clock_time time;
	moment_to_local(zone_of("+14:00"), INT64_MAX, &day, &time);
	assert_int_equal(day, DATE_LAST);
	moment_to_local(zone_of("-10:00"), INT64_MIN, &day, &time);
	assert_int_equal(day, DATE_FIRST);
}

static void pictures(void **state)
{
	(void)state;
	char buffer[32];
	uint32_t length;
	moment m = at("2026-03-07T08:05:09Z");
	assert_int_equal(moment_write_picture(m, NULL, TEXT("dd.MM.yyyy HH:mm:ss (yy)"), buffer, sizeof(buffer), &length), OK);
	assert_string_equal(buffer, "07.03.2026 08:05:09 (26)");
	assert_int_equal(length, strlen(buffer));
	assert_int_equal(moment_write_picture(m, zone_of("Europe/Berlin"), TEXT("HHmm"), buffer, sizeof(buffer), &length), OK);
	assert_string_equal(buffer, "0905");
	assert_int_equal(moment_write_picture(m, NULL, TEXT(""), buffer, sizeof(buffer), &length), OK);
	assert_int_equal(length, 0);
	assert_int_equal(
		moment_write_picture(m, NULL, TEXT("yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"), buffer, sizeof(buffer), &length),
		LIMIT);
}

static void written_is_read_back(void **state)
{
	(void)state;
	static const char *const NAMES[] = {"UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "-11:00"};
	uint64_t seed = 42;
	for (int i = 0; i < 20000; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		moment m = (moment)(seed >> 31) - 4000000000, back; /* 1843..2115 */
		char buffer[MOMENT_TEXT];
		uint32_t length = moment_write(m, zone_of(NAMES[i % 5]), buffer);
		assert_int_equal(moment_parse((struct text){buffer, length}, NULL, &back), OK);
		assert_int_equal(back, m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_day_of_the_calendar),
		cmocka_unit_test(dates_that_do_not_exist),
		cmocka_unit_test(months),
		cmocka_unit_test(easter),
		cmocka_unit_test(iso_weeks),
		cmocka_unit_test(zones_by_name),
		cmocka_unit_test(berlin_offsets),
		cmocka_unit_test(skipped_and_doubled_hours),
		cmocka_unit_test(offsets_against_the_c_library),
		cmocka_unit_test(instants_read),
		cmocka_unit_test(instants_refused),
		cmocka_unit_test(times_of_day),
		cmocka_unit_test(instants_written),
		cmocka_unit_test(far_instants_stay_within_the_calendar),
		cmocka_unit_test(pictures),
		cmocka_unit_test(written_is_read_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
