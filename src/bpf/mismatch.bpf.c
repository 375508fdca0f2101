// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * argument_mismatch: an argument, as user memory has it, differs from the
 * kernel's own copy of it.
 *
 * The copy is taken where the kernel first uses it, kept by task, and compared
 * at sys_exit with the very bytes that the system call's record shows. An
 * execve that succeeds has no sys_exit in its old image: it is compared where
 * that image is still there.
 */
#include "lib/context.h"
#include "lib/event.h"
#include "lib/exec.h"
#include "lib/mismatch.h"

static const struct arg_copy no_copy;
static const char pathname[] = "pathname";
static const char uservaddr[] = "uservaddr";

/* The entry of the current task, which is filled in place: the stack has no room for a copy. */
static __always_inline struct arg_copy *copy_begin(struct task_struct *task, __u32 event)
{
	__u64 key = (__u64)task;
	struct arg_copy *copy;

	if (bpf_map_update_elem(&arg_copies, &key, &no_copy, BPF_ANY)) {
		count_loss(EVENT_ARGUMENT_MISMATCH, BUFFER_TABLE, bpf_ktime_get_boot_ns());
		return NULL;
	}
	copy = bpf_map_lookup_elem(&arg_copies, &key);
	if (!copy)
		return NULL;
	copy->start = start_time(task);
	copy->event = event;
	return copy;
}

/* False if the string is missing: nothing is compared then. */
static __always_inline bool copy_string(struct arg_copy *copy, const char *str)
{
	long n = bpf_probe_read_kernel_str(copy->bytes, sizeof(copy->bytes), str);

	copy->len = n > 0 ? n - 1 : 0;
	return n > 0;
}

/* The call in progress, if one of its arguments is compared. */
static __always_inline struct syscall_desc *checked_call(struct task_struct *task,
							 struct syscall_nr *call)
{
	struct syscall_desc *desc;
	struct pt_regs *regs;

	if (TASK_READ(task, flags) & PF_KTHREAD || !in_scope(task))
		return NULL;
	regs = task_regs(task);
	if (!syscall_abi(task, BPF_CORE_READ(regs, orig_ax), call))
		return NULL;
	desc = call_lookup(regs, call);
	return desc && desc->checked ? desc : NULL;
}

/* Calls that open a file, and those that execute one. */
static __always_inline int on_argument_path(struct hook hook, struct filename *name)
{
	struct task_struct *task = current_task();
	__u64 key = (__u64)task;
	struct syscall_desc *desc;
	struct syscall_nr call;
	struct arg_copy *copy;

	desc = checked_call(task, &call);
	if (!desc)
		return 0;
	/* An execve opens its interpreters after the file itself. */
	copy = bpf_map_lookup_elem(&arg_copies, &key);
	if (copy && copy->event == desc->event && copy->start == start_time(task) &&
	    desc->flags & (SYSCALL_EXECVE | SYSCALL_EXECVEAT))
		return 0;
	copy = copy_begin(task, desc->event);
	/*
	 * Since Linux 7 it may be an error number instead of an address: the kernel could not read
	 * the name either.
	 */
	if (copy && !copy_string(copy, BPF_CORE_READ(name, name)))
		forget_copy(task);
	return 0;
}

HOOK_ENTRY(argument_path, do_filp_open, (int dfd, struct filename *name), (name))

/* Its name since Linux 7. */
#define on_argument_path__7 on_argument_path
HOOK_ENTRY(argument_path__7, do_file_open, (int dfd, struct filename *name), (name))

static __always_inline int on_argument_address(struct hook hook, struct sockaddr *address,
					       int addrlen)
{
	struct task_struct *task = current_task();
	__u64 len = (__u32)addrlen;
	struct syscall_desc *desc;
	struct syscall_nr call;
	struct arg_copy *copy;

	desc = checked_call(task, &call);
	if (!desc)
		return 0;
	copy = copy_begin(task, desc->event);
	if (!copy)
		return 0;
	bounded(len);
	if (len > SOCKADDR_MAX)
		len = SOCKADDR_MAX;
	if (!bpf_probe_read_kernel(copy->bytes, len, address))
		copy->len = len;
	return 0;
}

HOOK_ENTRY(argument_address, security_socket_connect,
	   (struct socket * sock, struct sockaddr *address, int addrlen), (address, addrlen))

/* Bytes that are compared at once, as long as there are so many. */
#define COMPARED 64

/* Whether the item at that position differs from the copy. */
static __always_inline bool differs(const struct scratch *s, __u64 at, const struct arg_copy *copy)
{
	const struct item_header *item = (const struct item_header *)(s->bytes + at);
	const __u64 *theirs = (const __u64 *)(item + 1), *ours = (const __u64 *)copy->bytes;
	__u32 len = copy->len;
	__u64 pos;

	/* For an empty path (AT_EMPTY_PATH) the kernel need not have looked at user memory. */
	if (item->status == ITEM_FAULT)
		return len != 0;
	if (item->len != len)
		return true;
	for (pos = 0; pos < STR_MAX && pos + COMPARED <= len; pos += COMPARED) {
		__u64 differences = 0;

#pragma unroll
		for (__u32 i = 0; i < COMPARED / 8; i++)
			differences |= theirs[pos / 8 + i] ^ ours[pos / 8 + i];
		if (differences)
			return true;
	}
	len = forgotten(len - pos, copy->start);
	pos = forgotten(pos, copy->start);
	for (__u32 i = 0; i < COMPARED / 8; i++, pos += 8) {
		bounded(pos);
		if (i * 8 >= len || pos >= STR_MAX)
			return false;
		/* Bytes after the last one have no meaning. */
		if (len - i * 8 < 8)
			return (theirs[pos / 8] ^ ours[pos / 8]) << (64 - (len - i * 8) * 8);
		if (theirs[pos / 8] != ours[pos / 8])
			return true;
	}
	return false;
}

static __always_inline void put_copied(struct scratch *s, __u32 index, const void *from, __u64 len,
				       __u8 status)
{
	struct item_header *item = item_begin(s, index);

	if (!item)
		return;
	item->status = status;
	bounded(len);
	if (len > STR_MAX || bpf_probe_read_kernel(item + 1, len, from))
		len = 0;
	item_end(s, item, len);
}

static __always_inline void emit_mismatch(struct task_struct *task, const struct scratch *shown,
					  __u64 at, const struct arg_copy *copy, __u32 event)
{
	const struct item_header *item = (const struct item_header *)(shown->bytes + at);
	__u64 now = bpf_ktime_get_boot_ns();
	struct scratch *s = scratch_get();

	if (!s) {
		count_loss(EVENT_ARGUMENT_MISMATCH, BUFFER_SCRATCH, now);
		return;
	}
	/*
	 * The task's context is copied from the record of the call: the stack has little room left.
	 */
	s->header = shown->header;
	s->header.time = now;
	s->header.event = EVENT_ARGUMENT_MISMATCH;
	s->header.syscall = event;
	s->header.ret = 0;
	s->header.flags = RECORD_NO_RETURN;
	s->header.nvalues = NARGS_ARGUMENT_MISMATCH;
	s->pos = sizeof(s->header) + NARGS_ARGUMENT_MISMATCH * sizeof(__u64);
	put_nodename(s, task);
	for (int i = ARG_ARGUMENT_MISMATCH_ARGUMENT; i < NARGS_ARGUMENT_MISMATCH; i++)
		put_value(s, i, 0);
	put_value(s, ARG_ARGUMENT_MISMATCH_SYSCALL,
		  (__u32)BPF_CORE_READ(task_regs(task), orig_ax) & ~X32_SYSCALL_BIT);
	if (event == EVENT_CONNECT)
		put_kept_str(s, ARG_ARGUMENT_MISMATCH_ARGUMENT, uservaddr, sizeof(uservaddr),
			     false);
	else
		put_kept_str(s, ARG_ARGUMENT_MISMATCH_ARGUMENT, pathname, sizeof(pathname), false);
	put_copied(s, ARG_ARGUMENT_MISMATCH_USER_VALUE, item + 1, item->len, item->status);
	put_copied(s, ARG_ARGUMENT_MISMATCH_KERNEL_VALUE, copy->bytes, copy->len, ITEM_OK);
	event_end(s);
}

__noinline int check_argument(__u32 slot, __u32 event)
{
	struct scratch *shown = bpf_map_lookup_elem(&scratch, &slot);
	struct task_struct *task = current_task();
	__u64 key = (__u64)task, at;
	struct arg_copy *copy = bpf_map_lookup_elem(&arg_copies, &key);

	if (!shown || !copy)
		return 0;
	at = shown->checked;
	if (!at || copy->compared || copy->event != event || copy->start != start_time(task))
		goto out;
	/* Separate from the test for 0: one combined test shows too little to old verifiers. */
	bounded(at);
	if (at <= ITEM_START_MAX && differs(shown, at, copy))
		emit_mismatch(task, shown, at, copy, event);
out:
	bpf_map_delete_elem(&arg_copies, &key);
	return 0;
}

/*
 * Length of the prefix /dev/fd/DIRFD that execveat(2) puts before a relative path, its slash
 * included.
 */
static __always_inline __u32 dirfd_prefix(__u64 filename, __u32 dirfd)
{
	__u32 at = sizeof("/dev/fd/") - 1;
	char next = 0;

	for (int i = 0; i < 10; i++) {
		at++;
		dirfd /= 10;
		if (!dirfd)
			break;
	}
	bpf_probe_read_kernel(&next, 1, (void *)(filename + at));
	return next == '/' ? at + 1 : at;
}

static __always_inline bool begins_with_dev_fd(__u64 filename)
{
	static const char expected[8] = "/dev/fd/";
	char prefix[8] = {};

	bpf_probe_read_kernel(prefix, sizeof(prefix), (void *)filename);
	return *(__u64 *)prefix == *(const __u64 *)expected;
}

/*
 * filename: the kernel's, by_fd: made by execveat from a dirfd and a relative path; BY_EITHER if
 * the string decides.
 */
enum by_fd { BY_PATH, BY_FD, BY_EITHER };

static __always_inline int check_exec(__u64 filename, enum by_fd by_fd)
{
	struct task_struct *task = current_task();
	struct returned_call call = {};
	struct syscall_nr nr;
	struct arg_copy *copy;
	struct scratch *s;
	__u64 pointer;
	char first = 0;

	if (!returned_call(BPF_CORE_READ(task_regs(task), orig_ax), 0, &call))
		return 0;
	if (call.event == EVENT_EXECVE)
		pointer = call.args[0];
	else if (call.event == EVENT_EXECVEAT)
		pointer = call.args[1];
	else
		return 0;
	if (call.event == EVENT_EXECVEAT && (int)call.args[0] >= 0) {
		if (by_fd == BY_EITHER) {
			bpf_probe_read_user(&first, 1, (void *)pointer);
			by_fd = first != '/' && begins_with_dev_fd(filename) ? BY_FD : BY_PATH;
		}
		if (by_fd == BY_FD)
			filename += dirfd_prefix(filename, call.args[0]);
	}
	/* No record is sent, but the slot has room for the program's own argument. */
	s = event_begin_with(EVENT_ARGUMENT_MISMATCH, 0, (struct hook){});
	if (!s)
		return 0;
	copy = copy_begin(task, call.event);
	if (copy && copy_string(copy, (const char *)filename)) {
		s->checked = s->pos;
		put_user_str(s->slot, ARG_ARGUMENT_MISMATCH_USER_VALUE, pointer);
		check_argument(s->slot, call.event);
	} else {
		forget_copy(task);
	}
	/* If the call fails after all, an interpreter's path must not be taken for its argument. */
	if (checked_call(task, &nr)) {
		copy = copy_begin(task, call.event);
		if (copy)
			copy->compared = true;
	}
	scratch_put(s);
	return 0;
}

/* Since 6.10. */
SEC("tp_btf/sched_prepare_exec")
int BPF_PROG(argument_exec__tp_btf, struct task_struct *task, struct linux_binprm *bprm)
{
	return check_exec((__u64)BPF_CORE_READ(bprm, filename),
			  BPF_CORE_READ(bprm, fdpath) ? BY_FD : BY_PATH);
}

SEC("tp/sched/sched_prepare_exec")
int argument_exec__tp(struct trace_event_raw_sched_prepare_exec *ctx)
{
	return check_exec(data_loc(ctx, ctx->__data_loc_filename), BY_EITHER);
}

/* Called again for each interpreter, when bprm->interp is another string. */
static __always_inline int on_argument_exec(struct hook hook, struct linux_binprm *bprm)
{
	__u64 filename = (__u64)BPF_CORE_READ(bprm, filename);

	if (filename != (__u64)BPF_CORE_READ(bprm, interp))
		return 0;
	return check_exec(filename, BPF_CORE_READ(bprm, fdpath) ? BY_FD : BY_PATH);
}

HOOK_ENTRY(argument_exec, security_bprm_check, (struct linux_binprm * bprm), (bprm))
