/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Reading tasks and their registers. Everything that knows the architecture's registers is here. */
#ifndef TRACEE_TASK_H
#define TRACEE_TASK_H

#include "../maps.h"

/* Keeps the compiler from looking through a value that the verifier must see checked. */
#define bounded(x) asm volatile("" : "+r"(x))

/*
 * The same value, of which the verifier knows nothing any more; by: any number of which it knows
 * nothing. Otherwise it goes through what follows once for each combination of what it knows.
 */
static __always_inline __u64 forgotten(__u64 value, __u64 by)
{
	asm volatile("%0 ^= %1\n\t%0 ^= %1" : "+r"(value) : "r"(by));
	return value;
}

/*
 * Kernels without bpf_task_pt_regs() (before 5.15) have this stack size and nothing between its top
 * and the registers.
 */
#define OLD_THREAD_SIZE (4 * 4096)

/* Since 5.11; it makes fields plain loads instead of helper calls. */
static __always_inline bool has_task_btf(void)
{
	return bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf);
}

static __always_inline struct task_struct *current_task(void)
{
	if (has_task_btf())
		return bpf_get_current_task_btf();
	return (struct task_struct *)bpf_get_current_task();
}

/*
 * A field behind a task pointer: TASK_READ(task, nsproxy, mnt_ns, ns.inum) is
 * task->nsproxy->mnt_ns->ns.inum, as plain loads where the verifier knows the pointer's type and as
 * bpf_probe_read_kernel() calls where it does not. Both yield 0 behind a null pointer.
 */
#define TASK_READ(task, ...) \
	(has_task_btf() ? ___arrow(unchecked(task), __VA_ARGS__) : BPF_CORE_READ(task, __VA_ARGS__))

/*
 * The same pointer, whose targets the verifier does not try to trust. For each
 * pointer that is read behind one that it trusts it looks for up to four types
 * by their names, and on 6.12 to 6.18 passes over all of the kernel's types for
 * each (docs/architecture.md). Since 6.2; it becomes a move.
 */
#define unchecked(pointer) \
	(bpf_ksym_exists(bpf_rdonly_cast) ? bpf_core_cast(pointer, typeof(*(pointer))) : (pointer))

/*
 * Whether the task that exits was the last one of its process: the tracepoint reports that since
 * 6.16. Before, whether none is left by now, which may be true of several that exit at the same
 * time.
 */
struct trace_event_raw_sched_process_exit___group {
	bool group_dead;
} __attribute__((preserve_access_index));

static __always_inline bool is_group_dead(struct task_struct *task, const __u64 *args)
{
	struct trace_event_raw_sched_process_exit___group *since_6_16 = NULL;

	if (bpf_core_field_exists(since_6_16->group_dead))
		return args[1] & 1;
	return !TASK_READ(task, signal, live.counter);
}

/* The same for the classic tracepoint. */
static __always_inline bool
was_group_dead(struct task_struct *task,
	       const struct trace_event_raw_sched_process_exit___group *record)
{
	if (bpf_core_field_exists(record->group_dead))
		return record->group_dead;
	return !TASK_READ(task, signal, live.counter);
}

/*
 * A pointer that the verifier knows, as a number: only numbers may be passed to a global function.
 */
static __always_inline __u64 plain_address(const void *pointer)
{
	__u64 address = 0;

	bpf_probe_read_kernel(&address, sizeof(address), &pointer);
	return address;
}

/* Whether the verifier knows the type of task_regs(): since 5.15. */
static __always_inline bool has_task_regs(void)
{
	return bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs);
}

static __always_inline struct pt_regs *task_regs(struct task_struct *task)
{
	if (has_task_regs())
		return (struct pt_regs *)bpf_task_pt_regs(task);
	return (struct pt_regs *)(BPF_CORE_READ(task, stack) + OLD_THREAD_SIZE) - 1;
}

/* The number of a call as its own ABI counts, and that ABI. */
struct syscall_nr {
	__u32 nr;
	__u32 abi;
	__u32 within; /* row of the inner call (lib/call.h); 0: the call itself */
};

/*
 * Which ABI the call in progress belongs to; nr is the number in the registers. False if it is no
 * call at all (-1).
 */
static __always_inline bool syscall_abi(struct task_struct *task, __u64 nr, struct syscall_nr *call)
{
	__u32 low = (__u32)nr;

	call->within = 0;
	call->abi = ABI_NATIVE;
	if (TASK_READ(task, thread_info.status) & TS_COMPAT) {
		call->abi = ABI_IA32;
	} else if (low & X32_SYSCALL_BIT && low != (__u32)-1) {
		call->abi = ABI_X32;
		low &= ~X32_SYSCALL_BIT;
	}
	call->nr = low;
	return low < MAX_SYSCALLS;
}

/* The call's row in the table `syscalls`. */
static __always_inline __u32 syscall_key(const struct syscall_nr *call)
{
	return call->within ? ABI_COUNT * MAX_SYSCALLS + call->within :
			      call->abi * MAX_SYSCALLS + call->nr;
}

static __always_inline struct syscall_desc *syscall_lookup(const struct syscall_nr *call)
{
	__u32 key = syscall_key(call);

	return bpf_map_lookup_elem(&syscalls, &key);
}

/* Whether the table knows the call: all of them but read(2) have an event id that is not 0. */
static __always_inline bool is_known(const struct syscall_desc *desc)
{
	return desc && (desc->event || desc->nargs);
}

/*
 * Argument registers, as pairs of 32-bit halves joined where the 32-bit ABI
 * splits a 64-bit argument. The one place that knows their names.
 *
 * regs must be readable by bpf_probe_read_kernel(), whatever its type; args
 * lies in a map, unless split is 0.
 */
static __always_inline void syscall_args(const struct pt_regs *regs, __u32 abi, __u8 split,
					 __u64 args[MAX_ARGS])
{
	struct pt_regs copy = {};
	__u32 from = 0;

	bpf_core_read(&copy, sizeof(copy), regs);
	if (abi != ABI_IA32) {
		args[0] = copy.di;
		args[1] = copy.si;
		args[2] = copy.dx;
		args[3] = copy.r10;
		args[4] = copy.r8;
		args[5] = copy.r9;
		return;
	}
	args[0] = (__u32)copy.bx;
	args[1] = (__u32)copy.cx;
	args[2] = (__u32)copy.dx;
	args[3] = (__u32)copy.si;
	args[4] = (__u32)copy.di;
	args[5] = (__u32)copy.bp;
	if (!split)
		return;
	/*
	 * No branch hangs on split: compilers keep what such branches share on a
	 * stack that not every path has written, and Linux 6.18 then refuses the
	 * program ("verifier bug: stack slot").
	 */
	for (__u32 i = 0; i < MAX_ARGS; i++) {
		__u64 pair = split >> i & 1, value;

		if (from >= MAX_ARGS)
			break;
		value = args[from++];
		bounded(from);
		if (from < MAX_ARGS)
			value |= args[from] << 32 & -pair;
		args[i] = value;
		from += pair;
		bounded(from);
	}
}

/*
 * The same for a native call or one of x32, from registers whose type the verifier knows: plain
 * loads.
 */
static __always_inline void plain_args(const struct pt_regs *regs, __u64 args[MAX_ARGS])
{
	args[0] = regs->di;
	args[1] = regs->si;
	args[2] = regs->dx;
	args[3] = regs->r10;
	args[4] = regs->r8;
	args[5] = regs->r9;
}

/* Bytes of a pointer in user memory. */
static __always_inline __u32 pointer_size(__u32 abi)
{
	return abi == ABI_NATIVE ? 8 : 4;
}

static __always_inline __u64 start_time(struct task_struct *task)
{
	return TASK_READ(task, start_boottime);
}

/* Level and number of the pid namespace that a task lives in, and its ids there. */
struct ns_pids {
	__u32 tid;
	__u32 pid;
	__u32 ppid;
	__u32 ns;
	__u32 level;
};

static __always_inline void pid_at_level(struct pid *pid, __u32 level, struct upid *upid)
{
	void *numbers = (void *)pid + bpf_core_field_offset(struct pid, numbers);

	bpf_probe_read_kernel(upid, sizeof(*upid), numbers + level * sizeof(struct upid));
}

/*
 * A task's id in the namespace ns at that level, 0 if it is not visible there (like pid_nr_ns() of
 * the kernel).
 */
static __always_inline __u32 pid_in_ns(struct pid *pid, __u32 level, struct pid_namespace *ns)
{
	struct upid upid = {};

	if (!pid || BPF_CORE_READ(pid, level) < level)
		return 0;
	pid_at_level(pid, level, &upid);
	return upid.ns == ns ? upid.nr : 0;
}

/* A pid as it is in the namespace of another one. */
static __always_inline __u32 pid_seen_by(struct pid *pid, struct pid *by)
{
	__u32 level = BPF_CORE_READ(by, level);
	struct upid upid = {};

	pid_at_level(by, level, &upid);
	return pid_in_ns(pid, level, upid.ns);
}

/*
 * A task's pid in tracee's own pid namespace, 0 if it is not there; host: its pid on the host.
 */
static __always_inline __u32 number_here(struct pid *pid, __u32 host)
{
	struct upid upid = {};

	if (!control.self_pid_level)
		return host;
	if (!pid || BPF_CORE_READ(pid, level) < control.self_pid_level)
		return 0;
	pid_at_level(pid, control.self_pid_level, &upid);
	return BPF_CORE_READ(upid.ns, ns.inum) == control.self_pid_ns ? upid.nr : 0;
}

static __always_inline void task_ns_pids(struct task_struct *task, struct ns_pids *ids)
{
	struct upid upid = {};
	struct pid *pid;

	ids->level = TASK_READ(task, thread_pid, level);
	/* Most tasks: all of it is plain loads. */
	if (!ids->level) {
		ids->tid = TASK_READ(task, thread_pid, numbers[0].nr);
		ids->ns = TASK_READ(task, thread_pid, numbers[0].ns, ns.inum);
		ids->pid = TASK_READ(task, tgid);
		ids->ppid = TASK_READ(task, real_parent, tgid);
		return;
	}
	pid = TASK_READ(task, thread_pid);
	pid_at_level(pid, ids->level, &upid);
	ids->tid = upid.nr;
	ids->ns = BPF_CORE_READ(upid.ns, ns.inum);
	ids->pid = pid_in_ns(TASK_READ(task, group_leader, thread_pid), ids->level, upid.ns);
	ids->ppid = pid_in_ns(TASK_READ(task, real_parent, group_leader, thread_pid), ids->level,
			      upid.ns);
}

/* Since 6.2. */
extern struct task_struct *bpf_task_from_pid(__s32 pid) __ksym __weak;
extern void bpf_task_release(struct task_struct *task) __ksym __weak;

/* The classic tracepoint of a fork names the child by its number alone. */
static __always_inline int forked(const struct trace_event_raw_sched_process_fork *ctx,
				  int (*on)(struct task_struct *parent, struct task_struct *child))
{
	struct task_struct *child = bpf_task_from_pid(ctx->child_pid);

	if (!child)
		return 0;
	on(current_task(), child);
	bpf_task_release(child);
	return 0;
}

#endif
