// overlaps: calls that write by addresses that are in their memory, and over this memory itself
//
//   overlaps FOLDER
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifndef SYS_getxattrat
#define SYS_getxattrat 464
#endif

/* What is in memory when the call has returned. */
static struct iovec forged[2] = { { (void *)0x1111, 0x2222 }, { (void *)0x3333, 1 } };

static void children(void)
{
	struct clone_args args = { .flags = CLONE_FS | CLONE_PARENT_SETTID,
				   .exit_signal = SIGCHLD };
	long pid;

	args.parent_tid = (unsigned long)&args.flags;
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
}

static void vectors(int fd)
{
	char other[8];
	struct iovec own[2] = { { own, sizeof(own) }, { other, sizeof(other) } };
	struct iovec local = { &local, sizeof(local) }, from = { forged, sizeof(*forged) };
	struct iovec to = { &to, sizeof(to) };

	readv(fd, own, 2);
	own[0] = (struct iovec){ own, sizeof(own) };
	preadv(fd, own, 1, 0);
	process_vm_readv(getpid(), &local, 1, &from, 1, 0);
	process_vm_writev(getpid(), &from, 1, &to, 1, 0);
}

static void messages(void)
{
	struct iovec one, two[2], rest;
	struct msghdr message = { .msg_iov = &one, .msg_iovlen = 1 }, fake = {};
	struct mmsghdr both[2] = { { { .msg_iov = &one, .msg_iovlen = 1 } },
				   { { .msg_iov = &two[1], .msg_iovlen = 1 } } };
	char bytes[2];
	struct iovec moved = { &bytes[1], 1 };
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends))
		return;
	/* Overwrites the vector, the header, and data of another message. */
	write(ends[1], forged, sizeof(*forged));
	one = (struct iovec){ &one, sizeof(one) };
	recvmsg(ends[0], &message, 0);
	fake.msg_name = "forged";
	fake.msg_iov = forged;
	fake.msg_iovlen = 1;
	write(ends[1], &fake, sizeof(fake));
	rest = (struct iovec){ &message, sizeof(message) };
	message.msg_iov = &rest;
	recvmsg(ends[0], &message, 0);
	write(ends[1], &moved, sizeof(moved));
	write(ends[1], "x", 1);
	one = (struct iovec){ &two[1], sizeof(*two) };
	two[1] = (struct iovec){ &bytes[0], 1 };
	recvmmsg(ends[0], both, 2, 0, NULL);
}

static void requests(int fd)
{
	struct iocb cb = { .aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = fd }, *list[1] = { &cb };
	aio_context_t context = 0;

	cb.aio_buf = (unsigned long)list;
	cb.aio_nbytes = sizeof(list);
	if (!syscall(SYS_io_setup, 1, &context))
		syscall(SYS_io_submit, context, 1, list);
}

static void attributes(const char *folder)
{
	struct {
		unsigned long value;
		unsigned int size, flags;
	} args;
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/secret", folder);
	fd = open(path, O_CREAT | O_RDWR, 0600);
	fsetxattr(fd, "user.t", "/harmless", 10, 0);
	args.value = (unsigned long)path;
	args.size = 200;
	args.flags = 0;
	syscall(SYS_getxattrat, AT_FDCWD, path, 0, "user.t", &args, sizeof(args));
}

int main(int argc, char **argv)
{
	int fd = memfd_create("forged", 0);

	write(fd, forged, sizeof(forged));
	lseek(fd, 0, SEEK_SET);
	children();
	vectors(fd);
	messages();
	requests(fd);
	attributes(argc > 1 ? argv[1] : ".");
	return 0;
}
