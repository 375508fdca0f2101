// fuse FOLDER PROGRAM: mounts at the folder a FUSE file system of one file, "program", with the content of PROGRAM, and
// executes it. From then on nobody serves the file system: whoever opens or reads a file there waits until it is unmounted,
// which is when the standard input ends.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM 2
#define REQUEST_MAX (1 << 20)

static char content[8 << 20];
static size_t size;

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
	static char buffer[REQUEST_MAX];
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
	static char buffer[REQUEST_MAX];

	while (read(fd, buffer, sizeof(buffer)) > 0) {
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
						      .attr_valid = 3600,
						      .attr = attributes(PROGRAM) };

			reply(fd, in->unique, strcmp(arg, "program") ? ENOENT : 0, &out,
			      sizeof(out));
			break;
		}
		case FUSE_GETATTR: {
			struct fuse_attr_out out = { .attr_valid = 3600,
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
			reply(fd, in->unique, 0, content + wanted->offset, len);
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

int main(int argc, char **argv)
{
	char options[128], path[4096], rest;
	int fd, file, status;
	pid_t server;

	if (argc < 3)
		return 1;
	file = open(argv[2], O_RDONLY);
	size = read(file, content, sizeof(content));
	fd = open("/dev/fuse", O_RDWR);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	if (file < 0 || fd < 0 || mount("program", argv[1], "fuse", 0, options)) {
		perror("fuse");
		return 1;
	}
	server = fork();
	if (!server) {
		serve(fd);
		_exit(0);
	}
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
