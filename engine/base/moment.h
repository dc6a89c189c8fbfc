/* Instants, dates and zones. An instant is seconds since 1970-01-01T00:00:00Z without leap seconds (POSIX), a date is days
 * since 1970-01-01 in the proleptic Gregorian calendar. Zones are IANA zones; zone.c is the wall to ICU. */
#ifndef BASE_MOMENT_H
#define BASE_MOMENT_H

#include "engine/base/error.h"
#include "engine/base/text.h"

typedef int64_t moment;     /* seconds, UTC */
typedef int32_t date;       /* days since 1970-01-01 */
typedef int32_t clock_time; /* seconds since 00:00, 0..86400 (24:00 is the end of a day) */

/* The years 1..9999. Instants outside count as the nearest inside wherever a date is asked for. */
enum { DATE_FIRST = -719162, DATE_LAST = 2932896 };
static const moment MOMENT_FIRST = -62135596800, MOMENT_LAST = 253402300799;

struct zone; /* lives as long as the process; compare by pointer */

struct civil {
	int year, month, day; /* month and day from 1 */
	int hour, minute, second;
};

enum weekday { MONDAY = 1, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY }; /* ISO 8601 */

/* Years 1..9999. */
date date_from_civil(int year, int month, int day);
void date_to_civil(date day, int *year_out, int *month_out, int *day_out);
bool date_is_valid(int year, int month, int day);
enum weekday date_weekday(date day);
int days_in_month(int year, int month);
/* Adds months; a day that the month lacks becomes its last day (31 Jan + 1 month = 28 Feb). */
date date_add_months(date day, int months);
/* Sunday of Easter in the Gregorian calendar. */
date date_easter(int year);
int date_iso_week(date day, int *iso_year_out);

/* NOT_FOUND for a name the zone database lacks. "UTC" and fixed offsets "+02:00" are zones too. */
enum status zone_find(struct text name, const struct zone **zone_out) MUST_CHECK;
const struct zone *zone_utc(void);
struct text zone_name(const struct zone *zone);
/* Seconds east of Greenwich at that instant. */
int zone_offset(const struct zone *zone, moment at);
/* The same, and the span [from, until) around the instant in which it holds; INT64_MIN and INT64_MAX where it has no end. */
int zone_offset_span(const struct zone *zone, moment at, moment *from_out, moment *until_out);
/* The instant of a wall-clock time. In the skipped hour: the instant of the change. In the doubled hour: the first. */
moment moment_from_local(const struct zone *zone, date day, clock_time time);
void moment_to_local(const struct zone *zone, moment at, date *day_out, clock_time *time_out);

/* RFC 3339 / ISO 8601: date, 'T' or blank, time, optional fraction (cut to the second), then Z, +hh:mm, +hhmm or nothing (then
 * `zone`, or UTC when it is NULL). */
enum status moment_parse(struct text text, const struct zone *zone, moment *moment_out) MUST_CHECK;
enum status date_parse(struct text text, date *date_out) MUST_CHECK;             /* 2026-03-27 */
enum status clock_time_parse(struct text text, clock_time *time_out) MUST_CHECK; /* 08:00, 08:00:30, 24:00 */

enum { MOMENT_TEXT = 40 };
/* "2026-03-27T16:45:00+01:00" in a zone, "...Z" in UTC. Returns the length. */
uint32_t moment_write(moment at, const struct zone *zone, char *buffer);
/* "2026-03-27 16:45" (seconds only when not zero): for people. */
uint32_t moment_write_short(moment at, const struct zone *zone, char *buffer);
uint32_t date_write(date day, char *buffer);
uint32_t clock_time_write(clock_time time, char *buffer);
/* A picture of yyyy yy MM dd HH mm ss, other letters as they stand. LIMIT past `size`. */
enum status moment_write_picture(moment at, const struct zone *zone, struct text picture, char *buffer, size_t size,
				 uint32_t *length_out) MUST_CHECK;

#endif
