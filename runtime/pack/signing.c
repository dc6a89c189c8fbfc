/* Keys and signatures of archives, written, read and judged. Must never put a byte of a signing key into a sentence. */
#include "runtime/pack/signing.h"

#include "runtime/crypto/hex.h"

static const struct key_line SIGNING = {"stellwerk-signing-key", "ed25519", "a signing key", {SIGNING_KEY_BYTES}};
static const struct key_line PUBLIC = {"stellwerk-public-key", "ed25519", "a public key", {PUBLIC_KEY_BYTES}};
static const struct key_line SIGNATURE = {"stellwerk-signature", "ed25519", "a signature", {PUBLIC_KEY_BYTES, SIGNATURE_BYTES}};

/* --- writing */
struct text signing_key_write(struct arena *arena, const struct signing_key *key, struct text name)
{
	return key_line_write(arena, &SIGNING, (const uint8_t *[]){key->bytes}, name);
}

struct text public_key_text(struct arena *arena, const struct public_key *key)
{
	return hex_text(arena, key->bytes, PUBLIC_KEY_BYTES);
}

struct text public_key_write(struct arena *arena, const struct public_key *key, struct text name)
{
	return key_line_write(arena, &PUBLIC, (const uint8_t *[]){key->bytes}, name);
}

struct text signature_write(struct arena *arena, const struct signature_line *line)
{
	return key_line_write(arena, &SIGNATURE, (const uint8_t *[]){line->key.bytes, line->signature.bytes}, line->name);
}

/* --- reading */
enum status signing_key_read(struct text content, struct signing_key *key_out, struct text *name_out, struct error *error)
{
	struct text line;
	uint32_t number = 0;

	if (!key_line_take(&content, &number, &line))
		return error_set(error, INVALID, "there is nothing in it; a signing key is wanted here");
	return key_line_read(&SIGNING, line, number, (uint8_t *[]){key_out->bytes}, name_out, error);
}

enum status trusted_keys_read(struct arena *arena, struct text content, trusted_keys *keys, struct error *error)
{
	struct text line;
	uint32_t number = 0, before = keys->count;
	enum status status = OK;

	while (status == OK && key_line_take(&content, &number, &line)) {
		struct trusted_key key;
		status = key_line_read(&PUBLIC, line, number, (uint8_t *[]){key.key.bytes}, &key.name, error);
		if (status == OK)
			*list_add(arena, keys) = key;
	}
	if (status == OK && keys->count == before)
		return error_set(error, INVALID, "there is no public key in it");
	return status;
}

enum status signatures_read(struct arena *arena, struct text content, signature_lines *lines_out, struct error *error)
{
	struct text line;
	uint32_t number = 0;
	enum status status = OK;

	*lines_out = (signature_lines){0};
	while (status == OK && key_line_take(&content, &number, &line)) {
		struct signature_line one;
		status = key_line_read(&SIGNATURE, line, number, (uint8_t *[]){one.key.bytes, one.signature.bytes}, &one.name,
				       error);
		if (status == OK && lines_out->count == SIGNERS_MOST)
			return error_set(error, INVALID, "there are more than %d signatures", SIGNERS_MOST);
		if (status == OK)
			*list_add(arena, lines_out) = one;
	}
	return status;
}

/* --- judging */
static const struct trusted_key *trusted_find(const trusted_keys *trusted, const struct public_key *key)
{
	for (uint32_t i = 0; i < trusted->count; i++)
		if (!memcmp(trusted->items[i].key.bytes, key->bytes, PUBLIC_KEY_BYTES))
			return &trusted->items[i];
	return NULL;
}

enum status signatures_check(struct arena *arena, struct text content, struct text signatures, const trusted_keys *trusted,
			     const struct trusted_key **signer_out, struct error *error)
{
	signature_lines lines;
	const struct trusted_key *broken = NULL;
	enum status status = signatures_read(arena, signatures, &lines, error);

	if (status != OK)
		return status;
	if (!lines.count)
		return error_set(error, NOT_FOUND, "nobody has signed it");
	for (uint32_t i = 0; i < lines.count; i++) {
		const struct trusted_key *key = trusted_find(trusted, &lines.items[i].key);
		if (key && signature_fits(content, &lines.items[i].signature, &key->key)) {
			*signer_out = key;
			return OK;
		}
		broken = key ? key : broken;
	}
	if (broken)
		return error_set(error, INVALID, "it is not what `%.*s` has signed: it or its signature was changed since",
				 TEXT_ARGS(broken->name));
	return error_set(error, DENIED, "it is signed with the key %s, which is none of those that are trusted",
			 public_key_text(arena, &lines.items[0].key).bytes);
}
