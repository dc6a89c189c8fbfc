/* The Gregorian calendar, proleptic, as arithmetic on days since 1970-01-01. Knows no zone. */
#include "engine/base/moment.h"

/* Howard Hinnant's day counts: eras of 400 years that begin on 1 March, so that the leap day is the last of its year. */
enum { ERA_DAYS = 146097, EPOCH_SHIFT = 719468 };

date date_from_civil(int year, int month, int day)
{
	int y = month <= 2 ? year - 1 : year;
	int era = (y >= 0 ? y : y - 399) / 400;
	int year_of_era = y - era * 400;
	int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * ERA_DAYS + day_of_era - EPOCH_SHIFT;
}

void date_to_civil(date day, int *year_out, int *month_out, int *day_out)
{
	int z = day + EPOCH_SHIFT;
	int era = (z >= 0 ? z : z - (ERA_DAYS - 1)) / ERA_DAYS;
	int day_of_era = z - era * ERA_DAYS;
	int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int shifted = (5 * day_of_year + 2) / 153; /* month, March is 0 */
	*day_out = day_of_year - (153 * shifted + 2) / 5 + 1;
	*month_out = shifted < 10 ? shifted + 3 : shifted - 9;
	*year_out = year_of_era + era * 400 + (*month_out <= 2);
}

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int days_in_month(int year, int month)
{
	static const int DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	return month == 2 && is_leap(year) ? 29 : DAYS[month - 1];
}

bool date_is_valid(int year, int month, int day)
{
	return year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 && day <= days_in_month(year, month);
}

enum weekday date_weekday(date day)
{
	int since_monday = (day + 3) % 7; /* 1970-01-01 was a Thursday */
	return (enum weekday)((since_monday < 0 ? since_monday + 7 : since_monday) + 1);
}

date date_add_months(date day, int months)
{
	int year, month, of_month;
	date_to_civil(day, &year, &month, &of_month);
	int count = year * 12 + month - 1 + months;
	year = count >= 0 ? count / 12 : -((11 - count) / 12);
	month = count - year * 12 + 1;
	int last = days_in_month(year, month);
	return date_from_civil(year, month, of_month < last ? of_month : last);
}

/* The anonymous Gregorian algorithm (Meeus, Jones, Butcher). */
date date_easter(int year)
{
	int a = year % 19, b = year / 100, c = year % 100;
	int h = (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30;
	int l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
	int m = (a + 11 * h + 22 * l) / 451;
	int shifted = h + l - 7 * m + 114;
	return date_from_civil(year, shifted / 31, shifted % 31 + 1);
}

int date_iso_week(date day, int *iso_year_out)
{
	date thursday = day - ((int)date_weekday(day) - THURSDAY); /* its year is the week's year */
	int year, month, of_month;
	date_to_civil(thursday, &year, &month, &of_month);
	*iso_year_out = year;
	return (thursday - date_from_civil(year, 1, 1)) / 7 + 1;
}
