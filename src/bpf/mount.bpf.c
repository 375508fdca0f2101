// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Mounts that come and go, and watches on files. */
#include "lib/event.h"

static __always_inline int on_security_sb_mount(struct hook hook, const char *dev_name,
						const struct path *path, const char *type,
						__u64 flags)
{
	struct scratch *s = event_begin(SECURITY_SB_MOUNT, hook);

	if (!s)
		return 0;
	if (dev_name)
		put_kernel_str(s->slot, ARG_SECURITY_SB_MOUNT_DEV_NAME, plain_address(dev_name));
	put_path(s->slot, ARG_SECURITY_SB_MOUNT_PATHNAME, plain_address(path));
	if (type)
		put_kernel_str(s->slot, ARG_SECURITY_SB_MOUNT_TYPE, plain_address(type));
	put_value(s, ARG_SECURITY_SB_MOUNT_FLAGS, flags);
	return event_end(s);
}

HOOK(security_sb_mount, security_sb_mount,
     (const char *dev_name, const struct path *path, const char *type, unsigned long flags,
      void *data),
     (dev_name, path, type, flags))

static __always_inline int on_security_sb_umount(struct hook hook, struct vfsmount *mnt, int flags)
{
	struct scratch *s = event_begin(SECURITY_SB_UMOUNT, hook);

	if (!s)
		return 0;
	put_path_of(s->slot, ARG_SECURITY_SB_UMOUNT_PATHNAME, (__u64)BPF_CORE_READ(mnt, mnt_root),
		    plain_address(mnt));
	put_kernel_str(s->slot, ARG_SECURITY_SB_UMOUNT_TYPE,
		       (__u64)BPF_CORE_READ(mnt, mnt_sb, s_type, name));
	put_value(s, ARG_SECURITY_SB_UMOUNT_DEV, BPF_CORE_READ(mnt, mnt_sb, s_dev));
	put_value(s, ARG_SECURITY_SB_UMOUNT_FLAGS, (__u32)flags);
	return event_end(s);
}

HOOK(security_sb_umount, security_sb_umount, (struct vfsmount * mnt, int flags), (mnt, flags))

static __always_inline int on_security_path_notify(struct hook hook, const struct path *path,
						   __u64 mask, __u32 type)
{
	struct scratch *s = event_begin(SECURITY_PATH_NOTIFY, hook);
	struct inode *inode;

	if (!s)
		return 0;
	inode = BPF_CORE_READ(path, dentry, d_inode);
	put_path(s->slot, ARG_SECURITY_PATH_NOTIFY_PATHNAME, plain_address(path));
	put_value(s, ARG_SECURITY_PATH_NOTIFY_DEV, BPF_CORE_READ(inode, i_sb, s_dev));
	put_value(s, ARG_SECURITY_PATH_NOTIFY_INODE, BPF_CORE_READ(inode, i_ino));
	put_value(s, ARG_SECURITY_PATH_NOTIFY_MASK, mask);
	put_value(s, ARG_SECURITY_PATH_NOTIFY_TYPE, type);
	return event_end(s);
}

HOOK(security_path_notify, security_path_notify,
     (const struct path *path, __u64 mask, unsigned int type), (path, mask, type))
