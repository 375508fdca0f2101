/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Attributes of an inode, on every kernel. */
#ifndef TRACEE_INODE_H
#define TRACEE_INODE_H

#include "../maps.h"

/* The bits of a number below 10^9; since 6.13 the top bit of i_ctime_nsec is a flag. */
#define NSEC_MASK 0x3fffffff

/* struct inode's change time has moved twice. */
struct inode___before_6_6 {
	struct timespec64 i_ctime;
} __attribute__((preserve_access_index));

struct inode___6_6 {
	struct timespec64 __i_ctime;
} __attribute__((preserve_access_index));

struct inode___before_6_7 {
	struct timespec64 i_mtime;
} __attribute__((preserve_access_index));

struct inode___6_7 {
	struct timespec64 __i_mtime;
} __attribute__((preserve_access_index));

/* When its content last changed, in ns since the epoch. */
static __always_inline __u64 inode_mtime(struct inode *inode)
{
	struct inode___before_6_7 *old = (void *)inode;
	struct inode___6_7 *mid = (void *)inode;

	if (bpf_core_field_exists(inode->i_mtime_sec))
		return BPF_CORE_READ(inode, i_mtime_sec) * 1000000000ULL +
		       (BPF_CORE_READ(inode, i_mtime_nsec) & NSEC_MASK);
	if (bpf_core_field_exists(mid->__i_mtime))
		return BPF_CORE_READ(mid, __i_mtime.tv_sec) * 1000000000ULL +
		       BPF_CORE_READ(mid, __i_mtime.tv_nsec);
	return BPF_CORE_READ(old, i_mtime.tv_sec) * 1000000000ULL +
	       BPF_CORE_READ(old, i_mtime.tv_nsec);
}

static __always_inline __u64 inode_ctime(struct inode *inode)
{
	struct inode___before_6_6 *old = (void *)inode;
	struct inode___6_6 *mid = (void *)inode;

	if (bpf_core_field_exists(inode->i_ctime_sec))
		return BPF_CORE_READ(inode, i_ctime_sec) * 1000000000ULL +
		       (BPF_CORE_READ(inode, i_ctime_nsec) & NSEC_MASK);
	if (bpf_core_field_exists(mid->__i_ctime))
		return BPF_CORE_READ(mid, __i_ctime.tv_sec) * 1000000000ULL +
		       BPF_CORE_READ(mid, __i_ctime.tv_nsec);
	return BPF_CORE_READ(old, i_ctime.tv_sec) * 1000000000ULL +
	       BPF_CORE_READ(old, i_ctime.tv_nsec);
}

#endif
