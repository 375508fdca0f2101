/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Asking whether something passes --filter, which costs nothing if it is not used. */
#ifndef TRACEE_FILTER_H
#define TRACEE_FILTER_H

#include "../maps.h"

/* They return 0 or not 0. Global functions, so that the verifier looks at each once. */

/* Filters by the numbers of a task; 0: the current one. */
int filter_ids(__u64 task);
/* Filters by its node name. */
int filter_uts(__u64 task);
/* Filters by a process's name, which is at addr; 0: the current task's. */
int filter_comm(__u64 addr);
/* Filters by the name that the current task had when it called execve. */
int filter_caller(void);
int filter_result(__u32 event, __s64 ret, __u32 returned);
/* Filters by the arguments in the record in that slot. */
int filter_record(__u32 slot);

/*
 * Whether a task and a name, each of which may be 0, pass the fields. One call after the other,
 * since the stack has little room for nested functions.
 *
 * User space decides the field container.
 */
static __always_inline bool fields_pass(__u64 task, __u64 comm)
{
	return filter_ids(task) && filter_uts(task) && filter_comm(comm);
}

static __always_inline bool current_passes(void)
{
	return !filters.fields || fields_pass(0, 0);
}

/* returned: whether the event has a result. */
static __always_inline bool result_passes(__u32 event, long ret, bool returned)
{
	return !filters.results || filter_result(event, ret, returned);
}

static __always_inline bool record_passes(const struct scratch *s)
{
	return !filters.arguments || filter_record(s->slot);
}

#endif
