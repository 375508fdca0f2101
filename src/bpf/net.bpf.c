// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Sockets: made, bound, connected, accepted, as the kernel's security hooks see them. */
#include "lib/event.h"
#include "lib/socket.h"

/* fe80::/10, in network order: such an address is ambiguous without its interface. */
#define IN6_LINK_LOCAL_MASK 0xc0ff
#define IN6_LINK_LOCAL 0x80fe

/* The first arguments of all events on a socket have the same positions. */
SAME_ARGS(SECURITY_SOCKET_CREATE, SECURITY_SOCKET_CONNECT, FAMILY, TYPE, PROTOCOL);
SAME_ARGS(SECURITY_SOCKET_BIND, SECURITY_SOCKET_CONNECT, FAMILY, TYPE, PROTOCOL, LOCAL);
SAME_ARGS(SECURITY_SOCKET_ACCEPT, SECURITY_SOCKET_CONNECT, FAMILY, TYPE, PROTOCOL, LOCAL, REMOTE);
SAME_ARGS(SECURITY_SOCKET_LISTEN, SECURITY_SOCKET_CONNECT, FAMILY, TYPE, PROTOCOL, LOCAL);
SAME_ARGS(SECURITY_SOCKET_SETSOCKOPT, SECURITY_SOCKET_CONNECT, FAMILY, TYPE, PROTOCOL, LOCAL,
	  REMOTE);

/* The name that a unix socket is bound to, or its peer: a whole struct sockaddr_un. */
static __always_inline void put_unix_address(struct scratch *s, __u32 index, struct sock *sk,
					     bool remote)
{
	struct unix_sock *us = (struct unix_sock *)sk;
	struct unix_address *address;

	if (remote)
		us = (struct unix_sock *)BPF_CORE_READ(us, peer);
	address = us ? BPF_CORE_READ(us, addr) : NULL;
	if (address)
		put_kernel_bytes(s->slot, index,
				 (__u64)address + bpf_core_field_offset(struct unix_address, name),
				 BPF_CORE_READ(address, len), SOCKADDR_MAX);
}

static __always_inline __u32 inet_name(struct sock *sk, bool remote, struct sockaddr_in *name)
{
	name->sin_family = AF_INET;
	if (remote) {
		name->sin_port = BPF_CORE_READ(sk, __sk_common.skc_dport);
		name->sin_addr.s_addr = BPF_CORE_READ(sk, __sk_common.skc_daddr);
	} else {
		name->sin_port = BPF_CORE_READ((struct inet_sock *)sk, inet_sport);
		name->sin_addr.s_addr = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
	}
	return name->sin_port || name->sin_addr.s_addr ? sizeof(*name) : 0;
}

struct ipv6_pinfo___before_6_7 {
	__u16 sndflow : 1;
} __attribute__((preserve_access_index));

/* Only with IPV6_FLOWINFO_SEND the kernel returns a connection's flow label. */
static __always_inline bool sends_flow(struct sock *sk)
{
	struct inet_sock *inet = (struct inet_sock *)sk;
	struct ipv6_pinfo___before_6_7 *old;

	old = (void *)BPF_CORE_READ(inet, pinet6);
	if (bpf_core_field_exists(old->sndflow))
		return old && BPF_CORE_READ_BITFIELD_PROBED(old, sndflow);
	return BPF_CORE_READ(inet, inet_flags) & 1UL << INET_FLAGS_SNDFLOW;
}

static __always_inline __u32 inet6_name(struct sock *sk, bool remote, struct sockaddr_in6 *name)
{
	__u32 *words = name->sin6_addr.in6_u.u6_addr32;

	name->sin6_family = AF_INET6;
	if (remote) {
		name->sin6_port = BPF_CORE_READ(sk, __sk_common.skc_dport);
		BPF_CORE_READ_INTO(&name->sin6_addr, sk, __sk_common.skc_v6_daddr);
	} else {
		name->sin6_port = BPF_CORE_READ((struct inet_sock *)sk, inet_sport);
		BPF_CORE_READ_INTO(&name->sin6_addr, sk, __sk_common.skc_v6_rcv_saddr);
	}
	if (remote && sends_flow(sk))
		name->sin6_flowinfo = BPF_CORE_READ((struct inet_sock *)sk, pinet6, flow_label);
	if ((words[0] & IN6_LINK_LOCAL_MASK) == IN6_LINK_LOCAL)
		name->sin6_scope_id = BPF_CORE_READ(sk, __sk_common.skc_bound_dev_if);
	return name->sin6_port || words[0] || words[1] || words[2] || words[3] ? sizeof(*name) : 0;
}

static __always_inline __u32 netlink_name(struct sock *sk, bool remote, struct sockaddr_nl *name)
{
	struct netlink_sock *netlink = (struct netlink_sock *)sk;
	unsigned long *groups = BPF_CORE_READ(netlink, groups);

	name->nl_family = AF_NETLINK;
	if (remote) {
		__u32 group = BPF_CORE_READ(netlink, dst_group);

		name->nl_pid = BPF_CORE_READ(netlink, dst_portid);
		name->nl_groups = group ? 1U << ((group - 1) & 31) : 0;
		return name->nl_pid || name->nl_groups ? sizeof(*name) : 0;
	}
	name->nl_pid = BPF_CORE_READ(netlink, portid);
	if (groups)
		bpf_probe_read_kernel(&name->nl_groups, sizeof(name->nl_groups), groups);
	return BPF_CORE_READ(netlink, bound) ? sizeof(*name) : 0;
}

/*
 * What a struct sock is bound or connected to, as a socket address: nothing if it is neither, or of
 * a family whose addresses are missing in vmlinux.h.
 */
__noinline int put_sock_name(__u32 slot, __u32 index, __u64 address, __u32 remote)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	struct sock *sk = (struct sock *)address;
	union {
		struct sockaddr_in inet;
		struct sockaddr_in6 inet6;
		struct sockaddr_nl netlink;
	} name = {};
	struct item_header *item;
	__u32 len = 0;

	if (!s || !sk)
		return 0;
	switch (BPF_CORE_READ(sk, __sk_common.skc_family)) {
	case AF_INET:
		len = inet_name(sk, remote, &name.inet);
		break;
	case AF_INET6:
		len = inet6_name(sk, remote, &name.inet6);
		break;
	case AF_NETLINK:
		len = netlink_name(sk, remote, &name.netlink);
		break;
	case AF_UNIX:
		put_unix_address(s, index, sk, remote);
		return 0;
	}
	if (!len)
		return 0;
	item = item_begin(s, index);
	if (!item)
		return 0;
	__builtin_memcpy(item + 1, &name, sizeof(name));
	item->full = len;
	item_end(s, item, len);
	return 0;
}

__noinline int may_discard(__u32 fd)
{
	struct socket *socket = socket_of_fd(fd);

	return !socket || BPF_CORE_READ(socket, type) == SOCK_STREAM;
}

__noinline int put_fd_name(__u32 slot, __u32 index, __u32 fd, __u32 remote, __s64 room)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	struct socket *socket = socket_of_fd(fd);
	struct item_header *item;
	__u64 before;

	if (!s || !socket)
		return 0;
	before = s->pos;
	bounded(before);
	if (before > ITEM_START_MAX)
		return 0;
	put_sock_name(slot, index, plain_address(BPF_CORE_READ(socket, sk)), remote);
	if (s->pos == before)
		return 0;
	item = (struct item_header *)(s->bytes + before);
	/* The bytes stay in the record, up to the end of the item as it is now. */
	if (room < item->len) {
		s->pos = before;
		item_end(s, item, room);
	}
	return 1;
}

static __always_inline void put_names(struct scratch *s, struct sock *sk)
{
	put_sock_name(s->slot, ARG_SECURITY_SOCKET_CONNECT_LOCAL, plain_address(sk), false);
	put_sock_name(s->slot, ARG_SECURITY_SOCKET_CONNECT_REMOTE, plain_address(sk), true);
}

/* Begins the record of an event on a socket. */
static __always_inline struct scratch *socket_begin_with(__u16 event, __u8 nvalues,
							 struct hook hook, struct socket *socket,
							 struct sock *sk)
{
	struct scratch *s = event_begin_with(event, nvalues, hook);

	if (!s)
		return NULL;
	put_value(s, ARG_SECURITY_SOCKET_CONNECT_FAMILY, BPF_CORE_READ(sk, __sk_common.skc_family));
	put_value(s, ARG_SECURITY_SOCKET_CONNECT_TYPE, BPF_CORE_READ(socket, type));
	put_value(s, ARG_SECURITY_SOCKET_CONNECT_PROTOCOL, BPF_CORE_READ(sk, sk_protocol));
	return s;
}

/* Like event_begin(). */
#define socket_begin(event, hook, socket, sk) \
	socket_begin_with(EVENT_##event, NARGS_##event, hook, socket, sk)

#define AFTER ((struct hook){ .returned = true })

static __always_inline int on_security_socket_create(struct hook hook, int family, int type,
						     int protocol, int kern)
{
	struct scratch *s = event_begin(SECURITY_SOCKET_CREATE, hook);

	if (!s)
		return 0;
	put_value(s, ARG_SECURITY_SOCKET_CREATE_FAMILY, family);
	put_value(s, ARG_SECURITY_SOCKET_CREATE_TYPE, type);
	put_value(s, ARG_SECURITY_SOCKET_CREATE_PROTOCOL, protocol);
	put_value(s, ARG_SECURITY_SOCKET_CREATE_KERN, kern);
	return event_end(s);
}

HOOK(security_socket_create, security_socket_create, (int family, int type, int protocol, int kern),
     (family, type, protocol, kern))

/* The hook's arguments are in the registers; the kernel changes only this one. */
static __always_inline int after_security_socket_create(const struct returned_call *call)
{
	__u32 family, type;
	bool pair = false;

	if (call->ret < 0)
		return 0;
	if (!is_call(call, EVENT_SOCKET, EVENT_SECURITY_SOCKET_CREATE)) {
		if (!is_call(call, EVENT_SOCKETPAIR, EVENT_SECURITY_SOCKET_CREATE))
			return 0;
		pair = true;
	}
	family = call->args[0];
	type = call->args[1] & SOCK_TYPE_MASK;
	if (family == AF_INET && type == SOCK_PACKET)
		family = AF_PACKET;
	if (pair)
		on_security_socket_create(AFTER, family, type, call->args[2], 0);
	return on_security_socket_create(AFTER, family, type, call->args[2], 0);
}

AFTER_CALL(security_socket_create)

static __always_inline int on_security_socket_bind(struct hook hook, struct socket *socket,
						   struct sockaddr *address, int len)
{
	struct scratch *s =
		socket_begin(SECURITY_SOCKET_BIND, hook, socket, BPF_CORE_READ(socket, sk));

	if (!s)
		return 0;
	put_kernel_bytes(s->slot, ARG_SECURITY_SOCKET_BIND_LOCAL, plain_address(address), len,
			 SOCKADDR_MAX);
	return event_end(s);
}

HOOK(security_socket_bind, security_socket_bind,
     (struct socket * socket, struct sockaddr *address, int len), (socket, address, len))

static __always_inline int after_security_socket_bind(const struct returned_call *call)
{
	struct socket *socket;
	struct scratch *s;
	struct sock *sk;

	if (call->ret || !is_call(call, EVENT_BIND, EVENT_SECURITY_SOCKET_BIND))
		return 0;
	socket = socket_of_fd(call->args[0]);
	if (!socket)
		return 0;
	sk = BPF_CORE_READ(socket, sk);
	s = socket_begin(SECURITY_SOCKET_BIND, AFTER, socket, sk);
	if (!s)
		return 0;
	put_sock_name(s->slot, ARG_SECURITY_SOCKET_BIND_LOCAL, (__u64)sk, false);
	return event_end(s);
}

AFTER_CALL(security_socket_bind)

static __always_inline int on_security_socket_connect(struct hook hook, struct socket *socket,
						      struct sockaddr *address, int len)
{
	struct sock *sk = BPF_CORE_READ(socket, sk);
	struct scratch *s = socket_begin(SECURITY_SOCKET_CONNECT, hook, socket, sk);

	if (!s)
		return 0;
	put_sock_name(s->slot, ARG_SECURITY_SOCKET_CONNECT_LOCAL, (__u64)sk, false);
	put_kernel_bytes(s->slot, ARG_SECURITY_SOCKET_CONNECT_REMOTE, plain_address(address), len,
			 SOCKADDR_MAX);
	return event_end(s);
}

HOOK(security_socket_connect, security_socket_connect,
     (struct socket * socket, struct sockaddr *address, int len), (socket, address, len))

static __always_inline int after_security_socket_connect(const struct returned_call *call)
{
	struct socket *socket;
	struct scratch *s;
	struct sock *sk;

	/*
	 * After other errors a socket no longer contains the address that it should have been
	 * connected to.
	 */
	if (call->ret && call->ret != -EINPROGRESS)
		return 0;
	if (!is_call(call, EVENT_CONNECT, EVENT_SECURITY_SOCKET_CONNECT))
		return 0;
	socket = socket_of_fd(call->args[0]);
	if (!socket)
		return 0;
	sk = BPF_CORE_READ(socket, sk);
	s = socket_begin(SECURITY_SOCKET_CONNECT, AFTER, socket, sk);
	if (!s)
		return 0;
	put_names(s, sk);
	return event_end(s);
}

AFTER_CALL(security_socket_connect)

/*
 * The hook of this name is called before there is a connection, so that it knows no peer. This one
 * gets the accepted connection.
 */
static __always_inline int on_security_socket_accept(struct hook hook, struct sock *sk,
						     struct socket *socket)
{
	struct scratch *s = socket_begin(SECURITY_SOCKET_ACCEPT, AFTER, socket, sk);

	if (!s)
		return 0;
	put_names(s, sk);
	return event_end(s);
}

HOOK_ENTRY(security_socket_accept, security_sock_graft, (struct sock * sk, struct socket *socket),
	   (sk, socket))

static __always_inline int after_security_socket_accept(const struct returned_call *call)
{
	struct socket *socket;

	if (call->ret < 0)
		return 0;
	if (call->event != EVENT_ACCEPT && call->event != EVENT_ACCEPT4)
		return 0;
	socket = socket_of_fd(call->ret);
	if (!socket)
		return 0;
	return on_security_socket_accept(AFTER, BPF_CORE_READ(socket, sk), socket);
}

AFTER_CALL(security_socket_accept)

static __always_inline int on_security_socket_listen(struct hook hook, struct socket *socket,
						     int backlog)
{
	struct sock *sk = BPF_CORE_READ(socket, sk);
	struct scratch *s = socket_begin(SECURITY_SOCKET_LISTEN, hook, socket, sk);

	if (!s)
		return 0;
	put_sock_name(s->slot, ARG_SECURITY_SOCKET_LISTEN_LOCAL, (__u64)sk, false);
	put_value(s, ARG_SECURITY_SOCKET_LISTEN_BACKLOG, backlog);
	return event_end(s);
}

HOOK(security_socket_listen, security_socket_listen, (struct socket * socket, int backlog),
     (socket, backlog))

static __always_inline int after_security_socket_listen(const struct returned_call *call)
{
	struct socket *socket;

	if (call->ret || !is_call(call, EVENT_LISTEN, EVENT_SECURITY_SOCKET_LISTEN))
		return 0;
	socket = socket_of_fd(call->args[0]);
	if (!socket)
		return 0;
	/* The backlog after the kernel has limited it to net.core.somaxconn. */
	return on_security_socket_listen(AFTER, socket,
					 BPF_CORE_READ(socket, sk, sk_max_ack_backlog));
}

AFTER_CALL(security_socket_listen)

static __always_inline int on_security_socket_setsockopt(struct hook hook, struct socket *socket,
							 int level, int optname)
{
	struct sock *sk = BPF_CORE_READ(socket, sk);
	struct scratch *s = socket_begin(SECURITY_SOCKET_SETSOCKOPT, hook, socket, sk);

	if (!s)
		return 0;
	put_names(s, sk);
	put_value(s, ARG_SECURITY_SOCKET_SETSOCKOPT_LEVEL, level);
	put_value(s, ARG_SECURITY_SOCKET_SETSOCKOPT_OPTNAME, optname);
	return event_end(s);
}

HOOK(security_socket_setsockopt, security_socket_setsockopt,
     (struct socket * socket, int level, int optname), (socket, level, optname))

static __always_inline int after_security_socket_setsockopt(const struct returned_call *call)
{
	struct socket *socket;

	if (call->ret || !is_call(call, EVENT_SETSOCKOPT, EVENT_SECURITY_SOCKET_SETSOCKOPT))
		return 0;
	socket = socket_of_fd(call->args[0]);
	if (!socket)
		return 0;
	return on_security_socket_setsockopt(AFTER, socket, call->args[1], call->args[2]);
}

AFTER_CALL(security_socket_setsockopt)
