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

/* The current task's cgroup of v2, and its real user; where fields are plain loads, no helper is called. */
static __always_inline __u64 current_cgroup(void)
{
	return has_task_btf() ? TASK_READ(current_task(), cgroups, dfl_cgrp, kn, id) :
				bpf_get_current_cgroup_id();
}

static __always_inline __u32 current_uid(void)
{
	return has_task_btf() ? TASK_READ(current_task(), cred, uid.val) :
				(__u32)bpf_get_current_uid_gid();
}

/* Fills in the context that every record has. */
static __always_inline void record_fill(struct scratch *s, struct task_struct *task, __u16 event,
					__u8 nvalues, __u64 now)
{
	struct record_header *h = &s->header;
	struct ns_pids ids = {};

	task_ns_pids(task, &ids);
	h->time = now;
	h->thread_start = TASK_READ(task, start_boottime);
	h->process_start = TASK_READ(task, group_leader, start_boottime);
	h->cgroup_id = current_cgroup();
	h->container = container_settings.wanted ? current_container() : 0;
	h->ret = 0;
	h->tid = ids.tid;
	h->pid = ids.pid;
	h->ppid = ids.ppid;
	h->host_tid = TASK_READ(task, pid);
	h->host_pid = TASK_READ(task, tgid);
	h->host_ppid = TASK_READ(task, real_parent, tgid);
	h->uid = current_uid();
	h->mnt_ns = TASK_READ(task, nsproxy, mnt_ns, ns.inum);
	h->pid_ns = ids.ns;
	h->cpu = bpf_get_smp_processor_id();
	h->event = event;
	h->syscall = NO_SYSCALL;
	h->abi = ABI_NATIVE;
	h->nvalues = nvalues;
	h->flags = 0;
	h->reserved = 0;
	bpf_get_current_comm(h->comm, sizeof(h->comm));
	s->pos = sizeof(*h) + nvalues * sizeof(__u64);
	put_nodename(s, task);
}

#endif
