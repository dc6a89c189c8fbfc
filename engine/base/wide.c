/* Schoolbook arithmetic on six 64-bit limbs. Speed matters little: decimal.c comes here only when 128 bits are not enough. */
#include "engine/base/wide.h"
#include "engine/base/check.h"

#include <string.h>

struct wide wide_from(unsigned __int128 value)
{
	return (struct wide){{(uint64_t)value, (uint64_t)(value >> 64)}};
}

bool wide_fits_128(const struct wide *wide)
{
	return !(wide->limb[2] | wide->limb[3] | wide->limb[4] | wide->limb[5]);
}

unsigned __int128 wide_lower(const struct wide *wide)
{
	return (unsigned __int128)wide->limb[1] << 64 | wide->limb[0];
}

int wide_compare(const struct wide *a, const struct wide *b)
{
	for (int i = WIDE_LIMBS - 1; i >= 0; i--)
		if (a->limb[i] != b->limb[i])
			return a->limb[i] < b->limb[i] ? -1 : 1;
	return 0;
}

void wide_add(struct wide *wide, const struct wide *more)
{
	unsigned __int128 carry = 0;
	for (int i = 0; i < WIDE_LIMBS; i++) {
		carry += (unsigned __int128)wide->limb[i] + more->limb[i];
		wide->limb[i] = (uint64_t)carry;
		carry >>= 64;
	}
	CHECK(!carry);
}

void wide_subtract(struct wide *wide, const struct wide *less)
{
	uint64_t borrow = 0;
	for (int i = 0; i < WIDE_LIMBS; i++) {
		unsigned __int128 taken = (unsigned __int128)less->limb[i] + borrow;
		borrow = wide->limb[i] < taken;
		wide->limb[i] -= (uint64_t)taken;
	}
	CHECK(!borrow);
}

struct wide wide_product(unsigned __int128 a, unsigned __int128 b)
{
	uint64_t left[2] = {(uint64_t)a, (uint64_t)(a >> 64)}, right[2] = {(uint64_t)b, (uint64_t)(b >> 64)};
	struct wide product = {0};
	for (int i = 0; i < 2; i++) {
		unsigned __int128 carry = 0;
		for (int j = 0; j < 2; j++) {
			carry += (unsigned __int128)left[i] * right[j] + product.limb[i + j];
			product.limb[i + j] = (uint64_t)carry;
			carry >>= 64;
		}
		product.limb[i + 2] = (uint64_t)carry;
	}
	return product;
}

static void multiply_small(struct wide *wide, uint64_t factor)
{
	unsigned __int128 carry = 0;
	for (int i = 0; i < WIDE_LIMBS; i++) {
		carry += (unsigned __int128)wide->limb[i] * factor;
		wide->limb[i] = (uint64_t)carry;
		carry >>= 64;
	}
	CHECK(!carry);
}

void wide_scale_up(struct wide *wide, int digits)
{
	for (; digits >= 19; digits -= 19)
		multiply_small(wide, 10000000000000000000u);
	uint64_t factor = 1;
	for (; digits > 0; digits--)
		factor *= 10;
	multiply_small(wide, factor);
}

uint64_t wide_divide_small(struct wide *wide, uint64_t divisor)
{
	unsigned __int128 rest = 0;
	for (int i = WIDE_LIMBS - 1; i >= 0; i--) {
		rest = rest << 64 | wide->limb[i];
		wide->limb[i] = (uint64_t)(rest / divisor);
		rest %= divisor;
	}
	return (uint64_t)rest;
}

static void shift_in(struct wide *wide, uint64_t bit)
{
	for (int i = 0; i < WIDE_LIMBS; i++) {
		uint64_t out = wide->limb[i] >> 63;
		wide->limb[i] = wide->limb[i] << 1 | bit;
		bit = out;
	}
}

/* Bit by bit, from the highest bit that is set: at most 313 rounds for the largest dividend. */
void wide_divide(struct wide *wide, const struct wide *divisor, struct wide *remainder_out)
{
	struct wide quotient = {0}, rest = {0};
	int bit = WIDE_LIMBS * 64 - 1;
	while (bit >= 0 && !(wide->limb[bit / 64] >> (bit % 64) & 1))
		bit--;
	for (; bit >= 0; bit--) {
		shift_in(&rest, wide->limb[bit / 64] >> (bit % 64) & 1);
		if (wide_compare(&rest, divisor) >= 0) {
			wide_subtract(&rest, divisor);
			quotient.limb[bit / 64] |= (uint64_t)1 << (bit % 64);
		}
	}
	*wide = quotient;
	*remainder_out = rest;
}
