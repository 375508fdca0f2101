// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Memory that programs may come to run in: what is executed, mapped, and made executable. */
#include "lib/capture.h"
#include "lib/event.h"
#include "lib/inode.h"

#define PROT_READ 1
#define PROT_WRITE 2
#define PROT_EXEC 4
#define PROT_RWX (PROT_READ | PROT_WRITE | PROT_EXEC)

#define MAP_SHARED 0x1
#define MAP_PRIVATE 0x2
#define MAP_GROWSDOWN 0x100
#define MAP_LOCKED 0x2000
#define MAP_NORESERVE 0x4000

/* vm_flags: the lowest three are those of PROT_RWX. */
#define VM_SHARED 0x8
#define VM_GROWSDOWN 0x100
#define VM_LOCKED 0x2000
#define VM_NORESERVE 0x200000

/* Programs of long ago: what they may read they may execute. */
#define READ_IMPLIES_EXEC 0x0400000

/* Address of a page's last byte, as a mask. */
#define PAGE_BITS 4095UL

/* Results from here on are error numbers. */
#define ERRORS_FROM -4095UL

/* The call in progress and its arguments, which lie in registers. */
static __always_inline bool call_in_progress(struct returned_call *call)
{
	struct task_struct *task = current_task();
	struct pt_regs *regs = task_regs(task);

	if (TASK_READ(task, flags) & PF_KTHREAD)
		return false;
	return returned_call(BPF_CORE_READ(regs, orig_ax), 0, call);
}

static __always_inline void put_file_path(struct scratch *s, __u32 index, struct file *file)
{
	if (file)
		put_path(s->slot, index, FIELD_ADDRESS(file, f_path));
}

/* The file as the kernel has it; the arguments from the memory of the caller, which may change them. */
static __always_inline int on_security_bprm_check(struct hook hook, struct linux_binprm *bprm)
{
	struct scratch *s = event_begin(EVENT_SECURITY_BPRM_CHECK, 4, hook);
	struct returned_call call = {};
	struct inode *inode;
	struct file *file;
	__u64 argv = 0;

	if (!s)
		return 0;
	file = BPF_CORE_READ(bprm, file);
	inode = BPF_CORE_READ(file, f_inode);
	put_file_path(s, 0, file);
	put_value(s, 1, BPF_CORE_READ(inode, i_sb, s_dev));
	put_value(s, 2, BPF_CORE_READ(inode, i_ino));
	if (call_in_progress(&call)) {
		if (call.event == EVENT_EXECVE)
			argv = call.args[1];
		else if (call.event == EVENT_EXECVEAT)
			argv = call.args[2];
	}
	put_value(s, 3, argv);
	if (argv)
		put_str_array(s->slot, 3, argv, pointer_size(call.abi));
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
	put_value(s, 1, addr);
	put_value(s, 2, len);
	put_value(s, 3, prot);
	put_value(s, 4, flags);
}

/* The kernel has not placed the mapping yet: address and length are those of the call. */
static __always_inline int on_security_mmap_file(struct hook hook, struct file *file, __u64 prot,
						 __u64 flags)
{
	struct scratch *s = event_begin(EVENT_SECURITY_MMAP_FILE, 5, hook);
	struct returned_call call = {};

	if (!s)
		return 0;
	if (!call_in_progress(&call) || call.event != EVENT_MMAP)
		call.args[0] = call.args[1] = 0;
	put_mapping(s, call.args[0], call.args[1], prot, flags);
	put_file_path(s, 0, file);
	return event_end(s);
}

HOOK(security_mmap_file, security_mmap_file,
     (struct file * file, unsigned long prot, unsigned long flags), (file, prot, flags))

/* What a part of the address space is. */
struct found_vma {
	__u64 file; /* addresses in the kernel; 0: none */
	__u64 anon_vma;
	__u64 flags;
	__u64 start;
	__u64 end;
};

static long vma_found(struct task_struct *task, struct vm_area_struct *vma, struct found_vma *found)
{
	found->file = (__u64)BPF_CORE_READ(vma, vm_file);
	found->anon_vma = (__u64)BPF_CORE_READ(vma, anon_vma);
	found->flags = BPF_CORE_READ(vma, vm_flags);
	found->start = BPF_CORE_READ(vma, vm_start);
	found->end = BPF_CORE_READ(vma, vm_end);
	return 0;
}

/*
 * Since 5.17, hence programs of their own. Fails where another thread is
 * changing the address space.
 */
static __always_inline bool find_vma(__u64 addr, struct found_vma *found)
{
	return !bpf_find_vma(bpf_get_current_task_btf(), addr, vma_found, found, 0) &&
	       found->start <= addr;
}

static __always_inline void put_vma_path(struct scratch *s, __u32 index, bool found,
					 const struct found_vma *vma)
{
	if (!found)
		put_unknown(s, index);
	else if (vma->file)
		put_path(s->slot, index, vma->file + bpf_core_field_offset(struct file, f_path));
}

/* A mapping that is there: its address is the one that it got. */
static __always_inline int after_security_mmap_file__vma(const struct returned_call *call)
{
	struct hook hook = { .returned = true };
	struct found_vma vma = {};
	struct scratch *s;
	bool found;

	if (call->event != EVENT_MMAP || (__u64)call->ret >= ERRORS_FROM)
		return 0;
	found = find_vma(call->ret, &vma);
	s = event_begin(EVENT_SECURITY_MMAP_FILE, 5, hook);
	if (!s)
		return 0;
	put_mapping(s, call->ret, call->args[1], call->args[2], call->args[3]);
	put_vma_path(s, 0, found, &vma);
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

struct changed {
	__u64 addr;
	__u64 len;
};

/* The part of an area that the call in progress changes: the kernel has not split the area yet. */
static __always_inline struct changed changed_range(__u64 start, __u64 end)
{
	struct returned_call call = {};

	if (call_in_progress(&call) &&
	    (call.event == EVENT_MPROTECT || call.event == EVENT_PKEY_MPROTECT)) {
		__u64 last = (call.args[0] + call.args[1] + PAGE_BITS) & ~PAGE_BITS;

		if (call.args[0] > start && call.args[0] < end)
			start = call.args[0];
		if (last > start && last < end)
			end = last;
	}
	return (struct changed){ start, end - start };
}

static __always_inline int on_security_file_mprotect(struct hook hook, struct vm_area_struct *vma,
						     __u64 reqprot)
{
	struct scratch *s = event_begin(EVENT_SECURITY_FILE_MPROTECT, 6, hook);
	struct changed range;

	if (!s)
		return 0;
	range = changed_range(BPF_CORE_READ(vma, vm_start), BPF_CORE_READ(vma, vm_end));
	put_value(s, 1, range.addr);
	put_value(s, 2, range.len);
	put_value(s, 3, reqprot);
	put_value(s, 4, BPF_CORE_READ(vma, vm_flags) & PROT_RWX);
	put_value(s, 5, map_flags(vma));
	put_file_path(s, 0, BPF_CORE_READ(vma, vm_file));
	return event_end(s);
}

HOOK(security_file_mprotect, security_file_mprotect,
     (struct vm_area_struct * vma, unsigned long reqprot, unsigned long prot), (vma, reqprot))

/* Alerts; src/symbols/memory.rs has their names. */
#define ALERT_MAPPED_WX 1
#define ALERT_W_TO_X 2
#define ALERT_X_TO_WX 3
#define ALERT_WX_TO_X 4
#define ALERT_TO_WX 5

static __always_inline bool has(__u64 prot, __u64 bits)
{
	return (prot & bits) == bits;
}

/*
 * 0: nothing to tell. written: the process has pages of its own there, so that
 * it has written to them, whatever the protection has been since.
 */
static __always_inline __u32 protection_alert(__u64 prev, __u64 prot, bool written)
{
	if (!(prot & PROT_EXEC))
		return 0;
	if (prot & PROT_WRITE) {
		if (has(prev, PROT_WRITE | PROT_EXEC))
			return 0;
		return prev & PROT_EXEC ? ALERT_X_TO_WX : ALERT_TO_WX;
	}
	if (prev & PROT_EXEC)
		return prev & PROT_WRITE ? ALERT_WX_TO_X : 0;
	return prev & PROT_WRITE || written ? ALERT_W_TO_X : 0;
}

static __always_inline struct scratch *alert_begin(struct hook hook, __u32 alert, __u64 addr,
						   __u64 len, __u64 prot, __u64 prev)
{
	struct scratch *s = event_begin(EVENT_MEM_PROT_ALERT, 6, hook);

	if (!s)
		return NULL;
	put_value(s, 0, alert);
	put_value(s, 1, addr);
	put_value(s, 2, len);
	put_value(s, 3, prot);
	put_value(s, 4, prev);
	return s;
}

/* The alert is shown, or its memory is captured, or both. */
static __always_inline int alert_end(struct scratch *s)
{
	if (settings.chosen[EVENT_MEM_PROT_ALERT] == EVENT_SHOWN)
		submit(s);
	if (capturing & CAPTURE_MEM)
		take_memory(s->slot);
	scratch_put(s);
	return 0;
}

static __always_inline __u64 effective(__u64 prot)
{
	if (prot & PROT_READ && TASK_READ(current_task(), personality) & READ_IMPLIES_EXEC)
		prot |= PROT_EXEC;
	return prot;
}

static __always_inline int map_alert(struct file *file, __u64 addr, __u64 len, __u64 prot)
{
	struct hook hook = { .ret = addr, .returned = true };
	struct scratch *s;

	prot = effective(prot);
	if (addr >= ERRORS_FROM || !has(prot, PROT_WRITE | PROT_EXEC))
		return 0;
	s = alert_begin(hook, ALERT_MAPPED_WX, addr, len, prot, 0);
	if (!s)
		return 0;
	put_file_path(s, 5, file);
	return alert_end(s);
}

/* mmap(2), and what an execve maps. */
SEC("fexit/vm_mmap_pgoff")
int BPF_PROG(mem_prot_alert_mmap__fexit, struct file *file, unsigned long addr, unsigned long len,
	     unsigned long prot, unsigned long flags, unsigned long pgoff, unsigned long ret)
{
	return map_alert(file, ret, len, prot);
}

/* Of old_mmap(2) registers tell nothing: memory may have changed, the mapping has what the kernel was given. */
static __always_inline __u64 given_prot(const struct returned_call *call, bool found,
					const struct found_vma *vma)
{
	if (call->within && found)
		return vma->flags & PROT_RWX;
	return effective(call->args[2]);
}

/* Registers tell all but the file. */
static __always_inline int after_mem_prot_alert_mmap__vma(const struct returned_call *call)
{
	struct hook hook = { .ret = call->ret, .returned = true };
	struct found_vma vma = {};
	struct scratch *s;
	__u64 prot;
	bool found;

	if (call->event != EVENT_MMAP || (__u64)call->ret >= ERRORS_FROM ||
	    (!call->within && !has(effective(call->args[2]), PROT_WRITE | PROT_EXEC)))
		return 0;
	found = find_vma(call->ret, &vma);
	prot = given_prot(call, found, &vma);
	if (!has(prot, PROT_WRITE | PROT_EXEC))
		return 0;
	s = alert_begin(hook, ALERT_MAPPED_WX, call->ret, call->args[1], prot, 0);
	if (!s)
		return 0;
	put_vma_path(s, 5, found, &vma);
	return alert_end(s);
}

AFTER_CALL(mem_prot_alert_mmap__vma)

/* Without a search for the mapping: the file that is open as the call's fd. */
static __always_inline int after_mem_prot_alert_mmap__fd(const struct returned_call *call)
{
	struct file *file = NULL;

	if (call->event != EVENT_MMAP || (__u64)call->ret >= ERRORS_FROM)
		return 0;
	if (!(call->args[3] & MAP_ANONYMOUS))
		file = file_of_fd(call->args[4]);
	return map_alert(file, call->ret, call->args[1], call->args[2]);
}

AFTER_CALL(mem_prot_alert_mmap__fd)

static __always_inline int on_mem_prot_alert_mprotect(struct hook hook, struct vm_area_struct *vma,
						      __u64 prot)
{
	__u64 prev = BPF_CORE_READ(vma, vm_flags) & PROT_RWX;
	__u32 alert = protection_alert(prev, prot, BPF_CORE_READ(vma, anon_vma));
	struct changed range;
	struct scratch *s;

	if (!alert)
		return 0;
	range = changed_range(BPF_CORE_READ(vma, vm_start), BPF_CORE_READ(vma, vm_end));
	s = alert_begin(hook, alert, range.addr, range.len, prot, prev);
	if (!s)
		return 0;
	put_file_path(s, 5, BPF_CORE_READ(vma, vm_file));
	return alert_end(s);
}

HOOK(mem_prot_alert_mprotect, security_file_mprotect,
     (struct vm_area_struct * vma, unsigned long reqprot, unsigned long prot), (vma, prot))

/*
 * After the call nobody knows what the protection was. Written pages tell that
 * it was writable once; writable and executable is worth an alert in any case.
 */
static __always_inline int after_mem_prot_alert_mprotect__vma(const struct returned_call *call)
{
	struct hook hook = { .returned = true };
	struct found_vma vma = {};
	struct scratch *s;
	__u32 alert;
	__u64 prot;
	bool found;

	if (call->event != EVENT_MPROTECT && call->event != EVENT_PKEY_MPROTECT)
		return 0;
	prot = effective(call->args[2]);
	if (call->ret || !(prot & PROT_EXEC) || !call->args[1])
		return 0;
	found = find_vma(call->args[0], &vma);
	alert = protection_alert(0, prot, found && vma.anon_vma);
	if (!alert)
		return 0;
	s = alert_begin(hook, alert, call->args[0], (call->args[1] + PAGE_BITS) & ~PAGE_BITS, prot,
			0);
	if (!s)
		return 0;
	put_unknown(s, 4);
	put_vma_path(s, 5, found, &vma);
	return alert_end(s);
}

AFTER_CALL(mem_prot_alert_mprotect__vma)
