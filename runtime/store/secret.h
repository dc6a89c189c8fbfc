/* Secrets of tenants: what connectors log in with (docs/decisions/0020-secrets-are-no-settings.md). They stand in a table of
 * their own, sealed with a key that the database does not know, and bound to their tenant and name: a row that is copied to
 * another place can not be opened there. No rule, setting, query or history sees them.
 *
 * Names are those of settings. Everything is about the tenant that is used (store_use_tenant), inside the caller's transaction.
 */
#ifndef STORE_SECRET_H
#define STORE_SECRET_H

#include "runtime/crypto/keyring.h"
#include "runtime/store/store.h"

enum { SECRET_NAME_MOST = 100, SECRET_BYTES_MOST = 64 << 10 };

struct secret {
	struct text name;
	struct text mark; /* of the key it is sealed with */
	moment changed_at;
};
typedef LIST(struct secret) secrets;

/* INVALID: no name for a secret, or there is nothing in it, or too much. */
enum status secret_write(struct store *store, const struct keyring *keyring, struct text name, struct text value, moment now,
			 struct error *error) MUST_CHECK;
/* NOT_FOUND: there is none of that name. DENIED: the key it is sealed with is not among these, or it was changed in the
 * database. The value stands in the arena, in the clear: wipe it (crypto_wipe) and keep it short. */
enum status secret_read(struct store *store, struct arena *arena, const struct keyring *keyring, struct text name,
			struct text *value_out, struct error *error) MUST_CHECK;
/* By name. */
enum status secrets_read(struct store *store, struct arena *arena, secrets *secrets_out, struct error *error) MUST_CHECK;
enum status secret_remove(struct store *store, struct text name, struct error *error) MUST_CHECK;
/* Of all tenants: what is not sealed with the first key is, now. DENIED names the first that can not be opened. */
enum status secrets_reseal(struct store *store, const struct keyring *keyring, uint32_t *count_out,
			   struct error *error) MUST_CHECK;

#endif
