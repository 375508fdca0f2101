// files WHAT FOLDER…: works on files in the folder and prints, a line a call, which event is
// expected: its name, then the arguments as NAME=VALUE, all with tabs between them.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

/* Written at the end, so that it makes no events in between. */
static char *said;
static size_t said_len;
static FILE *log_file;
static char folder[PATH_MAX];

static void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(log_file, format, args);
	va_end(args);
}

static void must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "files: %s: %s\n", what, strerror(errno));
	exit(1);
}

#define MUST(call) must((call) >= 0, #call)

/* The device as the kernel numbers it. */
static unsigned long kernel_dev(dev_t dev)
{
	return (unsigned long)major(dev) << 20 | minor(dev);
}

static struct stat status(const char *path)
{
	struct stat st;

	must(lstat(path, &st) == 0, path);
	return st;
}

static void create(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY, 0640);

	must(fd >= 0, path);
	close(fd);
}

/* dev, inode and mode of a file. */
static void say_inode(const char *path)
{
	struct stat st = status(path);

	say("\tdev=%lu\tinode=%lu\tmode=%u", kernel_dev(st.st_dev), st.st_ino, st.st_mode);
}

static void say_dir(const char *path)
{
	struct stat st = status(path);

	say("\tdev=%lu\tdir_inode=%lu", kernel_dev(st.st_dev), st.st_ino);
}

static void expect_unlink(const char *path, const char *shown)
{
	say("security_inode_unlink\tpathname=%s", shown);
	say_inode(path);
	say("\n");
}

static void expect_two(const char *event, const char *old, const char *new, int flags)
{
	say("%s\told_path=%s/%s\tnew_path=%s/%s", event, folder, old, folder, new);
	say_inode(old);
	if (flags >= 0)
		say("\tflags=%d", flags);
	say("\n");
}

static char *in_folder(const char *name)
{
	static char path[4][2 * PATH_MAX];
	static int next;
	char *at = path[next++ % 4];

	snprintf(at, sizeof(path[0]), "%s/%s", folder, name);
	return at;
}

/* Names that come, go and change; in the folder itself. */
static void names(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "socket" };
	int dir, fd;

	MUST(mkdir("sub", 0755));
	create("a");
	create("b");
	expect_two("security_inode_rename", "a", "sub/a", 0);
	MUST(rename("a", in_folder("sub/a")));
	dir = open("sub", O_RDONLY | O_DIRECTORY);
	expect_two("security_inode_rename", "sub/a", "c", 1);
	MUST(syscall(SYS_renameat2, dir, "a", AT_FDCWD, "c", 1 /* RENAME_NOREPLACE */));
	expect_two("security_inode_rename", "c", "b", 2);
	MUST(syscall(SYS_renameat2, AT_FDCWD, "c", AT_FDCWD, "sub/../b", 2 /* RENAME_EXCHANGE */));
	/* A link to a folder is on the way; the path names its target. */
	say("security_inode_symlink\tpathname=%s/there\ttarget=sub", folder);
	say_dir(".");
	say("\n");
	MUST(symlink("sub", "there"));
	expect_two("security_inode_link", "b", "sub/hard", -1);
	MUST(link("b", "there/hard"));
	expect_unlink("sub/hard", in_folder("sub/hard"));
	MUST(unlink("there/hard"));
	expect_two("security_inode_link", "c", "sub/hard", -1);
	MUST(linkat(AT_FDCWD, "c", dir, "hard", 0));
	expect_unlink("sub/hard", in_folder("sub/hard"));
	MUST(unlinkat(dir, "hard", 0));
	say("security_inode_mknod\tpathname=%s/sub/fifo\tmode=%u\trdev=0", folder, S_IFIFO | 0600);
	say_dir("sub");
	say("\n");
	MUST(mknodat(dir, "fifo", S_IFIFO | 0600, 0));
	say("security_inode_mknod\tpathname=%s/null\tmode=%u\trdev=%lu", folder, S_IFCHR | 0644,
	    kernel_dev(makedev(1, 3)));
	say_dir(".");
	say("\n");
	MUST(mknod("null", S_IFCHR | 0644, makedev(1, 3)));
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	say("security_inode_mknod\tpathname=%s/socket\tmode=%u\trdev=0", folder, S_IFSOCK | 0755);
	say_dir(".");
	say("\n");
	MUST(bind(fd, (struct sockaddr *)&address, sizeof(address)));
	for (const char *const *name =
		     (const char *const[]){ "sub/fifo", "null", "socket", "b", "there", NULL };
	     *name; name++) {
		expect_unlink(*name, in_folder(*name));
		MUST(unlink(*name));
	}
	MUST(chdir("/"));
	expect_unlink(in_folder("c"), in_folder("c"));
	MUST(unlink(in_folder("c")));
	/* None of these reaches the hook. */
	must(unlink(in_folder("nowhere")) < 0 && errno == ENOENT, "nowhere");
	must(unlink(in_folder("sub")) < 0 && errno == EISDIR, "sub");
	MUST(rmdir(in_folder("sub")));
}

static void expect_mount(const char *dev_name, const char *path, const char *type,
			 unsigned long flags)
{
	say("security_sb_mount");
	if (dev_name)
		say("\tdev_name=%s", dev_name);
	say("\tpathname=%s", path);
	if (type)
		say("\ttype=%s", type);
	say("\tflags=%lu\n", flags);
}

static void mount_at(const char *dev_name, const char *name, const char *type, unsigned long flags)
{
	expect_mount(dev_name, in_folder(name), type, flags);
	MUST(mount(dev_name, name, type, flags, NULL));
}

static void umount_at(const char *name, const char *type, int flags)
{
	struct stat st = status(name);

	say("security_sb_umount\tpathname=%s/%s\ttype=%s\tdev=%lu\tflags=%d\n", folder, name, type,
	    kernel_dev(st.st_dev), flags);
	MUST(umount2(name, flags));
}

static void own_mounts(void)
{
	MUST(unshare(CLONE_NEWNS));
	expect_mount("none", "/", NULL, MS_REC | MS_PRIVATE);
	MUST(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
}

/* Mounts, and unlinking behind them. */
static void mounts(void)
{
	own_mounts();
	MUST(mkdir("t", 0755));
	MUST(mkdir("source", 0755));
	MUST(mkdir("bind", 0755));
	mount_at("some name", "t", "tmpfs", MS_NOSUID);
	mount_at("source", "bind", NULL, MS_BIND);
	create("t/x");
	MUST(mkdir("t/deep", 0755));
	create("t/deep/y");
	create("source/z");
	create("source/w");
	expect_unlink("t/x", in_folder("t/x"));
	MUST(unlink("t/x"));
	/* The folder's own mount shows it first, then the one that the working folder is on. */
	expect_unlink("bind/z", in_folder("source/z"));
	MUST(unlink("bind/z"));
	MUST(chdir("bind"));
	expect_unlink("w", in_folder("bind/w"));
	MUST(unlink("w"));
	MUST(chdir(folder));
	/* Only a part of a file system is visible, elsewhere. */
	mount_at("t/deep", "bind", NULL, MS_BIND);
	umount_at("t", "tmpfs", MNT_DETACH);
	expect_unlink("bind/y", in_folder("bind/y"));
	MUST(unlink("bind/y"));
	create("bind/kept");
	mount_at(NULL, "bind", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY);
	must(unlink("bind/kept") < 0 && errno == EROFS, "read-only");
	say("unlink\tpathname=bind/kept\tret=%d\n", -EROFS);
	umount_at("bind", "tmpfs", 0);
}

static int open_file(const char *path, int at, const char *shown, int flags)
{
	int fd = openat(at, path, flags);
	struct stat st;

	must(fd >= 0, path);
	MUST(fstat(fd, &st));
	say("security_file_open\tpathname=%s\tflags=%d\tdev=%lu\tinode=%lu\tctime=%lu\ttype=%u\n",
	    shown, fcntl(fd, F_GETFL), kernel_dev(st.st_dev), st.st_ino,
	    st.st_ctim.tv_sec * 1000000000UL + st.st_ctim.tv_nsec, st.st_mode & S_IFMT);
	return fd;
}

/*
 * 200 folders in one another, and in the innermost a file whose whole path is as long as paths may
 * be.
 */
static void deep(void)
{
	char path[2 * PATH_MAX], name[32];
	int at = open(folder, O_RDONLY | O_DIRECTORY), len = strlen(folder), fd;

	strcpy(path, folder);
	for (int i = 0; i < 200; i++) {
		len += snprintf(name, sizeof(name), "%03d-%0*d", i, i % 10 + 10, i) + 1;
		strcat(strcat(path, "/"), name);
		MUST(mkdirat(at, name, 0755));
		fd = openat(at, name, O_PATH | O_DIRECTORY);
		close(at);
		at = fd;
	}
	path[len++] = '/';
	memset(path + len, 'x', 250);
	path[PATH_MAX - 1 < len + 250 ? PATH_MAX - 1 : len + 250] = 0;
	fd = openat(at, path + len, O_CREAT | O_WRONLY, 0644);
	must(fd >= 0, "the deepest file");
	close(fd);
	close(open_file(path, AT_FDCWD, path, O_RDONLY));
	close(open_file(path + len, at, path, O_RDWR));
}

static void opens(void)
{
	char path[64];
	int fd, at;

	MUST(mkdir("sub", 0755));
	create("a");
	MUST(symlink("../a", "sub/to-a"));
	MUST(symlink("sub", "to-sub"));
	close(open_file("a", AT_FDCWD, in_folder("a"), O_RDONLY));
	close(open_file("sub/../to-sub/to-a", AT_FDCWD, in_folder("a"), O_RDWR | O_APPEND));
	close(open_file("to-sub", AT_FDCWD, in_folder("sub"), O_RDONLY | O_DIRECTORY));
	/* No events: a failure before the hook, and calls that open nothing. */
	must(open("sub/nothing", O_RDONLY) < 0, "nothing");
	close(open("a", O_PATH));
	/* A name that was changed in between, and one that another file got. */
	MUST(rename("a", "b"));
	close(open_file("b", AT_FDCWD, in_folder("b"), O_RDONLY));
	create("a");
	MUST(rename("a", "b"));
	close(open_file("b", AT_FDCWD, in_folder("b"), O_RDONLY));
	create("gone");
	fd = open_file("gone", AT_FDCWD, in_folder("gone"), O_RDONLY);
	MUST(unlink("gone"));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	close(open_file(path, AT_FDCWD, strcat(in_folder("gone"), " (deleted)"), O_RDONLY));
	fd = memfd_create("a memory", 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	close(open_file(path, AT_FDCWD, "/memfd:a memory (deleted)", O_RDWR));
	/* Mounts. */
	own_mounts();
	MUST(mkdir("bind", 0755));
	MUST(mount("sub", "bind", NULL, MS_BIND, NULL));
	create("bind/in");
	close(open_file("bind/in", AT_FDCWD, in_folder("bind/in"), O_RDONLY));
	MUST(mount("none", "bind", "tmpfs", 0, NULL));
	create("bind/on");
	close(open_file("bind/on", AT_FDCWD, in_folder("bind/on"), O_RDONLY));
	at = open_file("bind", AT_FDCWD, in_folder("bind"), O_RDONLY | O_DIRECTORY);
	MUST(umount2("bind", MNT_DETACH));
	close(open_file("on", at, "(unreachable)/on", O_RDONLY));
	close(open_file("sub/in", AT_FDCWD, in_folder("sub/in"), O_RDONLY));
}

/* The caller checks the layers' files. */
static void overlay(void)
{
	char options[4 * PATH_MAX];

	own_mounts();
	MUST(mkdir("layers", 0755));
	MUST(mount("none", "layers", "tmpfs", 0, NULL));
	for (const char *const *name = (const char *const[]){ "layers/lower", "layers/upper",
							      "layers/work", "merged", NULL };
	     *name; name++)
		MUST(mkdir(*name, 0755));
	create("layers/lower/low");
	create("layers/lower/changed");
	create("layers/upper/up");
	snprintf(options, sizeof(options),
		 "lowerdir=%s/layers/lower,upperdir=%s/layers/upper,workdir=%s/layers/work", folder,
		 folder, folder);
	MUST(mount("none", "merged", "overlay", 0, options));
	close(open("merged/low", O_RDONLY));
	say("security_file_open\tpathname=%s/merged/low\n", folder);
	close(open("merged/up", O_RDONLY));
	say("security_file_open\tpathname=%s/merged/up\n", folder);
	close(open("merged/changed", O_RDWR));
	say("security_file_open\tpathname=%s/merged/changed\n", folder);
	MUST(unlink("merged/up"));
	say("security_inode_unlink\tpathname=%s/merged/up\n", folder);
}

static void expect_transfer(const char *event, const char *path, unsigned long count, long pos,
			    long ret)
{
	struct stat st;

	if (*path)
		st = status(path);
	say("%s", event);
	if (*path)
		say("\tpathname=%s/%s\tdev=%lu\tinode=%lu", folder, path, kernel_dev(st.st_dev),
		    st.st_ino);
	say("\tcount=%lu\tpos=%ld\tret=%ld\n", count, pos, ret);
}

static void transfers(void)
{
	struct iovec vec[3] = { { "abc", 3 }, { "defg", 4 }, { "hi", 2 } };
	char room[16];
	struct iovec in[2] = { { room, 5 }, { room + 5, 8 } };
	int fd, appended;

	create("a");
	create("b");
	fd = open("a", O_RDWR);
	appended = open("b", O_RDWR | O_APPEND);
	expect_transfer("vfs_write", "a", 10, 0, 10);
	MUST(write(fd, "0123456789", 10));
	expect_transfer("vfs_write", "a", 5, 10, 5);
	MUST(write(fd, "01234", 5));
	expect_transfer("vfs_write", "a", 4, 3, 4);
	MUST(pwrite(fd, "wxyz", 4, 3));
	expect_transfer("vfs_write", "b", 6, 0, 6);
	MUST(write(appended, "append", 6));
	MUST(lseek(appended, 0, SEEK_SET));
	expect_transfer("vfs_write", "b", 4, 6, 4);
	MUST(write(appended, "more", 4));
	expect_transfer("vfs_writev", "a", 3, 15, 9);
	MUST(writev(fd, vec, 3));
	expect_transfer("vfs_writev", "a", 2, 100, 7);
	MUST(pwritev(fd, vec, 2, 100));
	expect_transfer("vfs_writev", "a", 1, 24, 3);
	MUST(syscall(SYS_pwritev2, fd, vec, 1, -1L, -1L, 0));
	MUST(lseek(fd, 2, SEEK_SET));
	expect_transfer("vfs_read", "a", 8, 2, 8);
	MUST(read(fd, room, 8));
	expect_transfer("vfs_read", "a", 16, 101, 6);
	MUST(pread(fd, room, 16, 101));
	expect_transfer("vfs_read", "a", 16, 1000, 0);
	MUST(pread(fd, room, 16, 1000));
	expect_transfer("vfs_readv", "a", 2, 10, 13);
	MUST(readv(fd, in, 2));
	expect_transfer("vfs_readv", "a", 1, 4, 5);
	MUST(preadv(fd, in, 1, 4));
	/* A bad address fails only in the file's own function. */
	expect_transfer("vfs_read", "a", 4, 23, -EFAULT);
	must(syscall(SYS_read, fd, 8, 4) < 0 && errno == EFAULT, "a bad address");
}

/* Every way to write to a file. */
static void modifies(void)
{
	struct iovec vec = { "abcdef", 6 };
	int a, b, pipes[2];

	create("a");
	create("b");
	a = open("a", O_RDWR);
	b = open("b", O_RDWR);
	MUST(pipe(pipes));
	expect_transfer("file_modification", "a", 10, 0, 0);
	MUST(write(a, "0123456789", 10));
	expect_transfer("file_modification", "a", 6, 10, 0);
	MUST(writev(a, &vec, 1));
	expect_transfer("file_modification", "a", 3, 50, 0);
	MUST(pwrite(a, "xyz", 3, 50));
	MUST(lseek(a, 0, SEEK_SET));
	expect_transfer("file_modification", "b", 7, 0, 0);
	must(sendfile(b, a, NULL, 7) == 7, "sendfile");
	MUST(write(pipes[1], "through", 7));
	expect_transfer("file_modification", "b", 7, 7, 0);
	must(splice(pipes[0], NULL, b, NULL, 7, 0) == 7, "splice");
	MUST(lseek(a, 0, SEEK_SET));
	expect_transfer("file_modification", "b", 8, 14, 0);
	must(copy_file_range(a, NULL, b, NULL, 8, 0) == 8, "copy_file_range");
}

static void watches(void)
{
	int fd = inotify_init1(IN_CLOEXEC);
	struct stat st;

	MUST(mkdir("sub", 0755));
	create("sub/a");
	MUST(symlink("sub/a", "to-a"));
	st = status("sub/a");
	/* The kernel adds IN_UNMOUNT and its like to the request; the caller checks that. */
	say("security_path_notify\tpathname=%s/sub/a\tdev=%lu\tinode=%lu\ttype=0\n", folder,
	    kernel_dev(st.st_dev), st.st_ino);
	MUST(inotify_add_watch(fd, "to-a", IN_MODIFY | IN_CLOSE_WRITE));
}

int main(int argc, char **argv)
{
	log_file = open_memstream(&said, &said_len);
	must(argc > 2 && realpath(argv[2], folder), "the folder");
	MUST(chdir(folder));
	if (!strcmp(argv[1], "names"))
		names();
	else if (!strcmp(argv[1], "mounts"))
		mounts();
	else if (!strcmp(argv[1], "opens"))
		opens();
	else if (!strcmp(argv[1], "deep"))
		deep();
	else if (!strcmp(argv[1], "overlay"))
		overlay();
	else if (!strcmp(argv[1], "transfers"))
		transfers();
	else if (!strcmp(argv[1], "modifies"))
		modifies();
	else if (!strcmp(argv[1], "watches"))
		watches();
	else
		return 2;
	fclose(log_file);
	must(fwrite(said, 1, said_len, stdout) == said_len, "the log");
	return 0;
}
