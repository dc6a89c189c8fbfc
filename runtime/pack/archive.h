/* A pack's folder as one file: a plain tar (ustar) of its .flow and .lua files, in the order in which a folder is read. There
 * is one way to write it (docs/decisions/0019-an-archive-has-one-spelling.md): no times, no owners, no links, nothing behind
 * the end. So the same folder gives the same bytes, and what archive_open accepts is, byte for byte, what archive_write writes.
 */
#ifndef PACK_ARCHIVE_H
#define PACK_ARCHIVE_H

#include "engine/base/error.h"
#include "runtime/crypto/digest.h"

enum {
	ARCHIVE_BYTES_MOST = 64 << 20,
	ARCHIVE_FILE_MOST = 16 << 20, /* one file in it */
	ARCHIVE_FILES_MOST = 20000,
	ARCHIVE_DEPTH_MOST = 16, /* folders */
};

struct archive_file {
	struct text path; /* below the pack: "crm/rules.flow". No `.` or `..`, nothing hidden, printable UTF-8 */
	struct text bytes;
};

struct archive {
	struct text bytes; /* all of it: of these is the digest, and these are signed */
	struct digest digest;
	const struct archive_file *files; /* their bytes lie in `bytes` */
	uint32_t file_count;
};

/* Whether it begins as an archive does; archive_open tells whether it is whole. */
bool archive_is(struct text bytes);
/* `bytes` must live as long as what is read. INVALID: it is no archive, or was cut off or changed, or has what a pack has not;
 * LIMIT: too large. The sentence names the entry. */
enum status archive_open(struct arena *arena, struct text bytes, struct archive *archive_out, struct error *error) MUST_CHECK;
/* The files in the order of archive_order. INVALID: a name that can not stand in an archive; LIMIT: too large. */
enum status archive_write(struct arena *arena, const struct archive_file *files, uint32_t count, struct text *bytes_out,
			  struct error *error) MUST_CHECK;
/* Below 0: `left` comes first. In each folder the files come before the folders, both in the order of their bytes. */
int archive_order(struct text left, struct text right);

#endif
