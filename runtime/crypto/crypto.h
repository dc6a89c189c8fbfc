/* What all who handle keys need. The wall to libsodium: sodium.c. */
#ifndef CRYPTO_CRYPTO_H
#define CRYPTO_CRYPTO_H

#include <stddef.h>

/* Bytes nobody can guess. */
void crypto_random(void *bytes_out, size_t size);
/* Zeroes that no compiler leaves out. */
void crypto_wipe(void *bytes, size_t size);

#endif
