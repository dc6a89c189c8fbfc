/* The file of sealing keys. Must leave no copy of a key but the one it was asked for. */
#include "runtime/crypto/keyring.h"

#include "runtime/crypto/crypto.h"
#include "runtime/crypto/digest.h"
#include "runtime/crypto/hex.h"
#include "runtime/crypto/key_line.h"

static const struct key_line SEALING = {"stellwerk-sealing-key", "xchacha20poly1305", "a key of secrets", {SEALING_KEY_BYTES}};

/* Of the key's digest, behind a word of its own: no other digest of the key is ever made. */
static void mark_make(const struct sealing_key *key, char mark_out[KEY_MARK + 1])
{
	static const char WORD[] = "stellwerk mark of a key";
	uint8_t bytes[sizeof WORD + SEALING_KEY_BYTES];
	struct digest digest;

	memcpy(bytes, WORD, sizeof WORD);
	memcpy(bytes + sizeof WORD, key->bytes, SEALING_KEY_BYTES);
	digest_of((struct text){(const char *)bytes, sizeof bytes}, &digest);
	crypto_wipe(bytes, sizeof bytes);
	hex_write(digest.bytes, KEY_MARK / 2, mark_out);
}

static enum status keys_read(struct text content, struct keyring *keyring, struct error *error)
{
	struct text line, name;
	uint32_t number = 0;

	while (key_line_take(&content, &number, &line)) {
		struct keyring_key *key = &keyring->keys[keyring->count];
		if (keyring->count == KEYRING_MOST)
			return error_set(error, INVALID, "there are more than %d keys in it", KEYRING_MOST);
		if (key_line_read(&SEALING, line, number, (uint8_t *[]){key->key.bytes}, &name, error) != OK)
			return INVALID;
		mark_make(&key->key, key->mark);
		keyring->count++;
	}
	return keyring->count ? OK : error_set(error, INVALID, "there is no key in it");
}

enum status keyring_read(const char *path, struct keyring *keyring_out, struct error *error)
{
	struct key_file file;
	enum status status = key_file_read(path, &file, error);

	*keyring_out = (struct keyring){0};
	if (status != OK)
		return status;
	status = keys_read(key_file_text(&file), keyring_out, error);
	key_file_wipe(&file);
	if (status == OK)
		return OK;
	keyring_wipe(keyring_out);
	return error_within(error, "`%s`", path);
}

const struct keyring_key *keyring_find(const struct keyring *keyring, struct text mark)
{
	for (uint32_t i = 0; i < keyring->count; i++)
		if (text_is(mark, keyring->keys[i].mark))
			return &keyring->keys[i];
	return NULL;
}

void keyring_wipe(struct keyring *keyring)
{
	crypto_wipe(keyring, sizeof *keyring);
}

enum status keyring_make(struct arena *arena, const char *path, struct text name, struct error *error)
{
	struct sealing_key key;

	sealing_key_make(&key);
	struct text line = key_line_write(arena, &SEALING, (const uint8_t *[]){key.bytes}, name);
	crypto_wipe(&key, sizeof key);
	enum status status = key_file_make(path, 0600, line, error);
	crypto_wipe((char *)line.bytes, line.length);
	return status;
}
