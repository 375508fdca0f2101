// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Containers: which processes are in them, and the events of their beginnings and ends. */
#include "lib/event.h"

/* Fields of a pointer that the verifier may or may not know. */
#define KNOWN_READ(known, pointer, ...) \
	((known) ? TASK_READ(pointer, __VA_ARGS__) : BPF_CORE_READ(pointer, __VA_ARGS__))

/* The cgroup in the v1 hierarchy that container_settings names. */
static __always_inline __u64 v1_cgroup(struct task_struct *task, bool known)
{
	__u64 offset = bpf_core_field_offset(struct css_set, subsys) +
		       container_settings.v1_subsys * sizeof(void *);
	void *set = KNOWN_READ(known, task, cgroups);
	struct cgroup_subsys_state *css = NULL;

	bpf_probe_read_kernel(&css, sizeof(css), set + offset);
	return (__u64)BPF_CORE_READ(css, cgroup);
}

/* The container in whose cgroup a task is, by its key; 0: none; CONTAINER_LOST. */
static __always_inline __u64 task_container(struct task_struct *task, bool known)
{
	void *set = KNOWN_READ(known, task, cgroups);
	__u64 hierarchy = container_settings.v1_hierarchy;
	__u64 found = cgroup_container((__u64)BPF_CORE_READ((struct css_set *)set, dfl_cgrp), 0);

	if (!found && hierarchy)
		found = cgroup_container(v1_cgroup(task, known), hierarchy);
	return found;
}

/* Makes the process a member of that container, wherever it moves. */
static __always_inline int add_member(__u32 tgid, const struct member *member, __u16 event)
{
	struct member *old = bpf_map_lookup_elem(&members, &tgid);
	__u64 key = member->container;
	struct container *container = bpf_map_lookup_elem(&containers, &key);

	/* The end of the process that had this tgid before was not seen. */
	if (old)
		member_left(old->container);
	if (container)
		__sync_fetch_and_add(&container->members, 1);
	if (!bpf_map_update_elem(&members, &tgid, member, BPF_ANY))
		return 0;
	if (container)
		__sync_fetch_and_add(&container->members, -1);
	count_missing(&table_misses.members, member->start);
	count_loss(event, BUFFER_TABLE, bpf_ktime_get_boot_ns());
	return 0;
}

/* Makes it a member of the container that task_container() has returned. */
static __always_inline int enter(__u32 tgid, __u64 start, __u64 key, __u16 event)
{
	struct container *container = bpf_map_lookup_elem(&containers, &key);
	struct member member = { .start = start };

	if (container) {
		member.container = key;
		member.owner = container->who.owner;
		member.listed = container->listed;
		member.is_new = control.since && container->created >= control.since;
	} else {
		/* Its owner is unknown: in scope rather than out. */
		member.owner = OWNER_UNKNOWN;
		member.listed = LISTED_YES;
		member.is_new = true;
	}
	return add_member(tgid, &member, event);
}

#define STARTS_WITH(string, text)                                            \
	({                                                                   \
		bool same = true;                                            \
                                                                             \
		_Pragma("unroll") for (int i = 0; i < sizeof(text) - 1; i++) \
			same &= (string)[i] == (text)[i];                    \
		same;                                                        \
	})

/*
 * A runtime executes itself once more, as a file that nobody can overwrite,
 * while it still has its parent's file systems.
 */
static __always_inline bool is_runtime(struct task_struct *task, __u64 filename)
{
	char start[sizeof("/proc/self/")] = {};

	if (TASK_READ(task, nsproxy, mnt_ns) != TASK_READ(task, real_parent, nsproxy, mnt_ns))
		return false;
	bpf_probe_read_kernel_str(start, sizeof(start), (void *)filename);
	return STARTS_WITH(start, "/proc/self/") || STARTS_WITH(start, "/dev/fd/");
}

/* Reports to user space a container whose making was not seen. */
int container_report(__u64 key);

__noinline int container_exec(__u64 filename)
{
	struct task_struct *task = current_task();
	__u64 key;

	if (task_member(task))
		return 0;
	key = task_container(task, true);
	if (!key || is_runtime(task, filename))
		return 0;
	container_report(key);
	return enter(TASK_READ(task, tgid), TASK_READ(task, group_leader, start_boottime), key,
		     EVENT_SCHED_PROCESS_EXEC);
}

__noinline int container_fork(__u64 address)
{
	struct task_struct *child = (struct task_struct *)address;
	struct member *parent = task_member(current_task());
	__u32 tgid = BPF_CORE_READ(child, tgid);
	__u64 start = BPF_CORE_READ(child, start_boottime), key;
	struct member member;

	if (BPF_CORE_READ(child, pid) != tgid)
		return 0;
	if (parent) {
		member = *parent;
		member.start = start;
		return add_member(tgid, &member, EVENT_SCHED_PROCESS_FORK);
	}
	/* Its parent may not be a member yet. */
	key = control.since ? 0 : task_container(child, false);
	return key ? enter(tgid, start, key, EVENT_SCHED_PROCESS_FORK) : 0;
}

/* Makes all existing processes members, by their cgroups. */
SEC("iter/task")
int find_containers(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	__u64 start, key;
	__u32 tgid;

	if (!task || task->pid != task->tgid)
		return 0;
	tgid = task->tgid;
	start = task->start_boottime;
	if (find_member(tgid, start))
		return 0;
	key = task_container(task, false);
	if (!key)
		return 0;
	enter(tgid, start, key, EVENT_SCHED_PROCESS_FORK);
	/* The exit of a process that has gone meanwhile will not be seen. */
	if (!task->thread_pid)
		container_leave(tgid, start);
	return 0;
}

/* Whether the user sees that a container begins or ends. */
static __always_inline bool container_is_shown(const struct container *container)
{
	if (settings.scope_mode == SCOPE_FOLLOW)
		return in_scope(current_task());
	return container_in_scope(container);
}

SAME_ARGS(CONTAINER_REMOVE, CONTAINER_CREATE, CONTAINER_ID, RUNTIME, NAME, IMAGE, CGROUP_ID);
SAME_ARGS(CONTAINER_REMOVE, CONTAINER_CREATE, PATH, HIERARCHY, OWNER);

/*
 * path: address of a string in the kernel. User space fills in name and image
 * (ARG_CONTAINER_CREATE_NAME, ARG_CONTAINER_CREATE_IMAGE), and must know every cgroup of a
 * container, of which there may be one in each hierarchy; the user sees one event.
 */
static __always_inline int emit_container(__u16 event, struct container *container, bool shown,
					  __u64 path)
{
	__u64 now = bpf_ktime_get_boot_ns(), key = container->cgroup;
	struct scratch *s;

	if (!settings.chosen[event] || !control.since)
		return 0;
	container->reported = true;
	s = scratch_get();
	if (!s) {
		count_loss(event, BUFFER_SCRATCH, now);
		return 0;
	}
	record_begin(s->slot, event, NARGS_CONTAINER_CREATE, now);
	s->header.container = key;
	s->header.syscall = current_syscall(current_task(), &s->header.abi);
	s->header.flags = RECORD_NO_RETURN;
	if (!shown || settings.chosen[event] == EVENT_BOOKKEEPING || !container_is_shown(container))
		s->header.flags |= RECORD_INTERNAL;
#pragma unroll
	for (int i = 0; i < NARGS_CONTAINER_CREATE; i++)
		put_value(s, i, 0);
	put_value(s, ARG_CONTAINER_CREATE_CGROUP_ID, key & ((1ULL << HIERARCHY_SHIFT) - 1));
	put_value(s, ARG_CONTAINER_CREATE_HIERARCHY, key >> HIERARCHY_SHIFT);
	put_value(s, ARG_CONTAINER_CREATE_OWNER, container->who.owner);
	put_kernel_bytes(s->slot, ARG_CONTAINER_CREATE_CONTAINER_ID,
			 plain_address(container->who.id), CONTAINER_ID_LEN, CONTAINER_ID_LEN);
	put_kernel_bytes(s->slot, ARG_CONTAINER_CREATE_RUNTIME, plain_address(container->before),
			 CONTAINER_BEFORE_LEN, CONTAINER_BEFORE_LEN);
	if (path)
		put_kernel_str(s->slot, ARG_CONTAINER_CREATE_PATH, path);
	submit_priority(s);
	scratch_put(s);
	return 0;
}

__noinline int container_report(__u64 key)
{
	struct container *container = bpf_map_lookup_elem(&containers, &key);

	/* User space itself reads containers that existed before tracing began. */
	if (!container || container->reported || container->created < control.since)
		return 0;
	return emit_container(EVENT_CONTAINER_CREATE, container, false, 0);
}

/* Whether containers are looked for in this hierarchy. */
static __always_inline bool hierarchy_counts(int hierarchy)
{
	return !hierarchy || hierarchy == container_settings.v1_hierarchy;
}

/*
 * Cgroups are made and removed one after another: these tracepoints are reached under a lock of
 * their own, without preemption, so that no kernel skips programs there.
 */
SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(container_create__tp_btf, struct cgroup *cgrp, const char *path)
{
	__u32 hierarchy = BPF_CORE_READ(cgrp, root, hierarchy_id);
	__u64 address = plain_address(cgrp), key, *count;
	struct container *container;

	if (!hierarchy_counts(hierarchy) || !is_container(address, hierarchy))
		return 0;
	/* A container inside of another one is not reported. */
	if (outermost_container(address, hierarchy) != address)
		return 0;
	key = container_remember(address, hierarchy, current_container());
	container = bpf_map_lookup_elem(&containers, &key);
	/* A cgroup that a container's process makes belongs to that container, wherever it lies. */
	if (!container || key != cgroup_key(BPF_CORE_READ(cgrp, kn, id), hierarchy))
		return 0;
	count = bpf_map_lookup_elem(&container_ids, &container->who);
	return emit_container(EVENT_CONTAINER_CREATE, container, !count || *count == 1,
			      plain_address(path));
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(container_remove__tp_btf, struct cgroup *cgrp, const char *path)
{
	__u64 key =
		cgroup_key(BPF_CORE_READ(cgrp, kn, id), BPF_CORE_READ(cgrp, root, hierarchy_id));
	struct container *container = bpf_map_lookup_elem(&containers, &key);
	__u64 *count;

	if (!container)
		return 0;
	if (container->cgroup != key) {
		forget_container(key, container);
		return 0;
	}
	count = bpf_map_lookup_elem(&container_ids, &container->who);
	if (!count || !--*count) {
		emit_container(EVENT_CONTAINER_REMOVE, container, true, plain_address(path));
		bpf_map_delete_elem(&container_ids, &container->who);
	}
	/* Members stay in the container. */
	__sync_fetch_and_add(&container->gone, 1);
	if (!*(volatile __u64 *)&container->members)
		forget_container(key, container);
	return 0;
}
