/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef TRACEE_SOCKET_H
#define TRACEE_SOCKET_H

#include "event.h"
#include "inode.h"

/* The socket that is open as fd; NULL: none. */
static __always_inline struct socket *socket_of_fd(__u32 fd)
{
	struct file *file = file_of_fd(fd);

	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	return (struct socket *)BPF_CORE_READ(file, private_data);
}

#endif
