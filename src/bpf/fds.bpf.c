// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* What is open as an fd, from the kernel's own objects, not from user memory. */
#include "lib/event.h"
#include "lib/inode.h"

/* An item of a fixed size; NULL where the record is full. */
static __always_inline void *put_fixed(struct scratch *s, __u32 index, __u32 size)
{
	struct item_header *item = item_begin(s, index);

	if (!item)
		return NULL;
	__builtin_memset(item + 1, 0, size);
	item->full = size;
	item_end(s, item, size);
	return item + 1;
}

/*
 * The name that a unix socket is bound to, abstract or not; else its peer's: without the family
 * before it.
 */
static __always_inline void put_unix_name(struct scratch *s, __u32 index, struct sock *sk)
{
	struct unix_sock *us = (struct unix_sock *)sk;
	struct unix_address *address = BPF_CORE_READ(us, addr);
	struct item_header *item;
	__u64 len;

	if (!address) {
		us = (struct unix_sock *)BPF_CORE_READ(us, peer);
		address = us ? BPF_CORE_READ(us, addr) : NULL;
	}
	if (!address)
		return;
	item = item_begin(s, index);
	if (!item)
		return;
	/* struct sockaddr_un is the family, and then the path. */
	len = BPF_CORE_READ(address, len) - sizeof(short);
	bounded(len);
	if (len > UNIX_PATH_MAX)
		len = UNIX_PATH_MAX;
	bpf_probe_read_kernel(item + 1, len,
			      (void *)address + bpf_core_field_offset(struct unix_address, name) +
				      sizeof(short));
	item->full = len;
	item_end(s, item, len);
}

static __always_inline void put_socket(struct scratch *s, __u32 index, struct file *file)
{
	struct socket *socket = BPF_CORE_READ(file, private_data);
	struct sock *sk = BPF_CORE_READ(socket, sk);
	struct fd_socket *out;

	if (!sk)
		return;
	out = put_fixed(s, INDEX_OF(index, PART_FD_SOCKET), sizeof(*out));
	if (!out)
		return;
	out->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	out->state = BPF_CORE_READ(sk, __sk_common.skc_state);
	out->type = BPF_CORE_READ(sk, sk_type);
	out->protocol = BPF_CORE_READ(sk, sk_protocol);
	switch (out->family) {
	case AF_INET:
		BPF_CORE_READ_INTO((__u32 *)out->local, sk, __sk_common.skc_rcv_saddr);
		BPF_CORE_READ_INTO((__u32 *)out->remote, sk, __sk_common.skc_daddr);
		break;
	case AF_INET6:
		BPF_CORE_READ_INTO((struct in6_addr *)out->local, sk, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO((struct in6_addr *)out->remote, sk, __sk_common.skc_v6_daddr);
		break;
	case AF_NETLINK:
		out->netlink_port = BPF_CORE_READ((struct netlink_sock *)sk, portid);
		return;
	case AF_UNIX:
		put_unix_name(s, INDEX_OF(index, PART_FD_UNIX), sk);
		return;
	default:
		return;
	}
	out->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	out->remote_port = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport));
}

__noinline int put_fd(__u32 slot, __u32 index, __u32 fd)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	struct file *file = file_of_fd(fd);
	struct inode *inode;
	struct fd_info *info;

	if (!s || !file)
		return 0;
	info = put_fixed(s, INDEX_OF(index, PART_FD_INFO), sizeof(*info));
	if (!info)
		return 0;
	inode = BPF_CORE_READ(file, f_inode);
	info->ino = BPF_CORE_READ(inode, i_ino);
	info->mode = BPF_CORE_READ(inode, i_mode);
	info->dev = BPF_CORE_READ(inode, i_sb, s_dev);
	if ((info->mode & S_IFMT) == S_IFSOCK)
		put_socket(s, index, file);
	else
		put_path(slot, INDEX_OF(index, PART_FD_PATH),
			 (__u64)file + bpf_core_field_offset(struct file, f_path));
	return 0;
}
