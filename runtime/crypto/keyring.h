/* The keys of what a store keeps sealed, from a file outside of it: lines `stellwerk-sealing-key xchacha20poly1305 KEY NAME`.
 * With the first one is sealed; the others open what was sealed before it came. */
#ifndef CRYPTO_KEYRING_H
#define CRYPTO_KEYRING_H

#include "runtime/crypto/key_file.h"
#include "runtime/crypto/sealing.h"

enum { KEYRING_MOST = 16, KEY_MARK = 16 };

struct keyring_key {
	struct sealing_key key;
	char mark[KEY_MARK + 1]; /* by which what is sealed names its key; says nothing of the key itself */
};

/* Wiped with keyring_wipe by who has read it. */
struct keyring {
	struct keyring_key keys[KEYRING_MOST];
	uint32_t count; /* never 0 when it was read */
};

/* Statuses of key_file_read; INVALID also: a line that is no key, or no key at all. */
enum status keyring_read(const char *path, struct keyring *keyring_out, struct error *error) MUST_CHECK;
/* NULL: it is not among them. */
const struct keyring_key *keyring_find(const struct keyring *keyring, struct text mark);
void keyring_wipe(struct keyring *keyring);
/* A new file with a new key. CONFLICT: there is something of that name already, and it stays. */
enum status keyring_make(struct arena *arena, const char *path, struct text name, struct error *error) MUST_CHECK;

#endif
