/* Hexadecimal digits, both ways. Must take one spelling only, so that a key has one text. */
#include "runtime/crypto/hex.h"

static const char DIGITS[] = "0123456789abcdef";

void hex_write(const uint8_t *bytes, uint32_t count, char *digits_out)
{
	for (uint32_t i = 0; i < count; i++) {
		digits_out[2 * i] = DIGITS[bytes[i] >> 4];
		digits_out[2 * i + 1] = DIGITS[bytes[i] & 15];
	}
	digits_out[2 * count] = 0;
}

struct text hex_text(struct arena *arena, const uint8_t *bytes, uint32_t count)
{
	char *text = arena_alloc(arena, 2 * (size_t)count + 1);

	hex_write(bytes, count, text);
	return (struct text){text, 2 * count};
}

static int digit_value(char digit)
{
	const char *at = digit ? strchr(DIGITS, digit) : NULL;

	return at ? (int)(at - DIGITS) : -1;
}

bool hex_read(struct text text, uint8_t *bytes_out, uint32_t count)
{
	if (text.length != 2 * count)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		int high = digit_value(text.bytes[2 * i]), low = digit_value(text.bytes[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		bytes_out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}
