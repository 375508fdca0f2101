/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Asking whether --filter lets something through: nothing where nobody uses it. */
#ifndef TRACEE_FILTER_H
#define TRACEE_FILTER_H

#include "../maps.h"

/* Answers are 0 or not 0. Global functions, so that the verifier looks at each once. */

/* The numbers and the node name of a task; 0: the current one. */
int filter_ids(__u64 task);
/* A process's name. */
int filter_comm(__u64 addr);
/* Both of the current task. */
int filter_current(void);
int filter_result(__u32 event, __s64 ret, __u32 returned);
/* The arguments in the record in that slot. */
int filter_record(__u32 slot);

/*
 * What the fields say of the current task.
 *
 * The field container is not decided here, but by user space: its place is in
 * filter_ids(), once the kernel side knows the container of a task.
 */
static __always_inline bool current_passes(void)
{
	return !filters.fields || filter_current();
}

/* returned: the event has a result at all. */
static __always_inline bool result_passes(__u32 event, long ret, bool returned)
{
	return !filters.results || filter_result(event, ret, returned);
}

static __always_inline bool record_passes(const struct scratch *s)
{
	return !filters.arguments || filter_record(s->slot);
}

#endif
