// landlock open|ioctl FILE: forbids itself to read files, or requests to devices, and tries to; as a 32-bit program, too: m32
// Exits with 77 where the kernel's Landlock cannot do that.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Since 6.10. */
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15)
#endif

int main(int argc, char **argv)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = LANDLOCK_ACCESS_FS_READ_FILE };
	unsigned long size;
	int rules, fd;

	if (argc != 3)
		return 2;
	if (!strcmp(argv[1], "ioctl"))
		attr.handled_access_fs = LANDLOCK_ACCESS_FS_IOCTL_DEV;
	rules = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (rules < 0)
		return 77;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_landlock_restrict_self, rules, 0))
		return 1;
	fd = open(argv[2], O_RDONLY);
	if (!strcmp(argv[1], "ioctl"))
		return fd < 0 || ioctl(fd, BLKGETSIZE, &size) != -1 || errno != EACCES;
	return fd >= 0 || errno != EACCES;
}
