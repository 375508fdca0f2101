// madeup FOLDER: opens files for which the kernel makes up names, and files that are named like
// them; writes, opens, maps and executes each as far as possible. Prints `EVENT ARGUMENT TEXT
// MARKS`, with tabs between; the names are those of /proc.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <linux/udmabuf.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define NONE "-"
#define MADE_UP "madeUp"
#define MEMORY "deleted,madeUp"

static FILE *said;

static void must(int true, const char *what)
{
	if (true)
		return;
	perror(what);
	exit(1);
}

static const char *link_of(const char *path)
{
	static char link[4096 + 32];
	ssize_t n = readlink(path, link, sizeof(link) - 1);

	must(n >= 0, path);
	link[n] = 0;
	return link;
}

static const char *proc_fd(int fd)
{
	static char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return path;
}

/* The name that --decode-fds shows. Sockets have names of their own there. */
static void ask(int fd, const char *marks)
{
	fprintf(said, "fcntl\tfd\t%d<%s>\t%s\n", fd, link_of(proc_fd(fd)), marks);
	must(fcntl(fd, F_GETFD) >= 0, "fcntl");
}

/* Like ask(), for an fd that this kernel may not provide. */
static int asked(const char *what, int fd, const char *marks)
{
	if (fd < 0)
		fprintf(said, "lacks\t%s\t%s\t-\n", what, strerror(errno));
	else
		ask(fd, marks);
	return fd;
}

static void open_again(int fd, int flags, const char *marks)
{
	int again;

	fprintf(said, "security_file_open\tpathname\t%s\t%s\n", link_of(proc_fd(fd)), marks);
	again = open(proc_fd(fd), flags);
	must(again >= 0, "open");
	close(again);
}

static void write_to(int fd, const void *data, size_t len, const char *marks)
{
	fprintf(said, "vfs_write\tpathname\t%s\t%s\n", link_of(proc_fd(fd)), marks);
	must(write(fd, data, len) == (ssize_t)len, "write");
}

static void map(int fd, const char *marks)
{
	fprintf(said, "security_mmap_file\tpathname\t%s\t%s\n", link_of(proc_fd(fd)), marks);
	must(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED, "mmap");
}

static void protect(void *at)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", (unsigned long)at,
		 (unsigned long)at + 4096);
	fprintf(said, "security_file_mprotect\tpathname\t%s\t%s\n", link_of(path), MEMORY);
	must(!mprotect(at, 4096, PROT_READ), "mprotect");
}

static void namespaces(const char *folder)
{
	static const char *const names[] = { "mnt",  "pid", "net",    "uts",
					     "user", "ipc", "cgroup", "pid_for_children" };
	char path[4200];
	int fd;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		fprintf(said, "security_file_open\tpathname\t%s\t%s\n", link_of(path), MADE_UP);
		fd = open(path, O_RDONLY);
		must(fd >= 0, path);
		ask(fd, MADE_UP);
	}
	/* Mounted, it is in a folder. */
	must(!unshare(CLONE_NEWNS) && !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), "/");
	snprintf(path, sizeof(path), "%s/mounted", folder);
	must(close(open(path, O_CREAT, 0600)) == 0, path);
	must(!mount("/proc/self/ns/uts", path, NULL, MS_BIND, NULL), "mount");
	fprintf(said, "security_file_open\tpathname\t%s\t%s\n", path, NONE);
	fd = open(path, O_RDONLY);
	must(fd >= 0, path);
	ask(fd, NONE);
	fprintf(said, "security_file_open\tpathname\t%s\t%s\n", link_of("/proc/self/ns/uts"),
		MADE_UP);
	fd = open("/proc/self/ns/uts", O_RDONLY);
	ask(fd, MADE_UP);
	umount(path);
}

static int bpf_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1
	};

	return syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static int perf_event(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.size = sizeof(attr),
					.config = PERF_COUNT_SW_DUMMY };

	return syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

static int io_uring(void)
{
	char params[120] = {};

	return syscall(425, 1, params);
}

static int dmabuf(int memory)
{
	struct udmabuf_create create = { .memfd = memory, .size = 4096 };
	int device = open("/dev/udmabuf", O_RDWR);

	if (device < 0)
		return -1;
	return ioctl(device, UDMABUF_CREATE, &create);
}

static void inodes_without_names(void)
{
	unsigned long long one = 1;
	sigset_t set;
	int fd;

	sigemptyset(&set);
	fd = asked("eventfd", eventfd(0, 0), MADE_UP);
	write_to(fd, &one, sizeof(one), MADE_UP);
	asked("epoll", epoll_create1(0), MADE_UP);
	asked("signalfd", signalfd(-1, &set, 0), MADE_UP);
	asked("timerfd", timerfd_create(CLOCK_MONOTONIC, 0), MADE_UP);
	asked("inotify", inotify_init1(0), MADE_UP);
	asked("fanotify", fanotify_init(FAN_CLASS_NOTIF, O_RDONLY), MADE_UP);
	asked("pidfd", syscall(SYS_pidfd_open, getpid(), 0), MADE_UP);
	asked("userfaultfd", syscall(SYS_userfaultfd, 0), MADE_UP);
	asked("io_uring", io_uring(), MADE_UP);
	asked("a map of BPF", bpf_map(), MADE_UP);
	asked("a perf event", perf_event(), MADE_UP);
}

static void memory(const char *self)
{
	char data[4096], *shared;
	int fd, from, shm;
	ssize_t n;

	fd = asked("memfd", memfd_create("a b/c (deleted)", MFD_ALLOW_SEALING), MEMORY);
	must(!ftruncate(fd, 4096) && !fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), "memfd");
	write_to(fd, "x", 1, MEMORY);
	open_again(fd, O_RDONLY, MEMORY);
	map(fd, MEMORY);
	asked("dmabuf", dmabuf(fd), MADE_UP);
	asked("memfd of huge pages", memfd_create("huge", MFD_HUGETLB), MEMORY);
	asked("memfd_secret", syscall(447, 0), MEMORY);
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(shared != MAP_FAILED, "mmap");
	protect(shared);
	shm = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	if (shm >= 0) {
		shared = shmat(shm, NULL, 0);
		shmctl(shm, IPC_RMID, NULL);
		must(shared != (void *)-1, "shmat");
		protect(shared);
	}
	fd = memfd_create("program", MFD_CLOEXEC);
	from = open(self, O_RDONLY);
	while ((n = read(from, data, sizeof(data))) > 0)
		must(write(fd, data, n) == n, "copy");
	fprintf(said, "sched_process_exec\tpathname\t%s\t%s\n", link_of(proc_fd(fd)), MEMORY);
	fflush(said);
	fexecve(fd, (char *[]){ "program", "executed", NULL }, environ);
	must(0, "fexecve");
}

/* Files whose names look like marks; then without their names. */
static void named(const char *folder)
{
	static const char *const names[] = {
		"zz (deleted)",	     "x, flags: O_RDONLY", "weird>, fd: 3<name", "pipe:[1]",
		"(unreachable)path", "memfd:x (deleted)",  "anon_inode:[pidfd]",
	};
	char path[4200];
	int fd;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		fprintf(said, "security_file_open\tpathname\t%s\t%s\n", path, NONE);
		fd = open(path, O_RDWR | O_CREAT, 0600);
		must(fd >= 0, path);
		ask(fd, NONE);
		write_to(fd, "x", 1, NONE);
		unlink(path);
		ask(fd, "deleted");
		write_to(fd, "x", 1, "deleted");
		open_again(fd, O_RDONLY, "deleted");
		close(fd);
	}
}

int main(int argc, char **argv)
{
	int ends[2], sockets[2];

	if (argc > 1 && !strcmp(argv[1], "executed"))
		return 0;
	must(argc > 1, "a folder");
	said = stdout;
	namespaces(argv[1]);
	must(!pipe(ends), "pipe");
	ask(ends[0], MADE_UP);
	ask(ends[1], MADE_UP);
	write_to(ends[1], "x", 1, MADE_UP);
	open_again(ends[1], O_WRONLY, MADE_UP);
	open_again(ends[0], O_RDONLY, MADE_UP);
	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), "socketpair");
	write_to(sockets[0], "x", 1, MADE_UP);
	inodes_without_names();
	named(argv[1]);
	memory("/proc/self/exe");
	return 1;
}
