/* Unsigned integers of 384 bits: the room in which decimal.c computes exactly before it knows whether a result fits.
 * The widest thing that ever stands here is a dividend of less than 10^94. */
#ifndef BASE_WIDE_H
#define BASE_WIDE_H

#include <stdbool.h>
#include <stdint.h>

enum { WIDE_LIMBS = 6 };

struct wide {
	uint64_t limb[WIDE_LIMBS]; /* the least significant first */
};

struct wide wide_from(unsigned __int128 value);
bool wide_fits_128(const struct wide *wide);
/* The lower 128 bits. */
unsigned __int128 wide_lower(const struct wide *wide);
int wide_compare(const struct wide *a, const struct wide *b);
void wide_add(struct wide *wide, const struct wide *more);
/* `less` must not be the larger one. */
void wide_subtract(struct wide *wide, const struct wide *less);
struct wide wide_product(unsigned __int128 a, unsigned __int128 b);
/* Times 10^digits. The product must fit: a bug of the caller's otherwise. */
void wide_scale_up(struct wide *wide, int digits);
/* Divides in place and returns the remainder. */
uint64_t wide_divide_small(struct wide *wide, uint64_t divisor);
/* Divides `wide` in place; what is left goes to remainder_out. The divisor is not zero. */
void wide_divide(struct wide *wide, const struct wide *divisor, struct wide *remainder_out);

#endif
