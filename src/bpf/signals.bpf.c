// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Names of those whom a signal is sent to, and of those who send it: seen where it is sent, and kept
 * until kill(2) returns and the signal is taken.
 */
#include "lib/event.h"
#include "lib/signal.h"

static __always_inline void keep_target_name(struct task_struct *target)
{
	struct task_struct *task = current_task();
	struct target_name name = {};
	__u64 key = (__u64)task;
	__u8 abi = 0;

	/* Others send such signals, too: a write(2) to a pipe that nobody reads. */
	if (!is_kill(current_syscall(task, &abi)) || !in_scope(task))
		return;
	name.start = start_time(task);
	name.tid = pid_seen_by(BPF_CORE_READ(target, thread_pid), TASK_READ(task, thread_pid));
	bpf_core_read(name.comm, sizeof(name.comm), &target->comm);
	bpf_map_update_elem(&target_names, &key, &name, BPF_ANY);
}

/*
 * The queue in which a signal waits, a thread's or a process's, and its number: queues are at
 * addresses that are further apart than there are numbers. Signals of real time may wait there more
 * than once, all others may not.
 */
static __always_inline __u64 signal_key(struct task_struct *task, bool group, __u32 sig)
{
	return (group ? (__u64)BPF_CORE_READ(task, signal) : plain_address(task)) + sig;
}

/*
 * Each signal that is sent takes the place of the one before it, which has been taken by now: so
 * nobody has another one's name.
 */
static __always_inline void keep_sender_name(int sig, int code, struct task_struct *target,
					     bool group, int result)
{
	struct task_struct *sender = TASK_READ(current_task(), group_leader);
	__u64 key = signal_key(target, group, sig);
	struct sender_name name = {};
	struct pid *pid;

	if (result != TRACE_SIGNAL_DELIVERED || signal_sender(sig, code) != SENDER_CERTAIN) {
		bpf_map_delete_elem(&sender_names, &key);
		return;
	}
	pid = BPF_CORE_READ(sender, thread_pid);
	name.pid = pid_seen_by(pid, pid);
	name.seen = pid_seen_by(pid, BPF_CORE_READ(target, thread_pid));
	name.code = code;
	bpf_core_read(name.comm, sizeof(name.comm), &sender->comm);
	bpf_map_update_elem(&sender_names, &key, &name, BPF_ANY);
}

static __always_inline int on_signal_generate(int sig, int code, struct task_struct *target,
					      bool group, int result)
{
	if (settings.target_names && (code == SI_USER || code == SI_TKILL))
		keep_target_name(target);
	/* With other results it is not in the queue, or was there already. */
	if (settings.chosen[EVENT_SIGNAL_DELIVER] && sig < SIGRTMIN &&
	    (result == TRACE_SIGNAL_DELIVERED || result == TRACE_SIGNAL_LOSE_INFO))
		keep_sender_name(sig, code, target, group, result);
	return 0;
}

static __always_inline int code_of(__u64 info)
{
	if (info == SEND_SIG_NOINFO)
		return SI_USER;
	if (info == SEND_SIG_PRIV)
		return SI_KERNEL;
	return BPF_CORE_READ((struct kernel_siginfo *)info, si_code);
}

SEC("tp_btf/signal_generate")
int BPF_PROG(signal_generate__tp_btf, int sig, struct kernel_siginfo *info,
	     struct task_struct *target, int group, int result)
{
	return on_signal_generate(sig, code_of(plain_address(info)), target, group, result);
}

SEC("tp/signal/signal_generate")
int signal_generate__tp(struct trace_event_raw_signal_generate *ctx)
{
	struct task_struct *target = bpf_task_from_pid(ctx->pid);

	if (!target)
		return 0;
	on_signal_generate(ctx->sig, ctx->code, target, ctx->group, ctx->result);
	bpf_task_release(target);
	return 0;
}

__noinline int forget_target_name(void)
{
	__u64 key = (__u64)current_task();

	return bpf_map_delete_elem(&target_names, &key);
}

__noinline int put_target_name(__u32 slot)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	struct task_struct *task = current_task();
	__u32 index = ARG_KILL_PID, sig = ARG_KILL_SIG;
	__u64 key = (__u64)task;
	struct target_name *name;
	__s32 pid;

	if (!s)
		return 0;
	name = bpf_map_lookup_elem(&target_names, &key);
	if (!name)
		return 0;
	if (s->header.event == EVENT_TGKILL) {
		index = ARG_TGKILL_PID;
		sig = ARG_TGKILL_SIG;
	}
	/* A group has no name. A thread that is just dying may be sent nothing, with success. */
	pid = s->args[index];
	if (!s->header.ret && (__u32)s->args[sig] && pid > 0 && name->tid == pid &&
	    name->start == start_time(task))
		put_kept_str(s, INDEX_OF(index, PART_NAME), name->comm, COMM_LEN, false);
	bpf_map_delete_elem(&target_names, &key);
	return 0;
}

SAME_ARGS(TKILL, KILL, PID, SIG);

/*
 * The name of the one who sent the signal that is in this place, if that is the one whom the record
 * names: a process may name any sender of a signal to itself.
 */
static __always_inline bool put_name_at(struct scratch *s, __u64 key, int code, bool others)
{
	struct sender_name *name = bpf_map_lookup_elem(&sender_names, &key);
	__u32 pid = *record_value(s, ARG_SIGNAL_DELIVER_SENDER_PID);

	if (!name || !pid || name->code != code || (name->pid != pid && name->seen != pid))
		return false;
	put_kept_str(s, INDEX_OF(ARG_SIGNAL_DELIVER_SENDER_PID, PART_NAME), name->comm, COMM_LEN,
		     false);
	if (!others)
		bpf_map_delete_elem(&sender_names, &key);
	return true;
}

__noinline int put_sender_name(__u32 slot, __u32 sig, __s32 code, __u32 others)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	struct task_struct *task = current_task();

	/* A thread takes its own signals first. */
	if (s && !put_name_at(s, signal_key(task, false, sig), code, others))
		put_name_at(s, signal_key(task, true, sig), code, others);
	return 0;
}
