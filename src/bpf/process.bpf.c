// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Process life: fork, exit, and following processes. */
#include "lib/life.h"
#include "lib/syscall.h"

static __always_inline int on_fork(struct task_struct *parent, struct task_struct *child)
{
	enum scope scope = task_scope(parent);
	__u32 child_tgid = child->tgid;
	struct scratch *s;

	if (container_settings.wanted)
		container_fork(plain_address(child));
	if (scope == SCOPE_OUT)
		return 0;
	if (settings.scope_mode == SCOPE_FOLLOW && child->pid == child_tgid) {
		struct followed entry = {
			.start = child->start_boottime,
			.await_exec = scope == SCOPE_AWAITS_EXEC,
		};

		/*
		 * A child that finds no room can no longer be distinguished from others: it is
		 * counted.
		 */
		if (bpf_map_update_elem(&followed, &child_tgid, &entry, BPF_ANY)) {
			count_missing(&table_misses.followed, entry.start);
			count_loss(EVENT_SCHED_PROCESS_FORK, BUFFER_TABLE, bpf_ktime_get_boot_ns());
		}
	}
	if (scope == SCOPE_AWAITS_EXEC)
		return 0;
	s = life_begin(parent, SCHED_PROCESS_FORK);
	if (!s)
		return 0;
	put_value(s, ARG_SCHED_PROCESS_FORK_PARENT_TID, parent->pid);
	put_value(s, ARG_SCHED_PROCESS_FORK_PARENT_PID, parent->tgid);
	put_value(s, ARG_SCHED_PROCESS_FORK_CHILD_TID, child->pid);
	put_value(s, ARG_SCHED_PROCESS_FORK_CHILD_PID, child_tgid);
	put_value(s, ARG_SCHED_PROCESS_FORK_CHILD_START_TIME, child->start_boottime);
	submit_priority(s);
	scratch_put(s);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(sched_process_fork__tp_btf, struct task_struct *parent, struct task_struct *child)
{
	return on_fork(parent, child);
}

SEC("tp/sched/sched_process_fork")
int sched_process_fork__tp(struct trace_event_raw_sched_process_fork *ctx)
{
	return forked(ctx, on_fork);
}

/*
 * exit and exit_group never return; the call is in the registers until the task is gone. A tracer
 * can change them when the task stops for it (PTRACE_EVENT_EXIT), hence the mark.
 */
__noinline int emit_exit_syscall(void)
{
	struct task_struct *task = current_task();
	struct pt_regs *regs = task_regs(task);
	struct syscall_desc *desc;
	struct syscall_nr call;
	__u8 flags = RECORD_NO_RETURN;
	bool by_mark = false;
	__u64 nr;

	if (TASK_READ(task, flags) & PF_KTHREAD)
		return 0;
	nr = BPF_CORE_READ(regs, orig_ax);
	if (settings.mark_exits) {
		struct mark *mark = mark_find(task, false);

		if (mark && mark->state == MARK_ENTERED) {
			nr = mark->nr;
			by_mark = true;
		} else if (mark ? mark->failed == mark_control.failed :
				  missing_mark_is_evidence(task)) {
			return 0;
		} else {
			flags |= RECORD_UNVERIFIED;
		}
	}
	if (!syscall_abi(task, nr, &call))
		return 0;
	desc = syscall_lookup(&call);
	if (desc && desc->flags & SYSCALL_CHOSEN && desc->flags & SYSCALL_ON_EXIT)
		emit_syscall(task, regs, &call, desc, 0, flags, by_mark ? TAKEN_ARGS : 0);
	return 0;
}

/* No call of this thread will return. */
__noinline int end_marks(void)
{
	mark_end(current_task());
	return 0;
}

static __always_inline int on_task_exit(struct task_struct *task, bool last_thread)
{
	enum scope scope = task_scope(task);
	bool over = !TASK_READ(task, signal, live.counter);
	__u32 code = TASK_READ(task, exit_code);
	__u64 key = (__u64)task;
	struct followed *entry = NULL;
	struct scratch *s;

	/* Also for a task that would have come into scope by its exec. */
	if (scope != SCOPE_OUT || scope_is_containers())
		bpf_map_delete_elem(&exec_calls, &key);
	if (scope == SCOPE_OUT)
		return 0;
	/*
	 * The entry itself stays until no thread can look it up any more: threads may still be
	 * exiting elsewhere.
	 */
	if (settings.scope_mode == SCOPE_FOLLOW && over)
		entry = followed_entry(task);
	/*
	 * Set before the record wakes the reader, which then looks again until the exit is done:
	 * nothing else would wake it.
	 */
	if (entry)
		entry->exited = EXIT_BEGUN;
	if (scope == SCOPE_IN) {
		if (current_passes())
			emit_exit_syscall();
		s = life_begin(task, SCHED_PROCESS_EXIT);
		if (s) {
			put_value(s, ARG_SCHED_PROCESS_EXIT_EXIT_CODE, code >> 8 & 0xff);
			put_value(s, ARG_SCHED_PROCESS_EXIT_SIGNAL, code & SIGNAL_MASK);
			put_value(s, ARG_SCHED_PROCESS_EXIT_GROUP_EXIT, last_thread);
			submit_priority(s);
			scratch_put(s);
		}
	}
	if (entry)
		entry->exited = EXIT_REPORTED;
	bounded(entry);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int sched_process_exit__tp_btf(__u64 *ctx)
{
	struct task_struct *task = current_task();

	on_task_exit(task, is_group_dead(task, ctx));
	return end_marks();
}

SEC("tp/sched/sched_process_exit")
int sched_process_exit__tp(struct trace_event_raw_sched_process_exit___group *ctx)
{
	struct task_struct *task = current_task();

	on_task_exit(task, was_group_dead(task, ctx));
	return end_marks();
}

/* The end of a process: its leader's task is freed, in a softirq, which nothing preempts. */
SEC("tp_btf/sched_process_free")
int BPF_PROG(sched_process_free__tp_btf, struct task_struct *task)
{
	__u32 tgid = task->tgid;
	struct followed *entry;

	if (task->pid != tgid)
		return 0;
	if (container_settings.wanted)
		container_leave(tgid, task->start_boottime);
	entry = bpf_map_lookup_elem(&followed, &tgid);
	if (entry && entry->start == task->start_boottime)
		bpf_map_delete_elem(&followed, &tgid);
	return 0;
}

/* Run once by tracee itself, to learn its own pid and the time as the kernel sees them. */
SEC("raw_tp")
int whoami(void *ctx)
{
	struct task_struct *task = current_task();
	struct ns_pids ids = {};

	task_ns_pids(task, &ids);
	control.self_pid = TASK_READ(task, tgid);
	control.self_pid_ns = ids.ns;
	control.self_pid_level = ids.level;
	control.boot_time = bpf_ktime_get_boot_ns();
	return 0;
}

/*
 * Follows the processes that the user named by pid: only here their exact start time is available.
 */
SEC("iter/task")
int follow_named(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct followed entry = {};
	__u32 tgid, *found;

	if (!task || task->pid != task->tgid)
		return 0;
	tgid = number_here(task->thread_pid, task->tgid);
	found = bpf_map_lookup_elem(&named_pids, &tgid);
	if (!found)
		return 0;
	tgid = task->tgid;
	entry.start = task->start_boottime;
	if (!bpf_map_update_elem(&followed, &tgid, &entry, BPF_ANY))
		*found = true;
	return 0;
}
