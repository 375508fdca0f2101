// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Memory that programs may execute: what is executed, mapped, and made executable. */
#include "lib/memory.h"

/*
 * The file is the kernel's; the arguments are from the memory of the caller, which may change them.
 */
static __always_inline int on_security_bprm_check(struct hook hook, struct linux_binprm *bprm)
{
	struct scratch *s = event_begin(SECURITY_BPRM_CHECK, hook);
	struct returned_call call = {};
	struct inode *inode;
	struct file *file;
	__u64 argv = 0;

	if (!s)
		return 0;
	file = BPF_CORE_READ(bprm, file);
	inode = BPF_CORE_READ(file, f_inode);
	put_file_path(s, ARG_SECURITY_BPRM_CHECK_PATHNAME, file);
	put_value(s, ARG_SECURITY_BPRM_CHECK_DEV, BPF_CORE_READ(inode, i_sb, s_dev));
	put_value(s, ARG_SECURITY_BPRM_CHECK_INODE, BPF_CORE_READ(inode, i_ino));
	if (call_in_progress(&call)) {
		if (call.event == EVENT_EXECVE)
			argv = call.args[1];
		else if (call.event == EVENT_EXECVEAT)
			argv = call.args[2];
	}
	put_value(s, ARG_SECURITY_BPRM_CHECK_ARGV, argv);
	if (argv)
		put_str_array(s->slot, ARG_SECURITY_BPRM_CHECK_ARGV, argv, pointer_size(call.abi));
	return event_end(s);
}

HOOK(security_bprm_check, security_bprm_check, (struct linux_binprm * bprm), (bprm))

/* Since 6.10: once for a program, when its last interpreter has been found. */
SEC("tp_btf/sched_prepare_exec")
int BPF_PROG(security_bprm_check__tp_btf, struct task_struct *task, struct linux_binprm *bprm)
{
	return on_security_bprm_check((struct hook){}, bprm);
}

static __always_inline void put_mapping(struct scratch *s, __u64 addr, __u64 len, __u64 prot,
					__u64 flags)
{
	put_value(s, ARG_SECURITY_MMAP_FILE_ADDR, addr);
	put_value(s, ARG_SECURITY_MMAP_FILE_LEN, len);
	put_value(s, ARG_SECURITY_MMAP_FILE_PROT, prot);
	put_value(s, ARG_SECURITY_MMAP_FILE_FLAGS, flags);
}

/* The kernel has not placed the mapping yet: address and length are those of the call. */
static __always_inline int on_security_mmap_file(struct hook hook, struct file *file, __u64 prot,
						 __u64 flags)
{
	struct scratch *s = event_begin(SECURITY_MMAP_FILE, hook);
	struct returned_call call = {};

	if (!s)
		return 0;
	if (!call_in_progress(&call) || call.event != EVENT_MMAP)
		call.args[0] = call.args[1] = 0;
	put_mapping(s, call.args[0], call.args[1], prot, flags);
	put_file_path(s, ARG_SECURITY_MMAP_FILE_PATHNAME, file);
	return event_end(s);
}

HOOK(security_mmap_file, security_mmap_file,
     (struct file * file, unsigned long prot, unsigned long flags), (file, prot, flags))

/* An existing mapping: its address is the final one. */
static __always_inline int after_security_mmap_file__vma(const struct returned_call *call)
{
	struct hook hook = { .returned = true };
	struct scratch *s;
	int found;

	if (call->event != EVENT_MMAP || (__u64)call->ret >= ERRORS_FROM)
		return 0;
	s = event_begin(SECURITY_MMAP_FILE, hook);
	if (!s)
		return 0;
	found = find_area(s, call->ret);
	put_mapping(s, call->ret, call->args[1], call->args[2], call->args[3]);
	put_area_path(s, ARG_SECURITY_MMAP_FILE_PATHNAME, found, s->vma.file);
	return event_end(s);
}

AFTER_CALL(security_mmap_file__vma)

/* The flags by which a program would have made this mapping. */
static __always_inline __u64 map_flags(struct vm_area_struct *vma)
{
	__u64 flags = BPF_CORE_READ(vma, vm_flags);
	__u64 map = flags & VM_SHARED ? MAP_SHARED : MAP_PRIVATE;

	if (!BPF_CORE_READ(vma, vm_file))
		map |= MAP_ANONYMOUS;
	if (flags & VM_GROWSDOWN)
		map |= MAP_GROWSDOWN;
	if (flags & VM_LOCKED)
		map |= MAP_LOCKED;
	if (flags & VM_NORESERVE)
		map |= MAP_NORESERVE;
	return map;
}

static __always_inline int on_security_file_mprotect(struct hook hook, struct vm_area_struct *vma,
						     __u64 reqprot)
{
	struct scratch *s = event_begin(SECURITY_FILE_MPROTECT, hook);
	struct changed range;

	if (!s)
		return 0;
	range = changed_range(BPF_CORE_READ(vma, vm_start), BPF_CORE_READ(vma, vm_end));
	put_value(s, ARG_SECURITY_FILE_MPROTECT_ADDR, range.addr);
	put_value(s, ARG_SECURITY_FILE_MPROTECT_LEN, range.len);
	put_value(s, ARG_SECURITY_FILE_MPROTECT_PROT, reqprot);
	put_value(s, ARG_SECURITY_FILE_MPROTECT_PREV_PROT, BPF_CORE_READ(vma, vm_flags) & PROT_RWX);
	put_value(s, ARG_SECURITY_FILE_MPROTECT_FLAGS, map_flags(vma));
	put_file_path(s, ARG_SECURITY_FILE_MPROTECT_PATHNAME, BPF_CORE_READ(vma, vm_file));
	return event_end(s);
}

HOOK(security_file_mprotect, security_file_mprotect,
     (struct vm_area_struct * vma, unsigned long reqprot, unsigned long prot), (vma, reqprot))
