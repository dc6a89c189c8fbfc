/* Instants, dates and times of day as text, both ways. What is read must exist: 2026-02-30 and 25:00 are refused. */
#include "engine/base/moment.h"

enum { DAY = 86400 };

/* --- reading: a cursor that fails once and stays failed */
struct cursor {
	struct text text;
	uint32_t at;
	bool failed;
};

static int digits(struct cursor *cursor, uint32_t count)
{
	int number = 0;
	for (uint32_t i = 0; i < count; i++, cursor->at++) {
		char byte = cursor->at < cursor->text.length ? cursor->text.bytes[cursor->at] : 0;
		if (byte < '0' || byte > '9') {
			cursor->failed = true;
			return 0;
		}
		number = number * 10 + (byte - '0');
	}
	return number;
}

static bool take(struct cursor *cursor, char wanted)
{
	if (cursor->failed || cursor->at >= cursor->text.length || cursor->text.bytes[cursor->at] != wanted)
		return false;
	cursor->at++;
	return true;
}

static void expect(struct cursor *cursor, char wanted)
{
	if (!take(cursor, wanted))
		cursor->failed = true;
}

static date read_date(struct cursor *cursor)
{
	int year = digits(cursor, 4);
	expect(cursor, '-');
	int month = digits(cursor, 2);
	expect(cursor, '-');
	int day = digits(cursor, 2);
	if (cursor->failed || !date_is_valid(year, month, day)) {
		cursor->failed = true;
		return 0;
	}
	return date_from_civil(year, month, day);
}

static clock_time read_time(struct cursor *cursor)
{
	int hour = digits(cursor, 2);
	expect(cursor, ':');
	int minute = digits(cursor, 2);
	int second = take(cursor, ':') ? digits(cursor, 2) : 0;
	bool whole_day = hour == 24 && !minute && !second;
	if (minute > 59 || second > 60 || (hour > 23 && !whole_day))
		cursor->failed = true;
	return hour * 3600 + minute * 60 + (second == 60 ? 59 : second); /* a leap second is the last of its minute */
}

static void skip_fraction(struct cursor *cursor)
{
	if (!take(cursor, '.') && !take(cursor, ','))
		return;
	digits(cursor, 1);
	while (!cursor->failed && cursor->at < cursor->text.length && cursor->text.bytes[cursor->at] >= '0' &&
	       cursor->text.bytes[cursor->at] <= '9')
		cursor->at++;
}

/* Z, +hh:mm, +hhmm. False when nothing of it stands here. */
static bool read_offset(struct cursor *cursor, int *seconds_out)
{
	*seconds_out = 0;
	if (take(cursor, 'Z') || take(cursor, 'z'))
		return true;
	int sign = take(cursor, '+') ? 1 : take(cursor, '-') ? -1 : 0;
	if (!sign)
		return false;
	int hours = digits(cursor, 2);
	take(cursor, ':');
	int minutes = digits(cursor, 2);
	if (hours > 18 || minutes > 59)
		cursor->failed = true;
	*seconds_out = sign * (hours * 3600 + minutes * 60);
	return true;
}

static bool finished(const struct cursor *cursor)
{
	return !cursor->failed && cursor->at == cursor->text.length;
}

enum status date_parse(struct text text, date *date_out)
{
	struct cursor cursor = {.text = text};
	*date_out = read_date(&cursor);
	return finished(&cursor) ? OK : INVALID;
}

enum status clock_time_parse(struct text text, clock_time *time_out)
{
	struct cursor cursor = {.text = text};
	*time_out = read_time(&cursor);
	return finished(&cursor) ? OK : INVALID;
}

enum status moment_parse(struct text text, const struct zone *zone, moment *moment_out)
{
	struct cursor cursor = {.text = text};
	date day = read_date(&cursor);
	if (!take(&cursor, 'T') && !take(&cursor, 't'))
		expect(&cursor, ' ');
	clock_time time = read_time(&cursor);
	skip_fraction(&cursor);
	int offset;
	bool has_offset = read_offset(&cursor, &offset);
	if (!finished(&cursor))
		return INVALID;
	*moment_out = has_offset ? (moment)day * DAY + time - offset : moment_from_local(zone ? zone : zone_utc(), day, time);
	return OK;
}

/* --- writing */
static uint32_t ended(char *buffer, char *at)
{
	*at = 0;
	return (uint32_t)(at - buffer);
}

static char *put_digits(char *at, int number, int count)
{
	for (int i = count - 1; i >= 0; i--, number /= 10)
		at[i] = (char)('0' + number % 10);
	return at + count;
}

static char *put_date(char *at, date day)
{
	int year, month, of_month;
	date_to_civil(day < DATE_FIRST ? DATE_FIRST : day > DATE_LAST ? DATE_LAST : day, &year, &month, &of_month);
	at = put_digits(at, year, 4);
	*at++ = '-';
	at = put_digits(at, month, 2);
	*at++ = '-';
	return put_digits(at, of_month, 2);
}

static char *put_time(char *at, clock_time time, bool seconds)
{
	at = put_digits(at, time / 3600, 2);
	*at++ = ':';
	at = put_digits(at, time / 60 % 60, 2);
	if (!seconds)
		return at;
	*at++ = ':';
	return put_digits(at, time % 60, 2);
}

static char *put_offset(char *at, int offset)
{
	int size = offset < 0 ? -offset : offset;
	*at++ = offset < 0 ? '-' : '+';
	return put_time(at, size, false);
}

uint32_t date_write(date day, char *buffer)
{
	return ended(buffer, put_date(buffer, day));
}

uint32_t clock_time_write(clock_time time, char *buffer)
{
	return ended(buffer, put_time(buffer, time, time % 60));
}

uint32_t moment_write(moment at, const struct zone *zone, char *buffer)
{
	date day;
	clock_time time;
	int offset = zone ? zone_offset(zone, at) : 0;
	bool utc = !zone || zone == zone_utc() || offset % 60; /* the local mean times of old have no offset in hh:mm */
	moment_to_local(utc ? zone_utc() : zone, at, &day, &time);
	char *end = put_date(buffer, day);
	*end++ = 'T';
	end = put_time(end, time, true);
	if (utc)
		*end++ = 'Z';
	else
		end = put_offset(end, offset);
	return ended(buffer, end);
}

uint32_t moment_write_short(moment at, const struct zone *zone, char *buffer)
{
	date day;
	clock_time time;
	moment_to_local(zone ? zone : zone_utc(), at, &day, &time);
	char *end = put_date(buffer, day);
	*end++ = ' ';
	return ended(buffer, put_time(end, time, time % 60));
}

/* The parts of a picture; longer ones first, so that yyyy is not twice yy. */
static const struct {
	const char *letters;
	char part;
	int count;
} PARTS[] = {{"yyyy", 'y', 4}, {"yy", 'y', 2}, {"MM", 'M', 2}, {"dd", 'd', 2},
	     {"HH", 'H', 2},   {"mm", 'm', 2}, {"ss", 's', 2}, {"fff", 'f', 3}};

static int part_of(char part, const struct civil *civil)
{
	switch (part) {
	case 'y':
		return civil->year;
	case 'M':
		return civil->month;
	case 'd':
		return civil->day;
	case 'H':
		return civil->hour;
	case 'm':
		return civil->minute;
	case 's':
		return civil->second;
	default:
		return 0; /* fff: instants are whole seconds */
	}
}

static struct civil civil_of(moment at, const struct zone *zone)
{
	date day;
	clock_time time;
	struct civil civil;
	moment_to_local(zone ? zone : zone_utc(), at, &day, &time);
	date_to_civil(day, &civil.year, &civil.month, &civil.day);
	civil.hour = time / 3600;
	civil.minute = time / 60 % 60;
	civil.second = time % 60;
	return civil;
}

enum status moment_write_picture(moment at, const struct zone *zone, struct text picture, char *buffer, size_t size,
				 uint32_t *length_out)
{
	struct civil civil = civil_of(at, zone);
	char *end = buffer;
	for (uint32_t i = 0; i < picture.length;) {
		if ((size_t)(end - buffer) + 5 > size)
			return LIMIT;
		size_t p = 0, parts = sizeof(PARTS) / sizeof(*PARTS);
		while (p < parts && !text_starts(text_slice(picture, i, picture.length), text_from(PARTS[p].letters)))
			p++;
		if (p == parts) {
			*end++ = picture.bytes[i++];
			continue;
		}
		end = put_digits(end, part_of(PARTS[p].part, &civil), PARTS[p].count);
		i += (uint32_t)strlen(PARTS[p].letters);
	}
	*length_out = ended(buffer, end);
	return OK;
}
