// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Names of files that are in no folder: a file system that only the kernel mounts makes them up on
 * request (d_dname), as readlink(2) on /proc/PID/fd/FD shows them. They are made up here in the
 * same way, by the file system's magic number.
 */
#include "lib/items.h"

/* What precedes the number or the name, with its NUL. */
#define PREFIX_MAX 20
/* Where digits end in the room for them. */
#define DIGITS_END 20

/* Appends a string in the kernel to the name. */
static __always_inline void append(struct scratch *s, const void *from, __u32 max)
{
	__u64 pos = s->pos, at = s->loop.len;
	long n;

	bounded(pos);
	bounded(at);
	if (pos > ITEM_START_MAX || at > STR_MAX)
		return;
	n = bpf_probe_read_kernel_str(s->bytes + sizeof(struct item_header) + pos + at, max, from);
	if (n > 0)
		s->loop.len = at + n - 1;
}

/* "pipe:[" and a number and "]"; the room of a filter's text is free while items are made. */
static __always_inline void append_numbered(struct scratch *s, const char *prefix, __u64 number)
{
	char *room = s->key.text;
	__u64 first = DIGITS_END;

	append(s, prefix, PREFIX_MAX);
	room[DIGITS_END] = ']';
	room[DIGITS_END + 1] = 0;
	for (int i = DIGITS_END - 1; i >= 0; i--) {
		room[i] = '0' + number % 10;
		number /= 10;
		first = i;
		if (!number)
			break;
	}
	bounded(first);
	if (first <= DIGITS_END)
		append(s, room + first, DIGITS_END + 2);
}

static __always_inline void append_ns(struct scratch *s, __u64 inode)
{
	__u64 ns = PEEK(struct inode, inode, i_private);
	__u64 ops = PEEK(struct ns_common, ns, ops);

	append(s, (void *)PEEK(struct proc_ns_operations, ops, name), PREFIX_MAX);
	append_numbered(s, ":[", PEEK(struct inode, inode, i_ino));
}

static __always_inline void append_dmabuf(struct scratch *s, __u64 dentry)
{
	append(s, ":", sizeof(":"));
	if (bpf_core_field_exists(struct dma_buf, name))
		append(s, (void *)PEEK(struct dma_buf, PEEK(struct dentry, dentry, d_fsdata), name),
		       NAME_LEN);
}

/* Decides like the kernel's d_path(). */
static __always_inline bool is_made_up(__u64 dentry, __u64 mnt)
{
	__u64 operations = PEEK(struct dentry, dentry, d_op);

	if (!operations || !PEEK(struct dentry_operations, operations, d_dname))
		return false;
	/* A namespace that is mounted has the path of its mount point. */
	return PEEK(struct dentry, dentry, d_parent) != dentry ||
	       PEEK(struct vfsmount, mnt, mnt_root) != dentry;
}

__noinline int put_made_up(__u32 slot, __u32 index, __u64 dentry, __u64 mnt)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	struct item_header *item;
	__u64 inode;

	if (!s || !dentry || !is_made_up(dentry, mnt))
		return 0;
	item = item_begin(s, index);
	if (!item)
		return 1;
	item->flags = PATH_MADE_UP;
	s->loop.len = 0;
	inode = PEEK(struct dentry, dentry, d_inode);
	switch (PEEK(struct super_block, PEEK(struct dentry, dentry, d_sb), s_magic)) {
	case PIPEFS_MAGIC:
		append_numbered(s, "pipe:[", PEEK(struct inode, inode, i_ino));
		break;
	case SOCKFS_MAGIC:
		append_numbered(s, "socket:[", PEEK(struct inode, inode, i_ino));
		break;
	case NSFS_MAGIC:
		append_ns(s, inode);
		break;
	case PID_FS_MAGIC:
		append(s, "anon_inode:[pidfd]", PREFIX_MAX);
		break;
	case ANON_INODE_FS_MAGIC:
		append(s, "anon_inode:", PREFIX_MAX);
		append(s, (void *)PEEK(struct dentry, dentry, d_name.name), NAME_LEN + 1);
		break;
	case DMA_BUF_MAGIC:
		item->flags |= PATH_AT_ROOT;
		append(s, (void *)PEEK(struct dentry, dentry, d_name.name), NAME_LEN + 1);
		append_dmabuf(s, dentry);
		break;
	default:
		/* simple_dname(): memory that looks like a file. */
		item->flags |= PATH_AT_ROOT | PATH_DELETED;
		append(s, (void *)PEEK(struct dentry, dentry, d_name.name), NAME_LEN + 1);
	}
	item_end(s, item, s->loop.len);
	return 1;
}
