/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What a program gave to a call that writes over it: read at sys_enter, kept
 * until sys_exit. That is
 *
 *   arguments that the call takes and changes: WHEN_IN_KEPT, WHEN_IN_OUT;
 *   any other that lies where the call writes another one: f(&x, &x);
 *   all that is given where the call writes to addresses that are in it, and
 *   may be its own: KEEPS_ALL;
 *   the room for what the call fills in, since it gives back the length that
 *   it would have had, and what lies beyond the room is the program's own;
 *   of messages that the call fills in a digest of their addresses and vectors,
 *   since a buffer may be one of these.
 *
 * What could not be kept is read when the call has returned, and says so.
 */
#ifndef TRACEE_GIVEN_H
#define TRACEE_GIVEN_H

#include "items.h"

/* scratch.room: nobody knows. */
#define ROOM_UNKNOWN (-1)

/*
 * Keeps what scratch.args have given to the call, which is of that ABI. A
 * global function, as are those below, so that the verifier looks at each once.
 */
int keep_given(__u32 slot, __u32 key, __u32 abi);
/* call_args() of the current task into scratch.args: registers take much of the stack, of which 5.10 has little. */
int read_call_args(__u32 slot, __u32 nr, __u32 abi, __u32 within);
/* Appends what was kept, and says what that was in scratch.kept and scratch.room. */
int take_given(__u32 slot, __u32 event);
int forget_given(void);
/* Reads what an argument points to or stands for, as scratch.how says, as its part scratch.part. */
int put_arg(__u32 slot, __u32 index, __u32 abi, __s64 ret);
/* What is to be done about an argument of a call that has returned. */
enum { READ_NOT, READ_NOW, READ_LATE };
/* Says that, and reads what the kernel still has. Not put_arg() itself, whose stack is deep enough for 5.10. */
int before_reading(__u32 slot, __u32 index, __u32 abi, __s64 ret);
/* The item that begins there, if one does, was read late. */
int mark_late(__u32 slot, __u32 at);
/* Whether a stream that is open as fd discards what a call with MSG_TRUNC receives; true where nobody knows. */
int may_discard(__u32 fd);
/* What a message gives to the call that is to fill it in, as the next of scratch.messages. 0: it cannot be read. */
int keep_message(__u32 slot, __u64 addr, __u32 pointer_bytes);
/*
 * The address of the socket that is open as fd, or of its peer, as the kernel
 * has it, as much as there was room for. 0, and nothing, where it has none.
 */
int put_fd_name(__u32 slot, __u32 index, __u32 fd, __u32 remote, __s64 room);

/* How an argument is read: where another one decides, by what is in scratch.args. */
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
