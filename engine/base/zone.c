/* Time zones by ICU, and the only file that sees its calendar. A zone's changes of offset are asked for once and kept, so that
 * an offset is a binary search. Zones live as long as the process and are few. */
#include "engine/base/moment.h"
#include "engine/base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unicode/ucal.h>

enum { DAY = 86400, FIRST_YEAR = 1900, LAST_YEAR = 2200, MOST_CHANGES = 2048, NAME_LENGTH = 64 };

struct change {
	moment at;
	int offset; /* from `at` on */
};

struct zone {
	char name[NAME_LENGTH];
	uint32_t name_length;
	int first_offset; /* before the first change; of a fixed zone: always */
	bool is_fixed;    /* "+02:00" */
	struct change *changes;
	uint32_t change_count;
	struct zone *next;
};

static struct zone UTC = {.name = "UTC", .name_length = 3};
static struct zone *known = &UTC;

const struct zone *zone_utc(void)
{
	return &UTC;
}

struct text zone_name(const struct zone *zone)
{
	return (struct text){zone->name, zone->name_length};
}

/* --- asking ICU */
static int icu_offset(UCalendar *calendar)
{
	UErrorCode code = U_ZERO_ERROR;
	int offset = ucal_get(calendar, UCAL_ZONE_OFFSET, &code) + ucal_get(calendar, UCAL_DST_OFFSET, &code);
	return offset / 1000;
}

static void collect_changes(struct zone *zone, UCalendar *calendar)
{
	UErrorCode code = U_ZERO_ERROR;
	double until = (double)date_from_civil(LAST_YEAR, 1, 1) * DAY * 1000;
	ucal_setMillis(calendar, (double)date_from_civil(FIRST_YEAR, 1, 1) * DAY * 1000, &code);
	zone->first_offset = icu_offset(calendar);
	int last = zone->first_offset;
	struct change *changes = calloc(MOST_CHANGES, sizeof(*changes));
	CHECK(changes);
	double at;
	while (zone->change_count < MOST_CHANGES &&
	       ucal_getTimeZoneTransitionDate(calendar, UCAL_TZ_TRANSITION_NEXT, &at, &code) && U_SUCCESS(code) && at < until) {
		ucal_setMillis(calendar, at, &code);
		int offset = icu_offset(calendar);
		if (offset != last)
			changes[zone->change_count++] = (struct change){.at = (moment)(at / 1000), .offset = offset};
		last = offset;
	}
	zone->changes = changes;
}

/* ICU takes any name for GMT: ask first whether it is one of its own. */
static bool icu_knows(const UChar *name, int32_t length)
{
	UErrorCode code = U_ZERO_ERROR;
	UChar canonical[NAME_LENGTH];
	UBool is_system = false;
	ucal_getCanonicalTimeZoneID(name, length, canonical, NAME_LENGTH, &is_system, &code);
	return U_SUCCESS(code) && is_system;
}

static bool load(struct zone *zone)
{
	UChar name[NAME_LENGTH];
	for (uint32_t i = 0; i < zone->name_length; i++)
		name[i] = (UChar)(unsigned char)zone->name[i];
	if (!icu_knows(name, (int32_t)zone->name_length))
		return false;
	UErrorCode code = U_ZERO_ERROR;
	UCalendar *calendar = ucal_open(name, (int32_t)zone->name_length, "en_US", UCAL_GREGORIAN, &code);
	if (U_FAILURE(code))
		return false;
	collect_changes(zone, calendar);
	ucal_close(calendar);
	return true;
}

/* "+02:00", "-0330" */
static bool read_fixed(struct text name, int *offset_out)
{
	if ((name.length != 6 && name.length != 5) || (name.bytes[0] != '+' && name.bytes[0] != '-'))
		return false;
	int digits[4], count = 0;
	for (uint32_t i = 1; i < name.length; i++) {
		if (i == 3 && name.length == 6 && name.bytes[i] == ':')
			continue;
		if (name.bytes[i] < '0' || name.bytes[i] > '9' || count == 4)
			return false;
		digits[count++] = name.bytes[i] - '0';
	}
	int seconds = count == 4 ? (digits[0] * 10 + digits[1]) * 3600 + (digits[2] * 10 + digits[3]) * 60 : DAY;
	*offset_out = name.bytes[0] == '-' ? -seconds : seconds;
	return seconds <= 18 * 3600 && digits[2] < 6;
}

static enum status keep(struct zone *zone, const struct zone **zone_out)
{
	zone->next = UTC.next; /* UTC stays the first */
	UTC.next = zone;
	*zone_out = zone;
	return OK;
}

/* One zone for each offset, however it was written: zones are compared by pointer. */
static enum status fixed_zone(int offset, const struct zone **zone_out)
{
	for (const struct zone *zone = known; zone; zone = zone->next)
		if (zone->is_fixed && zone->first_offset == offset) {
			*zone_out = zone;
			return OK;
		}
	struct zone *zone = calloc(1, sizeof(*zone));
	CHECK(zone);
	int size = offset < 0 ? -offset : offset;
	zone->name_length =
		(uint32_t)snprintf(zone->name, NAME_LENGTH, "%c%02d:%02d", offset < 0 ? '-' : '+', size / 3600, size / 60 % 60);
	zone->first_offset = offset;
	zone->is_fixed = true;
	return keep(zone, zone_out);
}

enum status zone_find(struct text name, const struct zone **zone_out)
{
	for (const struct zone *zone = known; zone; zone = zone->next)
		if (text_equal(zone_name(zone), name)) {
			*zone_out = zone;
			return OK;
		}
	int offset;
	if (read_fixed(name, &offset))
		return fixed_zone(offset, zone_out);
	if (!name.length || name.length >= NAME_LENGTH)
		return NOT_FOUND;
	struct zone *zone = calloc(1, sizeof(*zone));
	CHECK(zone);
	memcpy(zone->name, name.bytes, name.length);
	zone->name_length = name.length;
	if (!load(zone)) {
		free(zone);
		return NOT_FOUND;
	}
	return keep(zone, zone_out);
}

/* --- offsets */
/* How many changes lie at or before the instant. */
static uint32_t changes_until(const struct zone *zone, moment at)
{
	uint32_t low = 0, high = zone->change_count;
	while (low < high) {
		uint32_t middle = (low + high) / 2;
		if (zone->changes[middle].at <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int offset_after(const struct zone *zone, uint32_t changes)
{
	return changes ? zone->changes[changes - 1].offset : zone->first_offset;
}

int zone_offset(const struct zone *zone, moment at)
{
	return offset_after(zone, changes_until(zone, at));
}

int zone_offset_span(const struct zone *zone, moment at, moment *from_out, moment *until_out)
{
	uint32_t changes = changes_until(zone, at);
	*from_out = changes ? zone->changes[changes - 1].at : INT64_MIN;
	*until_out = changes < zone->change_count ? zone->changes[changes].at : INT64_MAX;
	return offset_after(zone, changes);
}

/* The offsets that can be meant are those a day before and a day after. Where both lead back to the wall clock, the earlier
 * instant is meant; where none does, the time was skipped and the change itself is meant. */
moment moment_from_local(const struct zone *zone, date day, clock_time time)
{
	moment wall = (moment)day * DAY + time;
	uint32_t first = changes_until(zone, wall - DAY), last = changes_until(zone, wall + DAY);
	for (uint32_t i = first; i <= last; i++) {
		moment at = wall - offset_after(zone, i);
		bool begun = !i || at >= zone->changes[i - 1].at;
		if (begun && (i == zone->change_count || at < zone->changes[i].at))
			return at;
	}
	for (uint32_t i = first; i < last; i++) /* the change that skipped it */
		if (wall - zone->changes[i].offset < zone->changes[i].at)
			return zone->changes[i].at;
	return wall - offset_after(zone, last);
}

void moment_to_local(const struct zone *zone, moment at, date *day_out, clock_time *time_out)
{
	moment wall = at + (at < MOMENT_FIRST || at > MOMENT_LAST ? 0 : zone_offset(zone, at));
	wall = wall < MOMENT_FIRST ? MOMENT_FIRST : wall > MOMENT_LAST ? MOMENT_LAST : wall;
	moment day = wall >= 0 ? wall / DAY : -((DAY - 1 - wall) / DAY);
	*day_out = (date)day;
	*time_out = (clock_time)(wall - day * DAY);
}
