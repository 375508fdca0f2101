/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which tasks are traced. A process is known by its tgid and its start time, never by the tgid alone. */
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

/* Whether the user wants a container's processes. */
static __always_inline bool container_in_scope(const struct container *container)
{
	switch (settings.scope_mode) {
	case SCOPE_CONTAINER_NEW:
		return container->created >= control.since;
	case SCOPE_CONTAINER_LISTED:
		return container->listed != LISTED_NO;
	default:
		return true;
	}
}

static __always_inline enum scope container_scope(void)
{
	__u64 found = current_container();
	__u64 key = found & ~CONTAINER_ENTERED;
	struct container *container;

	if (!key)
		return SCOPE_OUT;
	container = bpf_map_lookup_elem(&cgroups, &key);
	if (!container || !container_in_scope(container))
		return SCOPE_OUT;
	return found & CONTAINER_ENTERED ? SCOPE_IN : SCOPE_AWAITS_EXEC;
}

static __always_inline enum scope scope_by_mode(struct task_struct *task)
{
	__u64 since = control.since;
	struct followed *entry;

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
		return container_scope();
	case SCOPE_HOST_NEW:
		if (TASK_READ(task, group_leader, start_boottime) < since)
			return SCOPE_OUT;
		/* fallthrough */
	case SCOPE_HOST_ALL:
		return member_of(current_container()) ? SCOPE_OUT : SCOPE_IN;
	default:
		entry = followed_entry(task);
		if (!entry)
			return SCOPE_OUT;
		return entry->await_exec ? SCOPE_AWAITS_EXEC : SCOPE_IN;
	}
}

/* Of the current task, which all callers ask for. */
static __always_inline enum scope task_scope(struct task_struct *task)
{
	enum scope scope = scope_by_mode(task);

	/* Where the mode does not ask, the record will: see known_container(). */
	if (scope == SCOPE_IN && container_settings.wanted && settings.scope_mode <= SCOPE_FOLLOW)
		current_container();
	return scope;
}

/* Whether events of the current task are shown: it is in scope, and let through by the filters of its fields. */
static __always_inline bool in_scope(struct task_struct *task)
{
	return task_scope(task) == SCOPE_IN && current_passes();
}

#endif
