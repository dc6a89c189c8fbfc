/* A secret in a file that its owner alone may read. */
#ifndef CRYPTO_KEY_FILE_H
#define CRYPTO_KEY_FILE_H

#include "engine/base/error.h"
#include "engine/base/text.h"

enum { KEY_FILE_BYTES_MOST = 4096 };

/* On the stack of who uses it, and wiped with key_file_wipe before that returns. */
struct key_file {
	char bytes[KEY_FILE_BYTES_MOST];
	uint32_t length;
};

/* NOT_FOUND: there is none. DENIED: it can not be read, or others than its owner may read it (the group may, when root owns
 * it). INVALID: it is no regular file, or larger than a key is. No sentence has anything of the content. */
enum status key_file_read(const char *path, struct key_file *file_out, struct error *error) MUST_CHECK;
struct text key_file_text(const struct key_file *file);
void key_file_wipe(struct key_file *file);
/* A new file of that mode, on the disk when this returns. CONFLICT: there is something of that name already, and it stays. */
enum status key_file_make(const char *path, unsigned mode, struct text content, struct error *error) MUST_CHECK;

#endif
