/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Arguments that a call writes over: read at sys_enter, kept until sys_exit. These are
 *
 *   arguments that the call takes and changes: WHEN_IN_KEPT, WHEN_IN_OUT;
 *   any other that lies where the call writes another one: f(&x, &x);
 *   all memory that is given to a call which writes to addresses in it, as they may lead into it:
 *   KEEPS_ALL;
 *   the room for what the call fills in, since the call returns the length that it would have had,
 *   and memory beyond the room is the program's own;
 *   for messages that the call fills in, a digest of their addresses and vectors, since a buffer
 *   may lie over one of these.
 *
 * What could not be kept is read when the call has returned, and marked.
 */
#ifndef TRACEE_GIVEN_H
#define TRACEE_GIVEN_H

#include "items.h"

/* scratch.room: unknown. */
#define ROOM_UNKNOWN (-1)

/*
 * Keeps the memory that scratch.args point to; the call is of that ABI. A global function, as are
 * those below, so that the verifier looks at each once.
 */
int keep_given(__u32 slot, __u32 key, __u32 abi);
/*
 * Reads call_args() of the current task into scratch.args: registers take much of the stack, of
 * which 5.10 has little.
 */
int read_call_args(__u32 slot, __u32 nr, __u32 abi, __u32 within);
/* Converts the registers of a 32-bit call in scratch.args. */
int widen_call_args(__u32 slot, __u32 nr, __u32 within);
/* Appends what was kept, and describes it in scratch.kept and scratch.room. */
int take_given(__u32 slot, __u32 event);
int forget_given(void);
/* Reads what an argument points to or stands for, by scratch.how, as its part scratch.part. */
int put_arg(__u32 slot, __u32 index, __u32 abi, __s64 ret);
/* How to read an argument of a call that has returned. */
enum { READ_NOT, READ_NOW, READ_LATE };
/*
 * Returns that, and reads what the kernel still has. Not part of put_arg(), whose stack is deep
 * enough for 5.10.
 */
int before_reading(__u32 slot, __u32 index, __u32 abi, __s64 ret);
/* Marks the item that begins there, if one does, as read late. */
int mark_late(__u32 slot, __u32 at);
/*
 * Whether a stream that is open as fd discards what a call with MSG_TRUNC receives; true if
 * unknown.
 */
int may_discard(__u32 fd);
/*
 * Keeps what a message passes to the call that will fill it in, as the next of scratch.messages. 0:
 * it cannot be read.
 */
int keep_message(__u32 slot, __u64 addr, __u32 pointer_bytes);
/*
 * Appends the kernel's address of the socket that is open as fd, or of its peer, as much as there
 * was room for. 0, and nothing, if the socket has none.
 */
int put_fd_name(__u32 slot, __u32 index, __u32 fd, __u32 remote, __s64 room);

/*
 * Whether this run reads arguments of that kind: a constant, so that the verifier removes what it
 * does not need.
 */
static __always_inline bool is_read(__u32 kind)
{
	return settings.kinds & 1U << kind;
}

/* How an argument is read; where another one decides, by scratch.args. */
static __always_inline const struct arg_desc *
reading_of(const struct scratch *s, const struct syscall_desc *desc, __u32 index, __u32 abi)
{
	const struct arg_desc *how = &desc->args[index];
	struct selector selector = { .event = desc->event, .index = index, .abi = abi };
	__u32 by = how->arg;

	if (how->kind != KIND_SELECT)
		return how;
	if (by >= MAX_ARGS)
		return NULL;
	selector.value = s->args[by] & how->mask;
	return bpf_map_lookup_elem(&selected, &selector);
}

#endif
