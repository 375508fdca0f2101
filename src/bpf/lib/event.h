/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Events of the kernel's own: beginning a record, and the programs around a
 * body.
 *
 * A body is one function, whatever the mechanism by which it is reached. The loader finds the
 * programs of an event by their names, <event>__<mechanism>, and takes the best that the kernel
 * supports (src/loader/probe.rs):
 *
 *   __fexit      at the end of a function, with its return value
 *   __fentry     at the beginning of a function
 *   __tp_btf     a raw tracepoint
 *   __tp         the same tracepoint, classic: where raw ones are preempted
 *   __kprobe     at the beginning of a function, where trampolines are missing
 *   __after_tp_btf, __after_tp
 *                at sys_exit, from the kernel objects that a call has left
 */
#ifndef TRACEE_EVENT_H
#define TRACEE_EVENT_H

#include "call.h"
#include "given.h"
#include "items.h"
#include "mark.h"
#include "scope.h"
#include "submit.h"

/*
 * Where a body was reached, and what the function returned; at its beginning the return value is
 * missing.
 */
struct hook {
	long ret;
	bool returned;
};

/*
 * Begins the record of an event of the current task, if that is in scope. Returns its slot, or -1.
 * A global function, since some hundred programs begin so.
 */
int event_open(__u32 event, __u32 nvalues, __s64 ret, __u32 returned);

/* Like event_open(); NULL if nobody wants the event, or no slot is free. */
static __always_inline struct scratch *event_begin_with(__u16 event, __u8 nvalues, struct hook hook)
{
	int slot;

	if (!settings.chosen[event])
		return NULL;
	slot = event_open(event, nvalues, hook.ret, hook.returned);
	if (slot < 0)
		return NULL;
	return bpf_map_lookup_elem(&scratch, &slot);
}

/*
 * Begins the record of an event with all arguments of its row: event_begin(DO_EXIT, hook) is
 * event_begin_with(EVENT_DO_EXIT, NARGS_DO_EXIT, hook).
 */
#define event_begin(event, ...) event_begin_with(EVENT_##event, NARGS_##event, __VA_ARGS__)

static __always_inline int event_end(struct scratch *s)
{
	submit(s);
	scratch_put(s);
	return 0;
}

/* Address of a string in the record of a classic tracepoint, as a plain number. */
static __always_inline __u64 data_loc(void *ctx, __u32 loc)
{
	__u64 record = 0;

	bpf_probe_read_kernel(&record, sizeof(record), &ctx);
	return record + (loc & 0xffff);
}

#define UNPAREN(...) __VA_ARGS__
#define HOOK_DEFINE(define, ...) define(__VA_ARGS__)

/*
 * Programs around the body on_<event>(struct hook, args...) at a function that
 * returns an int. HOOK(security_file_open, security_file_open,
 * (struct file *file), (file)) is
 *
 *   SEC("fexit/security_file_open")
 *   int BPF_PROG(security_file_open__fexit, struct file *file, int ret)
 *   {
 *           return on_security_file_open((struct hook){ ret, true }, file);
 *   }
 *
 *   SEC("kprobe/security_file_open")
 *   int BPF_KPROBE(security_file_open__kprobe, struct file *file)
 *   {
 *           return on_security_file_open((struct hook){}, file);
 *   }
 */
#define HOOK(event, function, params, args)                                                     \
	SEC("fexit/" #function)                                                                 \
	int HOOK_DEFINE(BPF_PROG, event##__fexit, UNPAREN params, int ret)                      \
	{                                                                                       \
		return on_##event((struct hook){ .ret = ret, .returned = true }, UNPAREN args); \
	}                                                                                       \
	HOOK_KPROBE(event, function, params, args)

/*
 * The same for events that are reported before the function has done its work, or without a return
 * value.
 */
#define HOOK_ENTRY(event, function, params, args)                  \
	SEC("fentry/" #function)                                   \
	int HOOK_DEFINE(BPF_PROG, event##__fentry, UNPAREN params) \
	{                                                          \
		return on_##event((struct hook){}, UNPAREN args);  \
	}                                                          \
	HOOK_KPROBE(event, function, params, args)

#define HOOK_KPROBE(event, function, params, args)                   \
	SEC("kprobe/" #function)                                     \
	int HOOK_DEFINE(BPF_KPROBE, event##__kprobe, UNPAREN params) \
	{                                                            \
		return on_##event((struct hook){}, UNPAREN args);    \
	}

/*
 * An argument of an fentry or fexit program that points to a number: kernels
 * before 5.17 refuse to load such pointers.
 */
static __always_inline const void *raw_argument(const void *ctx, int position)
{
	const void *value = NULL;

	bpf_probe_read_kernel(&value, sizeof(value), (const __u64 *)ctx + position);
	return value;
}

/*
 * What looks at a call after it: after_<event>(const struct returned_call *), for kernels where the
 * function itself cannot be attached to. The event's row names the calls that it looks at:
 * .after(&["ioctl"]); AFTER_BODIES of after.h lists it.
 *
 * One program at sys_exit calls the bodies of all events (syscalls.bpf.c). Kernels before 6.8 verify
 * all of them, used or not, so that there each has programs of its own.
 */
#define AFTER_CALL(event)                                        \
	__noinline int event##__body(__u32 number)               \
	{                                                        \
		const struct returned_call *call = this_call();  \
                                                                 \
		bounded(number); /* or it would not be passed */ \
		return call ? after_##event(call) : 0;           \
	}                                                        \
	AFTER_PROGRAMS(event)

#define AFTER_PROGRAMS(event)                                                              \
	SEC("tp_btf/sys_exit")                                                             \
	int BPF_PROG(event##__after_tp_btf, struct pt_regs *regs, long ret)                \
	{                                                                                  \
		return looks_at(regs->orig_ax, ret, AFTER_##event) ? event##__body(0) : 0; \
	}                                                                                  \
                                                                                           \
	SEC("tp/raw_syscalls/sys_exit")                                                    \
	int event##__after_tp(struct trace_event_raw_sys_exit *ctx)                        \
	{                                                                                  \
		return looks_at(ctx->id, ctx->ret, AFTER_##event) ? event##__body(0) : 0;  \
	}

/*
 * Reads the call with that number and result into scratch.call; 0 for one that the table does not
 * know. A global function: it takes much of the stack, and the verifier then knows nothing of its
 * results.
 */
int read_returned_call(__u32 slot, __u64 nr, __s64 ret);
/*
 * The same into this_call(), for a call whose mark has been taken; marked: its number and ABI are
 * those of the mark.
 */
int read_this_call(__u64 nr, __s64 ret, __u32 marked);
/*
 * For a program of a body's own: whether the current task is in scope and its call, which this body
 * looks at, may have been carried out. It is this_call() then.
 */
int looks_at(__u64 nr, __s64 ret, __u32 body);

/* False for a call that the table does not know, or out of scope. */
static __always_inline bool returned_call(__u64 nr, long ret, struct returned_call *call)
{
	struct scratch *s;
	bool known;

	if (!in_scope(current_task()))
		return false;
	s = scratch_get();
	if (!s) {
		/* It is unknown whether there was an event. */
		count_loss(EVENT_SYS_EXIT, BUFFER_SCRATCH, bpf_ktime_get_boot_ns());
		return false;
	}
	known = read_returned_call(s->slot, nr, ret);
	bpf_probe_read_kernel(call, sizeof(*call), &s->call);
	scratch_put(s);
	return known;
}

/*
 * The position that pread(2), preadv(2) and their like take: in 32-bit calls the latter's comes in
 * two halves.
 */
static __always_inline __u64 given_position(const struct returned_call *call)
{
	if (call->abi != ABI_IA32 || call->event == EVENT_PREAD64 || call->event == EVENT_PWRITE64)
		return call->args[3];
	return call->args[4] << 32 | call->args[3];
}

/* preadv2(2) and pwritev2(2) take this for the file's own position. */
#define OWN_POSITION (~0ULL)

/* The file that is open as fd; NULL: none. */
static __always_inline struct file *file_of_fd(__u32 fd)
{
	struct fdtable *table = TASK_READ(current_task(), files, fdt);
	struct file *file = NULL;

	if (fd < BPF_CORE_READ(table, max_fds))
		bpf_probe_read_kernel(&file, sizeof(file), BPF_CORE_READ(table, fd) + fd);
	return file;
}

/* Type bits of the file that is open as fd 0; 0: none is. */
static __always_inline __u32 stdin_type(struct task_struct *task)
{
	struct file **fds = TASK_READ(task, files, fdt, fd);
	struct file *file = NULL;

	bpf_probe_read_kernel(&file, sizeof(file), fds);
	return BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT;
}

#endif
