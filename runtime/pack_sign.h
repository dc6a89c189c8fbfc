/* Whether somebody trusted vouches for an archive in a file: what `pack verify` shows and `pack install` asks. */
#ifndef RUNTIME_PACK_SIGN_H
#define RUNTIME_PACK_SIGN_H

#include "runtime/command.h"
#include "runtime/files.h"
#include "runtime/pack/archive.h"
#include "runtime/pack/signing.h"

/* An archive in a file, and what lies beside it. */
struct archive_in_file {
	struct archive archive;
	struct text signatures; /* of FILE.sig; empty: there is none */
};

/* NOT_FOUND, DENIED, INVALID, LIMIT with a sentence that names the file. */
enum status archive_in_file_read(struct arena *arena, const char *path, struct archive_in_file *file_out,
				 struct error *error) MUST_CHECK;
/* The public keys of the files of --trust, else of the one that STELLWERK_TRUST names; none, when nobody has named any. */
enum status trust_of_line(const struct command_line *line, trusted_keys *trusted_out, struct error *error) MUST_CHECK;
/* As signatures_check, with a sentence that names the file. */
enum status archive_vouched(struct arena *arena, const char *path, const struct archive_in_file *file,
			    const trusted_keys *trusted, const struct trusted_key **signer_out, struct error *error) MUST_CHECK;

/* What is to be installed: an archive of which it is known who vouches for it, or, when the line says --unsigned, anything.
 * `signer_out` is empty for nobody. A trusted signature that does not fit is refused in any case. */
enum status source_vouched(const struct command_line *line, const char *path, const trusted_keys *trusted,
			   struct pack_source *source_out, struct text *signer_out, struct error *error) MUST_CHECK;

#endif
