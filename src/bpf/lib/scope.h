/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Which tasks are traced. A process is known by its tgid and its start time, never by the tgid
 * alone.
 */
#ifndef TRACEE_SCOPE_H
#define TRACEE_SCOPE_H

#include "filter.h"
#include "container.h"
#include "task.h"

enum scope { SCOPE_OUT, SCOPE_IN, SCOPE_AWAITS_EXEC };

static __always_inline struct followed *followed_entry(struct task_struct *task)
{
	__u32 tgid = TASK_READ(task, tgid);
	struct followed *entry = bpf_map_lookup_elem(&followed, &tgid);

	if (!entry || entry->start != TASK_READ(task, group_leader, start_boottime))
		return NULL;
	return entry;
}

/* Whether the user listed a container. Before its name is known, it counts as listed. */
static __always_inline bool is_listed(__u64 listed, __u64 key)
{
	__u64 *known;

	if (listed != LISTED_UNKNOWN)
		return listed == LISTED_YES;
	known = bpf_map_lookup_elem(&decided, &key);
	return !known || *known != LISTED_NO;
}

/* Whether the user wants a container's processes. */
static __always_inline bool container_in_scope(const struct container *container)
{
	switch (settings.scope_mode) {
	case SCOPE_CONTAINER_NEW:
		return container->created >= control.since;
	case SCOPE_CONTAINER_LISTED:
		return is_listed(container->listed, container->cgroup);
	default:
		return true;
	}
}

/* The same by the member's own entry: only a container that is listed by its name is looked up. */
static __always_inline bool member_in_scope(const struct member *member)
{
	switch (settings.scope_mode) {
	case SCOPE_CONTAINER_NEW:
		return member->is_new;
	case SCOPE_CONTAINER_LISTED:
		return is_listed(member->listed, member->container);
	default:
		return true;
	}
}

static __always_inline enum scope scope_by_mode(struct task_struct *task)
{
	__u64 since = control.since;
	struct followed *entry;
	struct member *member;

	if (!since || TASK_READ(task, tgid) == control.self_pid)
		return SCOPE_OUT;
	switch (settings.scope_mode) {
	case SCOPE_ALL:
		return SCOPE_IN;
	case SCOPE_NEW:
		return TASK_READ(task, group_leader, start_boottime) >= since ? SCOPE_IN :
										SCOPE_OUT;
	case SCOPE_CONTAINER_NEW:
	case SCOPE_CONTAINER_ALL:
	case SCOPE_CONTAINER_LISTED:
		member = task_member(task);
		if (member)
			return member_in_scope(member) ? SCOPE_IN : SCOPE_OUT;
		return may_be_missing(task, table_misses.members) ? SCOPE_IN : SCOPE_OUT;
	case SCOPE_HOST_NEW:
		if (TASK_READ(task, group_leader, start_boottime) < since)
			return SCOPE_OUT;
		/* fallthrough */
	case SCOPE_HOST_ALL:
		/* A container that a user has made still belongs to the host. */
		member = task_member(task);
		return member && !member->owner ? SCOPE_OUT : SCOPE_IN;
	default:
		entry = followed_entry(task);
		if (!entry)
			return may_be_missing(task, table_misses.followed) ? SCOPE_IN : SCOPE_OUT;
		return entry->await_exec ? SCOPE_AWAITS_EXEC : SCOPE_IN;
	}
}

/* The scope of the current task, which all callers ask for. */
static __always_inline enum scope task_scope(struct task_struct *task)
{
	return scope_by_mode(task);
}

static __always_inline bool scope_is_containers(void)
{
	return settings.scope_mode >= SCOPE_CONTAINER_NEW &&
	       settings.scope_mode <= SCOPE_CONTAINER_LISTED;
}

/*
 * The scope of a task that is about to execute something: that may bring it into a container, and
 * so into scope.
 */
static __always_inline enum scope exec_scope(struct task_struct *task)
{
	enum scope scope = task_scope(task);

	return scope == SCOPE_OUT && control.since && scope_is_containers() ? SCOPE_AWAITS_EXEC :
									      scope;
}

/*
 * Whether events of the current task are shown: it is in scope, and passes the filters of its
 * fields.
 */
static __always_inline bool in_scope(struct task_struct *task)
{
	return task_scope(task) == SCOPE_IN && current_passes();
}

#endif
