/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Was a call carried out at all? sys_exit fires also for calls that seccomp or a tracer kept from
 * running, with any result that they made up. sys_enter comes after both have decided
 * (syscall_trace_enter() of kernel/entry/common.c). So a mark is left there, and taken at sys_exit:
 * no mark, no call.
 *
 * A fork and an exec can return under another number: at the stops of PTRACE_EVENT_FORK and its
 * like a tracer may change the registers, and an exec gets the number and the ABI of its new image,
 * also if it fails later. So their marks hold number, ABI and arguments, and while there is such a
 * call sys_exit looks for a mark whatever the number is.
 */
#ifndef TRACEE_MARK_H
#define TRACEE_MARK_H

#include "scope.h"
#include "task.h"

/* mark.state */
enum mark_state : __u16 {
	MARK_IDLE = 0,
	MARK_ENTERED = 1,
	MARK_UNSETTLED = 2, /* entered, a fork or an exec */
	MARK_EXECUTED = 3, /* an exec that has succeeded: its return is not reported */
};

static const struct mark no_mark;

static __always_inline bool number_has(__u64 nr, __u8 bits)
{
	__u64 low = (__u32)nr & ~X32_SYSCALL_BIT;

	bounded(low);
	return low < MAX_SYSCALLS && settings.on_enter[low] & bits;
}

/* The bodies that look at that number after the call, in any ABI. */
static __always_inline __u32 bodies_of(__u64 nr)
{
	__u64 low = (__u32)nr & ~X32_SYSCALL_BIT;

	bounded(low);
	return low < MAX_SYSCALLS ? settings.looked_at[low] : 0;
}

/* The mark of the current task; NULL: none. */
static __always_inline struct mark *mark_find(struct task_struct *task, bool create)
{
	__u64 key = (__u64)task;
	struct mark *mark;

	if (settings.task_storage)
		return bpf_task_storage_get(&task_marks, task, NULL,
					    create ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0);
	mark = bpf_map_lookup_elem(&marks, &key);
	if (mark && mark->start == start_time(task))
		return mark;
	if (!create || bpf_map_update_elem(&marks, &key, &no_mark, BPF_ANY))
		return NULL;
	mark = bpf_map_lookup_elem(&marks, &key);
	if (mark)
		mark->start = start_time(task);
	return mark;
}

/*
 * Whether calls of this task can ever be shown. False only if they never can: a task that comes
 * into scope in the middle of a call needs its mark.
 */
static __always_inline bool may_be_shown(struct task_struct *task)
{
	switch (settings.scope_mode) {
	case SCOPE_NEW:
	case SCOPE_HOST_NEW:
		return TASK_READ(task, group_leader, start_boottime) >= control.since;
	case SCOPE_FOLLOW:
		return followed_entry(task) || may_be_missing(task, table_misses.followed);
	}
	return true;
}

/* Whether calls are under way that may return under any number. */
static __always_inline bool numbers_are_unsettled(void)
{
	return settings.marks && *(volatile __u64 *)&mark_control.unsettled;
}

static __always_inline void mark_set(struct mark *mark, __u32 state)
{
	bool was = mark->state >= MARK_UNSETTLED, is = state >= MARK_UNSETTLED;

	mark->state = state;
	if (was != is)
		__sync_fetch_and_add(&mark_control.unsettled, is ? 1 : -1);
}

/* At sys_enter, for numbers with ENTER_MARK; args: for those with ENTER_ARGS, too. */
static __always_inline void mark_leave(struct task_struct *task, __u64 nr, bool args)
{
	const struct syscall_desc *desc;
	__u32 state = MARK_ENTERED;
	struct syscall_nr call;
	struct mark *mark;

	if (!may_be_shown(task) || !syscall_abi(task, nr, &call))
		return;
	mark = mark_find(task, true);
	if (!mark) {
		__sync_fetch_and_add(&mark_control.failed, 1);
		return;
	}
	mark->nr = nr;
	mark->abi = call.abi;
	if (settings.durations)
		mark->entered = bpf_ktime_get_boot_ns();
	if (args) {
		syscall_args(task_regs(task), call.abi, 0, mark->args);
		desc = syscall_lookup(&call);
		if (desc && desc->flags & SYSCALL_SKIP_ZERO)
			state = MARK_UNSETTLED;
	}
	mark_set(mark, state);
}

/*
 * Whether a missing mark is evidence: not if the thread may have been in a call when tracing began,
 * or found no room for a mark.
 */
static __always_inline bool missing_mark_is_evidence(struct task_struct *task)
{
	return start_time(task) >= control.since && !mark_control.failed;
}

enum ran { RAN_YES, RAN_NO, RAN_UNKNOWN };

/* The call of a mark. */
static __always_inline bool marked_call(const struct mark *mark, struct syscall_nr *call)
{
	call->within = 0;
	call->abi = mark->abi;
	call->nr = mark->abi == ABI_X32 ? mark->nr & ~X32_SYSCALL_BIT : mark->nr;
	return call->nr < MAX_SYSCALLS;
}

/*
 * The mark of the call that the current task is in, if its registers may differ from the call; else
 * NULL.
 */
static __always_inline struct mark *unsettled_mark(struct task_struct *task)
{
	struct mark *mark = numbers_are_unsettled() ? mark_find(task, false) : NULL;

	return mark && mark->state >= MARK_UNSETTLED ? mark : NULL;
}

/*
 * For programs that look at a call before the one that takes its mark: whether it is one that
 * leaves a mark, that this body looks at, and that may have been carried out. ran() says the same of
 * a mark that has been taken.
 */
static __always_inline bool may_have_run(__u64 nr, __u32 body)
{
	bool leaves = number_has(nr, ENTER_MARK);
	struct task_struct *task;
	struct mark *mark;

	if (!(bodies_of(nr) & 1U << body) && !numbers_are_unsettled())
		return false;
	if (!leaves && !numbers_are_unsettled())
		return false;
	task = current_task();
	if (!may_be_shown(task))
		return false;
	mark = mark_find(task, false);
	if (mark && mark->state >= MARK_UNSETTLED)
		return true;
	if (!leaves)
		return false;
	if (!mark)
		return !missing_mark_is_evidence(task);
	if (mark->state == MARK_IDLE)
		return mark->failed != mark_control.failed;
	return mark->nr == (__u32)nr;
}

/* Results of mark_take(), in addition to RECORD_NOT_CARRIED_OUT and RECORD_UNVERIFIED. */
#define TAKEN_EXECUTED (1 << 8) /* a successful execve, which is reported elsewhere */
#define TAKEN_ARGS (1 << 9) /* arguments are those of the mark */
#define TAKEN_CALL (1 << 10) /* so are number and ABI */
#define TAKEN_FIRST (1 << 11) /* there was none: the thread returns for the first time */
#define TAKEN_ENTERED (1 << 12) /* the mark shows when the call was entered */
#define TAKEN_OTHER (1 << 13) /* it is the mark of another call */

/* Whether a call may have been carried out, by what mark_take() has returned at its number. */
static __always_inline bool ran(__u64 nr, __u32 taken)
{
	if (taken & (TAKEN_EXECUTED | TAKEN_CALL))
		return true;
	return number_has(nr, ENTER_MARK) && !(taken & (RECORD_NOT_CARRIED_OUT | TAKEN_OTHER));
}

/*
 * mark_leave() with arguments, mark_take() and remember_exec() for the current task: registers take
 * much of the stack.
 */
int leave_mark(__u64 nr);
int remember_exec_call(__u32 nr, __u32 abi);
int mark_taken(__u64 nr);
/* Puts the arguments of the mark into scratch.args; 0: there is no mark. */
int marked_args(__u32 slot);
/* Appends how long the call of the mark has taken until the record's time. */
int put_duration(__u32 slot);

/*
 * Takes the mark at sys_exit of call nr. Called once for each sys_exit, by the last of its
 * programs.
 */
static __always_inline int mark_take(struct task_struct *task, __u64 nr)
{
	bool leaves = number_has(nr, ENTER_MARK);
	bool failed;
	struct mark *mark;
	__u32 state;

	if (!may_be_shown(task))
		return 0;
	mark = mark_find(task, false);
	if (!mark) {
		if (!leaves)
			return 0;
		failed = !missing_mark_is_evidence(task);
		/* From now on this thread's marks are evidence. */
		mark = mark_find(task, true);
		if (mark)
			mark->failed = mark_control.failed;
		return TAKEN_FIRST | (failed ? RECORD_UNVERIFIED : RECORD_NOT_CARRIED_OUT);
	}
	state = mark->state;
	mark_set(mark, MARK_IDLE);
	failed = mark->failed != mark_control.failed;
	mark->failed = mark_control.failed;
	switch (state) {
	case MARK_EXECUTED:
		return TAKEN_EXECUTED;
	case MARK_UNSETTLED:
		return TAKEN_ARGS | TAKEN_CALL | TAKEN_ENTERED;
	case MARK_ENTERED:
		/*
		 * Nothing else changes a number during a call: a program was skipped, and the mark
		 * is of another call.
		 */
		if (mark->nr != (__u32)nr)
			return RECORD_UNVERIFIED | TAKEN_OTHER;
		return TAKEN_ENTERED | (number_has(nr, ENTER_ARGS) ? TAKEN_ARGS : 0);
	}
	if (!leaves)
		return 0;
	return failed ? RECORD_UNVERIFIED : RECORD_NOT_CARRIED_OUT;
}

/*
 * At sched_process_exec: the return then has the number of an execve in the ABI of the new image.
 */
static __always_inline void mark_exec(struct task_struct *task)
{
	struct mark *mark;

	if (!settings.marks || !may_be_shown(task))
		return;
	mark = mark_find(task, true);
	if (!mark) {
		__sync_fetch_and_add(&mark_control.failed, 1);
		return;
	}
	/* The call was made before tracing began. */
	if (mark->state != MARK_UNSETTLED) {
		mark->nr = NR_EXECVE;
		mark->abi = ABI_NATIVE;
		mark->entered = 0;
	}
	mark_set(mark, MARK_EXECUTED);
}

/* At sched_process_exit, after all else: no call of this thread will return. */
static __always_inline void mark_end(struct task_struct *task)
{
	__u64 key = (__u64)task;
	struct mark *mark;

	if (!settings.marks)
		return;
	mark = mark_find(task, false);
	if (mark)
		mark_set(mark, MARK_IDLE);
	if (!settings.task_storage)
		bpf_map_delete_elem(&marks, &key);
}

#endif
