// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Names that come, go and change. The kernel asks these hooks just before it
 * does so, and gives them names without a mount: see put_dentry_path().
 */
#include "lib/event.h"
#include "lib/inode.h"

/* dev, inode and mode of what has a name already. */
static __always_inline void put_inode(struct scratch *s, __u32 index, struct dentry *dentry)
{
	struct inode *inode = BPF_CORE_READ(dentry, d_inode);

	put_value(s, index, BPF_CORE_READ(inode, i_sb, s_dev));
	put_value(s, index + 1, BPF_CORE_READ(inode, i_ino));
	put_value(s, index + 2, BPF_CORE_READ(inode, i_mode));
}

/* dev and inode of the folder where a new name is made. */
static __always_inline void put_dir(struct scratch *s, __u32 index, struct inode *dir)
{
	put_value(s, index, BPF_CORE_READ(dir, i_sb, s_dev));
	put_value(s, index + 1, BPF_CORE_READ(dir, i_ino));
}

static __always_inline int on_security_inode_unlink(struct hook hook, struct dentry *dentry)
{
	struct scratch *s = event_begin(EVENT_SECURITY_INODE_UNLINK, 4, hook);

	if (!s)
		return 0;
	put_dentry_path(s->slot, 0, plain_address(dentry));
	put_inode(s, 1, dentry);
	return event_end(s);
}

HOOK(security_inode_unlink, security_inode_unlink, (struct inode * dir, struct dentry *dentry),
     (dentry))

/* Where there is nothing better: what is unlinked on ext4. Only the raw tracepoint gives the name. */
SEC("tp_btf/ext4_unlink_enter")
int BPF_PROG(security_inode_unlink__ext4_tp_btf, struct inode *dir, struct dentry *dentry)
{
	return on_security_inode_unlink((struct hook){}, dentry);
}

static __always_inline int on_security_inode_rename(struct hook hook, struct dentry *old,
						    struct dentry *new, __u32 flags)
{
	struct scratch *s = event_begin(EVENT_SECURITY_INODE_RENAME, 6, hook);

	if (!s)
		return 0;
	put_dentry_path(s->slot, 0, plain_address(old));
	put_dentry_path(s->slot, 1, plain_address(new));
	put_inode(s, 2, old);
	put_value(s, 5, flags);
	return event_end(s);
}

HOOK(security_inode_rename, security_inode_rename,
     (struct inode * old_dir, struct dentry *old, struct inode *new_dir, struct dentry *new,
      unsigned int flags),
     (old, new, flags))

static __always_inline int on_security_inode_link(struct hook hook, struct dentry *old,
						  struct dentry *new)
{
	struct scratch *s = event_begin(EVENT_SECURITY_INODE_LINK, 5, hook);

	if (!s)
		return 0;
	put_dentry_path(s->slot, 0, plain_address(old));
	put_dentry_path(s->slot, 1, plain_address(new));
	put_inode(s, 2, old);
	return event_end(s);
}

HOOK(security_inode_link, security_inode_link,
     (struct dentry * old, struct inode *dir, struct dentry *new), (old, new))

static __always_inline int on_security_inode_symlink(struct hook hook, struct inode *dir,
						     struct dentry *dentry, const char *target)
{
	struct scratch *s = event_begin(EVENT_SECURITY_INODE_SYMLINK, 4, hook);

	if (!s)
		return 0;
	put_dentry_path(s->slot, 0, plain_address(dentry));
	put_kernel_str(s->slot, 1, plain_address(target));
	put_dir(s, 2, dir);
	return event_end(s);
}

HOOK(security_inode_symlink, security_inode_symlink,
     (struct inode * dir, struct dentry *dentry, const char *target), (dir, dentry, target))

static __always_inline int on_security_inode_mknod(struct hook hook, struct inode *dir,
						   struct dentry *dentry, __u16 mode, __u32 rdev)
{
	struct scratch *s = event_begin(EVENT_SECURITY_INODE_MKNOD, 5, hook);

	if (!s)
		return 0;
	put_dentry_path(s->slot, 0, plain_address(dentry));
	put_value(s, 1, mode);
	put_value(s, 2, rdev);
	put_dir(s, 3, dir);
	return event_end(s);
}

HOOK(security_inode_mknod, security_inode_mknod,
     (struct inode * dir, struct dentry *dentry, umode_t mode, dev_t dev), (dir, dentry, mode, dev))
