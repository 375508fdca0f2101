/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Building a record: set its values, append its items. */
#ifndef TRACEE_ITEMS_H
#define TRACEE_ITEMS_H

#include "buffer.h"
#include "container.h"
#include "task.h"

/*
 * Appenders. They are global functions, so that the verifier looks at each
 * once; kernels before 5.12 let such functions take numbers only, hence the
 * slot's number and addresses as __u64. All return 0 at last, because a void
 * global function is refused by old kernels.
 */
int put_user_str(__u32 slot, __u32 index, __u64 addr);
int put_kernel_str(__u32 slot, __u32 index, __u64 addr);
/* len bytes of user memory, at most max of them. */
int put_user_bytes(__u32 slot, __u32 index, __u64 addr, __u64 len, __u32 max);
/* len bytes of the kernel's memory, at most max of them. */
int put_kernel_bytes(__u32 slot, __u32 index, __u64 addr, __u64 len, __u32 max);
/* A struct msghdr and what it points to; pointers are that long, ret is the call's result. */
int put_msghdr(__u32 slot, __u32 index, __u64 addr, __u32 pointer_bytes, __s64 ret);
/* What the messages point to whose struct mmsghdr array is the item at that position. */
int put_messages(__u32 slot, __u32 index, __u32 at, __u32 pointer_bytes);
/*
 * The first bytes of the buffers whose struct iovec array is the item at that position, if any are
 * asked for.
 */
int put_buffers(__u32 slot, __u32 index, __u32 at, __u32 pointer_bytes, __s64 ret);
/* Begins the record of an event of the current task in that slot. */
int record_begin(__u32 slot, __u32 event, __u32 nvalues, __u64 now);
/* The file that is open as fd of the current task; nothing if none is. */
int put_fd(__u32 slot, __u32 index, __u32 fd);
/* An array of pointers of that size to strings. */
int put_str_array(__u32 slot, __u32 index, __u64 addr, __u32 pointer_bytes);
/* Strings that lie one behind the other, as a process's arguments do; count 0: unknown. */
int put_packed_strs(__u32 slot, __u32 index, __u64 addr, __u64 len, __u32 count);
/* addr: address of a struct path in the kernel. */
int put_path(__u32 slot, __u32 index, __u64 addr);
/*
 * The same for a struct dentry and the struct vfsmount by which it was reached; if only the kernel
 * uses that mount, by another one. Takes more of the stack.
 */
int put_path_of(__u32 slot, __u32 index, __u64 dentry, __u64 mnt);
/*
 * The name that the kernel makes up for pipes, memfds, namespaces. 0: it has a path, and nothing
 * was appended.
 */
int put_made_up(__u32 slot, __u32 index, __u64 dentry, __u64 mnt);
/* The path of a struct dentry alone: by a mount that shows it to the current task. */
int put_dentry_path(__u32 slot, __u32 index, __u64 dentry);
/* The path that a successful execveat was given. */
int put_execveat_path(__u32 slot, __u32 index, __u64 filename, __u32 dirfd);

/* Rounds of an inner loop. */
#define LOOP_ROUNDS 32

/* How a round of an appender's loop ended. */
enum step { STEP_MORE, STEP_END, STEP_FAULT, STEP_FULL, STEP_FOUND };

/* Where an item may still begin: the longest one then fits, except arrays of strings. */
#define ITEM_START_MAX (RECORD_MAX - 2 * STR_MAX)
/* Arrays of strings end before this, cuts included, so that other items find room after them. */
#define STRINGS_END (ITEM_START_MAX - 2 * STR_MAX)

/* The index that appenders take for a part of an argument, and for one of several messages. */
#define INDEX_OF(index, part) ((index) | (part) << 8)
#define MESSAGE_OF(index, position) ((index) | (position) << 16)
/* Bytes of struct mmsghdr. */
#define MMSGHDR_SIZE(pointer_bytes) ((pointer_bytes) == 8 ? 64 : 32)

/* Address of a field in the kernel, for appenders: FIELD_ADDRESS(file, f_path). */
#define FIELD_ADDRESS(pointer, field) \
	(plain_address(pointer) + bpf_core_field_offset((pointer)->field))

/*
 * Steps may use little of the stack, which they share with all their callers: one variable for all
 * that they read.
 */
static __always_inline __u64 peek(__u64 address)
{
	__u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), (void *)address);
	return value;
}

#define PEEK(type, address, field) peek((address) + bpf_core_field_offset(type, field))

/* Begins an item at the end of the record; NULL if the record is full. */
static __always_inline struct item_header *item_begin(struct scratch *s, __u32 index)
{
	__u64 pos = s->pos;
	struct item_header *item;

	bounded(pos);
	if (pos > ITEM_START_MAX)
		return NULL;
	item = (struct item_header *)(s->bytes + pos);
	item->index = index;
	item->part = index >> 8;
	item->status = ITEM_OK;
	item->flags = index >> 16;
	item->len = 0;
	item->full = 0;
	return item;
}

static __always_inline void item_end(struct scratch *s, struct item_header *item, __u32 len)
{
	item->len = len;
	s->pos += sizeof(*item) + ((len + 7) & ~7U);
}

/* Appends a value or a path that could not be read. */
static __always_inline void put_unknown(struct scratch *s, __u32 index)
{
	struct item_header *item = item_begin(s, index);

	if (!item)
		return;
	item->status = ITEM_FAULT;
	item_end(s, item, 0);
}

/* Appends a string that was kept in a map, in an array of that size. */
static __always_inline void put_kept_str(struct scratch *s, __u32 index, const char *str,
					 __u32 size, bool cut)
{
	struct item_header *item = item_begin(s, index);
	long n;

	if (!item)
		return;
	if (cut)
		item->status = ITEM_TRUNCATED;
	n = bpf_probe_read_kernel_str(item + 1, size, str);
	item_end(s, item, n > 0 ? n - 1 : 0);
}

static __always_inline __u64 *record_value(struct scratch *s, __u32 index)
{
	return (__u64 *)(s->bytes + sizeof(struct record_header)) + index;
}

static __always_inline void put_value(struct scratch *s, __u32 index, __u64 value)
{
	*record_value(s, index) = value;
}

/*
 * Asserts that arguments of an event have the same positions as those of another one, so that one
 * function can fill both: SAME_ARGS(VFS_READ, VFS_WRITE, COUNT, POS) is
 *
 *   _Static_assert(ARG_VFS_READ_COUNT == ARG_VFS_WRITE_COUNT, "…");
 *   _Static_assert(ARG_VFS_READ_POS == ARG_VFS_WRITE_POS, "…")
 */
#define SAME_ARG(event, other, arg)                                \
	_Static_assert(ARG_##event##_##arg == ARG_##other##_##arg, \
		       #event " has " #arg " elsewhere than " #other)
#define SAME_ARGS1(event, other, arg) SAME_ARG(event, other, arg)
#define SAME_ARGS2(event, other, arg, ...) \
	SAME_ARG(event, other, arg);       \
	SAME_ARGS1(event, other, __VA_ARGS__)
#define SAME_ARGS3(event, other, arg, ...) \
	SAME_ARG(event, other, arg);       \
	SAME_ARGS2(event, other, __VA_ARGS__)
#define SAME_ARGS4(event, other, arg, ...) \
	SAME_ARG(event, other, arg);       \
	SAME_ARGS3(event, other, __VA_ARGS__)
#define SAME_ARGS5(event, other, arg, ...) \
	SAME_ARG(event, other, arg);       \
	SAME_ARGS4(event, other, __VA_ARGS__)
#define SAME_ARGS(event, other, ...) \
	___bpf_apply(SAME_ARGS, ___bpf_narg(__VA_ARGS__))(event, other, __VA_ARGS__)

#endif
