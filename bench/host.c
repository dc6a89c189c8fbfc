/* See host.h. */
#include "bench/host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/store/database.h"
#include "runtime/store/journal.h"

double seconds_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* What pack_open says when a file can not be read; the program's own is in main.c. */
int world_error(const struct error *error)
{
	fprintf(stderr, "bench: %s\n", error->sentence);
	return EXIT_UNREADABLE;
}

void must(enum status status, const struct error *error)
{
	if (status != OK)
		exit(world_error(error));
}

static void store_make(struct host *host, const char *url, const char *schema)
{
	struct database *database;
	struct error error;
	char sql[256], path[1024];

	if (strncmp(url, "postgres", 8) != 0) {
		must(store_open(url, &host->store, &error), &error);
		return;
	}
	snprintf(sql, sizeof sql, "DROP SCHEMA IF EXISTS %s CASCADE;CREATE SCHEMA %s", schema, schema);
	snprintf(path, sizeof path, "%s%coptions=-csearch_path%%3D%s,public", url, strchr(url, '?') ? '&' : '?', schema);
	must(database_open(url, &database, &error), &error);
	must(database_execute(database, sql, &error), &error);
	database_close(database);
	must(store_open(path, &host->store, &error), &error);
}

void host_open(struct host *host, const char *url, const char *schema, const char *const *paths, uint32_t path_count)
{
	struct entry begin = {.origin = ENTRY_ACTIVATED, .received_at = wall_now()};
	struct turned turned;
	struct error error;

	*host = (struct host){0};
	if (pack_open(&host->pack, paths, path_count, PACK_RUN) != EXIT_FINE)
		exit(EXIT_FAILURE);
	arena_init(&host->arena, "bench", 0);
	store_make(host, url, schema);
	must(store_migrate(host->store, host->pack.program, &host->arena, NULL, &error), &error);
	must(programs_open(host->store, host->pack.program, NULL, &host->programs, &error), &error);
	host->turns = turns_open(host->store, host->programs);
	must(turns_run(host->turns, &begin, 1, begin.received_at, &turned, &error), &error);
}

void host_close(struct host *host)
{
	turns_close(host->turns);
	programs_close(host->programs);
	store_close(host->store);
	pack_close(&host->pack);
	arena_release(&host->arena);
}
