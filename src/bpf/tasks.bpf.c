// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Signals, exits, ptrace, limits, the clock. */
#include "lib/event.h"
#include "lib/signal.h"

/* A task's id as the current task sees it. */
static __always_inline __u32 pid_seen(struct task_struct *task)
{
	return pid_seen_by(BPF_CORE_READ(task, thread_pid), TASK_READ(current_task(), thread_pid));
}

static __always_inline void put_kernel_struct(struct scratch *s, __u32 index, __u64 addr,
					      __u32 size)
{
	if (addr)
		put_kernel_bytes(s->slot, index, addr, size, size);
}

/* How many of the last signals of a queue are searched for the one that a process dies of. */
#define QUEUE_END 16

/* Address of the information on that signal in a queue, the last one first; 0: none. */
static __always_inline __u64 queued_info(struct sigpending *pending, int sig)
{
	struct list_head *head = &pending->list;
	struct list_head *at = BPF_CORE_READ(head, prev);

	for (int i = 0; i < QUEUE_END && at && at != head; i++) {
		struct sigqueue *queued = container_of(at, struct sigqueue, list);

		if (BPF_CORE_READ(queued, info.si_signo) == sig)
			return (__u64)queued + bpf_core_field_offset(struct sigqueue, info);
		at = BPF_CORE_READ(at, prev);
	}
	return 0;
}

static __always_inline bool is_blocked(struct task_struct *task, int sig)
{
	return TASK_READ(task, blocked.sig[0]) >> ((sig - 1) & 63) & 1;
}

/*
 * A signal that ends a whole process reaches each of its threads as a SIGKILL without information,
 * also the only one: the signal is in group_exit_code, its sender in the queue in which it still
 * waits. A SIGKILL is not in the queue. One that this thread blocks may be another signal of the
 * same number, which no thread has taken. For an exit_group(2), or an execve(2) of another thread,
 * there is only the kernel's own SIGKILL.
 */
static __always_inline int dies_with_group(struct task_struct *task, __u64 *info)
{
	struct signal_struct *signal = TASK_READ(task, signal);
	int sig = 0;

	if (BPF_CORE_READ(signal, flags) & SIGNAL_GROUP_EXIT)
		sig = BPF_CORE_READ(signal, group_exit_code) & SIGNAL_MASK;
	*info = 0;
	if (sig && sig != SIGKILL && !is_blocked(task, sig)) {
		*info = queued_info(&signal->shared_pending, sig);
		if (!*info)
			*info = queued_info(&task->pending, sig);
	}
	return sig;
}

/* info: address of further information; 0: there is only code. */
static __always_inline int on_signal_deliver(int sig, int code, __u64 info)
{
	/* The kernel keeps no information on a SIGKILL. */
	bool group = sig == SIGKILL && !info, unknown = false;
	enum sender sender = SENDER_NONE;
	struct kernel_siginfo *from;
	struct scratch *s;

	if (!settings.chosen[EVENT_SIGNAL_DELIVER])
		return 0;
	if (group) {
		int of_process = dies_with_group(current_task(), &info);

		sig = of_process ?: SIGKILL;
		code = SI_KERNEL;
		unknown = of_process && !info;
	}
	from = (struct kernel_siginfo *)info;
	if (info) {
		code = BPF_CORE_READ(from, si_code);
		sender = signal_sender(sig, code);
	}
	/* The sender's arguments come last. */
	s = event_begin_with(EVENT_SIGNAL_DELIVER,
			     sender != SENDER_NONE ? NARGS_SIGNAL_DELIVER :
						     ARG_SIGNAL_DELIVER_SENDER_PID,
			     (struct hook){});
	if (!s)
		return 0;
	put_value(s, ARG_SIGNAL_DELIVER_SIG, sig);
	put_value(s, ARG_SIGNAL_DELIVER_CODE, unknown ? 0 : code);
	put_value(s, ARG_SIGNAL_DELIVER_GROUP_EXIT, group);
	if (sender == SENDER_CERTAIN) {
		put_value(s, ARG_SIGNAL_DELIVER_SENDER_PID,
			  BPF_CORE_READ(from, _sifields._kill._pid));
		put_value(s, ARG_SIGNAL_DELIVER_SENDER_UID,
			  BPF_CORE_READ(from, _sifields._kill._uid));
		/* Each thread of a process that dies has the same signal. */
		put_sender_name(s->slot, sig, code, group);
	}
	if (unknown)
		put_unknown(s, ARG_SIGNAL_DELIVER_CODE);
	if (sender == SENDER_CLAIMED) {
		put_unknown(s, ARG_SIGNAL_DELIVER_SENDER_PID);
		put_unknown(s, ARG_SIGNAL_DELIVER_SENDER_UID);
	}
	return event_end(s);
}

SEC("tp_btf/signal_deliver")
int BPF_PROG(signal_deliver__tp_btf, int sig, struct kernel_siginfo *info)
{
	/*
	 * A plain number, since it is no pointer if a thread dies because of another
	 * (SEND_SIG_NOINFO).
	 */
	return on_signal_deliver(sig, SI_USER, plain_address(info));
}

/* Here the sender is unknown, except for a signal that ends a whole process. */
SEC("tp/signal/signal_deliver")
int signal_deliver__tp(struct trace_event_raw_signal_deliver *ctx)
{
	return on_signal_deliver(ctx->sig, ctx->code, 0);
}

static __always_inline int emit_do_exit(long code, bool last)
{
	struct task_struct *task = current_task();
	struct scratch *s = event_begin(DO_EXIT, (struct hook){});

	if (!s)
		return 0;
	put_value(s, ARG_DO_EXIT_EXIT_CODE, code >> 8 & 0xff);
	put_value(s, ARG_DO_EXIT_SIGNAL, code & SIGNAL_MASK);
	/*
	 * The whole process ends, by exit_group(2), by a signal, or since no other thread is left.
	 */
	put_value(s, ARG_DO_EXIT_GROUP_EXIT,
		  TASK_READ(task, signal, flags) & SIGNAL_GROUP_EXIT || last);
	return event_end(s);
}

static __always_inline int on_do_exit(struct hook hook, long code)
{
	return emit_do_exit(code, TASK_READ(current_task(), signal, live.counter) == 1);
}

HOOK_ENTRY(do_exit, do_exit, (long code), (code))

/* The next tracepoint in do_exit(): by now the task is not counted any more. */
SEC("tp_btf/sched_process_exit")
int do_exit__tp_btf(__u64 *ctx)
{
	struct task_struct *task = current_task();

	return emit_do_exit(TASK_READ(task, exit_code), is_group_dead(task, ctx));
}

SEC("tp/sched/sched_process_exit")
int do_exit__tp(struct trace_event_raw_sched_process_exit___group *ctx)
{
	struct task_struct *task = current_task();

	return emit_do_exit(TASK_READ(task, exit_code), was_group_dead(task, ctx));
}

static __always_inline int emit_ptrace_attach(struct hook hook, __u32 pid, long request,
					      unsigned long options)
{
	struct scratch *s = event_begin(PTRACE_ATTACH, hook);

	if (!s)
		return 0;
	put_value(s, ARG_PTRACE_ATTACH_PID, pid);
	put_value(s, ARG_PTRACE_ATTACH_REQUEST, request);
	put_value(s, ARG_PTRACE_ATTACH_OPTIONS, request == PTRACE_SEIZE ? options : 0);
	return event_end(s);
}

static __always_inline int on_ptrace_attach(struct hook hook, struct task_struct *task,
					    long request, unsigned long flags)
{
	return emit_ptrace_attach(hook, pid_seen(task), request, flags);
}

HOOK(ptrace_attach, ptrace_attach,
     (struct task_struct * task, long request, unsigned long addr, unsigned long flags),
     (task, request, flags))

static __always_inline int after_ptrace_attach(const struct returned_call *call)
{
	struct hook hook = { .ret = call->ret, .returned = true };

	if (call->event != EVENT_PTRACE ||
	    (call->args[0] != PTRACE_ATTACH && call->args[0] != PTRACE_SEIZE))
		return 0;
	return emit_ptrace_attach(hook, call->args[1], call->args[0], call->args[3]);
}

AFTER_CALL(ptrace_attach)

/* Reported from these calls' registers and results: no function knows more. */
static __always_inline int after_process_vm_access(const struct returned_call *call)
{
	struct hook hook = { .ret = call->ret, .returned = true };
	struct scratch *s;

	if (call->event != EVENT_PROCESS_VM_READV && call->event != EVENT_PROCESS_VM_WRITEV)
		return 0;
	s = event_begin(PROCESS_VM_ACCESS, hook);
	if (!s)
		return 0;
	put_value(s, ARG_PROCESS_VM_ACCESS_PID, call->args[0]);
	put_value(s, ARG_PROCESS_VM_ACCESS_WRITE, call->event == EVENT_PROCESS_VM_WRITEV);
	put_value(s, ARG_PROCESS_VM_ACCESS_LOCAL_COUNT, call->args[2]);
	put_value(s, ARG_PROCESS_VM_ACCESS_REMOTE_COUNT, call->args[4]);
	return event_end(s);
}

AFTER_CALL(process_vm_access)

static __always_inline int on_security_task_prctl(struct hook hook, int option, unsigned long arg2,
						  unsigned long arg3, unsigned long arg4,
						  unsigned long arg5)
{
	struct scratch *s = event_begin(SECURITY_TASK_PRCTL, hook);

	if (!s)
		return 0;
	put_value(s, ARG_SECURITY_TASK_PRCTL_OPTION, option);
	put_value(s, ARG_SECURITY_TASK_PRCTL_ARG2, arg2);
	put_value(s, ARG_SECURITY_TASK_PRCTL_ARG3, arg3);
	put_value(s, ARG_SECURITY_TASK_PRCTL_ARG4, arg4);
	put_value(s, ARG_SECURITY_TASK_PRCTL_ARG5, arg5);
	return event_end(s);
}

HOOK(security_task_prctl, security_task_prctl,
     (int option, unsigned long arg2, unsigned long arg3, unsigned long arg4, unsigned long arg5),
     (option, arg2, arg3, arg4, arg5))

/* The hook comes first in this call, whatever becomes of it; the hook's result is unknown. */
static __always_inline int after_security_task_prctl(const struct returned_call *call)
{
	if (call->event != EVENT_PRCTL)
		return 0;
	return on_security_task_prctl((struct hook){}, call->args[0], call->args[1], call->args[2],
				      call->args[3], call->args[4]);
}

AFTER_CALL(security_task_prctl)

static __always_inline int emit_setrlimit(struct hook hook, __u32 pid, __u32 resource, __u64 limit)
{
	struct scratch *s = event_begin(SECURITY_TASK_SETRLIMIT, hook);

	if (!s)
		return 0;
	put_value(s, ARG_SECURITY_TASK_SETRLIMIT_PID, pid);
	put_value(s, ARG_SECURITY_TASK_SETRLIMIT_RESOURCE, resource);
	put_kernel_struct(s, ARG_SECURITY_TASK_SETRLIMIT_NEW_RLIM, limit, sizeof(struct rlimit));
	return event_end(s);
}

static __always_inline int on_security_task_setrlimit(struct hook hook, struct task_struct *task,
						      unsigned int resource, struct rlimit *limit)
{
	return emit_setrlimit(hook, pid_seen(task), resource, plain_address(limit));
}

HOOK(security_task_setrlimit, security_task_setrlimit,
     (struct task_struct * task, unsigned int resource, struct rlimit *limit),
     (task, resource, limit))

/* What a task has set for itself; for others only the fact that it has set something. */
static __always_inline int after_security_task_setrlimit(const struct returned_call *call)
{
	struct task_struct *task = current_task();
	struct hook hook = { .returned = true };
	__u32 own = pid_seen(task), pid = own, resource = call->args[0];
	__u64 limit = 0;

	if (call->ret)
		return 0;
	if (call->event == EVENT_PRLIMIT64) {
		if (!call->args[2])
			return 0;
		resource = call->args[1];
		/* A pid has 32 bits. */
		if ((__u32)call->args[0])
			pid = call->args[0];
	} else if (call->event != EVENT_SETRLIMIT) {
		return 0;
	}
	if (pid == own && resource < RLIM_NLIMITS)
		limit = (__u64)BPF_CORE_READ(task, signal) +
			bpf_core_field_offset(struct signal_struct, rlim) +
			resource * sizeof(struct rlimit);
	return emit_setrlimit(hook, pid, resource, limit);
}

AFTER_CALL(security_task_setrlimit)

static __always_inline int on_security_settime64(struct hook hook, const struct timespec64 *time,
						 const struct timezone *zone)
{
	struct scratch *s = event_begin(SECURITY_SETTIME64, hook);

	if (!s)
		return 0;
	put_kernel_struct(s, ARG_SECURITY_SETTIME64_TS, plain_address(time), sizeof(*time));
	put_kernel_struct(s, ARG_SECURITY_SETTIME64_TZ, plain_address(zone), sizeof(*zone));
	return event_end(s);
}

HOOK(security_settime64, security_settime64,
     (const struct timespec64 *time, const struct timezone *zone), (time, zone))
