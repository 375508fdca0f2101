// fuse FOLDER PROGRAM: mounts at the folder a FUSE file system of one file, "program", with the
// content of PROGRAM, and executes it. From then on the file system is not served: opening or
// reading a file there waits until it is unmounted, which is when the standard input ends.
//
// fuse FOLDER PROGRAM overlay ARGUMENT...: the same with namespaces of its own, below an overlay
// FOLDER/over, as any user can mount it. The program is executed there with these arguments; once
// it has stopped itself the file system is not served.
//
// fuse calls: a program to execute so. It stops itself, prints `ready`, and makes a call of getppid
// for each byte that it reads.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM 2
#define REQUEST_MAX (1 << 20)

#define CONTENT_MAX (8 << 20)

static char *content;
static size_t size;
/* For how long the kernel may keep attributes. */
static unsigned int valid = 3600;

static struct fuse_attr attributes(uint64_t inode)
{
	return (struct fuse_attr){
		.ino = inode,
		.size = inode == PROGRAM ? size : 0,
		.mode = inode == PROGRAM ? S_IFREG | 0755 : S_IFDIR | 0755,
		.nlink = 1,
	};
}

static void reply(int fd, uint64_t unique, int error, const void *data, size_t len)
{
	char buffer[(1 << 17) + sizeof(struct fuse_out_header)];
	struct fuse_out_header *out = (void *)buffer;

	*out = (struct fuse_out_header){ .len = sizeof(*out) + len,
					 .error = -error,
					 .unique = unique };
	memcpy(out + 1, data, len);
	if (write(fd, buffer, out->len) < 0 && errno != ENOENT)
		perror("reply");
}

static void serve(int fd)
{
	char *buffer = malloc(REQUEST_MAX);

	while (read(fd, buffer, REQUEST_MAX) > 0) {
		struct fuse_in_header *in = (void *)buffer;
		void *arg = in + 1;

		switch (in->opcode) {
		case FUSE_INIT: {
			struct fuse_init_out out = { .major = 7, .minor = 31, .max_write = 65536 };

			reply(fd, in->unique, 0, &out, sizeof(out));
			break;
		}
		case FUSE_LOOKUP: {
			struct fuse_entry_out out = { .nodeid = PROGRAM,
						      .entry_valid = 3600,
						      .attr_valid = valid,
						      .attr = attributes(PROGRAM) };

			reply(fd, in->unique, strcmp(arg, "program") ? ENOENT : 0, &out,
			      sizeof(out));
			break;
		}
		case FUSE_GETATTR: {
			struct fuse_attr_out out = { .attr_valid = valid,
						     .attr = attributes(in->nodeid) };

			reply(fd, in->unique, 0, &out, sizeof(out));
			break;
		}
		case FUSE_OPEN: {
			struct fuse_open_out out = { .fh = 1 };

			reply(fd, in->unique, 0, &out, sizeof(out));
			break;
		}
		case FUSE_READ: {
			struct fuse_read_in *wanted = arg;
			size_t len = wanted->offset < size ? size - wanted->offset : 0;

			if (len > wanted->size)
				len = wanted->size;
			if (len > 1 << 17)
				len = 1 << 17;
			reply(fd, in->unique, 0, content + wanted->offset, len);
			break;
		}
		case FUSE_STATFS: {
			struct fuse_statfs_out out = { .st = { .bsize = 4096, .namelen = 255 } };

			reply(fd, in->unique, 0, &out, sizeof(out));
			break;
		}
		case FUSE_FORGET:
		case FUSE_BATCH_FORGET:
			break;
		case FUSE_FLUSH:
		case FUSE_RELEASE:
			reply(fd, in->unique, 0, NULL, 0);
			break;
		default:
			reply(fd, in->unique, ENOSYS, NULL, 0);
		}
	}
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		perror(path);
	close(fd);
}

/* As root of a user namespace, which needs no privilege. */
static int own_namespaces(void)
{
	char uid[32], gid[32];

	snprintf(uid, sizeof(uid), "0 %d 1", getuid());
	snprintf(gid, sizeof(gid), "0 %d 1", getgid());
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return -1;
	put("/proc/self/setgroups", "deny");
	put("/proc/self/uid_map", uid);
	put("/proc/self/gid_map", gid);
	return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

static int calls(void)
{
	char byte;

	/* Its pages will not be served. */
	if (mlockall(MCL_CURRENT))
		return 1;
	raise(SIGSTOP);
	puts("ready");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		syscall(SYS_getppid);
	return 0;
}

/* Executes the program on an overlay; all ends when it does. */
static int below_overlay(const char *folder, pid_t server, char **arguments)
{
	char options[9000], path[4200];
	int status;
	pid_t child;

	snprintf(path, sizeof(path), "%s/over", folder);
	snprintf(options, sizeof(options), "lowerdir=%s/low:%s/other", folder, folder);
	if (mount("program", path, "overlay", 0, options)) {
		perror("overlay");
		kill(server, 9);
		return 1;
	}
	snprintf(path, sizeof(path), "%s/over/program", folder);
	child = fork();
	if (!child) {
		arguments[0] = path;
		execv(path, arguments);
		perror(path);
		_exit(1);
	}
	waitpid(child, &status, WUNTRACED);
	kill(server, 9);
	waitpid(server, NULL, 0);
	kill(child, SIGCONT);
	waitpid(child, &status, 0);
	return status;
}

int main(int argc, char **argv)
{
	char options[128], path[4096], rest;
	int fd, file, status, overlay = argc > 3 && !strcmp(argv[3], "overlay");
	const char *at = argv[1];
	pid_t server;

	if (argc > 1 && !strcmp(argv[1], "calls"))
		return calls();
	if (argc < 3)
		return 1;
	file = open(argv[2], O_RDONLY);
	content = malloc(CONTENT_MAX);
	size = read(file, content, CONTENT_MAX);
	if (overlay) {
		for (const char *const *name = (const char *[]){ "low", "other", "over", NULL };
		     *name; name++) {
			snprintf(path, sizeof(path), "%s/%s", argv[1], *name);
			mkdir(path, 0755);
		}
		if (own_namespaces()) {
			perror("namespaces");
			return 1;
		}
		valid = 0;
		snprintf(path, sizeof(path), "%s/low", argv[1]);
		at = path;
	}
	fd = open("/dev/fuse", O_RDWR);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40755,user_id=0,group_id=0", fd);
	if (file < 0 || fd < 0 || mount("program", at, "fuse", MS_NOSUID | MS_NODEV, options)) {
		perror("fuse");
		return 1;
	}
	server = fork();
	if (!server) {
		serve(fd);
		_exit(0);
	}
	if (overlay)
		return below_overlay(argv[1], server, argv + 3);
	snprintf(path, sizeof(path), "%s/program", argv[1]);
	if (!fork()) {
		/* Until it is gone, the server must live. */
		execl(path, path, "1", "1", NULL);
		perror(path);
		_exit(1);
	}
	while (wait(&status) == server)
		;
	/* Not served any more, but not gone: this process has it open, too. */
	kill(server, 9);
	waitpid(server, NULL, 0);
	puts("ready");
	fflush(stdout);
	while (read(0, &rest, 1) > 0)
		;
	umount2(argv[1], MNT_DETACH);
	return status;
}
