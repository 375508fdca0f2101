// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Names that come, go and change. The kernel calls these hooks just before the change, with names
 * without a mount: see put_dentry_path().
 */
#include "lib/event.h"
#include "lib/inode.h"

/* An inode that has a name already, at these positions. */
static __always_inline void put_inode(struct scratch *s, __u32 dev, __u32 ino, __u32 mode,
				      struct dentry *dentry)
{
	struct inode *inode = BPF_CORE_READ(dentry, d_inode);

	put_value(s, dev, BPF_CORE_READ(inode, i_sb, s_dev));
	put_value(s, ino, BPF_CORE_READ(inode, i_ino));
	put_value(s, mode, BPF_CORE_READ(inode, i_mode));
}

/* The folder where a new name is made. */
static __always_inline void put_dir(struct scratch *s, __u32 dev, __u32 ino, struct inode *dir)
{
	put_value(s, dev, BPF_CORE_READ(dir, i_sb, s_dev));
	put_value(s, ino, BPF_CORE_READ(dir, i_ino));
}

static __always_inline int on_security_inode_unlink(struct hook hook, struct dentry *dentry)
{
	struct scratch *s = event_begin(SECURITY_INODE_UNLINK, hook);

	if (!s)
		return 0;
	put_dentry_path(s->slot, ARG_SECURITY_INODE_UNLINK_PATHNAME, plain_address(dentry));
	put_inode(s, ARG_SECURITY_INODE_UNLINK_DEV, ARG_SECURITY_INODE_UNLINK_INODE,
		  ARG_SECURITY_INODE_UNLINK_MODE, dentry);
	return event_end(s);
}

HOOK(security_inode_unlink, security_inode_unlink, (struct inode * dir, struct dentry *dentry),
     (dentry))

/*
 * If no better mechanism is available: files that are unlinked on ext4. Only the raw tracepoint has
 * the name.
 */
SEC("tp_btf/ext4_unlink_enter")
int BPF_PROG(security_inode_unlink__ext4_tp_btf, struct inode *dir, struct dentry *dentry)
{
	return on_security_inode_unlink((struct hook){}, dentry);
}

static __always_inline int on_security_inode_rename(struct hook hook, struct dentry *old,
						    struct dentry *new, __u32 flags)
{
	struct scratch *s = event_begin(SECURITY_INODE_RENAME, hook);

	if (!s)
		return 0;
	put_dentry_path(s->slot, ARG_SECURITY_INODE_RENAME_OLD_PATH, plain_address(old));
	put_dentry_path(s->slot, ARG_SECURITY_INODE_RENAME_NEW_PATH, plain_address(new));
	put_inode(s, ARG_SECURITY_INODE_RENAME_DEV, ARG_SECURITY_INODE_RENAME_INODE,
		  ARG_SECURITY_INODE_RENAME_MODE, old);
	put_value(s, ARG_SECURITY_INODE_RENAME_FLAGS, flags);
	return event_end(s);
}

HOOK(security_inode_rename, security_inode_rename,
     (struct inode * old_dir, struct dentry *old, struct inode *new_dir, struct dentry *new,
      unsigned int flags),
     (old, new, flags))

static __always_inline int on_security_inode_link(struct hook hook, struct dentry *old,
						  struct dentry *new)
{
	struct scratch *s = event_begin(SECURITY_INODE_LINK, hook);

	if (!s)
		return 0;
	put_dentry_path(s->slot, ARG_SECURITY_INODE_LINK_OLD_PATH, plain_address(old));
	put_dentry_path(s->slot, ARG_SECURITY_INODE_LINK_NEW_PATH, plain_address(new));
	put_inode(s, ARG_SECURITY_INODE_LINK_DEV, ARG_SECURITY_INODE_LINK_INODE,
		  ARG_SECURITY_INODE_LINK_MODE, old);
	return event_end(s);
}

HOOK(security_inode_link, security_inode_link,
     (struct dentry * old, struct inode *dir, struct dentry *new), (old, new))

static __always_inline int on_security_inode_symlink(struct hook hook, struct inode *dir,
						     struct dentry *dentry, const char *target)
{
	struct scratch *s = event_begin(SECURITY_INODE_SYMLINK, hook);

	if (!s)
		return 0;
	put_dentry_path(s->slot, ARG_SECURITY_INODE_SYMLINK_PATHNAME, plain_address(dentry));
	put_kernel_str(s->slot, ARG_SECURITY_INODE_SYMLINK_TARGET, plain_address(target));
	put_dir(s, ARG_SECURITY_INODE_SYMLINK_DEV, ARG_SECURITY_INODE_SYMLINK_DIR_INODE, dir);
	return event_end(s);
}

HOOK(security_inode_symlink, security_inode_symlink,
     (struct inode * dir, struct dentry *dentry, const char *target), (dir, dentry, target))

static __always_inline int on_security_inode_mknod(struct hook hook, struct inode *dir,
						   struct dentry *dentry, __u16 mode, __u32 rdev)
{
	struct scratch *s = event_begin(SECURITY_INODE_MKNOD, hook);

	if (!s)
		return 0;
	put_dentry_path(s->slot, ARG_SECURITY_INODE_MKNOD_PATHNAME, plain_address(dentry));
	put_value(s, ARG_SECURITY_INODE_MKNOD_MODE, mode);
	put_value(s, ARG_SECURITY_INODE_MKNOD_RDEV, rdev);
	put_dir(s, ARG_SECURITY_INODE_MKNOD_DEV, ARG_SECURITY_INODE_MKNOD_DIR_INODE, dir);
	return event_end(s);
}

HOOK(security_inode_mknod, security_inode_mknod,
     (struct inode * dir, struct dentry *dentry, umode_t mode, dev_t dev), (dir, dentry, mode, dev))
