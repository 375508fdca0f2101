// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Appending what is read from memory to the record in a scratch slot; the format is in record.h. */
#include "lib/given.h"
#include "lib/items.h"

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
	/* With room for its NUL and one byte more, to distinguish a whole string from a cut one. */
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
	/* With length 0 nothing is read, whatever the address. */
	if (!n || !bpf_probe_read_user(item + 1, n, (void *)addr)) {
		item_end(s, item, n);
		return 0;
	}
	/* The memory may be present up to the end of its page. */
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

#define MSG_IOV_MAX 1024
#define MSG_CONTROL_MAX 512
/* Larger than any real array. */
#define MSG_IOVLEN_MAX (1ULL << 40)

/* A field of the current message; read where it is needed, since the stack has little room. */
static __always_inline __u64 msg_field(const struct scratch *s, __u32 pointer_bytes, __u32 i)
{
	if (pointer_bytes == 8)
		return s->buffers.header[i];
	return ((const __u32 *)s->buffers.header)[i];
}

static __always_inline __u32 mixed(__u64 digest, __u64 word, __u32 seed)
{
	digest = (digest ^ word) * (((__u64)seed << 32 | seed) | 1);
	return digest ^ digest >> 32;
}

/*
 * A digest of the addresses of the current message and of its vector, whose bytes scratch.buffers
 * names: without the seed nobody can make others with the same digest.
 */
__noinline int digest_message(__u32 slot, __u32 pointer_bytes)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	__u64 at, digest;

	if (!s)
		return 0;
	at = s->buffers.vector;
	bounded(at);
	if (at > RECORD_MAX - MSG_IOV_MAX)
		return 0;
	digest = mixed(s->seed, msg_field(s, pointer_bytes, MSG_NAME), s->seed);
	digest = mixed(digest, msg_field(s, pointer_bytes, MSG_IOV), s->seed);
	digest = mixed(digest, msg_field(s, pointer_bytes, MSG_IOVLEN), s->seed);
	digest = mixed(digest, msg_field(s, pointer_bytes, MSG_CONTROL), s->seed);
	for (__u32 i = 0; i < MSG_IOV_MAX; i += sizeof(__u64)) {
		if (i >= s->buffers.vector_len)
			break;
		digest = mixed(digest, *(const __u64 *)(s->bytes + at + i), s->seed);
	}
	return digest;
}

/* How many bytes of the current message's vector are looked at. */
static __always_inline __u64 vector_bytes(const struct scratch *s, __u32 pointer_bytes)
{
	__u64 count = msg_field(s, pointer_bytes, MSG_IOVLEN);

	if (count > MSG_IOV_MAX)
		count = MSG_IOV_MAX;
	count *= 2 * pointer_bytes;
	return count < MSG_IOV_MAX ? count : MSG_IOV_MAX;
}

__noinline int keep_message(__u32 slot, __u64 addr, __u32 pointer_bytes)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	__u32 room, digest;
	__u64 at, len;

	if (!s)
		return 0;
	at = s->pos;
	bounded(at);
	if (at > ITEM_START_MAX ||
	    bpf_probe_read_user(s->buffers.header, MSG_FIELDS * (pointer_bytes == 8 ? 8 : 4),
				(void *)addr))
		return 0;
	len = vector_bytes(s, pointer_bytes);
	bounded(len);
	if (len > MSG_IOV_MAX)
		len = MSG_IOV_MAX;
	/* A vector that cannot be read yet differs when it can be. */
	if (len &&
	    bpf_probe_read_user(s->bytes + at, len, (void *)msg_field(s, pointer_bytes, MSG_IOV)))
		len = 0;
	s->buffers.vector = at;
	s->buffers.vector_len = len;
	room = msg_field(s, pointer_bytes, MSG_NAMELEN);
	if (room > MSG_NAME_MAX)
		room = MSG_NAME_MAX;
	digest = digest_message(slot, pointer_bytes);
	at = s->nmessages;
	bounded(at);
	if (at >= MESSAGES_MAX)
		return 0;
	s->messages[at].room = room;
	s->messages[at].digest = digest;
	s->nmessages = at + 1;
	return 1;
}

/* From the item at scratch.buffers.vector to its bytes. */
static __always_inline void find_vector(struct scratch *s)
{
	__u64 at = s->buffers.vector;

	bounded(at);
	if (at > ITEM_START_MAX)
		return;
	s->buffers.vector_len = ((const struct item_header *)(s->bytes + at))->len;
	s->buffers.vector = at + sizeof(struct item_header);
}

/*
 * Whether the current message, at that position, is still as it was before the call; true if
 * nothing was kept.
 */
static __always_inline bool is_as_given(struct scratch *s, __u32 position, __u32 pointer_bytes)
{
	__u64 i = position;

	bounded(i);
	if (i >= MESSAGES_MAX || i >= s->nmessages)
		return true;
	return (__u32)digest_message(s->slot, pointer_bytes) == s->messages[i].digest;
}

/* Appends what the header at that position of the record points to. 0: it is not what was given. */
static __always_inline int put_msg_parts(__u32 slot, __u32 index, __u32 header, __u32 pointer_bytes,
					 __s64 ret)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	__u64 at = header, len;

	if (!s)
		return 1;
	bounded(at);
	if (at > RECORD_MAX)
		return 1;
	/* The header in the record: memory may have changed by now. */
	if (bpf_probe_read_kernel(s->buffers.header, sizeof(s->buffers.header), s->bytes + at))
		return 1;
	s->buffers.vector_len = 0;
	len = (__u32)msg_field(s, pointer_bytes, MSG_NAMELEN);
	/* The same as for other addresses: lib/given.h. */
	if (s->room != ROOM_UNKNOWN && len > (__u64)s->room)
		len = s->room;
	if (len && msg_field(s, pointer_bytes, MSG_NAME))
		put_user_bytes(slot, INDEX_OF(index, PART_MSG_NAME),
			       msg_field(s, pointer_bytes, MSG_NAME), len, MSG_NAME_MAX);
	len = msg_field(s, pointer_bytes, MSG_IOVLEN);
	if (len > MSG_IOVLEN_MAX)
		len = MSG_IOVLEN_MAX;
	if (len && msg_field(s, pointer_bytes, MSG_IOV)) {
		s->buffers.vector = s->pos;
		put_user_bytes(slot, INDEX_OF(index, PART_MSG_IOV),
			       msg_field(s, pointer_bytes, MSG_IOV), len * 2 * pointer_bytes,
			       MSG_IOV_MAX);
		/* Where the record is full, there is nothing to compare. */
		if (s->pos == s->buffers.vector)
			return 1;
		if (settings.reads_buffers && s->how.mask)
			put_buffers(slot, index, s->buffers.vector, pointer_bytes, ret);
		find_vector(s);
	}
	len = msg_field(s, pointer_bytes, MSG_CONTROLLEN);
	if (len && msg_field(s, pointer_bytes, MSG_CONTROL))
		put_user_bytes(slot, INDEX_OF(index, PART_MSG_CONTROL),
			       msg_field(s, pointer_bytes, MSG_CONTROL), len, MSG_CONTROL_MAX);
	return is_as_given(s, index >> 16, pointer_bytes);
}

__noinline int put_msghdr(__u32 slot, __u32 index, __u64 addr, __u32 pointer_bytes, __s64 ret)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	__u32 size = MSG_FIELDS * (pointer_bytes == 8 ? 8 : 4);
	struct item_header *item;
	__u64 at;

	if (!s)
		return 0;
	at = s->pos;
	bounded(at);
	if (at > ITEM_START_MAX)
		return 0;
	if (s->nmessages)
		s->room = s->messages[0].room;
	put_user_bytes(slot, index, addr, size, size);
	item = (struct item_header *)(s->bytes + at);
	if (item->status == ITEM_OK &&
	    !put_msg_parts(slot, index, at + sizeof(*item), pointer_bytes, ret))
		item->flags |= ITEM_LATE;
	return 0;
}

/*
 * Appends what one message points to, of the array in the item at that position. 0: the record is
 * full.
 */
__noinline int put_message(__u32 slot, __u32 index, __u32 from, __u32 position, __u32 pointer_bytes)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	struct item_header *item;
	__u64 begin = from, at;
	__u32 len;

	if (!s)
		return 0;
	bounded(begin);
	at = begin + sizeof(*item) + position * MMSGHDR_SIZE(pointer_bytes);
	bounded(at);
	if (begin > ITEM_START_MAX || at > RECORD_MAX - 64 || s->pos > ITEM_START_MAX)
		return 0;
	item = (struct item_header *)(s->bytes + begin);
	len = *(const __u32 *)(s->bytes + at + (pointer_bytes == 8 ? 56 : 28));
	s->room = position < s->nmessages && position < MESSAGES_MAX ? s->messages[position].room :
								       ROOM_UNKNOWN;
	if (!put_msg_parts(slot, MESSAGE_OF(index, position), at, pointer_bytes, len))
		item->flags |= ITEM_LATE;
	return s->pos <= ITEM_START_MAX;
}

__noinline int put_messages(__u32 slot, __u32 index, __u32 at, __u32 pointer_bytes)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	__u32 size = MMSGHDR_SIZE(pointer_bytes), count;
	struct item_header *item;
	__u64 from = at;

	if (!s)
		return 0;
	bounded(from);
	if (from > ITEM_START_MAX)
		return 0;
	item = (struct item_header *)(s->bytes + from);
	if (item->status == ITEM_FAULT)
		return 0;
	count = item->len / size;
	for (__u32 i = 0; i < MESSAGES_MAX && i < count; i++) {
		if (!put_message(slot, index, at, i, pointer_bytes)) {
			/* What later ones point to is missing. */
			item->status = ITEM_TRUNCATED;
			break;
		}
	}
	return 0;
}

/* Appends as much of one buffer as there is still room for. */
__noinline int buffers_step(__u32 slot, __u32 at, __u32 pointer_bytes)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	__u64 from = at, pos, len, n, base, done;

	if (!s)
		return STEP_FULL;
	bounded(from);
	pos = s->pos;
	bounded(pos);
	done = s->buffers.len;
	bounded(done);
	if (from > RECORD_MAX || pos > ITEM_START_MAX || done > BYTES_MAX)
		return STEP_FULL;
	if (pointer_bytes == 8) {
		base = *(const __u64 *)(s->bytes + from);
		len = *(const __u64 *)(s->bytes + from + 8);
	} else {
		base = *(const __u32 *)(s->bytes + from);
		len = *(const __u32 *)(s->bytes + from + 4);
	}
	s->buffers.sum += len;
	n = len < s->buffers.left ? len : s->buffers.left;
	s->buffers.left -= n;
	if (n > s->buffers.max - done)
		n = s->buffers.max - done;
	bounded(n);
	if (n > BYTES_MAX)
		n = BYTES_MAX;
	if (!n)
		return STEP_MORE;
	if (bpf_probe_read_user(s->bytes + sizeof(struct item_header) + pos + done, n,
				(void *)base))
		return STEP_FAULT;
	s->buffers.len = done + n;
	return STEP_MORE;
}

/* Buffers of vectors as long as BYTES_MAX, in 32-bit calls. */
#define BUFFERS_MAX (BYTES_MAX / 8)

__noinline int put_buffers(__u32 slot, __u32 index, __u32 at, __u32 pointer_bytes, __s64 ret)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	struct item_header *item;
	int step = STEP_MORE;
	__u64 from = at;
	__u32 count;

	if (!s)
		return 0;
	bounded(from);
	if (from > ITEM_START_MAX)
		return 0;
	item = (struct item_header *)(s->bytes + from);
	if (item->status == ITEM_FAULT)
		return 0;
	count = item->len / (pointer_bytes == 8 ? 16 : 8);
	s->buffers.limit = ~0ULL;
	if (s->how.mask & BUFFERS_OUT) {
		if (ret <= 0)
			return 0;
		s->buffers.limit = ret;
	}
	s->buffers.left = s->buffers.limit;
	s->buffers.sum = 0;
	s->buffers.len = 0;
	s->buffers.max = s->how.mask & ~BUFFERS_OUT;
	s->buffers.whole = item->status == ITEM_OK;
	item = item_begin(s, INDEX_OF(index, PART_BUFFERS));
	if (!item)
		return 0;
	for (__u32 i = 0; i < BUFFERS_MAX && i < count; i++) {
		from += i ? pointer_bytes * 2 : sizeof(*item);
		step = buffers_step(slot, from, pointer_bytes);
		if (step != STEP_MORE)
			break;
	}
	/* The total is unknown if the vector itself was cut. */
	if (step == STEP_MORE && s->buffers.whole && s->buffers.sum < s->buffers.limit)
		item->full = s->buffers.sum;
	else if (s->buffers.limit != ~0ULL)
		item->full = s->buffers.limit;
	if (step == STEP_FAULT && !s->buffers.len)
		item->status = ITEM_FAULT;
	else if (step != STEP_MORE || !s->buffers.whole || s->buffers.len < item->full)
		item->status = ITEM_TRUNCATED;
	item_end(s, item, s->buffers.len);
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
