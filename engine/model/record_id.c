/* Ids of rows and events: 48 bits of time, so that they sort by it, and 80 bits of hash, so that a turn that runs again makes
 * the same ones (docs/decisions/0007). As text they look like a ULID. */
#include "engine/model/value.h"

static const char ALPHABET[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; /* Crockford: no I, L, O, U */

void record_id_write(struct record_id id, char buffer[RECORD_ID_TEXT + 1])
{
	unsigned __int128 bits = (unsigned __int128)id.high << 64 | id.low;
	for (int i = RECORD_ID_TEXT - 1; i >= 0; i--, bits >>= 5)
		buffer[i] = ALPHABET[(unsigned)bits & 31];
	buffer[RECORD_ID_TEXT] = 0;
}

enum status record_id_parse(struct text text, struct record_id *id_out)
{
	unsigned __int128 bits = 0;
	if (text.length != RECORD_ID_TEXT || text.bytes[0] > '7')
		return INVALID;
	for (uint32_t i = 0; i < text.length; i++) {
		char letter = text.bytes[i];
		if (letter >= 'a' && letter <= 'z')
			letter = (char)(letter - 'a' + 'A');
		const char *place = letter ? strchr(ALPHABET, letter) : NULL;
		if (!place)
			return INVALID;
		bits = bits << 5 | (unsigned)(place - ALPHABET);
	}
	*id_out = (struct record_id){(uint64_t)(bits >> 64), (uint64_t)bits};
	return OK;
}

/* --- MurmurHash3 x64 128 (Austin Appleby, public domain): fast, and even over all 128 bits */
static uint64_t rotate(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

static uint64_t finish(uint64_t k)
{
	k = (k ^ k >> 33) * 0xff51afd7ed558ccdu;
	k = (k ^ k >> 33) * 0xc4ceb9fe1a85ec53u;
	return k ^ k >> 33;
}

static const uint64_t C1 = 0x87c37b91114253d5u, C2 = 0x4cf5ad432745937fu;

static uint64_t scramble(uint64_t k, uint64_t first, int by, uint64_t second)
{
	return rotate(k * first, by) * second;
}

static void hash_128(const char *bytes, size_t size, uint64_t out[2])
{
	uint64_t h1 = 0, h2 = 0, k[2];
	size_t left = size;
	for (; left >= 16; left -= 16, bytes += 16) {
		memcpy(k, bytes, 16);
		h1 = rotate(h1 ^ scramble(k[0], C1, 31, C2), 27) + h2;
		h1 = h1 * 5 + 0x52dce729;
		h2 = rotate(h2 ^ scramble(k[1], C2, 33, C1), 31) + h1;
		h2 = h2 * 5 + 0x38495ab5;
	}
	k[0] = k[1] = 0;
	memcpy(k, bytes, left);
	h2 ^= scramble(k[1], C2, 33, C1);
	h1 ^= scramble(k[0], C1, 31, C2);
	h1 ^= size;
	h2 ^= size;
	h1 += h2;
	h2 += h1;
	h1 = finish(h1);
	h2 = finish(h2);
	out[0] = h1 + h2;
	out[1] = h2 + out[0];
}

struct record_id record_id_derive(moment at, const void *seed, size_t size)
{
	uint64_t hash[2], milliseconds = (uint64_t)at * 1000;
	hash_128(seed, size, hash);
	return (struct record_id){.high = milliseconds << 16 | (hash[0] & 0xffff), .low = hash[1]};
}
