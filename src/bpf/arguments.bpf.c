// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Reading what an argument points to, by its row in the table `syscalls`: put_arg() of lib/given.h.
 */
#include "lib/given.h"

/* Whether the memory behind an argument is valid after this result. */
static __always_inline bool worth_reading(__u8 when, long ret)
{
	switch (when) {
	case WHEN_IN:
	case WHEN_IN_KEPT:
	case WHEN_IN_OUT:
		return true;
	case WHEN_OUT:
		return ret >= 0;
	case WHEN_OUT_POSITIVE:
		return ret > 0;
	case WHEN_OUT_ZERO:
		return ret == 0;
	default:
		return ret == -EINTR || ret == -ERESTARTSYS || ret == -ERESTARTNOHAND ||
		       ret == -ERESTART_RESTARTBLOCK;
	}
}

/* How many elements a call has filled in, with room for so many. */
static __always_inline __s64 count_filled(__s64 ret, __u64 room, bool fits)
{
	if (ret <= 0 || (__u64)ret <= room)
		return ret;
	/* Without any room, the call only returns how many there are. */
	return fits || !room ? -1 : (__s64)room;
}

/* The number of elements; negative: unknown, or none. */
static __always_inline __s64 count_elements(const struct scratch *s, const struct arg_desc *how,
					    __s64 ret)
{
	__u32 arg = how->arg;
	__s32 count;

	if (how->count == COUNT_CONST)
		return arg;
	if (how->count == COUNT_RET)
		return ret;
	if (arg >= MAX_ARGS)
		return -1;
	switch (how->count) {
	case COUNT_ARG:
		return s->args[arg];
	case COUNT_ARG32:
		return (__s32)s->args[arg];
	case COUNT_RET_UP_TO:
		return count_filled(ret, s->args[arg], false);
	case COUNT_RET_UP_TO32:
		return count_filled(ret, (__u32)s->args[arg], false);
	case COUNT_RET_FITS:
		return count_filled(ret, s->args[arg], true);
	case COUNT_BELOW:
		return s->args[arg] ? s->args[arg] - 1 : 0;
	}
	if (bpf_probe_read_user(&count, sizeof(count), (void *)s->args[arg]))
		return -1;
	if (how->count == COUNT_CAP_VERSION)
		return (__u32)count == CAPABILITY_VERSION_1 ? 1 : 2;
	/* The call returns how long that would have been; beyond the room nothing was written. */
	return s->room != ROOM_UNKNOWN && count > s->room ? s->room : count;
}

/* Larger than any real array; keeps the number of bytes within 64 bits. */
#define COUNT_MAX (1LL << 40)

static __always_inline void put_bytes(struct scratch *s, __u32 index, __u64 addr,
				      const struct arg_desc *how, long ret)
{
	__s64 count = count_elements(s, how, ret);

	if (count < 0)
		return;
	if (count > COUNT_MAX)
		count = COUNT_MAX;
	count = how->size ? count * how->size : (count + 7) / 8;
	put_user_bytes(s->slot, index, addr, count, how->max);
}

__noinline int put_arg(__u32 slot, __u32 index, __u32 abi, __s64 ret)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	const struct arg_desc *how;
	__u64 value;
	__u32 at;

	if (!s || index >= MAX_ARGS)
		return 0;
	how = &s->how;
	value = s->args[index];
	index = INDEX_OF(index, s->part);
	if (how->kind == KIND_FD) {
		if (settings.decode_fds)
			put_fd(slot, index, value);
		return 0;
	}
	if (!value || !worth_reading(how->when, ret))
		return 0;
	at = s->pos;
	switch (how->kind) {
	case KIND_STR:
		put_user_str(slot, index, value);
		break;
	case KIND_STR_ARRAY:
		if (is_read(KIND_STR_ARRAY))
			put_str_array(slot, index, value, pointer_size(abi));
		break;
	case KIND_MSGHDR:
		if (is_read(KIND_MSGHDR))
			put_msghdr(slot, index, value, pointer_size(abi), ret);
		break;
	case KIND_BYTES:
	case KIND_IOVEC:
	case KIND_MMSGHDR:
		put_bytes(s, index, value, how, ret);
		if (s->pos == at)
			break;
		if (is_read(KIND_IOVEC) && how->kind == KIND_IOVEC)
			put_buffers(slot, index, at, pointer_size(abi), ret);
		if (is_read(KIND_MMSGHDR) && how->kind == KIND_MMSGHDR)
			put_messages(slot, index, at, pointer_size(abi));
		break;
	}
	return 0;
}
