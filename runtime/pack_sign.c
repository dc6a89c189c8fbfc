/* `stellwerk pack keygen | sign | verify`: who vouches for an archive. Must never print or log a signing key. */
#include "runtime/pack_sign.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/base/json.h"
#include "runtime/crypto/crypto.h"
#include "runtime/crypto/hex.h"
#include "runtime/crypto/key_file.h"
#include "runtime/pack_verbs.h"
#include "runtime/terminal.h"

enum { SECRET_MODE = 0600, PUBLIC_MODE = 0644 };

/* --- files */
static const char *signatures_path(struct arena *arena, const char *path)
{
	return arena_format(arena, "%s.sig", path);
}

static enum status signatures_find(struct arena *arena, const char *path, struct text *signatures_out, struct error *error)
{
	path = signatures_path(arena, path);
	*signatures_out = TEXT("");
	if (access(path, F_OK) && errno == ENOENT)
		return OK;
	return file_read(arena, path, SIGNATURES_MOST, signatures_out, error);
}

enum status archive_in_file_read(struct arena *arena, const char *path, struct archive_in_file *file_out, struct error *error)
{
	struct text bytes;
	enum status status = file_read(arena, path, ARCHIVE_BYTES_MOST, &bytes, error);

	if (status != OK)
		return status;
	if (archive_open(arena, bytes, &file_out->archive, error) != OK)
		return error_within(error, "`%s`", path);
	return signatures_find(arena, path, &file_out->signatures, error);
}

static enum status trust_read(struct arena *arena, const char *path, trusted_keys *trusted, struct error *error)
{
	struct text content;
	enum status status = file_read(arena, path, SIGNATURES_MOST, &content, error);

	if (status != OK)
		return status;
	return trusted_keys_read(arena, content, trusted, error) == OK ? OK : error_within(error, "`%s`", path);
}

enum status trust_of_line(const struct command_line *line, trusted_keys *trusted_out, struct error *error)
{
	const char *const *paths, *configured = getenv("STELLWERK_TRUST");
	uint32_t count = option_values(line, "trust", &paths);
	enum status status = OK;

	*trusted_out = (trusted_keys){0};
	if (!count && configured && *configured)
		return trust_read(line->arena, configured, trusted_out, error);
	for (uint32_t i = 0; i < count && status == OK; i++)
		status = trust_read(line->arena, paths[i], trusted_out, error);
	return status;
}

enum status archive_vouched(struct arena *arena, const char *path, const struct archive_in_file *file,
			    const trusted_keys *trusted, const struct trusted_key **signer_out, struct error *error)
{
	enum status status = signatures_check(arena, file->archive.bytes, file->signatures, trusted, signer_out, error);

	return status == OK ? OK : error_within(error, "`%s`", path);
}

/* Reading it is not enough: what was judged is what is to be installed, and not what lies there a moment later. */
static enum status archive_source(const struct command_line *line, const char *path, const trusted_keys *trusted,
				  struct pack_source *source_out, struct text *signer_out, struct error *error)
{
	const struct trusted_key *signer;
	struct archive_in_file file;
	enum status status = archive_in_file_read(line->arena, path, &file, error);

	if (status != OK)
		return status;
	source_out->bytes = file.archive.bytes;
	status = archive_vouched(line->arena, path, &file, trusted, &signer, error);
	if (status == OK)
		*signer_out = signer->name;
	else if (status != INVALID && option_given(line, "unsigned"))
		return OK;
	else if (status != INVALID)
		error_set(error, status, "%s; --unsigned installs it all the same",
			  arena_format(line->arena, "%s", error->sentence));
	return status;
}

enum status source_vouched(const struct command_line *line, const char *path, const trusted_keys *trusted,
			   struct pack_source *source_out, struct text *signer_out, struct error *error)
{
	*source_out = (struct pack_source){.path = path};
	*signer_out = TEXT("");
	if (path_is_archive(path))
		return archive_source(line, path, trusted, source_out, signer_out, error);
	if (!option_given(line, "unsigned") && !access(path, F_OK))
		return error_set(error, DENIED,
				 "`%s` is not signed: `pack build` and `pack sign` make an archive of it that is; --unsigned "
				 "installs it all the same",
				 path);
	return OK;
}

/* --- keygen */
/* Both files or none. */
static enum status pair_keep(struct arena *arena, const char *path, struct text name, const struct signing_key *key,
			     struct error *error)
{
	struct public_key public;
	const char *secret_path = arena_format(arena, "%s.key", path), *public_path = arena_format(arena, "%s.pub", path);
	struct text secret = signing_key_write(arena, key, name);

	signing_key_public(key, &public);
	enum status status = key_file_make(secret_path, SECRET_MODE, secret, error);
	crypto_wipe((void *)secret.bytes, secret.length);
	if (status != OK)
		return status;
	status = key_file_make(public_path, PUBLIC_MODE, public_key_write(arena, &public, name), error);
	if (status != OK) {
		unlink(secret_path);
		return status;
	}
	printf("%s signs packs: keep it, and show it to nobody\n%s is for all who shall trust them: %s\n", secret_path,
	       public_path, public_key_text(arena, &public).bytes);
	return OK;
}

int pack_verb_keygen(const struct command_line *line)
{
	const char *path = line->words[1], *slash = strrchr(path, '/');
	struct text name = text_from(slash ? slash + 1 : path);
	struct signing_key key;
	struct error error;

	if (key_name_check(name, &error) != OK)
		return usage_error(line, "%s", error.sentence);
	signing_key_make(&key);
	enum status status = pair_keep(line->arena, path, name, &key, &error);
	crypto_wipe(&key, sizeof key);
	return status == OK ? EXIT_FINE : world_error(&error);
}

/* --- sign */
static enum status signing_key_find(struct arena *arena, const char *path, struct signing_key *key_out, struct text *name_out,
				    struct error *error)
{
	struct key_file file;
	enum status status = key_file_read(path, &file, error);

	if (status != OK)
		return status;
	status = signing_key_read(key_file_text(&file), key_out, name_out, error);
	if (status == OK)
		*name_out = text_copy(arena, *name_out);
	key_file_wipe(&file);
	return status == OK ? OK : error_within(error, "`%s`", path);
}

/* The signatures that are there, with that of this key put in its place or behind them. */
static enum status signature_join(struct arena *arena, const struct archive_in_file *file, const struct signature_line *own,
				  struct text *signatures_out, struct error *error)
{
	struct text_builder all = {.arena = arena};
	signature_lines lines;
	enum status status = signatures_read(arena, file->signatures, &lines, error);

	for (uint32_t i = 0; status == OK && i < lines.count; i++)
		if (memcmp(lines.items[i].key.bytes, own->key.bytes, PUBLIC_KEY_BYTES))
			builder_add(&all, signature_write(arena, &lines.items[i]));
	builder_add(&all, signature_write(arena, own));
	*signatures_out = builder_text(&all);
	return status;
}

static enum status archive_sign(struct arena *arena, const char *path, const char *key_path, struct signature_line *own,
				struct error *error)
{
	struct archive_in_file file;
	struct signing_key key;
	struct text signatures;
	enum status status = archive_in_file_read(arena, path, &file, error);

	if (status == OK)
		status = signing_key_find(arena, key_path, &key, &own->name, error);
	if (status != OK)
		return status;
	signing_key_public(&key, &own->key);
	signature_make(file.archive.bytes, &key, &own->signature);
	crypto_wipe(&key, sizeof key);
	if (signature_join(arena, &file, own, &signatures, error) != OK)
		return error_within(error, "`%s`", signatures_path(arena, path));
	return file_replace(arena, signatures_path(arena, path), signatures, error);
}

int pack_verb_sign(const struct command_line *line)
{
	const char *path = line->words[1], *key = option_value(line, "key");
	struct signature_line own = {0};
	struct error error;

	if (!key)
		return usage_error(line, "with which key? --key FILE; `stellwerk pack keygen NAME` makes one");
	if (archive_sign(line->arena, path, key, &own, &error) != OK)
		return world_error(&error);
	printf("%s is signed by %.*s: %s\n", path, TEXT_ARGS(own.name), signatures_path(line->arena, path));
	return EXIT_FINE;
}

/* --- verify */
static void verified_print(const struct command_line *line, const struct archive_in_file *file,
			   const struct trusted_key *signer)
{
	struct text digest = hex_text(line->arena, file->archive.digest.bytes, DIGEST_BYTES);
	struct text_builder text = {.arena = line->arena};
	struct json_writer writer = {.text = &text, .indent = 2};
	const struct {
		const char *name;
		struct text value;
	} members[] = {{"file", text_from(line->words[1])},
		       {"sha256", digest},
		       {"signer", signer->name},
		       {"key", public_key_text(line->arena, &signer->key)}};

	if (!line->json) {
		styled(stdout, STYLE_GREEN, "ok  ");
		printf("%s is what %.*s has signed; sha256 %.*s\n", line->words[1], TEXT_ARGS(signer->name), TEXT_ARGS(digest));
		return;
	}
	json_open_object(&writer);
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		json_write_name(&writer, text_from(members[i].name));
		json_write_text(&writer, members[i].value);
	}
	json_close_object(&writer);
	puts(builder_text(&text).bytes);
}

int pack_verb_verify(const struct command_line *line)
{
	const struct trusted_key *signer;
	struct archive_in_file file;
	trusted_keys trusted;
	struct error error;

	if (trust_of_line(line, &trusted, &error) != OK)
		return world_error(&error);
	if (!trusted.count)
		return usage_error(
			line, "who is trusted? --trust FILE of public keys, or STELLWERK_TRUST; `pack show` says who signed");
	if (archive_in_file_read(line->arena, line->words[1], &file, &error) != OK)
		return world_error(&error);
	if (archive_vouched(line->arena, line->words[1], &file, &trusted, &signer, &error) != OK) {
		world_error(&error);
		return EXIT_FINDINGS;
	}
	verified_print(line, &file, signer);
	return EXIT_FINE;
}
