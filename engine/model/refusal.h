/* What no rows may be, as sentences for the person who must act. The engine says them of a rule that would make it so, the
 * store of a plan that does so nevertheless: whoever notices, the words are the same. Each sets the error and returns CONFLICT.
 */
#ifndef MODEL_REFUSAL_H
#define MODEL_REFUSAL_H

#include "engine/base/error.h"
#include "engine/model/schema.h"

/* `values`: those of the row, entity->field_count. `arena`: for the sentence's parts. */

/* Another row has the same values in these unique fields. */
enum status refuse_double(struct error *error, struct arena *arena, const struct entity *entity, const struct value *values,
			  const uint16_t *fields, uint32_t count);
/* The field refers to a row that there is not. */
enum status refuse_reference(struct error *error, const struct entity *entity, const struct field *field, struct record_id id);
/* The row is to go, and `field` of a row of `referring` still refers to it. */
enum status refuse_deletion(struct error *error, struct arena *arena, const struct entity *entity, const struct value *values,
			    const struct entity *referring, const struct field *field);
enum status refuse_sealed(struct error *error, struct arena *arena, const struct entity *entity, const struct value *values);

/* "thing T-2026-000001": by its unique text field or number if it has one, else its name, else its id. */
struct text record_show(struct arena *arena, const struct entity *entity, const struct value *values);

#endif
