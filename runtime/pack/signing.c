/* Lines of keys and signatures, written, read and judged. Must never put a byte of a signing key into a sentence. */
#include "runtime/pack/signing.h"

#include "runtime/crypto/hex.h"

#define SIGNING_KEY "stellwerk-signing-key"
#define PUBLIC_KEY "stellwerk-public-key"
#define SIGNATURE "stellwerk-signature"

enum { WORDS_MOST = 5 };

/* --- writing */
struct text signing_key_write(struct arena *arena, const struct signing_key *key, struct text name)
{
	return text_format(arena, SIGNING_KEY " ed25519 %s %.*s\n", hex_text(arena, key->bytes, SIGNING_KEY_BYTES).bytes,
			   TEXT_ARGS(name));
}

struct text public_key_text(struct arena *arena, const struct public_key *key)
{
	return hex_text(arena, key->bytes, PUBLIC_KEY_BYTES);
}

struct text public_key_write(struct arena *arena, const struct public_key *key, struct text name)
{
	return text_format(arena, PUBLIC_KEY " ed25519 %s %.*s\n", public_key_text(arena, key).bytes, TEXT_ARGS(name));
}

struct text signature_write(struct arena *arena, const struct signature_line *line)
{
	return text_format(arena, SIGNATURE " ed25519 %s %s %.*s\n", public_key_text(arena, &line->key).bytes,
			   hex_text(arena, line->signature.bytes, SIGNATURE_BYTES).bytes, TEXT_ARGS(line->name));
}

/* --- reading */
enum status key_name_check(struct text name, struct error *error)
{
	bool fits = name.length && name.length <= KEY_NAME_MOST && name.bytes[0] != '.' && name.bytes[0] != '-';

	for (uint32_t i = 0; i < name.length && fits; i++) {
		char c = name.bytes[i];
		fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr(".-_", c));
	}
	if (fits)
		return OK;
	return error_set(
		error, INVALID,
		"a key's name has letters, digits, `.`, `-` and `_`, begins with none of `.` and `-`, and is no longer "
		"than %d",
		KEY_NAME_MOST);
}

/* The next line that says something; false at the end. */
static bool line_take(struct text *rest, uint32_t *number, struct text *line_out)
{
	while (rest->length) {
		const char *end = memchr(rest->bytes, '\n', rest->length);
		uint32_t length = end ? (uint32_t)(end - rest->bytes) : rest->length;
		*line_out = text_trim(text_slice(*rest, 0, length));
		*rest = text_slice(*rest, end ? length + 1 : length, rest->length);
		++*number;
		if (line_out->length && line_out->bytes[0] != '#')
			return true;
	}
	return false;
}

/* How many words; WORDS_MOST + 1 when there are more. */
static uint32_t words_take(struct text line, struct text words[WORDS_MOST])
{
	uint32_t count = 0;

	while (line.length) {
		const char *blank = memchr(line.bytes, ' ', line.length);
		uint32_t length = blank ? (uint32_t)(blank - line.bytes) : line.length;
		if (count == WORDS_MOST)
			return WORDS_MOST + 1;
		words[count++] = text_slice(line, 0, length);
		line = text_trim(text_slice(line, length, line.length));
	}
	return count;
}

/* What kind of line it is, for who wanted another. */
static const char *kind_of(struct text line)
{
	if (text_starts(line, TEXT(SIGNING_KEY)))
		return "a signing key, which is secret";
	if (text_starts(line, TEXT(PUBLIC_KEY)))
		return "a public key";
	return text_starts(line, TEXT(SIGNATURE)) ? "a signature" : "something else";
}

/* `keyword ed25519 HEX [HEX] NAME`. */
static enum status line_read(struct text line, uint32_t number, const char *keyword, const char *wanted, uint8_t *first,
			     uint32_t first_size, uint8_t *second, uint32_t second_size, struct text *name_out,
			     struct error *error)
{
	struct text words[WORDS_MOST];
	uint32_t count = words_take(line, words), name = second ? 4 : 3;

	if (!text_is(words[0], keyword))
		return error_set(error, INVALID, "line %u is %s; %s is wanted here", number, kind_of(line), wanted);
	if (count != name + 1 || !text_is(words[1], "ed25519") || !hex_read(words[2], first, first_size) ||
	    (second && !hex_read(words[3], second, second_size)))
		return error_set(error, INVALID, "line %u begins as %s but is not whole: it was cut off or changed", number,
				 wanted);
	*name_out = words[name];
	if (key_name_check(*name_out, error) != OK)
		return error_within(error, "line %u", number);
	return OK;
}

enum status signing_key_read(struct text content, struct signing_key *key_out, struct text *name_out, struct error *error)
{
	struct text line;
	uint32_t number = 0;

	if (!line_take(&content, &number, &line))
		return error_set(error, INVALID, "there is nothing in it; a signing key is wanted here");
	return line_read(line, number, SIGNING_KEY, "a signing key", key_out->bytes, SIGNING_KEY_BYTES, NULL, 0, name_out,
			 error);
}

enum status trusted_keys_read(struct arena *arena, struct text content, trusted_keys *keys, struct error *error)
{
	struct text line;
	uint32_t number = 0, before = keys->count;
	enum status status = OK;

	while (status == OK && line_take(&content, &number, &line)) {
		struct trusted_key key;
		status = line_read(line, number, PUBLIC_KEY, "a public key", key.key.bytes, PUBLIC_KEY_BYTES, NULL, 0,
				   &key.name, error);
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
	while (status == OK && line_take(&content, &number, &line)) {
		struct signature_line one;
		status = line_read(line, number, SIGNATURE, "a signature", one.key.bytes, PUBLIC_KEY_BYTES, one.signature.bytes,
				   SIGNATURE_BYTES, &one.name, error);
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
