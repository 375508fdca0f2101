// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * System calls: one program for all of them, driven by the table `syscalls`.
 *
 * Each program exists twice, as <event>__tp_btf and as <event>__tp: since Linux 7.0 programs on raw
 * tracepoints are preempted, and while one is, the kernel runs it for no other task on that CPU.
 * Those on classic tracepoints are not preempted, but cost more.
 */
#include "lib/event.h"
#include "lib/exec.h"
#include "lib/mark.h"
#include "lib/scope.h"
#include "lib/syscall.h"

SAME_ARGS(SYS_EXIT, SYS_ENTER, SYSCALL);

/*
 * The events sys_enter and sys_exit themselves. A global function, so that the verifier looks at it
 * once.
 */
__noinline int emit_raw(__u32 nr, __u32 abi, __u32 event, __s64 ret, __u32 flags)
{
	struct syscall_nr call = { .nr = nr, .abi = abi };
	struct syscall_desc *desc = syscall_lookup(&call);
	struct scratch *s;
	long seen = ret;
	__u64 now;

	ret = believed(ret, flags);
	if (!result_passes(event, ret, event == EVENT_SYS_EXIT))
		return 0;
	now = bpf_ktime_get_boot_ns();
	s = scratch_get();
	if (!s) {
		count_loss(event, BUFFER_SCRATCH, now);
		return 0;
	}
	record_begin(s->slot, event, NARGS_SYS_ENTER, now);
	s->header.ret = ret;
	s->header.syscall = is_known(desc) ? desc->event : NO_SYSCALL;
	s->header.abi = abi;
	s->header.flags = flags;
	put_value(s, ARG_SYS_ENTER_SYSCALL, nr);
	if (seen != ret)
		put_seen(s, seen);
	submit(s);
	scratch_put(s);
	return 0;
}

/* The first test of all: does anyone want this number, in any ABI? */
static __always_inline bool number_wanted(__u64 nr)
{
	__u64 low = (__u32)nr & ~X32_SYSCALL_BIT;

	bounded(low);
	return low < MAX_SYSCALLS && settings.syscall_wanted[low];
}

/* For a return with the registers from before a signal. */
#define NO_NUMBER (~0U)

static __always_inline bool has_mark(__u64 nr)
{
	return settings.marks &&
	       (number_has(nr, ENTER_MARK) || (__u32)nr == NO_NUMBER || numbers_are_unsettled());
}

static __always_inline bool exit_wanted(__u64 nr)
{
	return number_wanted(nr) ||
	       (settings.marks && ((__u32)nr == NO_NUMBER || numbers_are_unsettled()));
}

/* A child that returns for the first time, or an exec that is reported elsewhere. */
static __always_inline bool is_no_call(const struct syscall_desc *desc, long ret, __u32 taken)
{
	if (!(desc->flags & SYSCALL_SKIP_ZERO) || ret)
		return false;
	if (!(taken & RECORD_NOT_CARRIED_OUT))
		return true;
	return taken & TAKEN_FIRST && !(desc->flags & (SYSCALL_EXECVE | SYSCALL_EXECVEAT));
}

static __always_inline __u8 verified_flags(const struct syscall_desc *desc, __u32 taken)
{
	/* The return of a call that never returns was made up. */
	if (desc->flags & (SYSCALL_ON_ENTER | SYSCALL_ON_EXIT))
		return RECORD_NOT_CARRIED_OUT;
	if (!(desc->flags & SYSCALL_VERIFIED))
		return 0;
	return taken & (RECORD_NOT_CARRIED_OUT | RECORD_UNVERIFIED);
}

/* What a call may change that commit_creds and switch_task_ns compare: cred.bpf.c. */
int keep_before(__u64 nr);

/* Each body is a global function: AFTER_CALL() of lib/event.h. */
#define BODY_DECLARED(name) int name##__body(__u32 number);
AFTER_BODIES(BODY_DECLARED)

/*
 * settings.bodies is constant, so that the verifier removes the bodies that this run lacks; the
 * loader has left their calls out already.
 */
#define BODY_RUN(name)                                                          \
	if (settings.bodies & 1U << AFTER_##name && which & 1U << AFTER_##name) \
		name##__body(BODY_CALL | AFTER_##name);

/*
 * looks: this is the program that also calls the bodies which look at calls; they come before the
 * call's own event.
 */
static __always_inline int on_exit(struct task_struct *task, const struct pt_regs *regs, __u64 nr,
				   long ret, bool looks)
{
	struct syscall_desc *desc;
	struct syscall_nr call;
	bool checked, known;
	__u32 taken = 0;
	__u8 flags = 0;

	known = syscall_abi(task, nr, &call);
	/* Taken before scope and filters are asked, lest it stay for the next call. */
	if (has_mark(nr)) {
		taken = mark_taken(nr);
		if (taken & TAKEN_EXECUTED && !looks)
			return 0;
		if (taken & (TAKEN_CALL | TAKEN_EXECUTED)) {
			struct mark *mark = mark_find(task, false);

			if (!mark)
				return 0;
			nr = mark->nr;
			known = marked_call(mark, &call);
		}
		if (!number_wanted(nr))
			return 0;
	}
	if (!known || !in_scope(task))
		return 0;
	if (looks) {
		__u32 which = bodies_of(nr);

		if (which && ran(nr, taken) &&
		    read_this_call(nr, ret, taken & (TAKEN_CALL | TAKEN_EXECUTED))) {
			AFTER_BODIES(BODY_RUN)
		}
		if (taken & TAKEN_EXECUTED)
			return 0;
	}
	desc = syscall_lookup(&call);
	taken = forgotten(taken, nr);
	call.abi = forgotten(call.abi, nr);
	call.within = forgotten(call.within, nr);
	ret = call_result(&call, desc, ret);
	if (desc && !is_no_call(desc, ret, taken))
		flags = verified_flags(desc, taken);
	/* By its number, whatever inner call it contains. */
	if (settings.chosen[EVENT_SYS_EXIT])
		emit_raw(call.nr, call.abi, EVENT_SYS_EXIT, ret, flags);
	/* Only there a call contains another one. */
	if (call.abi == ABI_IA32)
		desc = reported_call(regs, &call);
	if (!desc)
		return 0;
	if (call.within)
		flags = verified_flags(desc, taken);
	checked = settings.chosen[EVENT_ARGUMENT_MISMATCH] && desc->checked;
	if (!(desc->flags & SYSCALL_CHOSEN) && !checked)
		return 0;
	if (is_no_call(desc, ret, taken)) {
		if (checked)
			forget_copy(task);
		return 0;
	}
	emit_syscall(task, regs, &call, desc, ret, flags, taken);
	return 0;
}

/*
 * sys_exit__looking also calls the bodies; sys_exit is for runs without any, and for kernels where
 * each has programs of its own.
 */
#define ON_EXIT(name, looks)                                                     \
	SEC("tp_btf/sys_exit")                                                   \
	int BPF_PROG(name##__tp_btf, struct pt_regs *regs, long ret)             \
	{                                                                        \
		if (!exit_wanted(regs->orig_ax))                                 \
			return 0;                                                \
		return on_exit(current_task(), regs, regs->orig_ax, ret, looks); \
	}                                                                        \
                                                                                 \
	SEC("tp/raw_syscalls/sys_exit")                                          \
	int name##__tp(struct trace_event_raw_sys_exit *ctx)                     \
	{                                                                        \
		struct task_struct *task;                                        \
                                                                                 \
		if (!exit_wanted(ctx->id))                                       \
			return 0;                                                \
		task = current_task();                                           \
		return on_exit(task, task_regs(task), ctx->id, ctx->ret, looks); \
	}

ON_EXIT(sys_exit, false)
ON_EXIT(sys_exit__looking, true)

/*
 * Attached only for calls that leave a mark or never return, for the event
 * sys_enter, or where sched_prepare_exec is missing.
 */
static __always_inline int on_enter(struct task_struct *task, const struct pt_regs *regs, __u64 nr)
{
	struct syscall_desc *desc;
	struct syscall_nr call;
	enum scope scope;

	if (settings.keeps_before && number_has(nr, ENTER_BEFORE))
		keep_before(nr);
	if (settings.marks && number_has(nr, ENTER_ARGS))
		leave_mark(nr);
	else if (settings.marks && number_has(nr, ENTER_MARK))
		mark_leave(task, nr, false);
	if (!number_has(nr, ENTER_WANTED))
		return 0;
	/* If execs are not remembered here, a task that awaits one does not matter. */
	scope = settings.exec_on_enter ? exec_scope(task) : task_scope(task);
	if (scope == SCOPE_OUT || !syscall_abi(task, nr, &call))
		return 0;
	desc = syscall_lookup(&call);
	if (desc && desc->flags & (SYSCALL_EXECVE | SYSCALL_EXECVEAT) && settings.exec_on_enter)
		remember_exec_call(call.nr, call.abi);
	if (scope == SCOPE_AWAITS_EXEC || !current_passes())
		return 0;
	if (settings.decode_fds && desc && desc->flags & SYSCALL_CHOSEN &&
	    desc->flags & SYSCALL_CLOSES)
		remember_closing(task, regs, &call);
	remember_given(regs, call);
	if (settings.chosen[EVENT_SYS_ENTER])
		emit_raw(call.nr, call.abi, EVENT_SYS_ENTER, 0, RECORD_NO_RETURN);
	if (desc && desc->flags & SYSCALL_CHOSEN && desc->flags & SYSCALL_ON_ENTER)
		emit_syscall(task, regs, &call, desc, 0, RECORD_NO_RETURN, 0);
	return 0;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(sys_enter__tp_btf, struct pt_regs *regs, long id)
{
	return number_has(id, ENTER_ANY) ? on_enter(current_task(), regs, id) : 0;
}

SEC("tp/raw_syscalls/sys_enter")
int sys_enter__tp(struct trace_event_raw_sys_enter *ctx)
{
	struct task_struct *task;

	if (!number_has(ctx->id, ENTER_ANY))
		return 0;
	task = current_task();
	return on_enter(task, task_regs(task), ctx->id);
}
