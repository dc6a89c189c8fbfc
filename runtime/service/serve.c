/* From packs and settings to a running service: the store is migrated and activated before the first process of a role begins.
 */
#include "connectors/network.h"
#include "runtime/crypto/keyring.h"
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

/* In the history of activations. */
#define SERVED_BY "serve"
#define REFITTED_BY "upgrade"

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

/* --- what `default` runs */
static enum status served_keep(struct store *store, struct arena *arena, struct served *served, hash_list *hashes_out,
			       struct error *error)
{
	enum status status = store_begin(store, error);
	bool is_new;

	*hashes_out = (hash_list){0};
	if (status != OK)
		return status;
	for (uint32_t i = 0; i < served->packs.count && status == OK; i++) {
		status = pack_put(store, arena, &served->packs.items[i], &is_new, error);
		*list_add(arena, hashes_out) = served->packs.items[i].hash;
	}
	return store_end(store, status, error);
}

/* Whether these were the last that were served from folders. */
static enum status is_served(struct store *store, struct arena *arena, const struct program *program, bool *is_served_out,
			     struct error *error)
{
	activation_list past;
	enum status status = activations_read(store, arena, 0, &past, error);

	*is_served_out = false;
	for (uint32_t i = 0; status == OK && i < past.count; i++)
		if (text_is(past.items[i].by, SERVED_BY))
			*is_served_out = past.items[i].stack == program->hash;
	return status;
}

static enum status served_activate(struct store *store, struct arena *arena, struct served *served, struct error *error)
{
	struct activating activating = {.program = served->program,
					.tenant_name = TEXT("default"),
					.at = wall_now(),
					.by = TEXT(SERVED_BY),
					.has_first_turn = true};
	struct text changes;
	hash_list hashes;
	bool done = false;
	enum status status = is_served(store, arena, served->program, &done, error);

	if (status != OK || done)
		return status;
	status = served_keep(store, arena, served, &hashes, error);
	activating.packs = &hashes;
	return status == OK ? stack_activate(store, &activating, arena, &changes, error) : status;
}

/* --- a newer stellwerk may need more of the tables for the same packs */
static enum status stack_refit(struct store *store, const struct service *service, struct arena *arena,
			       const struct tenant *tenant, bool *fits_out, struct error *error)
{
	struct activating activating = {.tenant = tenant->number,
					.tenant_name = tenant->name,
					.at = wall_now(),
					.by = TEXT(REFITTED_BY),
					.has_first_turn = !tenant->number};
	activation_list past;
	hash_list packs;
	struct text changes;
	void *owner = NULL;
	bool is_ready = service->program && service->program->hash == tenant->stack;
	enum status status = OK;

	if (is_ready)
		activating.program = service->program;
	else
		status = service->loader->load(store, tenant->stack, &activating.program, &owner, error);

	if (status != OK)
		return status;
	status = stack_fits(store, arena, activating.program, fits_out, error);
	if (status == OK && !*fits_out) {
		status = activations_read(store, arena, tenant->number, &past, error);
		activating.origin = status == OK && past.count ? past.items[past.count - 1].origin : 0;
		if (status == OK)
			status = stack_read(store, arena, tenant->stack, &packs, error);
		activating.packs = &packs;
		if (status == OK)
			status = stack_activate(store, &activating, arena, &changes, error);
	}
	if (owner)
		service->loader->release(owner);
	return status;
}

/* When `default`'s fits, all do: the same stellwerk has seen to them. */
static enum status stacks_refit(struct store *store, const struct service *service, struct arena *arena, struct error *error)
{
	known_tenants all;
	bool fits = false;
	enum status status = tenants_read(store, arena, &all, error);

	for (uint32_t i = 0; status == OK && i < all.count; i++) {
		bool one_fits = true;
		if (all.items[i].has_stack)
			status = stack_refit(store, service, arena, &all.items[i], &one_fits, error);
		fits = fits || (!all.items[i].number && one_fits);
		if (fits)
			break;
	}
	return status;
}

/* Schedules begin and clocks follow what the packs now say: a turn like any other. */
static enum status first_turn(struct store *store, const struct service *service, struct error *error)
{
	struct programs *programs;
	const struct loaded *loaded;
	struct entry entry = {.origin = ENTRY_ACTIVATED, .received_at = wall_now()};
	struct turned turned;
	enum status status = programs_open(store, service->program, service->loader, &programs, error);
	struct turns *turns = turns_open(store, programs);

	if (status == OK)
		status = programs_of(programs, 0, &loaded, error);
	if (status == NOT_FOUND)
		status = error_set(
			error, INVALID,
			"no packs are active: name some (`stellwerk serve rules/default`), or install and activate them "
			"(`stellwerk pack`)");
	if (status == OK)
		status = turns_run(turns, &entry, 1, wall_now(), &turned, error);
	if (status == OK && entry.state == ENTRY_DEAD)
		status = error_set(error, INVALID, "the packs can not be activated: %.*s", TEXT_ARGS(entry.sentence));
	turns_close(turns);
	programs_close(programs);
	return status;
}

static enum status store_ready(const struct service *service, struct served *served, struct error *error)
{
	struct store *store;
	struct arena arena;
	enum status status = service_store_open(&service->settings, true, &store, error);

	if (status != OK)
		return status;
	arena_init(&arena, "a migration", 0);
	status = store_make_own_tables(store, error);
	if (status == OK && served->program)
		status = served_activate(store, &arena, served, error);
	if (status == OK)
		status = stacks_refit(store, service, &arena, error);
	if (status == OK)
		status = first_turn(store, service, error);
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

/* What the courier is told is looked at before anything runs. */
static enum status courier_ready(const struct settings *settings, struct error *error)
{
	struct text calls = text_from(settings->calls);
	network_list networks;
	struct arena arena;

	if (!text_is(calls, "on") && !text_is(calls, "off"))
		return error_set(error, INVALID, "calls are `on` or `off`, not \"%s\"", settings->calls);
	if (*settings->authorities && access(settings->authorities, R_OK))
		return error_set(error, NOT_FOUND, "the file of `authorities` can not be read: %s: %s", settings->authorities,
				 strerror(errno));
	arena_init(&arena, "settings", 0);
	enum status status = networks_read(&arena, text_from(settings->private_networks), &networks, error);
	arena_release(&arena);
	return status;
}

/* A file of keys that others can read is told at the start, and not when a connector first logs in. */
static enum status keys_ready(const struct settings *settings, struct error *error)
{
	struct keyring keyring;

	if (!*settings->keys)
		return OK;
	enum status status = keyring_read(settings->keys, &keyring, error);
	keyring_wipe(&keyring);
	return status;
}

int serve(struct served *served, const struct loader *loader, const struct settings *settings)
{
	struct service service = {.settings = *settings, .program = served->program, .loader = loader};
	struct error error;
	enum status status = log_ready(settings, &error);

	if (status == OK)
		status = keys_ready(settings, &error);
	if (status == OK)
		status = courier_ready(settings, &error);
	if (status == OK)
		status = metrics_share(&error);
	if (status == OK)
		status = store_ready(&service, served, &error);
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
