/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The kernel's own numbers that no type contains, so that they are missing in vmlinux.h. */
#ifndef TRACEE_UAPI_H
#define TRACEE_UAPI_H

/* mmap(2), mprotect(2): asm-generic/mman-common.h */
#define PROT_READ 1
#define PROT_WRITE 2
#define PROT_EXEC 4
#define PROT_RWX (PROT_READ | PROT_WRITE | PROT_EXEC)
#define PROT_GROWSDOWN 0x1000000 /* from the beginning of the area on */
#define MAP_SHARED 0x1 /* MAP_SHARED_VALIDATE has this bit, too */
#define MAP_PRIVATE 0x2
#define MAP_ANONYMOUS 0x20
#define MAP_GROWSDOWN 0x100
#define MAP_LOCKED 0x2000
#define MAP_NORESERVE 0x4000

/* shmat(2): linux/shm.h */
#define SHM_RDONLY 010000
#define SHM_EXEC 0100000

/* vm_flags: linux/mm.h; the lowest three are those of PROT_RWX. */
#define VM_SHARED 0x8
#define VM_MAYWRITE 0x20
#define VM_MAYEXEC 0x40
#define VM_GROWSDOWN 0x100
#define VM_LOCKED 0x2000
#define VM_NORESERVE 0x200000
#define VM_HUGETLB 0x400000

/* linux/stat.h */
#define S_IFMT 0170000
#define S_IFREG 0100000
#define S_IFBLK 0060000
#define S_IFSOCK 0140000

/* asm-generic/fcntl.h */
#define O_APPEND 02000
#define O_PATH 010000000

/* f_mode: linux/fs.h */
#define FMODE_WRITE 0x2
#define FMODE_CREATED 0x100000

/* pwritev2(2): linux/fs.h */
#define RWF_APPEND 0x10

/* ioctl(2): linux/fs.h */
/* A file's content becomes that of another. */
#define FICLONE 0x40049409
#define FICLONERANGE 0x4020940d

/* linux/mount.h, linux/fs.h */
#define MNT_NOEXEC 0x04
#define SB_I_NOEXEC 0x2

/* s_magic: linux/magic.h, linux/dma-buf.h */
#define PIPEFS_MAGIC 0x50495045
#define SOCKFS_MAGIC 0x534f434b
#define NSFS_MAGIC 0x6e736673
#define PID_FS_MAGIC 0x50494446
#define ANON_INODE_FS_MAGIC 0x09041934
#define DMA_BUF_MAGIC 0x444d4142

/* linux/socket.h, linux/net.h, linux/un.h */
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define AF_NETLINK 16
#define AF_PACKET 17
#define SOCK_TYPE_MASK 0xf
#define SOCK_STREAM 1
#define SOCK_PACKET 10
#define MSG_TRUNC 0x20
#define UNIX_PATH_MAX 108

/* asm-generic/errno-base.h, asm-generic/errno.h, linux/errno.h */
/* Results from here on are error numbers. */
#define ERRORS_FROM -4095UL
#define EINTR 4
#define EBUSY 16
#define EINVAL 22
#define ENOSYS 38 /* the result that the kernel leaves for a call that is not carried out */
#define EINPROGRESS 115
/* User space never sees these: the call is made again, or a signal was handled first. */
#define ERESTARTSYS 512
#define ERESTARTNOHAND 514
#define ERESTART_RESTARTBLOCK 516

/* task.flags, task.personality: linux/sched.h, linux/personality.h */
#define PF_IO_WORKER 0x00000010
#define PF_KTHREAD 0x00200000
#define READ_IMPLIES_EXEC 0x0400000 /* old programs: what they may read they may execute */

/* asm/unistd.h, asm/thread_info.h */
#define X32_SYSCALL_BIT 0x40000000
#define TS_COMPAT 0x0002
#define NR_EXECVE 59

/* socketcall(2): linux/net.h */
#define SOCKETCALL_MAX 20 /* the highest of its numbers */

/* ipc(2): linux/ipc.h */
#define SEMOP 1
#define SEMGET 2
#define SEMCTL 3
#define SEMTIMEDOP 4
#define MSGSND 11
#define MSGRCV 12
#define MSGGET 13
#define MSGCTL 14
#define SHMAT 21
#define SHMDT 22
#define SHMGET 23
#define SHMCTL 24
#define IPC_64 0x100

/* Signals: asm/signal.h, asm-generic/siginfo.h, linux/sched/signal.h */
#define SIGNAL_MASK 0x7f /* of an exit code */
#define SIGKILL 9
#define SIGCHLD 17
#define SIGRTMIN 32
/* Codes of signals: by kill(2), by sigqueue(3), by a message queue, by tkill(2), by the kernel. */
#define SI_USER 0
#define SI_QUEUE (-1)
#define SI_MESGQ (-3)
#define SI_TKILL (-6)
#define SI_KERNEL 0x80
#define SIGNAL_GROUP_EXIT 4
/* In place of a siginfo. */
#define SEND_SIG_NOINFO 0
#define SEND_SIG_PRIV 1
/* trace/events/signal.h */
#define TRACE_SIGNAL_DELIVERED 0
#define TRACE_SIGNAL_LOSE_INFO 4

/* linux/ptrace.h */
#define PTRACE_ATTACH 16
#define PTRACE_SEIZE 0x4206

/* asm-generic/resource.h */
#define RLIM_NLIMITS 16

/* linux/security.h, linux/capability.h */
#define CAP_OPT_NOAUDIT (1U << 1)
#define CAPABILITY_VERSION_1 0x19980330 /* its capabilities are half as many */

/* linux/io_uring.h */
#define IORING_SETUP_SQPOLL (1U << 1)

#endif
