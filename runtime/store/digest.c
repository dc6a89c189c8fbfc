/* SHA-256 by libsodium, and the only file that sees it. Must never hash anything but what it is given. */
#include "runtime/store/digest.h"

#include <sodium/crypto_hash_sha256.h>

void digest_of(struct text content, struct digest *digest_out)
{
	crypto_hash_sha256(digest_out->bytes, (const unsigned char *)content.bytes, content.length);
}
