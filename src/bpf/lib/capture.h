/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Sending files and memory to user space, in the format of captures.h. */
#ifndef TRACEE_CAPTURE_H
#define TRACEE_CAPTURE_H

#include "items.h"

/* Begins, in that slot, the record of a file of the current task. */
int take_file(__u32 slot, __u32 what, __u64 file, __u32 flags, __u32 fd);

/*
 * Sends that many bytes of user memory as chunks, from that offset on, with the header at the
 * beginning of the slot.
 */
int send_bytes(__u32 slot, __u64 addr, __u64 len, __u64 offset);

/*
 * Sends the alert in that slot and the memory that it is about. This overwrites the slot's record.
 */
int take_memory(__u32 slot);

/*
 * The protection that the kernel applies if the current task asks for this one, apart from files
 * that nobody may execute.
 */
static __always_inline __u64 effective(__u64 prot)
{
	if (prot & PROT_READ && TASK_READ(current_task(), personality) & READ_IMPLIES_EXEC)
		prot |= PROT_EXEC;
	return prot;
}

/* The same for a mapping of that file, if it is one; like the kernel's path_noexec(). */
static __always_inline __u64 effective_of_file(__u64 prot, struct file *file)
{
	struct vfsmount *mnt = BPF_CORE_READ(file, f_path.mnt);

	if (file && (BPF_CORE_READ(mnt, mnt_flags) & MNT_NOEXEC ||
		     BPF_CORE_READ(mnt, mnt_sb, s_iflags) & SB_I_NOEXEC))
		return prot;
	return effective(prot);
}

static __always_inline void count_capture_loss(void)
{
	__sync_fetch_and_add(&capture_misses.lost, 1);
}

/* The pid of this process in tracee's own pid namespace; 0: not there. */
static __always_inline __u32 pid_for_tracee(struct task_struct *task)
{
	struct pid *pid = TASK_READ(task, group_leader, thread_pid);
	struct upid upid = {};

	if (BPF_CORE_READ(pid, level) < control.self_pid_level)
		return 0;
	pid_at_level(pid, control.self_pid_level, &upid);
	return BPF_CORE_READ(upid.ns, ns.inum) == control.self_pid_ns ? upid.nr : 0;
}

/* Reports bytes that could not be read, or only flags. */
static __always_inline void send_hole(struct scratch *s, __u64 hole, __u64 offset, __u32 flags)
{
	const struct chunk *head = (const struct chunk *)s->bytes;
	struct chunk *chunk = bpf_ringbuf_reserve(&captures, sizeof(*chunk), 0);

	if (!chunk) {
		count_capture_loss();
		return;
	}
	*chunk = *head;
	chunk->offset = offset;
	chunk->len = 0;
	chunk->hole = hole;
	chunk->flags |= flags;
	bpf_ringbuf_submit(chunk, 0);
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

#endif
