// ioctl FOLDER: asks files for things, and prints which events are expected, as files.c does; as a 32-bit program, too: m32
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* A request that no file answers. */
#define UNKNOWN 0x4242

struct asked {
	unsigned int cmd;
	unsigned long arg;
	int ret;
};

int main(int argc, char **argv)
{
	char path[PATH_MAX];
	int size = 0, fd, only_path;
	struct stat st;

	if (argc != 2 || !realpath(argv[1], path) || chdir(path))
		return 2;
	fd = open("asked", O_CREAT | O_RDWR, 0600);
	only_path = open("asked", O_PATH);
	if (fd < 0 || only_path < 0 || fstat(fd, &st) || write(fd, "12345", 5) != 5 ||
	    lseek(fd, 2, SEEK_SET) != 2)
		return 1;
	struct asked asked[] = {
		{ FIONREAD, (unsigned long)&size, ioctl(fd, FIONREAD, &size) },
		{ FIOCLEX, 0, ioctl(fd, FIOCLEX, 0) },
		{ UNKNOWN, ~0UL, ioctl(fd, UNKNOWN, ~0UL) },
		/* The kernel reaches no file by these. */
		{ 0, 0, ioctl(only_path, FIONREAD, &size) },
		{ 0, 0, ioctl(1000, FIONREAD, &size) },
	};
	if (size != 3 || asked[0].ret || asked[1].ret || asked[2].ret != -1 || asked[3].ret != -1 ||
	    asked[4].ret != -1)
		return 1;
#ifdef __x86_64__
	/* The x32 ABI has no call of this number: no file is asked. */
	if (syscall(0x40000000 | SYS_ioctl, fd, FIONREAD, &size) != -1 || errno != ENOSYS)
		return 1;
#endif
	for (int i = 0; i < 3; i++) {
		printf("security_file_ioctl\tpathname=%s/asked\tdev=%lu\tinode=%lu\tcmd=%u\targ=%lu",
		       path, (unsigned long)major(st.st_dev) << 20 | minor(st.st_dev),
		       (unsigned long)st.st_ino, asked[i].cmd, asked[i].arg);
		/* After the call, what the hook returned is known only of a call that succeeded. */
		printf(asked[i].ret ? "\thook=0\n" : "\tret=0\n");
	}
	return 0;
}
