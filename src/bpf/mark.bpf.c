// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Taking marks: global functions, so that the verifier looks at each once, and not at the following
 * code for each result.
 */
#include "lib/exec.h"
#include "lib/items.h"
#include "lib/mark.h"

__noinline int leave_mark(__u64 nr)
{
	mark_leave(current_task(), nr, true);
	return 0;
}

__noinline int remember_exec_call(__u32 nr, __u32 abi)
{
	struct task_struct *task = current_task();
	struct syscall_nr call = { .nr = nr, .abi = abi };

	remember_exec(task, task_regs(task), &call);
	return 0;
}

__noinline int mark_taken(__u64 nr)
{
	return mark_take(current_task(), nr);
}

__noinline int marked_args(__u32 slot)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	struct mark *mark = mark_find(current_task(), false);

	return s && mark && !bpf_probe_read_kernel(s->args, sizeof(s->args), mark->args);
}

__noinline int put_duration(__u32 slot)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	struct mark *mark = mark_find(current_task(), false);
	struct item_header *item;
	__u64 took;

	if (!s || !mark || !mark->entered)
		return 0;
	item = item_begin(s, ITEM_DURATION);
	if (!item)
		return 0;
	took = s->header.time - mark->entered;
	/* Clocks of two CPUs may differ a little. */
	*(__u64 *)(item + 1) = (__s64)took > 0 ? took : 0;
	item_end(s, item, sizeof(__u64));
	return 0;
}
