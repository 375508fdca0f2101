/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The beginning of every record: the context of a task. */
#ifndef TRACEE_CONTEXT_H
#define TRACEE_CONTEXT_H

#include "items.h"

static __always_inline void put_nodename(struct scratch *s, struct task_struct *task)
{
	if (settings.want_nodename) {
		/*
		 * Read by a helper, not loaded, since only plain numbers may be passed to a global
		 * function.
		 */
		__u64 uts_ns = (__u64)BPF_CORE_READ(task, nsproxy, uts_ns);

		put_kernel_str(s->slot, ITEM_NODENAME,
			       uts_ns + bpf_core_field_offset(struct uts_namespace, name.nodename));
	}
}

/*
 * What a record has of the current task itself. Where fields are plain loads, no helper is called:
 * each costs as much as some twenty loads.
 */
static __always_inline __u64 current_cgroup(struct task_struct *current)
{
	return has_task_btf() ? TASK_READ(current, cgroups, dfl_cgrp, kn, id) :
				bpf_get_current_cgroup_id();
}

static __always_inline __u32 current_uid(struct task_struct *current)
{
	return has_task_btf() ? TASK_READ(current, cred, uid.val) :
				(__u32)bpf_get_current_uid_gid();
}

#define EACH_BYTE(byte) (0x0101010101010101ULL * (byte))

/* The highest bit of the first byte that is 0, and maybe of later ones; 0: there is none. */
static __always_inline __u64 ends_of(__u64 text)
{
	return (text - EACH_BYTE(1)) & ~text & EACH_BYTE(0x80);
}

static __always_inline void read_comm(struct task_struct *current, char comm[COMM_LEN])
{
	__u64 *to = (__u64 *)comm, first, second, ends;
	const __u64 *from;

	_Static_assert(COMM_LEN == 2 * sizeof(__u64), "a name is two words");
	if (!has_task_btf()) {
		bpf_get_current_comm(comm, COMM_LEN);
		return;
	}
	from = (const __u64 *)unchecked(current)->comm;
	first = from[0];
	/* Another thread may be writing it: the last byte is a NUL in any case. */
	second = from[1] & ~0ULL >> 8;
	/* What older kernels leave of a longer name behind a NUL becomes 0. */
	ends = ends_of(first);
	to[0] = first & (((ends & -ends) >> 7) - 1);
	if (ends)
		second = 0;
	ends = ends_of(second);
	to[1] = second & (((ends & -ends) >> 7) - 1);
}

/*
 * Fills in the context that every record has: of a task, which is the current one but for what
 * io_uring's threads do for it.
 */
static __always_inline void record_fill(struct scratch *s, struct task_struct *task,
					struct task_struct *current, __u16 event, __u8 nvalues,
					__u64 now)
{
	struct record_header *h = &s->header;
	struct ns_pids ids = {};

	task_ns_pids(task, &ids);
	h->time = now;
	h->thread_start = TASK_READ(task, start_boottime);
	h->process_start = TASK_READ(task, group_leader, start_boottime);
	h->cgroup_id = current_cgroup(current);
	h->container = container_settings.wanted ? current_container() : 0;
	h->ret = 0;
	h->tid = ids.tid;
	h->pid = ids.pid;
	h->ppid = ids.ppid;
	h->host_tid = TASK_READ(task, pid);
	h->host_pid = TASK_READ(task, tgid);
	h->host_ppid = TASK_READ(task, real_parent, tgid);
	h->uid = current_uid(current);
	h->mnt_ns = TASK_READ(task, nsproxy, mnt_ns, ns.inum);
	h->pid_ns = ids.ns;
	h->cpu = bpf_get_smp_processor_id();
	h->event = event;
	h->syscall = NO_SYSCALL;
	h->abi = ABI_NATIVE;
	h->nvalues = nvalues;
	h->flags = 0;
	h->reserved = 0;
	read_comm(current, h->comm);
	s->pos = sizeof(*h) + nvalues * sizeof(__u64);
	put_nodename(s, task);
}

#endif
