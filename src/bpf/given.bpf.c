// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Keeping arguments until the call returns: the functions of lib/given.h. */
#include "lib/given.h"
#include "lib/call.h"
#include "lib/event.h"

__noinline int read_call_args(__u32 slot, __u32 nr, __u32 abi, __u32 within)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	struct syscall_nr call = { .nr = nr, .abi = abi, .within = within };
	const struct syscall_desc *desc = syscall_lookup(&call);

	return s && desc && call_args(task_regs(current_task()), &call, desc, s->args);
}

__noinline int widen_call_args(__u32 slot, __u32 nr, __u32 within)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	struct syscall_nr call = { .nr = nr, .abi = ABI_IA32, .within = within };
	const struct syscall_desc *desc = syscall_lookup(&call);

	if (s && desc)
		widen_args(desc, s->args);
	return 0;
}

/* Limit for what has no length of its own before the call returns. */
#define ROOM_MOST 65536
/* Limit for what has one: keeps sums within 64 bits. */
#define ROOM_GIVEN_MOST (1ULL << 40)

/* The largest number of bytes that a call reads or fills in. */
static __always_inline __u64 bytes_at_most(const struct scratch *s, const struct arg_desc *how)
{
	__u64 count = ROOM_MOST;

	switch (how->kind) {
	case KIND_STR:
		return STR_MAX;
	case KIND_STR_ARRAY:
		return ROOM_MOST;
	}
	if (how->arg >= MAX_ARGS && how->count != COUNT_CONST)
		return ROOM_MOST;
	switch (how->count) {
	case COUNT_CONST:
		count = how->arg;
		break;
	case COUNT_ARG:
	case COUNT_RET_UP_TO:
	case COUNT_RET_FITS:
		count = s->args[how->arg];
		break;
	case COUNT_ARG32:
	case COUNT_RET_UP_TO32:
		count = (__u32)s->args[how->arg];
		break;
	default:
		return ROOM_MOST;
	}
	if (count > ROOM_GIVEN_MOST)
		count = ROOM_GIVEN_MOST;
	return how->size ? count * how->size : (count + 7) / 8;
}

static __always_inline bool is_filled_in(const struct arg_desc *how)
{
	switch (how->when) {
	case WHEN_OUT:
	case WHEN_OUT_POSITIVE:
	case WHEN_OUT_ZERO:
	case WHEN_INTERRUPTED:
	case WHEN_IN_OUT:
	case WHEN_IN_KEPT:
		return true;
	}
	return false;
}

/* Whether argument i of the call is filled in, and may lie between these addresses. */
__noinline int fills_in(__u32 slot, __u32 i, __u32 abi, __u64 from, __u64 to)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	const struct syscall_desc *desc;
	const struct arg_desc *how;
	__u64 start;
	__u32 key;

	if (!s || i >= MAX_ARGS)
		return 0;
	key = s->desc_key;
	desc = bpf_map_lookup_elem(&syscalls, &key);
	if (!desc)
		return 0;
	how = reading_of(s, desc, i, abi);
	if (!how || !is_filled_in(how))
		return 0;
	start = s->args[i];
	return start && start < to && from < start + bytes_at_most(s, how);
}

/* Whether argument index, which is read by scratch.how, may lie where the call writes. */
__noinline int is_overwritten(__u32 slot, __u32 index, __u32 abi)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	const struct syscall_desc *desc;
	__u64 from, to;
	__u32 key;

	if (!s || index >= MAX_ARGS)
		return 0;
	key = s->desc_key;
	desc = bpf_map_lookup_elem(&syscalls, &key);
	if (!desc || s->how.kind == KIND_VALUE || s->how.kind == KIND_FD)
		return 0;
	if (desc->keeps == KEEPS_ALL)
		return 1;
	from = s->args[index];
	to = from + bytes_at_most(s, &s->how);
	for (__u32 i = 0; i < MAX_ARGS; i++) {
		if (i != index && i < desc->nargs && fills_in(slot, i, abi, from, to))
			return 1;
	}
	return 0;
}

/* The room that an argument has before the call, by its length. */
static __always_inline void read_room(struct scratch *s, const struct arg_desc *how)
{
	__u32 arg = how->arg;
	__u32 room;

	if (how->kind != KIND_BYTES || how->count != COUNT_AT || arg >= MAX_ARGS)
		return;
	if (!bpf_probe_read_user(&room, sizeof(room), (void *)s->args[arg]))
		s->room = room;
}

/* Keeps what that many messages pass to the call. */
__noinline int keep_messages(__u32 slot, __u64 addr, __u32 count, __u32 pointer_bytes)
{
	__u32 size = MMSGHDR_SIZE(pointer_bytes);

	for (__u32 i = 0; i < MESSAGES_MAX && i < count; i++)
		if (!keep_message(slot, addr + i * size, pointer_bytes))
			break;
	return 0;
}

/* Keeps one argument, read by scratch.how. */
__noinline int keep_argument(__u32 slot, __u32 index, __u32 abi)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	const struct item_header *item;
	__u64 value, before;

	if (!s || index >= MAX_ARGS)
		return 0;
	value = s->args[index];
	if (!value)
		return 0;
	read_room(s, &s->how);
	if (is_read(KIND_MSGHDR) && s->how.kind == KIND_MSGHDR && is_filled_in(&s->how))
		keep_messages(slot, value, 1, pointer_size(abi));
	/* Their greatest number is the next argument. */
	if (is_read(KIND_MMSGHDR) && s->how.kind == KIND_MMSGHDR && is_filled_in(&s->how) &&
	    index + 1 < MAX_ARGS)
		keep_messages(slot, value, s->args[index + 1], pointer_size(abi));
	s->part = PART_VALUE;
	switch (s->how.when) {
	case WHEN_IN_OUT:
		s->part = PART_GIVEN;
		break;
	case WHEN_IN_KEPT:
		break;
	case WHEN_IN:
		if (!is_overwritten(slot, index, abi))
			return 0;
		/* The content of the buffers is read when the call has returned. */
		if (s->how.kind == KIND_IOVEC)
			s->how.kind = KIND_BYTES;
		break;
	default:
		return 0;
	}
	before = s->pos;
	bounded(before);
	if (before > ITEM_START_MAX)
		return 0;
	put_arg(slot, index, abi, 0);
	item = (const struct item_header *)(s->bytes + before);
	/* The memory may be present when the call has returned. */
	if (s->pos == before || item->status == ITEM_FAULT)
		s->pos = before;
	else
		s->kept |= 1 << index;
	return 0;
}

static __always_inline void append_messages(struct scratch *s)
{
	__u64 pos = s->pos, len = s->nmessages * sizeof(*s->messages);

	bounded(pos);
	bounded(len);
	if (pos <= ITEM_START_MAX && len <= sizeof(s->messages) &&
	    !bpf_probe_read_kernel(s->bytes + pos, len, s->messages))
		s->pos = pos + len;
	else
		s->nmessages = 0;
}

/* The reverse: what was appended ends there. */
static __always_inline void take_messages(struct scratch *s, const struct given *given)
{
	__u64 len = given->nmessages * sizeof(*s->messages), pos = s->pos - len;

	if (!len)
		return;
	bounded(pos);
	/* Or newer compilers make one comparison of both, of which Linux 6.12 learns nothing. */
	bounded(len);
	if (pos > ITEM_START_MAX || len > sizeof(s->messages) ||
	    bpf_probe_read_kernel(s->messages, len, s->bytes + pos))
		return;
	s->nmessages = given->nmessages;
	s->seed = given->seed;
	s->pos = pos;
}

__noinline int keep_given(__u32 slot, __u32 key, __u32 abi)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	const struct syscall_desc *desc = bpf_map_lookup_elem(&syscalls, &key);
	struct task_struct *task = current_task();
	__u64 by_task = (__u64)task;
	struct given *given;

	if (!s || !desc)
		return 0;
	s->kept = 0;
	s->room = ROOM_UNKNOWN;
	s->nmessages = 0;
	s->seed = bpf_get_prandom_u32();
	s->desc_key = key;
	s->pos = sizeof(*given);
	for (__u32 i = 0; i < MAX_ARGS; i++) {
		const struct arg_desc *how;

		if (i >= desc->nargs)
			break;
		how = reading_of(s, desc, i, abi);
		if (!how || how->kind == KIND_VALUE || how->kind == KIND_FD)
			continue;
		s->how = *how;
		keep_argument(slot, i, abi);
	}
	if (!s->kept && s->room == ROOM_UNKNOWN && !s->nmessages)
		return 0;
	if (s->nmessages)
		append_messages(s);
	given = (struct given *)s->bytes;
	given->start = start_time(task);
	given->room = s->room;
	given->kept = s->kept;
	given->event = desc->event;
	given->len = s->pos - sizeof(*given);
	given->nmessages = s->nmessages;
	given->seed = s->seed;
	given->reserved = 0;
	if (given->len <= GIVEN_SMALL)
		bpf_map_update_elem(&givens, &by_task, given, BPF_ANY);
	else if (given->len <= GIVEN_LARGE)
		bpf_map_update_elem(&large_givens, &by_task, given, BPF_ANY);
	return 0;
}

static __always_inline bool is_given(const struct given *given, struct task_struct *task,
				     __u32 event)
{
	return given && given->start == start_time(task) && given->event == event;
}

__noinline int take_given(__u32 slot, __u32 event)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	struct task_struct *task = current_task();
	__u64 key = (__u64)task, pos, len;
	const struct given *given;

	if (!s)
		return 0;
	pos = s->pos;
	bounded(pos);
	if (pos > ITEM_START_MAX)
		return 0;
	s->given_at = pos;
	given = bpf_map_lookup_elem(&givens, &key);
	if (is_given(given, task, event)) {
		len = given->len;
		bounded(len);
		if (len <= GIVEN_SMALL && !bpf_probe_read_kernel(s->bytes + pos, len, given + 1)) {
			s->pos = pos + len;
			s->kept = given->kept;
			s->room = given->room;
			take_messages(s, given);
		}
	} else {
		given = bpf_map_lookup_elem(&large_givens, &key);
		if (!is_given(given, task, event))
			return 0;
		len = given->len;
		bounded(len);
		if (len <= GIVEN_LARGE && !bpf_probe_read_kernel(s->bytes + pos, len, given + 1)) {
			s->pos = pos + len;
			s->kept = given->kept;
			s->room = given->room;
			take_messages(s, given);
		}
	}
	forget_given();
	return 0;
}

__noinline int forget_given(void)
{
	__u64 key = (__u64)current_task();

	/* A call has only one of the two. */
	if (bpf_map_delete_elem(&givens, &key))
		bpf_map_delete_elem(&large_givens, &key);
	return 0;
}

/* Data that a call fills in and that the kernel still has: user memory may have changed by now. */
static __always_inline bool put_from_kernel(struct scratch *s, __u32 index, long ret)
{
	__u32 fd = s->args[0];
	bool remote = true;

	if (index != 1 || ret < 0 || !s->args[1] || s->room < 0)
		return false;
	switch (s->header.event) {
	case EVENT_ACCEPT:
	case EVENT_ACCEPT4:
		fd = ret;
		break;
	case EVENT_GETSOCKNAME:
		remote = false;
		break;
	case EVENT_GETPEERNAME:
		break;
	default:
		return false;
	}
	return put_fd_name(s->slot, index, fd, remote, s->room);
}

/* Without the room before the call it is unknown how much of it the call has filled in. */
static __always_inline bool knows_room(const struct scratch *s, __s64 ret)
{
	switch (s->how.kind) {
	case KIND_BYTES:
		return s->how.count != COUNT_AT || s->room != ROOM_UNKNOWN;
	case KIND_MSGHDR:
		return !is_filled_in(&s->how) || ret < 0 || s->nmessages;
	case KIND_MMSGHDR:
		return !is_filled_in(&s->how) || ret <= (__s64)s->nmessages ||
		       s->nmessages == MESSAGES_MAX;
	}
	return true;
}

/* Appends what is in the buffers of a vector that was kept. */
__noinline int put_kept_buffers(__u32 slot, __u32 index, __u32 pointer_bytes, __s64 ret)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	__u64 at;

	if (!s)
		return 0;
	at = s->given_at;
	for (__u32 i = 0; i < MAX_ARGS; i++) {
		const struct item_header *item;

		bounded(at);
		if (at > ITEM_START_MAX || at >= s->pos)
			return 0;
		item = (const struct item_header *)(s->bytes + at);
		if (item->index == index && item->part == PART_VALUE) {
			put_buffers(slot, index, at, pointer_bytes, ret);
			return 0;
		}
		at += sizeof(*item) + ((item->len + 7) & ~7U);
	}
	return 0;
}

/*
 * With MSG_TRUNC some sockets return how many bytes there were, and TCP and its like fill in
 * nothing at all.
 */
static __always_inline bool is_discarded(const struct scratch *s, __u32 index)
{
	switch (s->header.event) {
	case EVENT_RECVFROM:
		return index == 1 && s->args[3] & MSG_TRUNC;
	case EVENT_RECVMSG:
		return index == 1 && s->args[2] & MSG_TRUNC;
	case EVENT_RECVMMSG:
		return index == 1 && s->args[3] & MSG_TRUNC;
	}
	return false;
}

__noinline int before_reading(__u32 slot, __u32 index, __u32 abi, __s64 ret)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	bool kept;

	if (!s || index >= MAX_ARGS)
		return READ_NOT;
	kept = s->kept & (1 << index);
	switch (s->how.when) {
	case WHEN_IN:
		if (settings.reads_buffers && kept && s->how.kind == KIND_IOVEC)
			put_kept_buffers(slot, index, pointer_size(abi), ret);
		if (kept)
			return READ_NOT;
		return is_overwritten(slot, index, abi) ? READ_LATE : READ_NOW;
	case WHEN_IN_KEPT:
		if (!kept)
			return READ_LATE;
		s->part = PART_AFTER;
		return READ_NOW;
	}
	if (put_from_kernel(s, index, ret))
		return READ_NOT;
	if (is_discarded(s, index) && may_discard(s->args[0])) {
		if (s->how.kind == KIND_BYTES)
			return READ_NOT;
		s->how.mask = 0;
	}
	return knows_room(s, ret) ? READ_NOW : READ_LATE;
}

__noinline int mark_late(__u32 slot, __u32 at)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	__u64 pos = at;

	bounded(pos);
	if (s && pos <= ITEM_START_MAX && s->pos != at)
		((struct item_header *)(s->bytes + pos))->flags |= ITEM_LATE;
	return 0;
}
