/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Was a call carried out at all? sys_exit fires for calls as well that seccomp
 * or a tracer kept from running, with whatever result they made up. sys_enter
 * comes after both have had their say (syscall_trace_enter() of
 * kernel/entry/common.c). So a mark is left there, and taken at sys_exit: no
 * mark, no call.
 *
 * The mark also holds the number: at the stops of PTRACE_EVENT_FORK and its
 * like a tracer can change the registers of a call that is under way. Of those
 * calls it holds the arguments, too.
 */
#ifndef TRACEE_MARK_H
#define TRACEE_MARK_H

#include "scope.h"
#include "task.h"

/* mark.state */
#define MARK_IDLE 0
#define MARK_ENTERED 1
#define MARK_FORKED 2 /* entered, and stopped for its tracer after the fork */
#define MARK_EXECUTED 3 /* an execve that has succeeded: its return is no call's */

static const struct mark no_mark;

static __always_inline bool number_has(__u64 nr, __u8 bits)
{
	__u64 low = (__u32)nr & ~X32_SYSCALL_BIT;

	bounded(low);
	return low < MAX_SYSCALLS && settings.on_enter[low] & bits;
}

/* Of the current task; NULL: none. */
static __always_inline struct mark *mark_find(struct task_struct *task, bool create)
{
	__u64 key = (__u64)task;
	struct mark *mark;

	if (settings.task_storage)
		return bpf_task_storage_get(&task_marks, bpf_get_current_task_btf(), NULL,
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
 * Whether calls of this task can ever be shown. False only where that is so
 * for good: what comes into scope in the middle of a call needs its mark.
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

/* At sys_enter, for numbers with ENTER_MARK. */
static __always_inline void mark_leave(struct task_struct *task, const struct pt_regs *regs,
				       __u64 nr)
{
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
	if (number_has(nr, ENTER_ARGS))
		syscall_args(regs, call.abi, 0, mark->args);
	mark->state = MARK_ENTERED;
}

/* What a thread without a mark says: nothing, if it may have been in a call when tracing began, or had no room for one. */
static __always_inline bool missing_mark_tells(struct task_struct *task)
{
	return start_time(task) >= control.since && !mark_control.failed;
}

enum ran { RAN_YES, RAN_NO, RAN_UNKNOWN };

/*
 * For programs that look at a call before the one that takes its mark: whether
 * it is one that leaves a mark, and is not sure to have been kept from running.
 */
static __always_inline bool may_have_run(__u64 nr)
{
	struct task_struct *task;
	struct mark *mark;

	if (!number_has(nr, ENTER_MARK))
		return false;
	task = current_task();
	if (!may_be_shown(task))
		return false;
	mark = mark_find(task, false);
	if (!mark)
		return !missing_mark_tells(task);
	switch (mark->state) {
	case MARK_IDLE:
		return mark->failed != mark_control.failed;
	case MARK_EXECUTED:
		return true;
	}
	return mark->nr == (__u32)nr;
}

/* The call that returns, as its mark has it. */
struct taken {
	enum ran ran;
	bool executed; /* a successful execve, which is told elsewhere */
	__u64 nr;
	const __u64 *args; /* NULL: those in the registers */
};

/* What mark_taken() says, besides RECORD_NOT_CARRIED_OUT and RECORD_UNVERIFIED. */
#define TAKEN_EXECUTED (1 << 8) /* a successful execve, which is told elsewhere */
#define TAKEN_BY_MARK (1 << 9) /* number and arguments are those of the mark */

/* As mark_leave(), mark_take() and remember_exec(), of the current task: registers take much of the stack. */
int leave_mark(__u64 nr);
int remember_exec_call(__u32 nr, __u32 abi);
int mark_taken(__u64 nr);
/* Puts the arguments of the mark into scratch.args; 0: there is none. */
int marked_args(__u32 slot);

/* Of what sys_exit says is nr. Once for each sys_exit, by the last of its programs. */
static __always_inline void mark_take(struct task_struct *task, __u64 nr, struct taken *taken)
{
	struct mark *mark;
	__u32 state;

	if (!may_be_shown(task))
		return;
	mark = mark_find(task, false);
	if (!mark) {
		if (missing_mark_tells(task)) {
			taken->ran = RAN_NO;
			return;
		}
		taken->ran = RAN_UNKNOWN;
		/* From now on its marks are known. */
		mark = mark_find(task, true);
		if (mark)
			mark->failed = mark_control.failed;
		return;
	}
	state = mark->state;
	mark->state = MARK_IDLE;
	if (state == MARK_IDLE)
		taken->ran = mark->failed == mark_control.failed ? RAN_NO : RAN_UNKNOWN;
	mark->failed = mark_control.failed;
	switch (state) {
	case MARK_EXECUTED:
		taken->executed = true;
		break;
	case MARK_FORKED:
		__sync_fetch_and_add(&mark_control.forks_stopped, -1);
		/* The tracer may have put another number there. */
		taken->nr = mark->nr;
		taken->args = mark->args;
		break;
	case MARK_ENTERED:
		/* Nothing else changes a number on its way: a program was skipped, and the mark is of another call. */
		if (mark->nr != (__u32)nr)
			taken->ran = RAN_UNKNOWN;
		else if (number_has(nr, ENTER_ARGS))
			taken->args = mark->args;
		break;
	}
}

/* At sched_process_fork, before the parent stops for its tracer. */
static __always_inline void mark_fork(struct task_struct *parent)
{
	struct mark *mark;

	if (!settings.mark_forks || !TASK_READ(parent, ptrace))
		return;
	mark = mark_find(parent, false);
	if (!mark || mark->state != MARK_ENTERED)
		return;
	mark->state = MARK_FORKED;
	__sync_fetch_and_add(&mark_control.forks_stopped, 1);
}

/* At sched_process_exec: what returns has the number of an execve in the ABI of the new image. */
static __always_inline void mark_exec(struct task_struct *task)
{
	struct mark *mark;

	if (!settings.mark_execs || !may_be_shown(task))
		return;
	mark = mark_find(task, true);
	if (mark)
		mark->state = MARK_EXECUTED;
	else
		__sync_fetch_and_add(&mark_control.failed, 1);
}

/* At sched_process_exit, after all else: no call of this thread will return. */
static __always_inline void mark_end(struct task_struct *task)
{
	__u64 key = (__u64)task;
	struct mark *mark;

	if (!settings.marks)
		return;
	if (settings.mark_forks) {
		mark = mark_find(task, false);
		if (mark && mark->state == MARK_FORKED) {
			mark->state = MARK_IDLE;
			__sync_fetch_and_add(&mark_control.forks_stopped, -1);
		}
	}
	if (!settings.task_storage)
		bpf_map_delete_elem(&marks, &key);
}

#endif
