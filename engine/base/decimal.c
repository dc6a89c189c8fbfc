/* Exact decimal arithmetic. Each operation has a short way in 128 bits, taken by the numbers of daily business, and a wide way
 * that computes the exact result first and then asks whether it fits. Must never use floating point to compute. */
#include "engine/base/decimal.h"
#include "engine/base/check.h"
#include "engine/base/wide.h"

#include <limits.h>

typedef unsigned __int128 magnitude;

static const magnitude TOO_LARGE = (magnitude)10000000000000000000u * 10000000000000000000u; /* 10^38 */

static magnitude power_of_ten(int exponent)
{
	static const uint64_t POWERS[] = {
		1u,
		10u,
		100u,
		1000u,
		10000u,
		100000u,
		1000000u,
		10000000u,
		100000000u,
		1000000000u,
		10000000000u,
		100000000000u,
		1000000000000u,
		10000000000000u,
		100000000000000u,
		1000000000000000u,
		10000000000000000u,
		100000000000000000u,
		1000000000000000000u,
		10000000000000000000u,
	};
	CHECK(exponent >= 0 && exponent <= DECIMAL_DIGITS);
	return exponent <= 19 ? POWERS[exponent] : (magnitude)POWERS[19] * POWERS[exponent - 19];
}

static magnitude magnitude_of(struct decimal decimal)
{
	return decimal.mantissa < 0 ? -(magnitude)decimal.mantissa : (magnitude)decimal.mantissa;
}

static struct decimal decimal_make(bool negative, magnitude size, int scale)
{
	__int128 mantissa = (__int128)size;
	return (struct decimal){negative ? -mantissa : mantissa, (uint8_t)scale};
}

/* The one place that decides whether an exact result can be kept: it gives up zeros at its end, and only as many as it must. */
static enum status decimal_fit(bool negative, struct wide *size, int scale, struct decimal *decimal_out)
{
	while (scale > DECIMAL_MAX_SCALE || !wide_fits_128(size) || wide_lower(size) >= TOO_LARGE) {
		if (!scale || wide_divide_small(size, 10))
			return LIMIT;
		scale--;
	}
	*decimal_out = decimal_make(negative, wide_lower(size), scale);
	return OK;
}

struct decimal decimal_from_int(int64_t integer)
{
	return (struct decimal){integer, 0};
}

struct decimal decimal_negate(struct decimal decimal)
{
	decimal.mantissa = -decimal.mantissa;
	return decimal;
}

struct decimal decimal_normal(struct decimal decimal)
{
	while (decimal.scale && decimal.mantissa % 10 == 0) {
		decimal.mantissa /= 10;
		decimal.scale--;
	}
	return decimal;
}

/* ---- text */

/* A number as it stands in a text: digits without zeros at either side, and where the point belongs. */
struct scan {
	magnitude size;
	int64_t digits; /* of size */
	int64_t zeros;  /* behind size, still in front of the end */
	int64_t scale;  /* counted with the zeros */
};

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* Takes the digits at `at`, returns where they end. Past 38 digits only counts. */
static uint32_t scan_digits(struct text text, uint32_t at, struct scan *scan)
{
	for (; at < text.length && is_digit(text.bytes[at]); at++) {
		if (text.bytes[at] == '0') {
			scan->zeros += scan->digits != 0;
			continue;
		}
		scan->digits += scan->zeros + 1;
		if (scan->digits <= DECIMAL_DIGITS)
			scan->size = scan->size * power_of_ten((int)scan->zeros + 1) + (magnitude)(text.bytes[at] - '0');
		scan->zeros = 0;
	}
	return at;
}

/* "e-3" at `at`; returns where it ends, or `at` when it is none. Larger than any text is long counts as very large. */
static uint32_t scan_exponent(struct text text, uint32_t at, struct scan *scan)
{
	const int64_t enough = (int64_t)1 << 40;
	uint32_t start = at++;
	bool negative = at < text.length && text.bytes[at] == '-';
	if (at < text.length && (text.bytes[at] == '-' || text.bytes[at] == '+'))
		at++;
	if (at == text.length || !is_digit(text.bytes[at]))
		return start;
	int64_t exponent = 0;
	for (; at < text.length && is_digit(text.bytes[at]); at++)
		if (exponent < enough)
			exponent = exponent * 10 + (text.bytes[at] - '0');
	scan->scale -= negative ? -exponent : exponent;
	return at;
}

static enum status scan_fit(struct scan scan, bool negative, struct decimal *decimal_out)
{
	if (!scan.digits) {
		int64_t scale = scan.scale < 0 ? 0 : scan.scale > DECIMAL_MAX_SCALE ? DECIMAL_MAX_SCALE : scan.scale;
		*decimal_out = decimal_make(false, 0, (int)scale);
		return OK;
	}
	if (scan.scale < 0) {
		scan.zeros -= scan.scale;
		scan.scale = 0;
	}
	int64_t surplus = scan.digits + scan.zeros - DECIMAL_DIGITS;
	if (surplus < scan.scale - DECIMAL_MAX_SCALE)
		surplus = scan.scale - DECIMAL_MAX_SCALE;
	if (surplus > 0) {
		if (surplus > scan.zeros || surplus > scan.scale)
			return LIMIT;
		scan.zeros -= surplus;
		scan.scale -= surplus;
	}
	*decimal_out = decimal_make(negative, scan.size * power_of_ten((int)scan.zeros), (int)scan.scale);
	return OK;
}

static enum status parse(struct text text, bool exponents, struct decimal *decimal_out)
{
	struct scan scan = {0};
	uint32_t at = text.length && text.bytes[0] == '-';
	uint32_t whole = scan_digits(text, at, &scan);
	if (whole == at)
		return INVALID;
	bool negative = at;
	at = whole;
	if (at < text.length && text.bytes[at] == '.') {
		at = scan_digits(text, whole + 1, &scan);
		scan.scale = at - whole - 1;
		if (!scan.scale)
			return INVALID;
	}
	if (exponents && at < text.length && (text.bytes[at] == 'e' || text.bytes[at] == 'E'))
		at = scan_exponent(text, at, &scan);
	if (at != text.length)
		return INVALID;
	return scan_fit(scan, negative, decimal_out);
}

enum status decimal_parse(struct text text, struct decimal *decimal_out)
{
	return parse(text, false, decimal_out);
}

enum status decimal_parse_json(struct text text, struct decimal *decimal_out)
{
	return parse(text, true, decimal_out);
}

uint32_t decimal_write(struct decimal decimal, char *buffer)
{
	char reversed[DECIMAL_TEXT];
	uint32_t count = 0, length = 0;
	magnitude left = magnitude_of(decimal);
	do {
		uint64_t part = (uint64_t)(left % 10000000000000000000u);
		left /= 10000000000000000000u;
		for (int i = 0; left ? i < 19 : part != 0; i++, part /= 10)
			reversed[count++] = (char)('0' + part % 10);
	} while (left);
	while (count <= decimal.scale)
		reversed[count++] = '0';
	if (decimal.mantissa < 0)
		buffer[length++] = '-';
	while (count) {
		if (count == decimal.scale)
			buffer[length++] = '.';
		buffer[length++] = reversed[--count];
	}
	CHECK(length < DECIMAL_TEXT);
	buffer[length] = 0;
	return length;
}

/* ---- arithmetic */

static enum status add_wide(struct decimal a, struct decimal b, struct decimal *sum_out)
{
	int scale = a.scale > b.scale ? a.scale : b.scale;
	struct wide left = wide_from(magnitude_of(a)), right = wide_from(magnitude_of(b));
	wide_scale_up(&left, scale - a.scale);
	wide_scale_up(&right, scale - b.scale);
	bool negative = a.mantissa < 0;
	if (negative == (b.mantissa < 0)) {
		wide_add(&left, &right);
		return decimal_fit(negative, &left, scale, sum_out);
	}
	if (wide_compare(&left, &right) >= 0) {
		wide_subtract(&left, &right);
		return decimal_fit(negative, &left, scale, sum_out);
	}
	wide_subtract(&right, &left);
	return decimal_fit(!negative, &right, scale, sum_out);
}

enum status decimal_add(struct decimal a, struct decimal b, struct decimal *sum_out)
{
	if (a.scale != b.scale) {
		struct decimal *coarse = a.scale < b.scale ? &a : &b;
		int scale = a.scale < b.scale ? b.scale : a.scale;
		__int128 mantissa;
		if (__builtin_mul_overflow(coarse->mantissa, (__int128)power_of_ten(scale - coarse->scale), &mantissa))
			return add_wide(a, b, sum_out);
		*coarse = (struct decimal){mantissa, (uint8_t)scale};
	}
	struct decimal sum = {0, a.scale};
	if (__builtin_add_overflow(a.mantissa, b.mantissa, &sum.mantissa) || magnitude_of(sum) >= TOO_LARGE)
		return add_wide(a, b, sum_out);
	*sum_out = sum;
	return OK;
}

enum status decimal_subtract(struct decimal a, struct decimal b, struct decimal *difference_out)
{
	return decimal_add(a, decimal_negate(b), difference_out);
}

enum status decimal_multiply(struct decimal a, struct decimal b, struct decimal *product_out)
{
	bool negative = (a.mantissa < 0) != (b.mantissa < 0);
	magnitude left = magnitude_of(a), right = magnitude_of(b);
	struct wide product = wide_product(left, right);
	return decimal_fit(negative, &product, a.scale + b.scale, product_out);
}

/* Both sides as integers over the same power of ten, so that the quotient has DECIMAL_DIVISION_SCALE digits. */
static enum status divide_wide(struct decimal a, struct decimal b, int shift, struct decimal *quotient_out)
{
	struct wide size = wide_from(magnitude_of(a)), divisor = wide_from(magnitude_of(b)), rest;
	wide_scale_up(&size, shift > 0 ? shift : 0);
	wide_scale_up(&divisor, shift < 0 ? -shift : 0);
	wide_divide(&size, &divisor, &rest);
	struct wide twice = rest, zero = {0}, one = wide_from(1);
	wide_add(&twice, &rest);
	if (wide_compare(&twice, &divisor) >= 0)
		wide_add(&size, &one);
	enum status status = decimal_fit((a.mantissa < 0) != (b.mantissa < 0), &size, DECIMAL_DIVISION_SCALE, quotient_out);
	if (status == OK && !wide_compare(&rest, &zero))
		*quotient_out = decimal_normal(*quotient_out);
	return status;
}

enum status decimal_divide(struct decimal a, struct decimal b, struct decimal *quotient_out)
{
	if (!b.mantissa)
		return INVALID;
	int shift = DECIMAL_DIVISION_SCALE + b.scale - a.scale;
	magnitude size = magnitude_of(a), divisor = magnitude_of(b);
	if (shift < 0 || shift > DECIMAL_DIGITS || __builtin_mul_overflow(size, power_of_ten(shift), &size))
		return divide_wide(a, b, shift, quotient_out);
	magnitude quotient = size / divisor, rest = size % divisor;
	quotient += rest >= divisor - rest;
	if (quotient >= TOO_LARGE)
		return divide_wide(a, b, shift, quotient_out);
	*quotient_out = decimal_make((a.mantissa < 0) != (b.mantissa < 0), quotient, DECIMAL_DIVISION_SCALE);
	if (!rest)
		*quotient_out = decimal_normal(*quotient_out);
	return OK;
}

/* Whether what is cut off (rest of unit, not zero) moves the digit before it away from zero. */
static bool rounds_up(magnitude kept, magnitude rest, magnitude unit, bool negative, enum rounding mode)
{
	switch (mode) {
	case ROUND_HALF_AWAY:
		return rest >= unit - rest;
	case ROUND_HALF_EVEN:
		return rest > unit - rest || (rest == unit - rest && kept % 2);
	case ROUND_DOWN:
		return false;
	case ROUND_UP:
		return true;
	case ROUND_FLOOR:
		return negative;
	case ROUND_CEILING:
		return !negative;
	}
	CHECK(!"a rounding mode");
	return false;
}

enum status decimal_round(struct decimal decimal, int scale, enum rounding mode, struct decimal *rounded_out)
{
	if (scale > DECIMAL_MAX_SCALE)
		return LIMIT;
	if (scale < -DECIMAL_DIGITS - 1)
		scale = -DECIMAL_DIGITS - 1; /* rounds every number to 0 or out of range, as any further one would */
	magnitude size = magnitude_of(decimal), kept = size;
	bool negative = decimal.mantissa < 0;
	int cut = decimal.scale - scale, grow = -cut;
	if (cut > 0) {
		/* Nothing of a number is left behind 38 digits; a unit twice as large as any rest decides the halves. */
		bool all = cut > DECIMAL_DIGITS;
		magnitude unit = all ? TOO_LARGE * 2 + 1 : power_of_ten(cut), rest = all ? size : size % unit;
		kept = all ? 0 : size / unit;
		if (rest)
			kept += rounds_up(kept, rest, unit, negative, mode);
		grow = scale < 0 ? -scale : 0;
	}
	if (!kept)
		grow = 0;
	if (grow > DECIMAL_DIGITS || __builtin_mul_overflow(kept, power_of_ten(grow), &kept) || kept >= TOO_LARGE)
		return LIMIT;
	*rounded_out = decimal_make(negative, kept, scale < 0 ? 0 : scale);
	return OK;
}

/* ---- comparison and ways out */

int decimal_compare(struct decimal a, struct decimal b)
{
	if ((a.mantissa < 0) != (b.mantissa < 0))
		return a.mantissa < 0 ? -1 : 1;
	__int128 left = a.mantissa, right = b.mantissa;
	int sign = a.mantissa < 0 ? -1 : 1;
	/* A side that leaves 128 bits on the way to the common scale is the larger one: no mantissa is that large. */
	if (a.scale < b.scale && __builtin_mul_overflow(left, (__int128)power_of_ten(b.scale - a.scale), &left))
		return sign;
	if (b.scale < a.scale && __builtin_mul_overflow(right, (__int128)power_of_ten(a.scale - b.scale), &right))
		return -sign;
	return (left > right) - (left < right);
}

uint64_t decimal_hash(struct decimal decimal)
{
	decimal = decimal_normal(decimal);
	uint64_t hash = (uint64_t)decimal.mantissa * 0xff51afd7ed558ccdu;
	hash = (hash ^ (hash >> 32) ^ (uint64_t)(decimal.mantissa >> 64)) * 0xc4ceb9fe1a85ec53u;
	hash = (hash ^ decimal.scale) * 0x9e3779b97f4a7c15u;
	return hash ^ (hash >> 29);
}

enum status decimal_to_int(struct decimal decimal, int64_t *integer_out)
{
	decimal = decimal_normal(decimal);
	if (decimal.scale)
		return INVALID;
	if (decimal.mantissa < INT64_MIN || decimal.mantissa > INT64_MAX)
		return LIMIT;
	*integer_out = (int64_t)decimal.mantissa;
	return OK;
}

double decimal_to_double(struct decimal decimal)
{
	return (double)decimal.mantissa / (double)power_of_ten(decimal.scale);
}
