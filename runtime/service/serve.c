/* From packs and settings to a running service: the store is migrated and activated before the first process of a role begins.
 */
#include "runtime/service/serve.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/http/server.h"
#include "runtime/operate/log.h"
#include "runtime/operate/metric.h"
#include "runtime/service/service.h"

/* Schedules begin and clocks follow what the packs now say: a turn like any other. */
static enum status activate(struct store *store, const struct program *program, struct error *error)
{
	struct programs *programs;
	struct entry entry = {.origin = ENTRY_ACTIVATED, .received_at = member_now()};
	struct turned turned;
	enum status status = programs_open(store, program, &programs, error);
	struct turns *turns = turns_open(store, programs);
	if (status == OK)
		status = turns_run(turns, &entry, 1, member_now(), &turned, error);
	if (status == OK && entry.state == ENTRY_DEAD)
		status = error_set(error, INVALID, "the packs can not be activated: %.*s", TEXT_ARGS(entry.sentence));
	turns_close(turns);
	programs_close(programs);
	return status;
}

enum status service_store_open(const struct settings *settings, bool make, struct store **store_out, struct error *error)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/stellwerk.sqlite", settings->data);
	if (make && mkdir(settings->data, 0700) && errno != EEXIST)
		return error_set(error, INVALID, "the data folder %s can not be made: %s", settings->data, strerror(errno));
	if (!*settings->database && !make && access(path, F_OK))
		return error_set(error, NOT_FOUND, "there is no store in %s; `stellwerk serve` makes it, --data says where",
				 settings->data);
	return store_open(*settings->database ? settings->database : path, store_out, error);
}

static enum status store_ready(const struct program *program, const struct settings *settings, struct error *error)
{
	struct store *store;
	struct arena arena;
	struct text changes;
	enum status status = service_store_open(settings, true, &store, error);

	if (status != OK)
		return status;
	arena_init(&arena, "a migration", 0);
	status = store_migrate(store, program, &arena, &changes, error);
	if (status == OK)
		status = activate(store, program, error);
	arena_release(&arena);
	store_close(store);
	return status;
}

static enum status log_ready(const struct settings *settings, struct error *error)
{
	enum log_level level;
	enum status status = log_level_parse(settings->log, &level, error);

	log_least(level);
	log_hide(settings->token);
	log_hide_password(settings->database);
	log_hide_password(settings->broker);
	return status;
}

int serve(const struct program *program, const struct settings *settings)
{
	struct service service = {.settings = *settings, .program = program};
	struct error error;
	enum status status = log_ready(settings, &error);

	if (status == OK)
		status = metrics_share(&error);
	if (status == OK)
		status = store_ready(program, settings, &error);
	if (status == OK)
		status = bells_open(&service, &error);
	if (status == OK)
		status = doorbell_open(settings, &service.doorbell, &error);
	if (status == OK)
		status = server_listen(settings->listen, &service.socket, &error);
	if (status != OK) {
		log_line(LOG_ERROR, "%s", error.sentence);
		return EXIT_FAILURE;
	}
	log_line(LOG_INFO, "takes events on http://%s/v1/events (port %u)", settings->listen, socket_port(service.socket));
	int code = supervise(&service);
	close(service.socket);
	close(service.doorbell);
	bells_close(&service);
	return code;
}
