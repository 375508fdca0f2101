/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Which tasks are traced. A process is known by its tgid and its start time, never by the tgid alone. */
#ifndef TRACEE_SCOPE_H
#define TRACEE_SCOPE_H

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

static __always_inline enum scope task_scope(struct task_struct *task)
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
	default:
		entry = followed_entry(task);
		if (!entry)
			return SCOPE_OUT;
		return entry->await_exec ? SCOPE_AWAITS_EXEC : SCOPE_IN;
	}
}

static __always_inline bool in_scope(struct task_struct *task)
{
	return task_scope(task) == SCOPE_IN;
}

#endif
