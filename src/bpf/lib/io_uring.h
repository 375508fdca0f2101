/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What a request of io_uring is about.
 *
 * From 5.14 (and 5.10.162) on, a request has been prepared when its tracepoint fires: the kernel
 * has taken over numbers and paths, and these copies are read here. What the kernel fetches only
 * when it carries the request out is read from user memory, at the address that it keeps:
 *
 *   path of statx                               before 5.18
 *   address of connect, and of what is sent     before 6.10
 *
 * An fd is kept from 5.19 on; before, it is read from the queue, which user
 * space can write. Before 5.14 the tracepoint fires before anything has been
 * prepared, and all comes from the queue.
 */
#ifndef TRACEE_IO_URING_H
#define TRACEE_IO_URING_H

#include "../maps.h"

#define IOSQE_MASK 0xff
/* Newer than vmlinux.h. */
#define IORING_OP_WRITEV_FIXED 61
#define IORING_OP_URING_CMD128 64

/* Types of other kernels that differ from vmlinux.h. */

#define FLAVOUR __attribute__((preserve_access_index))

struct io_kiocb___before_5_19 {
	__u64 user_data;
} FLAVOUR;

struct io_ring_ctx___before_5_12 {
	struct task_struct *sqo_task;
} FLAVOUR;

/* On kernels that have it, connect's address is not copied before it is needed. */
struct io_async_connect___before_6_10 {
	struct __kernel_sockaddr_storage address;
} FLAVOUR;

struct io_symlink___before_5_18 {
	int new_dfd;
	struct filename *oldpath;
	struct filename *newpath;
} FLAVOUR;

struct io_hardlink___before_5_18 {
	int old_dfd;
	struct filename *oldpath;
	struct filename *newpath;
} FLAVOUR;

/* Since 7.0 a path is kept in a struct of its own. */
struct delayed_filename {
	struct filename *__incomplete_filename;
} FLAVOUR;

struct io_open___delayed {
	struct delayed_filename filename;
} FLAVOUR;

struct io_statx___delayed {
	struct delayed_filename filename;
} FLAVOUR;

struct io_unlink___delayed {
	struct delayed_filename filename;
} FLAVOUR;

struct io_mkdir___delayed {
	struct delayed_filename filename;
} FLAVOUR;

struct io_xattr___delayed {
	struct delayed_filename filename;
} FLAVOUR;

struct io_rename___delayed {
	struct delayed_filename oldpath;
	struct delayed_filename newpath;
} FLAVOUR;

struct io_link___delayed {
	struct delayed_filename oldpath;
	struct delayed_filename newpath;
} FLAVOUR;

/*
 * The kernel's data of a request begins where the request does; 0 if this kernel lacks the
 * operation. DATA(req, io_close, fd) is
 *
 *   bpf_core_field_exists(((struct io_close *)0)->fd) ?
 *     BPF_CORE_READ((struct io_close *)req, fd) : 0
 */
#define DATA(req, type, field)                                \
	(bpf_core_field_exists(((struct type *)0)->field) ?   \
		 BPF_CORE_READ((struct type *)(req), field) : \
		 0)

/* A path in such data. */
#define PATH(req, type, field)                                                 \
	(__u64)(bpf_core_field_exists(((struct type##___delayed *)0)->field) ? \
			BPF_CORE_READ((struct type##___delayed *)(req),        \
				      field.__incomplete_filename) :           \
			DATA(req, type, field))

/* What a request is about. */
struct submission {
	__u64 user_data;
	/* Address of a struct filename in the kernel, or of a string in user memory; 0: none. */
	__u64 pathname;
	__u64 newname;
	/* Address of a socket address, in the kernel or in user memory; 0: none, or unknown. */
	__u64 addr;
	__u32 addrlen;
	int fd; /* -1: none */
	__u8 opcode;
	__u8 flags; /* IOSQE_* */
};

/* User memory is the lower half of the address space. */
static __always_inline bool is_user(__u64 addr)
{
	return (__s64)addr > 0;
}

/*
 * The entry that the kernel has taken from the queue last, on kernels before 5.19: newer ones have
 * other queues, too.
 */
static __always_inline struct io_uring_sqe *last_sqe(struct io_ring_ctx *ring)
{
	__u32 entries = BPF_CORE_READ(ring, sq_entries);
	__u32 taken = BPF_CORE_READ(ring, cached_sq_head) - 1;
	__u32 *array = BPF_CORE_READ(ring, sq_array);
	__u32 index = 0;

	bpf_probe_read_kernel(&index, sizeof(index), array + (taken & (entries - 1)));
	if (index >= entries)
		return NULL;
	return BPF_CORE_READ(ring, sq_sqes) + index;
}

/* The fd of an operation on an open file. */
static __always_inline int file_fd(struct io_kiocb *req)
{
	struct io_ring_ctx *ring = BPF_CORE_READ(req, ctx);
	struct io_uring_sqe *sqe;

	if (bpf_core_field_exists(req->cqe))
		return BPF_CORE_READ(req, cqe.fd);
	sqe = last_sqe(ring);
	return BPF_CORE_READ(sqe, fd);
}

static __always_inline __u64 user_data(struct io_kiocb *req)
{
	struct io_kiocb___before_5_19 *old = (void *)req;

	if (bpf_core_field_exists(req->cqe))
		return BPF_CORE_READ(req, cqe.user_data);
	return BPF_CORE_READ(old, user_data);
}

static __always_inline void read_symlink(struct io_kiocb *req, struct submission *sub)
{
	struct io_symlink___before_5_18 *old = (void *)req;

	if (bpf_core_type_exists(struct io_symlink___before_5_18)) {
		sub->fd = BPF_CORE_READ(old, new_dfd);
		sub->pathname = (__u64)BPF_CORE_READ(old, oldpath);
		sub->newname = (__u64)BPF_CORE_READ(old, newpath);
		return;
	}
	sub->fd = DATA(req, io_link, new_dfd);
	sub->pathname = PATH(req, io_link, oldpath);
	sub->newname = PATH(req, io_link, newpath);
}

static __always_inline void read_link(struct io_kiocb *req, struct submission *sub)
{
	struct io_hardlink___before_5_18 *old = (void *)req;

	if (bpf_core_type_exists(struct io_hardlink___before_5_18)) {
		sub->fd = BPF_CORE_READ(old, old_dfd);
		sub->pathname = (__u64)BPF_CORE_READ(old, oldpath);
		sub->newname = (__u64)BPF_CORE_READ(old, newpath);
		return;
	}
	sub->fd = DATA(req, io_link, old_dfd);
	sub->pathname = PATH(req, io_link, oldpath);
	sub->newname = PATH(req, io_link, newpath);
}

/* Since 6.13 */
extern struct kmem_cache *bpf_get_kmem_cache(__u64 addr) __ksym __weak;

/*
 * Address of the kernel's table of operations; 0: unknown. The loader sets it where that function
 * is missing.
 */
extern const volatile __u64 io_issue_defs;

/* Bytes that the kernel has allocated for its copy of a request's data; 0: unknown. */
static __always_inline __u32 copy_size(__u64 copy, __u8 opcode)
{
	struct kmem_cache *cache;
	struct io_issue_def *def;

	if (bpf_ksym_exists(bpf_get_kmem_cache)) {
		cache = bpf_get_kmem_cache(copy);
		return cache ? cache->object_size : 0;
	}
	if (!io_issue_defs)
		return 0;
	def = (void *)(io_issue_defs + opcode * bpf_core_type_size(struct io_issue_def));
	return BPF_CORE_READ(def, async_size);
}

/*
 * The socket address that was copied when the request was prepared; 0: none, or unknown. It was a
 * part of a struct io_async_msghdr at first. Since 2026 it stands alone, in stable releases of
 * older kernels too: no type shows which, but the size does.
 */
static __always_inline __u64 copied_addr(struct io_kiocb *req, __u8 opcode)
{
	__u64 copy = (__u64)BPF_CORE_READ(req, async_data);
	__u32 size;

	if (bpf_core_type_exists(struct io_async_connect___before_6_10))
		return 0;
	size = copy_size(copy, opcode);
	if (!size)
		return 0;
	if (size < bpf_core_type_size(struct io_async_msghdr))
		return copy;
	return copy + bpf_core_field_offset(struct io_async_msghdr, addr);
}

static __always_inline void read_connect(struct io_kiocb *req, struct submission *sub)
{
	struct io_connect *connect = (struct io_connect *)req;

	sub->fd = file_fd(req);
	sub->addrlen = BPF_CORE_READ(connect, addr_len);
	sub->addr = copied_addr(req, IORING_OP_CONNECT);
	if (!sub->addr)
		sub->addr = (__u64)BPF_CORE_READ(connect, addr);
}

/* Since 6.11 */
static __always_inline void read_bind(struct io_kiocb *req, struct submission *sub)
{
	sub->fd = file_fd(req);
	sub->addrlen = DATA(req, io_bind, addr_len);
	sub->addr = copied_addr(req, IORING_OP_BIND);
}

/* The name in a struct user_msghdr, at its beginning. */
static __always_inline void read_user_message(struct io_ring_ctx *ring, __u64 message,
					      struct submission *sub)
{
	__u32 head[3] = {};

	if (bpf_probe_read_user(head, sizeof(head), (void *)message))
		return;
	if (BPF_CORE_READ_BITFIELD_PROBED(ring, compat)) {
		sub->addr = head[0];
		sub->addrlen = head[1];
	} else {
		sub->addr = (__u64)head[1] << 32 | head[0];
		sub->addrlen = head[2];
	}
	if (!sub->addr)
		sub->addrlen = 0;
}

static __always_inline void read_send(struct io_kiocb *req, struct submission *sub)
{
	struct io_async_msghdr *copy;

	sub->fd = file_fd(req);
	if (!bpf_core_type_exists(struct io_async_connect___before_6_10)) {
		copy = BPF_CORE_READ(req, async_data);
		sub->addr = copy ? (__u64)BPF_CORE_READ(copy, msg.msg_name) : 0;
		sub->addrlen = sub->addr ? BPF_CORE_READ(copy, msg.msg_namelen) : 0;
	} else if (sub->opcode == IORING_OP_SENDMSG || sub->opcode == IORING_OP_SENDMSG_ZC) {
		read_user_message(BPF_CORE_READ(req, ctx), (__u64)DATA(req, io_sr_msg, umsg), sub);
	} else {
		/* Since 6.0: send(2) has none. */
		sub->addr = (__u64)DATA(req, io_sr_msg, addr);
		sub->addrlen = sub->addr ? DATA(req, io_sr_msg, addr_len) : 0;
	}
}

/* A prepared request. */
static __always_inline void read_request(struct io_kiocb *req, struct submission *sub)
{
	sub->opcode = BPF_CORE_READ(req, opcode);
	/* The kernel's own flags begin above those that user space passes. */
	sub->flags = BPF_CORE_READ(req, flags) & IOSQE_MASK;
	sub->user_data = user_data(req);
	switch (sub->opcode) {
	case IORING_OP_OPENAT:
	case IORING_OP_OPENAT2:
		sub->fd = DATA(req, io_open, dfd);
		sub->pathname = PATH(req, io_open, filename);
		break;
	case IORING_OP_STATX:
		sub->fd = DATA(req, io_statx, dfd);
		sub->pathname = PATH(req, io_statx, filename);
		break;
	case IORING_OP_UNLINKAT:
		sub->fd = DATA(req, io_unlink, dfd);
		sub->pathname = PATH(req, io_unlink, filename);
		break;
	case IORING_OP_MKDIRAT:
		sub->fd = DATA(req, io_mkdir, dfd);
		sub->pathname = PATH(req, io_mkdir, filename);
		break;
	case IORING_OP_RENAMEAT:
		sub->fd = DATA(req, io_rename, old_dfd);
		sub->pathname = PATH(req, io_rename, oldpath);
		sub->newname = PATH(req, io_rename, newpath);
		break;
	case IORING_OP_SYMLINKAT:
		read_symlink(req, sub);
		break;
	case IORING_OP_LINKAT:
		read_link(req, sub);
		break;
	case IORING_OP_SETXATTR:
	case IORING_OP_GETXATTR:
		sub->pathname = PATH(req, io_xattr, filename);
		break;
	case IORING_OP_CONNECT:
		read_connect(req, sub);
		break;
	case IORING_OP_BIND:
		read_bind(req, sub);
		break;
	case IORING_OP_SENDMSG:
	case IORING_OP_SEND:
	case IORING_OP_SEND_ZC:
	case IORING_OP_SENDMSG_ZC:
		read_send(req, sub);
		break;
	case IORING_OP_CLOSE:
		sub->fd = DATA(req, io_close, fd);
		break;
	case IORING_OP_EPOLL_CTL:
		sub->fd = DATA(req, io_epoll, epfd);
		break;
	case IORING_OP_READV ... IORING_OP_POLL_ADD:
	case IORING_OP_SYNC_FILE_RANGE:
	case IORING_OP_RECVMSG:
	case IORING_OP_ACCEPT:
	case IORING_OP_FALLOCATE:
	case IORING_OP_READ ... IORING_OP_FADVISE:
	case IORING_OP_RECV:
	case IORING_OP_SPLICE:
	case IORING_OP_TEE:
	case IORING_OP_SHUTDOWN:
	case IORING_OP_MSG_RING:
	case IORING_OP_FSETXATTR:
	case IORING_OP_FGETXATTR:
	case IORING_OP_URING_CMD:
	case IORING_OP_READ_MULTISHOT:
	case IORING_OP_FIXED_FD_INSTALL:
	case IORING_OP_FTRUNCATE:
	case IORING_OP_LISTEN ... IORING_OP_WRITEV_FIXED:
	case IORING_OP_URING_CMD128:
		sub->fd = file_fd(req);
		break;
	}
}

/* A request that has not been prepared: before 5.14. */
static __always_inline void read_sqe(struct io_ring_ctx *ring, struct submission *sub)
{
	struct io_uring_sqe *sqe = last_sqe(ring);

	sub->flags = BPF_CORE_READ(sqe, flags);
	switch (sub->opcode) {
	case IORING_OP_NOP:
	case IORING_OP_POLL_REMOVE:
	case IORING_OP_TIMEOUT:
	case IORING_OP_TIMEOUT_REMOVE:
	case IORING_OP_ASYNC_CANCEL:
	case IORING_OP_LINK_TIMEOUT:
	case IORING_OP_FILES_UPDATE:
	case IORING_OP_MADVISE:
	case IORING_OP_PROVIDE_BUFFERS:
	case IORING_OP_REMOVE_BUFFERS:
		return;
	case IORING_OP_OPENAT:
	case IORING_OP_OPENAT2:
	case IORING_OP_STATX:
	case IORING_OP_UNLINKAT:
		sub->pathname = BPF_CORE_READ(sqe, addr);
		break;
	case IORING_OP_RENAMEAT:
		sub->pathname = BPF_CORE_READ(sqe, addr);
		sub->newname = BPF_CORE_READ(sqe, addr2);
		break;
	case IORING_OP_CONNECT:
		sub->addr = BPF_CORE_READ(sqe, addr);
		sub->addrlen = BPF_CORE_READ(sqe, addr2);
		break;
	case IORING_OP_SENDMSG:
		read_user_message(ring, BPF_CORE_READ(sqe, addr), sub);
		break;
	}
	sub->fd = BPF_CORE_READ(sqe, fd);
}

#endif
