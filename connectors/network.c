/* Addresses and networks. Everything is compared as IPv6, so that an IPv4 address can not hide in one. What is not known to be
 * public is not. */
#include "connectors/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static const uint8_t MAPPED[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
static const uint8_t TRANSLATED[12] = {0, 0x64, 0xff, 0x9b}; /* RFC 6052: 64:ff9b::/96 has an IPv4 address inside */

/* --- reading */
static enum status not_one(struct text word, struct error *error)
{
	return error_set(error, INVALID, "\"%.*s\" is no network; it is written 10.1.0.0/16, 192.168.7.5 or fd00::/8",
			 word.length < 60 ? (int)word.length : 60, word.bytes);
}

static bool bits_read(struct text digits, uint32_t most, uint32_t *bits_out)
{
	*bits_out = 0;
	for (uint32_t i = 0; i < digits.length; i++) {
		if (digits.bytes[i] < '0' || digits.bytes[i] > '9')
			return false;
		*bits_out = *bits_out * 10 + (uint32_t)(digits.bytes[i] - '0');
	}
	return digits.length && digits.length <= 3 && *bits_out <= most;
}

static bool address_read(const char *word, struct network *network_out, uint32_t *size_out)
{
	struct in_addr four;

	*size_out = 128;
	if (inet_pton(AF_INET6, word, network_out->address) == 1)
		return true;
	*size_out = 32;
	memcpy(network_out->address, MAPPED, sizeof MAPPED);
	if (inet_pton(AF_INET, word, &four) != 1)
		return false;
	memcpy(network_out->address + sizeof MAPPED, &four, sizeof four);
	return true;
}

static bool network_read(struct text word, struct network *network_out)
{
	int64_t slash = text_find(word, TEXT("/"));
	struct text name = slash < 0 ? word : text_slice(word, 0, (uint32_t)slash);
	char address[64];
	uint32_t size, bits;

	if (name.length >= sizeof address)
		return false;
	memcpy(address, name.bytes, name.length);
	address[name.length] = 0;
	if (!address_read(address, network_out, &size))
		return false;
	bits = size;
	if (slash >= 0 && !bits_read(text_slice(word, (uint32_t)slash + 1, word.length), size, &bits))
		return false;
	network_out->bits = (uint8_t)(128 - size + bits);
	return true;
}

enum status networks_read(struct arena *arena, struct text list, network_list *networks_out, struct error *error)
{
	*networks_out = (network_list){0};
	for (uint32_t from = 0, i = 0; i <= list.length; i++) {
		if (i < list.length && list.bytes[i] != ',')
			continue;
		struct text word = text_trim(text_slice(list, from, i));
		struct network network;
		from = i + 1;
		if (!word.length)
			continue;
		if (!network_read(word, &network))
			return not_one(word, error);
		*list_add(arena, networks_out) = network;
	}
	return OK;
}

/* --- asking */
static bool bytes_of(const struct sockaddr *address, uint8_t bytes_out[16])
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)address;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)address;

	if (address->sa_family == AF_INET6) {
		memcpy(bytes_out, &six->sin6_addr, 16);
		return true;
	}
	memcpy(bytes_out, MAPPED, sizeof MAPPED);
	if (address->sa_family == AF_INET)
		memcpy(bytes_out + sizeof MAPPED, &four->sin_addr, 4);
	return address->sa_family == AF_INET;
}

static bool is_inside(const struct network *network, const uint8_t bytes[16])
{
	uint32_t whole = network->bits / 8, rest = network->bits % 8;
	uint8_t mask = (uint8_t)(0xff << (8 - rest));

	return !memcmp(network->address, bytes, whole) && (!rest || (network->address[whole] & mask) == (bytes[whole] & mask));
}

bool networks_have(const network_list *networks, const struct sockaddr *address)
{
	uint8_t bytes[16];
	bool known = bytes_of(address, bytes);

	for (uint32_t i = 0; known && i < networks->count; i++)
		if (is_inside(&networks->items[i], bytes))
			return true;
	return false;
}

static bool stands_in(const char *const *words, size_t count, const uint8_t bytes[16])
{
	for (size_t i = 0; i < count; i++) {
		struct network network;
		if (network_read(text_from(words[i]), &network) && is_inside(&network, bytes))
			return true;
	}
	return false;
}

bool address_is_public(const struct sockaddr *address)
{
	/* IANA's registries of special-purpose addresses; of IPv6 only 2000::/3 is given out */
	static const char *const GIVEN[] = {"2000::/3"};
	static const char *const SPECIAL_SIX[] = {"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"};
	static const char *const SPECIAL_FOUR[] = {"0.0.0.0/8",      "10.0.0.0/8",     "100.64.0.0/10", "127.0.0.0/8",
						   "169.254.0.0/16", "172.16.0.0/12",  "192.0.0.0/24",  "192.0.2.0/24",
						   "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
						   "203.0.113.0/24", "224.0.0.0/4",    "240.0.0.0/4"};
	uint8_t bytes[16];

	if (!bytes_of(address, bytes))
		return false;
	if (!memcmp(bytes, TRANSLATED, sizeof TRANSLATED))
		memcpy(bytes, MAPPED, sizeof MAPPED);
	if (!memcmp(bytes, MAPPED, sizeof MAPPED))
		return !stands_in(SPECIAL_FOUR, sizeof SPECIAL_FOUR / sizeof *SPECIAL_FOUR, bytes);
	return stands_in(GIVEN, 1, bytes) && !stands_in(SPECIAL_SIX, sizeof SPECIAL_SIX / sizeof *SPECIAL_SIX, bytes);
}
