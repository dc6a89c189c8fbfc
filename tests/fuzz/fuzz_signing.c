/* Any bytes as a file of signatures, of public keys and of a signing key. What must hold: a refusal is a sentence; what was
 * read is written and read as the same; and no bytes are a signature of somebody who has not signed. */
#include <stdlib.h>

#include "engine/base/check.h"
#include "runtime/pack/signing.h"

enum { MEMORY = 64 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void signatures_try(struct arena *arena, struct text text)
{
	static const struct public_key ONE = {{0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe,
					       0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6,
					       0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a}};
	struct error error = {0};
	const struct trusted_key *signer = NULL;
	signature_lines lines, again;
	trusted_keys trusted = {0};
	enum status status = signatures_read(arena, text, &lines, &error);

	CHECK(status == OK || error.sentence[0]);
	*list_add(arena, &trusted) = (struct trusted_key){ONE, TEXT("one")};
	CHECK(signatures_check(arena, TEXT("what nobody has signed"), text, &trusted, &signer, &error) != OK);
	for (uint32_t i = 0; status == OK && i < lines.count; i++) {
		CHECK(signatures_read(arena, signature_write(arena, &lines.items[i]), &again, &error) == OK &&
		      again.count == 1);
		CHECK(!memcmp(&again.items[0].key, &lines.items[i].key, PUBLIC_KEY_BYTES));
		CHECK(!memcmp(&again.items[0].signature, &lines.items[i].signature, SIGNATURE_BYTES));
		CHECK(text_equal(again.items[0].name, lines.items[i].name));
	}
}

static void keys_try(struct arena *arena, struct text text)
{
	struct error error = {0};
	struct signing_key key, same;
	struct text name;
	trusted_keys keys = {0}, again = {0};
	enum status status = trusted_keys_read(arena, text, &keys, &error);

	CHECK(status == OK || error.sentence[0]);
	for (uint32_t i = 0; status == OK && i < keys.count; i++) {
		struct text line = public_key_write(arena, &keys.items[i].key, keys.items[i].name);
		CHECK(trusted_keys_read(arena, line, &again, &error) == OK && again.count == i + 1);
		CHECK(!memcmp(&again.items[i].key, &keys.items[i].key, PUBLIC_KEY_BYTES));
	}
	if (signing_key_read(text, &key, &name, &error) != OK)
		return;
	CHECK(signing_key_read(signing_key_write(arena, &key, name), &same, &name, &error) == OK);
	CHECK(!memcmp(&key, &same, SIGNING_KEY_BYTES));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct arena arena;
	jmp_buf jump;

	arena_init(&arena, "keys", MEMORY);
	if (!arena_guard(&arena, jump)) {
		struct text text = {arena_copy(&arena, bytes, length), (uint32_t)length};
		signatures_try(&arena, text);
		keys_try(&arena, text);
	}
	arena_release(&arena);
	return 0;
}
