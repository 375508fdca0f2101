// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Process life: exec, as its own event and as the call that has succeeded. */
#include "lib/event.h"
#include "lib/exec.h"
#include "lib/inode.h"
#include "lib/life.h"
#include "lib/take.h"

/* Before the old image goes; since 6.10. */
static __always_inline struct exec_call *on_prepare_exec(struct task_struct *task)
{
	struct pt_regs *regs;
	struct syscall_nr call;

	if (exec_scope(task) == SCOPE_OUT)
		return NULL;
	regs = task_regs(task);
	if (syscall_abi(task, BPF_CORE_READ(regs, orig_ax), &call))
		return remember_exec(task, regs, &call);
	return remember_exec(task, regs, NULL);
}

SEC("tp_btf/sched_prepare_exec")
int BPF_PROG(sched_prepare_exec__tp_btf, struct task_struct *task, struct linux_binprm *bprm)
{
	on_prepare_exec(task);
	return 0;
}

/* Since 6.17. */
extern int bpf_strcmp(const char *a, const char *b) __ksym __weak;

SEC("tp/sched/sched_prepare_exec")
int sched_prepare_exec__tp(struct trace_event_raw_sched_prepare_exec *ctx)
{
	struct exec_call *exec = on_prepare_exec(current_task());
	const char *filename, *interp;

	if (!exec)
		return 0;
	filename = (const char *)data_loc(ctx, ctx->__data_loc_filename);
	interp = (const char *)data_loc(ctx, ctx->__data_loc_interp);
	if (bpf_strcmp(interp, filename))
		bpf_probe_read_kernel_str(exec->interp, sizeof(exec->interp), interp);
	return 0;
}

/* What is known of a new image, apart from its task. */
struct image {
	__u64 filename; /* addresses of strings in the kernel */
	__u64 interp; /* 0: see exec_call */
	struct file *file;
	__u32 argc;
	__u32 envc; /* 0: unknown */
	bool by_fd; /* filename was made by execveat */
};

/* The strings of the new image, from its stack; their first bytes, as many as max. */
static __always_inline void put_argv_of(struct scratch *s, __u32 index, struct task_struct *task,
					const struct image *image, __u64 max)
{
	__u64 start = TASK_READ(task, mm, arg_start);
	__u64 len = TASK_READ(task, mm, arg_end) - start;

	put_packed_strs(s->slot, index, start, len < max ? len : max, image->argc);
}

static __always_inline void put_argv(struct scratch *s, __u32 index, struct task_struct *task,
				     const struct image *image)
{
	put_argv_of(s, index, task, image, -1);
}

static __always_inline void put_envp(struct scratch *s, __u32 index, struct task_struct *task,
				     const struct image *image)
{
	__u64 start = TASK_READ(task, mm, env_start);

	put_packed_strs(s->slot, index, start, TASK_READ(task, mm, env_end) - start, image->envc);
}

/* Filters by the name that the process had when it made the call, which is shown. */
static __always_inline bool caller_passes(void)
{
	return !filters.fields || (filter_ids(0) && filter_uts(0) && filter_caller());
}

/* The successful execve or execveat. */
static __always_inline void emit_execve(struct task_struct *task, const struct image *image,
					const struct exec_call *call)
{
	struct syscall_desc *desc = bpf_map_lookup_elem(&syscalls, &call->nr);
	struct scratch *s;
	/* execveat(2) has one more argument before those of execve(2). */
	__u32 at = ARG_EXECVE_PATHNAME;
	__u64 now;

	if (!desc || !(desc->flags & (SYSCALL_EXECVE | SYSCALL_EXECVEAT)) ||
	    !(desc->flags & SYSCALL_CHOSEN))
		return;
	if (!caller_passes() || !result_passes(desc->event, 0, true))
		return;
	now = bpf_ktime_get_boot_ns();
	s = scratch_get();
	if (!s) {
		count_loss(desc->event, BUFFER_SCRATCH, now);
		return;
	}
	record_begin(s->slot, desc->event, desc->nargs, now);
	s->header.syscall = desc->event;
	s->header.abi = call->nr / MAX_SYSCALLS;
	__builtin_memcpy(s->header.comm, call->comm, COMM_LEN);
#pragma unroll
	for (int i = 0; i < MAX_ARGS; i++)
		if (i < desc->nargs)
			put_value(s, i, call->args[i]);
	if (desc->flags & SYSCALL_EXECVEAT) {
		at = ARG_EXECVEAT_PATHNAME;
		if (image->by_fd && (int)call->args[0] >= 0)
			put_execveat_path(s->slot, at, image->filename, call->args[0]);
		else
			put_kernel_str(s->slot, at, image->filename);
	} else {
		put_kernel_str(s->slot, at, image->filename);
	}
	put_argv(s, at + ARG_EXECVE_ARGV, task, image);
	if (desc->args[(at + ARG_EXECVE_ENVP) & 3].kind == KIND_STR_ARRAY)
		put_envp(s, at + ARG_EXECVE_ENVP, task, image);
	if (settings.durations)
		put_duration(s->slot);
	submit(s);
	scratch_put(s);
}

/* The call, which is missing in the registers of the new image; none if it was not seen. */
static __always_inline void put_exec_call(struct scratch *s, const struct exec_call *call)
{
	struct syscall_desc *desc = NULL;

	s->header.syscall = NO_SYSCALL;
	s->header.abi = ABI_NATIVE;
	if (call && call->known)
		desc = bpf_map_lookup_elem(&syscalls, &call->nr);
	if (!desc || !(desc->flags & (SYSCALL_EXECVE | SYSCALL_EXECVEAT)))
		return;
	s->header.syscall = desc->event;
	s->header.abi = call->nr / MAX_SYSCALLS;
}

static __always_inline void emit_exec(struct task_struct *task, const struct image *image,
				      const struct exec_call *call)
{
	struct file *file = image->file;
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct scratch *s = life_begin(task, SCHED_PROCESS_EXEC);
	__u32 needed;

	if (!s)
		return;
	put_exec_call(s, call);
#pragma unroll
	for (int i = 0; i < NARGS_SCHED_PROCESS_EXEC; i++)
		put_value(s, i, 0);
	put_value(s, ARG_SCHED_PROCESS_EXEC_DEV, BPF_CORE_READ(inode, i_sb, s_dev));
	put_value(s, ARG_SCHED_PROCESS_EXEC_INODE, BPF_CORE_READ(inode, i_ino));
	put_value(s, ARG_SCHED_PROCESS_EXEC_CTIME, inode_ctime(inode));
	put_value(s, ARG_SCHED_PROCESS_EXEC_INODE_MODE, BPF_CORE_READ(inode, i_mode));
	put_value(s, ARG_SCHED_PROCESS_EXEC_STDIN_TYPE, stdin_type(task));
	put_value(s, ARG_SCHED_PROCESS_EXEC_INVOKED_FROM_KERNEL,
		  !!(TASK_READ(task, real_parent, flags) & PF_KTHREAD));
	put_path(s->slot, ARG_SCHED_PROCESS_EXEC_PATHNAME,
		 (__u64)file + bpf_core_field_offset(struct file, f_path));
	needed = s->pos;
	put_argv_of(s, ARG_SCHED_PROCESS_EXEC_ARGV, task, image,
		    s->header.flags & RECORD_INTERNAL ? LIFE_ARGV : -1);
	if (s->pos - needed <= sizeof(struct item_header) + LIFE_ARGV)
		needed = s->pos;
	if (!(s->header.flags & RECORD_INTERNAL)) {
		put_kernel_str(s->slot, ARG_SCHED_PROCESS_EXEC_CMDPATH, image->filename);
		if (settings.want_env)
			put_envp(s, ARG_SCHED_PROCESS_EXEC_ENVP, task, image);
		if (image->interp && image->interp != image->filename)
			put_kernel_str(s->slot, ARG_SCHED_PROCESS_EXEC_INTERPRETER, image->interp);
		else if (call && call->interp[0])
			put_kept_str(s, ARG_SCHED_PROCESS_EXEC_INTERPRETER, call->interp,
				     INTERP_LEN, call->interp[INTERP_LEN - 2]);
		if (call)
			put_kept_str(s, ARG_SCHED_PROCESS_EXEC_PREV_COMM, call->comm, COMM_LEN,
				     false);
	}
	submit_life(s, needed);
	scratch_put(s);
}

/*
 * Counts a call that found no room in the table: the new image's registers do not show which of
 * both it was.
 */
static __always_inline void count_exec_call(void)
{
	__u32 event = settings.chosen[EVENT_EXECVE] ? EVENT_EXECVE : EVENT_EXECVEAT;

	if (settings.chosen[event] == EVENT_SHOWN)
		count_loss(event, BUFFER_UNSEEN, bpf_ktime_get_boot_ns());
}

static __always_inline int on_exec(struct task_struct *task, const struct image *image)
{
	__u64 key = (__u64)task;
	struct exec_call *call;
	enum scope scope;

	mark_exec(task);
	if (container_settings.wanted)
		container_exec(image->filename);
	scope = task_scope(task);
	if (scope == SCOPE_AWAITS_EXEC && settings.scope_mode == SCOPE_FOLLOW) {
		struct followed *entry = followed_entry(task);

		if (entry)
			entry->await_exec = false;
	} else if (scope != SCOPE_IN) {
		/* It may have been in scope when it called. */
		if (container_settings.wanted)
			bpf_map_delete_elem(&exec_calls, &key);
		return 0;
	}
	call = bpf_map_lookup_elem(&exec_calls, &key);
	emit_exec(task, image, call);
	if (capturing & CAPTURE_EXEC)
		take_exec(image->file, image->filename);
	if (!call && table_misses.exec_calls)
		count_exec_call();
	if (call && call->known)
		emit_execve(task, image, call);
	if (call)
		bpf_map_delete_elem(&exec_calls, &key);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(sched_process_exec__tp_btf, struct task_struct *task, pid_t old_pid,
	     struct linux_binprm *bprm)
{
	struct image image = {
		.filename = (__u64)BPF_CORE_READ(bprm, filename),
		.interp = (__u64)BPF_CORE_READ(bprm, interp),
		.file = BPF_CORE_READ(bprm, file),
		.argc = BPF_CORE_READ(bprm, argc),
		.envc = BPF_CORE_READ(bprm, envc),
		.by_fd = bpf_core_field_exists(bprm->fdpath) && BPF_CORE_READ(bprm, fdpath),
	};

	return on_exec(task, &image);
}

/*
 * Without a struct linux_binprm: the rest is read from the new image, which only the kernel has
 * touched so far.
 */
SEC("tp/sched/sched_process_exec")
int sched_process_exec__tp(struct trace_event_raw_sched_process_exec *ctx)
{
	struct task_struct *task = current_task();
	struct image image = {
		.filename = data_loc(ctx, ctx->__data_loc_filename),
		/*
		 * Read by a helper, not loaded, since only plain numbers may be passed to a global
		 * function.
		 */
		.file = BPF_CORE_READ(task, mm, exe_file),
	};
	char prefix[sizeof("/dev/fd/")];

	/* The kernel puts it on top of the first stack. */
	bpf_probe_read_user(&image.argc, sizeof(image.argc),
			    (void *)TASK_READ(task, mm, start_stack));
	bpf_probe_read_kernel_str(prefix, sizeof(prefix), (void *)image.filename);
	image.by_fd = !bpf_strncmp(prefix, sizeof(prefix), "/dev/fd/");
	return on_exec(task, &image);
}
