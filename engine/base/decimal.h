/* Exact decimal numbers: a 128-bit mantissa and a scale. Nothing is ever rounded behind the caller's back: an operation whose
 * exact result does not fit in 38 digits, or a division without an end, rounds half away from zero to the scale that is
 * documented with it, or answers LIMIT. */
#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H

#include "engine/base/error.h"
#include "engine/base/text.h"

enum { DECIMAL_DIGITS = 38, DECIMAL_MAX_SCALE = 28, DECIMAL_DIVISION_SCALE = 18, DECIMAL_TEXT = 48 };

struct decimal {
	__int128 mantissa; /* |mantissa| < 10^38 */
	uint8_t scale;     /* digits behind the point, 0..DECIMAL_MAX_SCALE; value = mantissa / 10^scale */
};

enum rounding {
	ROUND_HALF_AWAY,
	ROUND_HALF_EVEN,
	ROUND_DOWN /* to zero */,
	ROUND_UP /* from zero */,
	ROUND_FLOOR,
	ROUND_CEILING
};

struct decimal decimal_from_int(int64_t integer);
/* "-12.50"; digits on both sides of a point; no plus, exponent or blanks. INVALID when it is no number, LIMIT when it has too
 * many digits. Keeps the scale it is written with; surplus zeros behind the point do not count as digits. */
enum status decimal_parse(struct text text, struct decimal *decimal_out) MUST_CHECK;
/* As decimal_parse, and accepts an exponent ("1.5e-3"), as JSON numbers have. The length of the text costs time, not its value.
 */
enum status decimal_parse_json(struct text text, struct decimal *decimal_out) MUST_CHECK;
/* Writes all digits of its scale ("12.50"). Returns the length; a NUL follows; buffer holds at least DECIMAL_TEXT. */
uint32_t decimal_write(struct decimal decimal, char *buffer);
/* Without zeros at its end: 12.50 -> 12.5, scale 1. */
struct decimal decimal_normal(struct decimal decimal);

/* Sum, difference and product are exact, or LIMIT when the exact value does not fit. Scale of a sum or difference: the larger
 * of both; of a product: the sum of both. Zeros at the end are dropped as far as the result needs that to fit, no further. */
enum status decimal_add(struct decimal a, struct decimal b, struct decimal *sum_out) MUST_CHECK;
enum status decimal_subtract(struct decimal a, struct decimal b, struct decimal *difference_out) MUST_CHECK;
enum status decimal_multiply(struct decimal a, struct decimal b, struct decimal *product_out) MUST_CHECK;
/* Exact without zeros at its end when DECIMAL_DIVISION_SCALE digits are enough for that; else rounded half away from zero to
 * exactly so many. INVALID by zero, LIMIT when it does not fit. */
enum status decimal_divide(struct decimal a, struct decimal b, struct decimal *quotient_out) MUST_CHECK;
/* To exactly `scale` digits behind the point (2 makes 12.50 of 12.5); negative scales round to tens, hundreds, … and give
 * scale 0; LIMIT when it would overflow. */
enum status decimal_round(struct decimal decimal, int scale, enum rounding mode, struct decimal *rounded_out) MUST_CHECK;
/* -1, 0, 1 by value: 1.0 equals 1.00. */
int decimal_compare(struct decimal a, struct decimal b);
/* Equal for numbers that compare equal. */
uint64_t decimal_hash(struct decimal decimal);
struct decimal decimal_negate(struct decimal decimal);
/* INVALID when it has a fraction, LIMIT when it does not fit. */
enum status decimal_to_int(struct decimal decimal, int64_t *integer_out) MUST_CHECK;
double decimal_to_double(struct decimal decimal); /* for charts only */

#endif
