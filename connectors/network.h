/* Where in the Internet an address is: a pack says where calls go, and must not reach what only this machine or its neighbours
 * are meant to see. */
#ifndef CONNECTORS_NETWORK_H
#define CONNECTORS_NETWORK_H

#include "engine/base/error.h"
#include "engine/base/list.h"
#include "engine/base/text.h"

struct sockaddr;

struct network {
	uint8_t address[16]; /* IPv6; one of IPv4 as ::ffff:0:0/96 */
	uint8_t bits;
};
typedef LIST(struct network) network_list;

/* "10.1.0.0/16, 192.168.7.5, fd00::/8"; empty: none. INVALID names what is no network. */
enum status networks_read(struct arena *arena, struct text list, network_list *networks_out, struct error *error) MUST_CHECK;
bool networks_have(const network_list *networks, const struct sockaddr *address);
/* Not loopback, private, link-local, shared, reserved, multicast or documentation (RFC 6890 and its registries), nor an IPv4
 * address of that kind inside of an IPv6 one. */
bool address_is_public(const struct sockaddr *address);

#endif
