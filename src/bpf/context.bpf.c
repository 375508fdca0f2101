// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Beginning a record of the current task: record_begin() of lib/items.h. */
#include "lib/context.h"

__noinline int record_begin(__u32 slot, __u32 event, __u32 nvalues, __u64 now)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	struct task_struct *task = current_task();

	if (s)
		record_fill(s, task, task, event, nvalues, now);
	return 0;
}
