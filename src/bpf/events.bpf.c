// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Beginning the record of an event of the kernel's own: event_open() of lib/event.h. */
#include "lib/call.h"
#include "lib/items.h"
#include "lib/mark.h"
#include "lib/scope.h"

__noinline int event_open(__u32 event, __u32 nvalues, __s64 ret, __u32 returned)
{
	struct task_struct *task = current_task();
	struct scratch *s;
	__u64 now;

	if (!in_scope(task) || !result_passes(event, ret, returned))
		return -1;
	now = bpf_ktime_get_boot_ns();
	s = scratch_get();
	if (!s) {
		count_loss(event, BUFFER_SCRATCH, now);
		return -1;
	}
	record_begin(s->slot, event, nvalues, now);
	s->header.syscall = current_syscall(task, &s->header.abi);
	s->header.ret = ret;
	if (!returned)
		s->header.flags |= RECORD_NO_RETURN;
	/* Volatile, lest the compiler call memset(). */
	for (__u32 i = 0; i < MAX_EVENT_ARGS && i < nvalues; i++)
		*(volatile __u64 *)record_value(s, i) = 0;
	return s->slot;
}

__noinline int read_returned_call(__u32 slot, __u64 nr, __s64 ret)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	struct task_struct *task = current_task();
	struct pt_regs *regs = task_regs(task);
	struct mark *mark = unsettled_mark(task);
	struct syscall_desc *desc;
	struct syscall_nr number;

	if (!s || !(mark ? marked_call(mark, &number) : syscall_abi(task, nr, &number)))
		return 0;
	desc = call_lookup(regs, &number);
	if (!is_known(desc))
		return 0;
	s->call.event = desc->event;
	s->call.abi = number.abi;
	s->call.ret = call_result(&number, desc, ret);
	s->call.within = number.within;
	s->call.unread = !call_args(regs, &number, desc, s->call.args);
	if (mark)
		bpf_probe_read_kernel(s->call.args, sizeof(s->call.args), mark->args);
	return 1;
}
