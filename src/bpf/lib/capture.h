/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Files and memory on their way to user space; record.h says how they travel. */
#ifndef TRACEE_CAPTURE_H
#define TRACEE_CAPTURE_H

#include "items.h"

/* Begins, in that slot, the record of a file of the current task. */
int take_file(__u32 slot, __u32 what, __u64 file, __u32 flags, __u32 fd);

/*
 * Sends that many bytes of user memory as chunks: as the header at the
 * beginning of the slot says, from that offset on.
 */
int send_bytes(__u32 slot, __u64 addr, __u64 len, __u64 offset);

/* Sends the alert in that slot and the memory that it is about. The slot's record is gone then. */
int take_memory(__u32 slot);

static __always_inline void count_capture_loss(void)
{
	__sync_fetch_and_add(&capture_misses.lost, 1);
}

/* Sends the record in s. */
static __always_inline bool send_record(struct scratch *s)
{
	__u32 size = s->pos;

	if (size > RECORD_MAX)
		size = RECORD_MAX;
	if (!bpf_ringbuf_output(&captures, s->bytes, size, 0))
		return true;
	count_capture_loss();
	return false;
}

/* The file that a process has become; name: address of what was executed. */
static __always_inline void take_exec(struct file *file, __u64 name)
{
	struct scratch *s = scratch_get();

	if (!s) {
		count_capture_loss();
		return;
	}
	take_file(s->slot, TAKE_EXEC, plain_address(file), 0, 0);
	put_kernel_str(s->slot, 1, name);
	send_record(s);
	scratch_put(s);
}

#endif
