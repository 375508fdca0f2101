/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Files and memory on their way to user space; captures.h says how they travel. */
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

/* What the kernel makes of a protection that the current task asks for, but for files that nobody may execute. */
static __always_inline __u64 effective(__u64 prot)
{
	if (prot & PROT_READ && TASK_READ(current_task(), personality) & READ_IMPLIES_EXEC)
		prot |= PROT_EXEC;
	return prot;
}

/* The same of a mapping of that file, if it is one; as the kernel's path_noexec(). */
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

/* What this process is in tracee's own pid namespace; 0: not there. */
static __always_inline __u32 pid_for_tracee(struct task_struct *task)
{
	struct pid *pid = TASK_READ(task, group_leader, thread_pid);
	struct upid upid = {};

	if (BPF_CORE_READ(pid, level) < control.self_pid_level)
		return 0;
	pid_at_level(pid, control.self_pid_level, &upid);
	return BPF_CORE_READ(upid.ns, ns.inum) == control.self_pid_ns ? upid.nr : 0;
}

/* Tells of bytes that could not be had, or of nothing but its flags. */
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
