/* Files of keys, read and made. Must never write over a file, and never leave half of one. */
#include "runtime/crypto/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/crypto/crypto.h"

static enum status cannot(struct error *error, const char *path, const char *what)
{
	if (errno == ENOENT || errno == ENOTDIR)
		return error_set(error, NOT_FOUND, "there is no file `%s`", path);
	return error_set(error, DENIED, "`%s` can not be %s: %s", path, what, strerror(errno));
}

/* --- reading */
static enum status mode_check(const char *path, int file, struct error *error)
{
	struct stat facts;

	if (fstat(file, &facts))
		return cannot(error, path, "read");
	if (!S_ISREG(facts.st_mode))
		return error_set(error, INVALID, "`%s` is no regular file; a key is kept in one", path);
	if (facts.st_mode & (facts.st_uid == 0 ? 0027 : 0077))
		return error_set(error, DENIED,
				 "others can get at the key in `%s` (mode %04o): chmod 600 makes it its owner's alone", path,
				 (unsigned)facts.st_mode & 07777);
	return OK;
}

static enum status content_read(const char *path, int file, struct key_file *file_out, struct error *error)
{
	ssize_t count = 0;

	file_out->length = 0;
	while (file_out->length < KEY_FILE_BYTES_MOST &&
	       (count = read(file, file_out->bytes + file_out->length, KEY_FILE_BYTES_MOST - file_out->length)) > 0)
		file_out->length += (uint32_t)count;
	if (count < 0)
		return cannot(error, path, "read");
	if (file_out->length == KEY_FILE_BYTES_MOST)
		return error_set(error, INVALID, "`%s` is too large to be a key", path);
	return OK;
}

enum status key_file_read(const char *path, struct key_file *file_out, struct error *error)
{
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	file_out->length = 0;
	if (file < 0)
		return cannot(error, path, "read");
	enum status status = mode_check(path, file, error);
	if (status == OK)
		status = content_read(path, file, file_out, error);
	close(file);
	if (status != OK)
		key_file_wipe(file_out);
	return status;
}

struct text key_file_text(const struct key_file *file)
{
	return (struct text){file->bytes, file->length};
}

void key_file_wipe(struct key_file *file)
{
	crypto_wipe(file, sizeof *file);
}

/* --- making */
static bool all_written(int file, struct text content)
{
	uint32_t written = 0;
	ssize_t count = 0;

	while (written < content.length && (count = write(file, content.bytes + written, content.length - written)) > 0)
		written += (uint32_t)count;
	return written == content.length && !fsync(file);
}

enum status key_file_make(const char *path, unsigned mode, struct text content, struct error *error)
{
	int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

	if (file < 0 && errno == EEXIST)
		return error_set(error, CONFLICT, "`%s` is there already and stays as it is: a key is never written over",
				 path);
	if (file < 0)
		return cannot(error, path, "made");
	bool whole = !fchmod(file, mode) && all_written(file, content);
	int problem = errno;
	close(file);
	if (whole)
		return OK;
	unlink(path);
	errno = problem;
	return cannot(error, path, "written");
}
