// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Appending what is read from memory to the record in a scratch slot; the format is in record.h. */
#include "lib/given.h"
#include "lib/items.h"

__noinline int record_begin(__u32 slot, __u32 event, __u32 nvalues, __u64 now)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);

	if (s)
		record_fill(s, current_task(), event, nvalues, now);
	return 0;
}

static __always_inline int put_str(__u32 slot, __u32 index, __u64 addr, bool user)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	struct item_header *item;
	long n;

	if (!s)
		return 0;
	item = item_begin(s, index);
	if (!item)
		return 0;
	/* With room for its NUL and one byte more, to tell a whole string from a cut one. */
	n = user ? bpf_probe_read_user_str(item + 1, STR_MAX + 2, (void *)addr) :
		   bpf_probe_read_kernel_str(item + 1, STR_MAX + 2, (void *)addr);
	if (n < 0) {
		item->status = ITEM_FAULT;
		item_end(s, item, 0);
		return 0;
	}
	/* Linux 5.10 does not count the NUL of an empty string. */
	if (n)
		n--;
	if (n > STR_MAX) {
		item->status = ITEM_TRUNCATED;
		n = STR_MAX;
	}
	item->full = item->status == ITEM_OK ? n : 0;
	item_end(s, item, n);
	return 0;
}

__noinline int put_user_str(__u32 slot, __u32 index, __u64 addr)
{
	return put_str(slot, index, addr, true);
}

__noinline int put_kernel_str(__u32 slot, __u32 index, __u64 addr)
{
	return put_str(slot, index, addr, false);
}

#define USER_PAGE 4096

__noinline int put_user_bytes(__u32 slot, __u32 index, __u64 addr, __u64 len, __u32 max)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	struct item_header *item;
	__u64 n = len < max ? len : max;

	if (!s)
		return 0;
	item = item_begin(s, index);
	if (!item)
		return 0;
	item->full = len;
	bounded(n);
	if (n > BYTES_MAX)
		n = BYTES_MAX;
	if (n < len)
		item->status = ITEM_TRUNCATED;
	/* Of nothing, nothing is read, whatever the address. */
	if (!n || !bpf_probe_read_user(item + 1, n, (void *)addr)) {
		item_end(s, item, n);
		return 0;
	}
	/* It may be there up to the end of its page. */
	n = USER_PAGE - (addr & (USER_PAGE - 1));
	item->status = ITEM_TRUNCATED;
	if (n >= len || n >= max || bpf_probe_read_user(item + 1, n, (void *)addr)) {
		item->status = ITEM_FAULT;
		n = 0;
	}
	item_end(s, item, n);
	return 0;
}

__noinline int put_kernel_bytes(__u32 slot, __u32 index, __u64 addr, __u64 len, __u32 max)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	struct item_header *item;
	__u64 n = len < max ? len : max;

	if (!s)
		return 0;
	item = item_begin(s, index);
	if (!item)
		return 0;
	item->full = len;
	bounded(n);
	if (n > BYTES_MAX)
		n = BYTES_MAX;
	if (n < len)
		item->status = ITEM_TRUNCATED;
	if (bpf_probe_read_kernel(item + 1, n, (void *)addr)) {
		item->status = ITEM_FAULT;
		n = 0;
	}
	item_end(s, item, n);
	return 0;
}

/* struct user_msghdr, in units of a pointer: where its fields are. */
#define MSG_NAME 0
#define MSG_NAMELEN 1
#define MSG_IOV 2
#define MSG_IOVLEN 3
#define MSG_CONTROL 4
#define MSG_CONTROLLEN 5
#define MSG_FIELDS 7

#define MSG_NAME_MAX 128
#define MSG_IOV_MAX 1024
#define MSG_CONTROL_MAX 512

static __always_inline __u64 msghdr_field(const __u64 *fields, __u32 pointer_bytes, __u32 i)
{
	if (pointer_bytes == 8)
		return fields[i];
	return ((const __u32 *)fields)[i];
}

__noinline int put_msghdr(__u32 slot, __u32 index, __u64 addr, __u32 pointer_bytes)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	__u64 fields[MSG_FIELDS] = {};
	__u64 name, namelen, iov, iovlen, control, controllen;
	__u32 size = pointer_bytes == 8 ? sizeof(fields) : sizeof(fields) / 2;
	const struct item_header *item;
	__u64 at;

	if (!s)
		return 0;
	at = s->pos;
	bounded(at);
	if (at > ITEM_START_MAX)
		return 0;
	put_user_bytes(slot, index, addr, size, size);
	/* As the record shows it: memory may say something else by now. */
	item = (const struct item_header *)(s->bytes + at);
	if (item->status != ITEM_OK)
		return 0;
	if (pointer_bytes == 8 ? bpf_probe_read_kernel(fields, sizeof(fields), item + 1) :
				 bpf_probe_read_kernel(fields, sizeof(fields) / 2, item + 1))
		return 0;
	name = msghdr_field(fields, pointer_bytes, MSG_NAME);
	namelen = (__u32)msghdr_field(fields, pointer_bytes, MSG_NAMELEN);
	iov = msghdr_field(fields, pointer_bytes, MSG_IOV);
	iovlen = msghdr_field(fields, pointer_bytes, MSG_IOVLEN);
	control = msghdr_field(fields, pointer_bytes, MSG_CONTROL);
	controllen = msghdr_field(fields, pointer_bytes, MSG_CONTROLLEN);
	/* As with other addresses: lib/given.h. */
	if (s->room != ROOM_UNKNOWN && namelen > (__u64)s->room)
		namelen = s->room;
	if (name && namelen)
		put_user_bytes(slot, INDEX_OF(index, PART_MSG_NAME), name, namelen, MSG_NAME_MAX);
	if (iov && iovlen)
		put_user_bytes(slot, INDEX_OF(index, PART_MSG_IOV), iov, iovlen * 2 * pointer_bytes,
			       MSG_IOV_MAX);
	if (control && controllen)
		put_user_bytes(slot, INDEX_OF(index, PART_MSG_CONTROL), control, controllen,
			       MSG_CONTROL_MAX);
	return 0;
}

/*
 * execveat(2) names the file to the kernel as /dev/fd/DIRFD/PATH, or
 * /dev/fd/DIRFD for an empty PATH; PATH is what the caller gave.
 */
__noinline int put_execveat_path(__u32 slot, __u32 index, __u64 filename, __u32 dirfd)
{
	__u64 at = sizeof("/dev/fd/") - 1;
	char next = 0;

	do {
		at++;
		dirfd /= 10;
	} while (dirfd && at < 20);
	bpf_probe_read_kernel(&next, 1, (void *)(filename + at));
	if (next == '/')
		at++;
	return put_kernel_str(slot, index, filename + at);
}
