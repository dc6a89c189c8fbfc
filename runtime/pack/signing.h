/* Who vouches for an archive: keys and signatures as lines of text, kept in files.
 *
 *   stellwerk-signing-key ed25519 SEED NAME           a file of its own, readable by its owner alone
 *   stellwerk-public-key  ed25519 KEY NAME            any number of them, in a file of those who are trusted
 *   stellwerk-signature   ed25519 KEY SIGNATURE NAME  any number of them, in FILE.sig beside the archive
 *
 * Bytes are hexadecimal; the name is what people call the key and vouches for nothing: whom to believe says the public key.
 * Empty lines and lines that begin with # say nothing. */
#ifndef PACK_SIGNING_H
#define PACK_SIGNING_H

#include "engine/base/list.h"
#include "runtime/crypto/key_line.h"
#include "runtime/crypto/signature.h"

enum {
	SIGNATURES_MOST = 1 << 20, /* bytes of a file of signatures or public keys */
	SIGNERS_MOST = 64,         /* of one archive: each is checked over all of it */
};

struct trusted_key {
	struct public_key key;
	struct text name;
};
typedef LIST(struct trusted_key) trusted_keys;

struct signature_line {
	struct public_key key;
	struct signature signature;
	struct text name;
};
typedef LIST(struct signature_line) signature_lines;

struct text signing_key_write(struct arena *arena, const struct signing_key *key, struct text name);
struct text public_key_write(struct arena *arena, const struct public_key *key, struct text name);
struct text signature_write(struct arena *arena, const struct signature_line *line);
/* The key as people compare it. */
struct text public_key_text(struct arena *arena, const struct public_key *key);

/* INVALID: that is no signing key; the sentence says what it is instead, and never anything of it. */
enum status signing_key_read(struct text content, struct signing_key *key_out, struct text *name_out,
			     struct error *error) MUST_CHECK;
/* Adds those of the text; INVALID also when there is none. Names lie in `content`. */
enum status trusted_keys_read(struct arena *arena, struct text content, trusted_keys *keys, struct error *error) MUST_CHECK;
enum status signatures_read(struct arena *arena, struct text content, signature_lines *lines_out,
			    struct error *error) MUST_CHECK;

/* Whether somebody of `trusted` has signed exactly these bytes; `signatures` is what FILE.sig holds, or empty.
 * NOT_FOUND: nobody signed. DENIED: only others did. INVALID: a trusted one has signed other bytes, or the text is no
 * signatures, or too many. */
enum status signatures_check(struct arena *arena, struct text content, struct text signatures, const trusted_keys *trusted,
			     const struct trusted_key **signer_out, struct error *error) MUST_CHECK;

#endif
