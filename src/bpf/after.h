/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What looks at calls after them. */
#ifndef TRACEE_AFTER_H
#define TRACEE_AFTER_H

/*
 * Everything that looks at a call after it, in the order in which it runs: AFTER_CALL() of
 * lib/event.h. settings.bodies has a bit for each.
 */
/* clang-format off */
#define AFTER_BODIES(body) \
	body(bpf_attach) \
	body(capture_mmap) \
	body(capture_write) \
	body(commit_creds) \
	body(file_modification) \
	body(mem_prot_alert_attach__vma) \
	body(mem_prot_alert_mmap__fd) \
	body(mem_prot_alert_mmap__vma) \
	body(mem_prot_alert_mprotect__vma) \
	body(process_vm_access) \
	body(ptrace_attach) \
	body(security_file_ioctl) \
	body(security_file_open) \
	body(security_kernel_read_file) \
	body(security_mmap_file__vma) \
	body(security_socket_accept) \
	body(security_socket_bind) \
	body(security_socket_connect) \
	body(security_socket_create) \
	body(security_socket_listen) \
	body(security_socket_setsockopt) \
	body(security_task_prctl) \
	body(security_task_setrlimit) \
	body(switch_task_ns) \
	body(vfs_read) \
	body(vfs_readv) \
	body(vfs_write) \
	body(vfs_writev)
/* clang-format on */

/* Their positions: AFTER_bpf_attach, … */
#define AFTER_POSITION(name) AFTER_##name,
enum after_body : __u8 { AFTER_BODIES(AFTER_POSITION) };

/*
 * A body gets this number with its position in the lowest bits: so the loader finds the calls of
 * those that a run lacks, and leaves them out.
 */
enum body_call { BODY_CALL = 0x61667400 };

#endif
