/* Texts as they stand in a URL (RFC 3986): what is no letter, digit, or one of - . _ ~ becomes %XX. */
#ifndef BASE_PERCENT_H
#define BASE_PERCENT_H

#include "engine/base/text.h"

void percent_encode(struct text_builder *builder, struct text text);

#endif
