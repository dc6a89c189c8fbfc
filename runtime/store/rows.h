/* Values as the database keeps them, and back, without losing anything. */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include "engine/model/program.h"
#include "runtime/store/database.h"

/* MISSING is NULL. The text lives in `arena`, or in the value. The value's kind fits the type, which the compiler proved. */
struct sql_value sql_from_value(struct arena *arena, struct value value, const struct type *type);
/* As sql_comparable writes the column: 12.50 and 12.5 are the same. */
struct sql_value sql_comparable_value(struct arena *arena, struct value value, const struct type *type);
struct sql_value sql_from_id(struct arena *arena, struct record_id id);
struct record_id id_from_sql(struct sql_value value);

/* INVALID: somebody else wrote to the database; the sentence says what stands there. */
enum status value_from_sql(struct arena *arena, const struct type *type, struct sql_value stored, struct value *value_out,
			   struct error *error) MUST_CHECK;

/* A whole row of sql_read, sql_query or sql_referring. */
enum status row_from_sql(struct arena *arena, const struct entity *entity, struct statement *statement,
			 struct value *values_out, struct error *error) MUST_CHECK;

#endif
