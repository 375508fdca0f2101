// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The least that a record of a call can cost: the time, ids, the name and the registers, in 192 bytes that are reserved
 * in a ring which is kept empty. FIRST and SECOND are the numbers of the calls. Needs no header but the kernel's types.
 */
#include "vmlinux.h"

#define SEC(name) __attribute__((section(name), used))

struct {
	int (*type)[BPF_MAP_TYPE_RINGBUF];
	int (*max_entries)[8 << 20];
} ring SEC(".maps");

static void *(*ringbuf_reserve)(void *ring, __u64 size,
				__u64 flags) = (void *)BPF_FUNC_ringbuf_reserve;
static void (*ringbuf_submit)(void *data, __u64 flags) = (void *)BPF_FUNC_ringbuf_submit;
static __u64 (*ktime_get_boot_ns)(void) = (void *)BPF_FUNC_ktime_get_boot_ns;
static __u64 (*get_current_pid_tgid)(void) = (void *)BPF_FUNC_get_current_pid_tgid;
static __u64 (*get_current_uid_gid)(void) = (void *)BPF_FUNC_get_current_uid_gid;
static long (*get_current_comm)(void *buffer, __u32 size) = (void *)BPF_FUNC_get_current_comm;

struct record {
	__u64 time;
	__u64 ids;
	__u64 users;
	__u64 nr;
	__s64 ret;
	__u64 args[6];
	char comm[16];
	__u64 rest[11];
};

_Static_assert(sizeof(struct record) == 192, "a record has 192 bytes");

SEC("tp_btf/sys_exit")
int least(__u64 *ctx)
{
	struct pt_regs *regs = (struct pt_regs *)ctx[0];
	__u64 nr = regs->orig_ax;
	struct record *record;

	if (nr != FIRST && nr != SECOND)
		return 0;
	record = ringbuf_reserve(&ring, sizeof(*record), 0);
	if (!record)
		return 0;
	record->time = ktime_get_boot_ns();
	record->ids = get_current_pid_tgid();
	record->users = get_current_uid_gid();
	record->nr = nr;
	record->ret = ctx[1];
	record->args[0] = regs->di;
	record->args[1] = regs->si;
	record->args[2] = regs->dx;
	record->args[3] = regs->r10;
	record->args[4] = regs->r8;
	record->args[5] = regs->r9;
	get_current_comm(record->comm, sizeof(record->comm));
	ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
