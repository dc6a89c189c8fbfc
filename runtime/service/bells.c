/* How processes wake each other. A bell carries no message: who hears it looks into the store. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/service/service.h"

enum status bells_open(struct service *service, struct error *error)
{
	for (int i = 0; i < ROLE_COUNT; i++)
		service->bells[i] = -1;
	for (int i = 0; i < ROLE_COUNT; i++) {
		service->bells[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (service->bells[i] < 0)
			return error_set(error, RETRY, "the system gives no descriptor for waking a process");
	}
	return OK;
}

void bells_close(struct service *service)
{
	for (int i = 0; i < ROLE_COUNT; i++)
		if (service->bells[i] >= 0)
			close(service->bells[i]);
}

void bell_ring(const struct service *service, enum role role)
{
	/* it fails only when it has rung 2^64 times unheard */
	(void)!eventfd_write(service->bells[role], 1);
}

/* --- for other programs */
static void doorbell_path(const struct settings *settings, char *path, size_t size)
{
	snprintf(path, size, "%s/bell", settings->data);
}

enum status doorbell_open(const struct settings *settings, int *pipe_out, struct error *error)
{
	char path[4096];

	doorbell_path(settings, path, sizeof path);
	if (mkfifo(path, 0600) && errno != EEXIST)
		return error_set(error, INVALID, "%s can not be made: %s", path, strerror(errno));
	/* open for writing too: else it would end with each program that has rung */
	*pipe_out = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	return *pipe_out < 0 ? error_set(error, INVALID, "%s can not be opened: %s", path, strerror(errno)) : OK;
}

void service_ring(const struct settings *settings)
{
	char path[4096];

	doorbell_path(settings, path, sizeof path);
	int fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC); /* ENXIO: nobody serves */
	if (fd < 0)
		return;
	(void)!write(fd, "", 1);
	close(fd);
}

enum status service_call(struct store *store, struct error *error)
{
	enum status status = OK;

	for (int i = 0; i < ROLE_COUNT && status == OK; i++)
		status = store_call(store, role_name((enum role)i), error);
	return status;
}
