/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The record of a system call, driven by its row in the table `syscalls`. */
#ifndef TRACEE_SYSCALL_H
#define TRACEE_SYSCALL_H

#include "call.h"
#include "context.h"
#include "given.h"
#include "items.h"
#include "mark.h"
#include "mismatch.h"
#include "signal.h"
#include "submit.h"

/*
 * Like put_arg(), for a call that has returned; also remembers where the argument lies that is
 * compared.
 */
static __always_inline void put_checked(struct scratch *s, __u32 index,
					const struct syscall_desc *desc, const struct arg_desc *how,
					__u32 abi, long ret)
{
	__u32 pos = s->pos;
	int reading = READ_NOW;

	if (how->kind == KIND_STR && how->when == WHEN_IN && !desc->keeps) {
		/* Most of what is read: straight to the function that reads it. */
		if (s->args[index])
			put_user_str(s->slot, index, s->args[index]);
	} else {
		s->how = *how;
		s->part = PART_VALUE;
		if (settings.keeps_given && desc->keeps)
			reading = before_reading(s->slot, index, abi, ret);
		if (reading != READ_NOT)
			put_arg(s->slot, index, abi, ret);
		if (reading == READ_LATE)
			mark_late(s->slot, pos);
	}
	if (settings.chosen[EVENT_ARGUMENT_MISMATCH] && desc->checked == index + 1 && s->pos != pos)
		s->checked = pos;
}

static __always_inline void put_args(struct scratch *s, const struct syscall_desc *desc, __u32 key,
				     __u32 abi, long ret)
{
	s->kept = 0;
	s->room = ROOM_UNKNOWN;
	s->nmessages = 0;
	s->desc_key = key;
	if (settings.keeps_given && desc->keeps)
		take_given(s->slot, desc->event);
	for (int i = 0; i < MAX_ARGS; i++) {
		const struct arg_desc *how = &desc->args[i];

		if (!(desc->reads >> i))
			break;
		if (!(desc->reads >> i & 1))
			continue;
		if (how->kind == KIND_SELECT) {
			how = reading_of(s, desc, i, abi);
			if (!how)
				continue;
		}
		put_checked(s, i, desc, how, abi, ret);
	}
}

/* For a call within another whose memory can no longer be read. */
static __always_inline void put_unread_args(struct scratch *s, const struct syscall_desc *desc)
{
	for (int i = 0; i < MAX_ARGS; i++) {
		if (i >= desc->nargs)
			break;
		put_unknown(s, i);
	}
}

/* Remembers what is needed when the call returns. */
static __always_inline void remember_given(const struct pt_regs *regs, struct syscall_nr call)
{
	const struct syscall_desc *desc;
	struct scratch *s;

	if (!settings.keeps_given)
		return;
	desc = reported_call(regs, &call);
	if (!desc || !desc->keeps)
		return;
	s = scratch_get();
	/* Without a slot the argument is read late. */
	if (!s)
		return;
	if (read_call_args(s->slot, call.nr, call.abi, call.within))
		keep_given(s->slot, syscall_key(&call), call.abi);
	scratch_put(s);
}

/* Remembers the file that the first argument has open. */
static __always_inline void remember_closing(struct task_struct *task, const struct pt_regs *regs,
					     const struct syscall_nr *call)
{
	struct scratch *s = scratch_get();
	__u64 key = (__u64)task;
	struct closing *closing;

	/* Without a slot the file is not shown, but the fd itself still is. */
	if (!s)
		return;
	read_call_args(s->slot, call->nr, call->abi, 0);
	closing = (struct closing *)s->bytes;
	s->pos = sizeof(closing->len);
	put_fd(s->slot, ARG_CLOSE_FD, s->args[ARG_CLOSE_FD]);
	closing->len = s->pos - sizeof(closing->len);
	if (closing->len)
		bpf_map_update_elem(&closings, &key, closing, BPF_ANY);
	scratch_put(s);
}

static __always_inline void put_closing(struct scratch *s, struct task_struct *task)
{
	__u64 key = (__u64)task, pos = s->pos, len;
	struct closing *closing = bpf_map_lookup_elem(&closings, &key);

	if (!closing)
		return;
	len = closing->len;
	bounded(len);
	bounded(pos);
	if (len <= CLOSING_MAX && pos <= ITEM_START_MAX &&
	    !bpf_probe_read_kernel(s->bytes + pos, len, closing->items))
		s->pos = pos + len;
	bpf_map_delete_elem(&closings, &key);
}

/* Forgets it for a call that is not shown. */
static __always_inline void forget_closing(struct task_struct *task,
					   const struct syscall_desc *desc)
{
	__u64 key = (__u64)task;

	if (settings.decode_fds && desc->flags & SYSCALL_CLOSES)
		bpf_map_delete_elem(&closings, &key);
}

/* The result of a call: a success that was made up becomes an error. */
static __always_inline long believed(long ret, __u8 flags)
{
	return flags & RECORD_NOT_CARRIED_OUT && (__u64)ret < ERRORS_FROM ? -ENOSYS : ret;
}

/* Appends the value that stood in the register instead. */
static __always_inline void put_seen(struct scratch *s, long seen)
{
	struct item_header *item = item_begin(s, ITEM_SEEN);

	if (!item)
		return;
	*(long *)(item + 1) = seen;
	item_end(s, item, sizeof(seen));
}

/*
 * The call's arguments, into scratch.args and the record. False if they are in user memory that can
 * no longer be read.
 */
static __always_inline bool put_values(struct scratch *s, const struct pt_regs *regs,
				       const struct syscall_nr *call,
				       const struct syscall_desc *desc, __u32 taken)
{
	bool known = true;

	if (taken & TAKEN_ARGS && !desc->split && marked_args(s->slot)) {
		if (call->abi == ABI_IA32)
			widen_call_args(s->slot, call->nr, call->within);
	} else if (call->abi == ABI_IA32 || !has_task_regs()) {
		known = read_call_args(s->slot, call->nr, call->abi, call->within);
	} else {
		plain_args(regs, s->args);
	}
	/* What is more than the call has is left out, or written over by the first item. */
#pragma unroll
	for (int i = 0; i < MAX_ARGS; i++)
		put_value(s, i, s->args[i]);
	return known;
}

/*
 * taken: what is known by the call's mark, TAKEN_*. Calls that do not return have no arguments in
 * memory, and nothing that is compared.
 */
static __always_inline void emit_syscall(struct task_struct *task, const struct pt_regs *regs,
					 const struct syscall_nr *call,
					 const struct syscall_desc *desc, long ret, __u8 flags,
					 __u32 taken)
{
	long seen = ret;
	bool returns = !(flags & RECORD_NO_RETURN);
	bool checked = returns && settings.chosen[EVENT_ARGUMENT_MISMATCH] && desc->checked;
	struct scratch *s;
	bool known;
	bool shown;
	__u64 now;

	ret = believed(ret, flags);
	shown = desc->flags & SYSCALL_CHOSEN && result_passes(desc->event, ret, returns);
	if (!shown && !checked) {
		forget_closing(task, desc);
		if (settings.keeps_given && desc->keeps)
			forget_given();
		if (settings.target_names && is_kill(desc->event))
			forget_target_name();
		return;
	}
	now = bpf_ktime_get_boot_ns();
	s = scratch_get();
	if (!s) {
		count_loss(shown ? desc->event : EVENT_ARGUMENT_MISMATCH,
			   shown ? BUFFER_SCRATCH : BUFFER_TABLE, now);
		return;
	}
	if (returns) {
		ret = forgotten(ret, now);
		seen = forgotten(seen, now);
		flags = forgotten(flags, now);
		shown = forgotten(shown, now);
		checked = forgotten(checked, now);
	}
	known = put_values(s, regs, call, desc, taken);
	known = forgotten(known, now);
	/* In place of record_begin(), which looks up slot and task once more. */
	record_fill(s, task, task, desc->event, desc->nargs, now);
	s->header.ret = ret;
	s->header.syscall = desc->event;
	s->header.abi = call->abi;
	s->header.flags = flags;
	if (call->within)
		s->header.flags |= RECORD_WITHIN;
	if (checked)
		s->checked = 0;
	if (!known)
		put_unread_args(s, desc);
	else if (settings.kinds && returns && (desc->reads || desc->keeps))
		put_args(s, desc, syscall_key(call), call->abi, ret);
	if (settings.target_names && is_kill(desc->event))
		put_target_name(s->slot);
	if (seen != ret)
		put_seen(s, seen);
	if (settings.durations && taken & TAKEN_ENTERED)
		put_duration(s->slot);
	if (settings.decode_fds && desc->flags & SYSCALL_CLOSES)
		put_closing(s, task);
	/* A call that is not shown may be here only to have its argument compared. */
	if (shown)
		submit(s);
	if (checked)
		check_argument(s->slot, desc->event);
	scratch_put(s);
}

#endif
