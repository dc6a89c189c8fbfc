/* Bytes as people and files keep them: two lower-case hexadecimal digits each. */
#ifndef CRYPTO_HEX_H
#define CRYPTO_HEX_H

#include "engine/base/text.h"

/* 2 * count digits and a NUL. */
void hex_write(const uint8_t *bytes, uint32_t count, char *digits_out);
struct text hex_text(struct arena *arena, const uint8_t *bytes, uint32_t count);
/* False: that is not exactly `count` bytes in lower-case digits. */
bool hex_read(struct text text, uint8_t *bytes_out, uint32_t count);

#endif
