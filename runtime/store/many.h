/* One PostgreSQL statement for many rows of parameters: the text of the statement for one, and its parameters as arrays. A
 * trip to the server and a start of the executor cost more than most of what they are made for. */
#ifndef STORE_MANY_H
#define STORE_MANY_H

#include "runtime/store/database.h"

/* Object ids of pg_type.dat; they are the same in every database. */
enum { OID_BOOL = 16, OID_BYTEA = 17, OID_INT8 = 20, OID_INT4 = 23, OID_TEXT = 25 };

/* The statement, written with ?1, ?2 … for one row, over arrays $1, $2 …, one a parameter, of `types` (object ids of their
 * items). Rows of a SELECT have one column more, the last: the number of the row of parameters they belong to, from 1. Rows
 * that an INSERT returns come in the order of the parameters. */
void many_sql(struct text_builder *sql, struct text one, const uint32_t *types, uint32_t count);

/* An array of one dimension in PostgreSQL's binary form: every `stride`th of `values`. */
void many_array(struct text_builder *bytes, const struct sql_value *values, uint32_t stride, uint32_t count, uint32_t type);

#endif
