/* RFC 3986, section 2.1. Must never let a byte through that means something to a URL. */
#include "engine/base/percent.h"

static bool is_unreserved(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '-' ||
	       byte == '.' || byte == '_' || byte == '~';
}

void percent_encode(struct text_builder *builder, struct text text)
{
	for (uint32_t i = 0; i < text.length; i++)
		if (is_unreserved(text.bytes[i]))
			builder_add_char(builder, text.bytes[i]);
		else
			builder_format(builder, "%%%02X", (unsigned)(unsigned char)text.bytes[i]);
}
