/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef TRACEE_SOCKET_H
#define TRACEE_SOCKET_H

#include "event.h"
#include "inode.h"

/* The socket that is open as fd; NULL: none. */
static __always_inline struct socket *socket_of_fd(__u32 fd)
{
	struct file *file = file_of_fd(fd);

	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	return (struct socket *)BPF_CORE_READ(file, private_data);
}

/*
 * Whether a call was this one; after is the event that reports it. The arguments of a call within
 * socketcall(2), which only 32-bit programs have, are in user memory: the report is about the
 * socket that is its fd now. If they can no longer be read, the missing report is counted.
 */
static __always_inline bool is_call(const struct returned_call *call, __u16 event, __u16 after)
{
	if (call->event != event)
		return false;
	if (call->unread && settings.chosen[after])
		count_loss(after, BUFFER_SCRATCH, bpf_ktime_get_boot_ns());
	return !call->unread;
}

#endif
