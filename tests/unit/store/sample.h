/* A schema made by hand for tests of the store: the system's entities, then what a test adds. */
#ifndef TESTS_STORE_SAMPLE_H
#define TESTS_STORE_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "engine/model/system.h"
#include "runtime/store/store.h"

struct sample {
	struct arena arena;
	struct program program;
	LIST(const struct entity *) entities;
	struct store *store;
	struct ports ports;
	struct error error;
	uint64_t next_id;
};

void sample_open(struct sample *sample);
void sample_close(struct sample *sample);
/* Forgets the schema: a new program over the same store. */
void sample_schema(struct sample *sample);
void sample_store(struct sample *sample, const char *path);
enum status sample_migrate(struct sample *sample, struct text *changes_out);

struct entity *sample_entity(struct sample *sample, const char *name);
/* Returns the new field, to be marked required, unique, … */
struct field *sample_field(struct sample *sample, struct entity *entity, const char *name, const struct type *type);
void sample_index(struct sample *sample, struct entity *entity, bool unique, uint32_t count, ...);
const struct type *sample_type(struct sample *sample, enum type_kind kind);
const struct type *sample_enum(struct sample *sample, uint32_t count, ...);
const struct type *sample_ref(struct sample *sample, const struct entity *entity);
const struct type *sample_of(struct sample *sample, enum type_kind kind, const struct type *element);
/* Code of one step that gives a constant. */
const struct code *sample_constant(struct sample *sample, struct value value);

struct record_id sample_id(struct sample *sample);
struct value *sample_values(struct sample *sample, const struct entity *entity);
/* A change by itself, applied in its own transaction; a status other than OK has been rolled back. */
enum status sample_apply(struct sample *sample, enum change_kind kind, const struct entity *entity, struct record_id id,
			 struct value *before, struct value *after);
/* Creates, asserting that it works. */
struct record_id sample_create(struct sample *sample, const struct entity *entity, struct value *after);
/* Reads, asserting that it is there. */
struct value *sample_read(struct sample *sample, const struct entity *entity, struct record_id id);

#endif
