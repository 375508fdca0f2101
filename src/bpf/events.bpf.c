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

/* mark: that of a call whose registers may differ from it; NULL: they do not. */
static __always_inline int fill_call(struct returned_call *out, const struct mark *mark, __u64 nr,
				     __s64 ret)
{
	struct task_struct *task = current_task();
	struct pt_regs *regs = task_regs(task);
	struct syscall_desc *desc;
	struct syscall_nr number;

	if (!(mark ? marked_call(mark, &number) : syscall_abi(task, nr, &number)))
		return 0;
	desc = call_lookup(regs, &number);
	if (!is_known(desc))
		return 0;
	out->event = desc->event;
	out->abi = number.abi;
	out->ret = call_result(&number, desc, ret);
	out->within = number.within;
	out->unread = !call_args(regs, &number, desc, out->args);
	if (mark)
		bpf_probe_read_kernel(out->args, sizeof(out->args), mark->args);
	return 1;
}

__noinline int read_returned_call(__u32 slot, __u64 nr, __s64 ret)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);

	return s ? fill_call(&s->call, unsettled_mark(current_task()), nr, ret) : 0;
}

__noinline int read_this_call(__u64 nr, __s64 ret, __u32 marked)
{
	struct mark *mark = marked ? mark_find(current_task(), false) : NULL;
	struct returned_call *call = this_call();

	return call && (mark || !marked) ? fill_call(call, mark, nr, ret) : 0;
}

__noinline int looks_at(__u64 nr, __s64 ret, __u32 body)
{
	struct task_struct *task = current_task();
	struct returned_call *call = this_call();

	if (!call || !may_have_run(nr, body) || !in_scope(task))
		return 0;
	return fill_call(call, unsettled_mark(task), nr, ret);
}
