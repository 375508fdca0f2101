/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Which container a process is in: that of the cgroup in which it made its entry exec, or in which
 * an ancestor of it did, and never the cgroup where it is now. A process that is in one stays in it
 * until it exits.
 *
 * A runtime puts a process into the new cgroup, prepares it there, and at last has it execute the
 * container's program. All before that exec is the runtime's own work. A process that existed
 * before tracing began becomes a member by its cgroup at that moment.
 */
#ifndef TRACEE_CONTAINER_H
#define TRACEE_CONTAINER_H

#include "task.h"

/*
 * In place of a key: there is a container, but no room to remember it, or it could not be
 * identified.
 */
#define CONTAINER_LOST (~0ULL)

/* The current task's container, by the key of its cgroup; 0: it is in none. */
__u64 current_container(void);
/* The container of a cgroup of that hierarchy, by its key; 0: none; or CONTAINER_LOST. */
__u64 cgroup_container(__u64 address, __u64 hierarchy);
/*
 * Whether a cgroup below the root is a container's by its own name: 0, 1, or -1 if that is unknown.
 */
int is_container(__u64 address, __u64 hierarchy);
/*
 * The outermost container's cgroup among a cgroup and those above it, by its
 * address: a cgroup that was made inside a container is that container's.
 */
__u64 outermost_container(__u64 address, __u64 hierarchy);
/*
 * Remembers a cgroup that looks like a container's, as the container `of`; 0: as itself. Its key,
 * or CONTAINER_LOST.
 */
__u64 container_remember(__u64 address, __u64 hierarchy, __u64 of);
/* Whether an exec runs a container's program, and not the runtime's own. */
int container_exec(__u64 filename);
/* Makes a child of the current task a member of its container. */
int container_fork(__u64 child);
/* Removes a process that is gone for good. */
int container_leave(__u32 tgid, __u64 start);

/* Whether an entry of `containers` counts for the part that users may fill. */
static __always_inline bool is_users(const struct container *container, __u64 key)
{
	return container->who.owner || container->cgroup != key;
}

static __always_inline __u64 cgroup_key(__u64 id, __u64 hierarchy)
{
	return id | hierarchy << HIERARCHY_SHIFT;
}

/* The member; NULL: the process is in no container. */
static __always_inline struct member *find_member(__u32 tgid, __u64 start)
{
	struct member *member = bpf_map_lookup_elem(&members, &tgid);

	return member && member->start == start ? member : NULL;
}

static __always_inline struct member *task_member(struct task_struct *task)
{
	return find_member(TASK_READ(task, tgid), TASK_READ(task, group_leader, start_boottime));
}

/* Whether a process that is in no table may be one of those that found no room. */
static __always_inline bool may_be_missing(struct task_struct *task, __u64 missed)
{
	return missed && TASK_READ(task, group_leader, start_boottime) >= missed;
}

static __always_inline void count_missing(__u64 *missed, __u64 start)
{
	if (!*missed || start < *missed)
		*missed = start;
}

/* Removes the entry of a container, or of a cgroup that was made inside one. */
static __always_inline void forget_container(__u64 key, const struct container *container)
{
	bool users = is_users(container, key);

	if (!bpf_map_delete_elem(&containers, &key) && users)
		__sync_fetch_and_add(&table_misses.users, -1);
	if (settings.scope_mode == SCOPE_CONTAINER_LISTED)
		bpf_map_delete_elem(&decided, &key);
}

static __always_inline void member_left(__u64 key)
{
	struct container *container = bpf_map_lookup_elem(&containers, &key);

	if (!container)
		return;
	__sync_fetch_and_add(&container->members, -1);
	if (container->gone && !*(volatile __u64 *)&container->members)
		forget_container(key, container);
}

#endif
