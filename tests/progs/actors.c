// actors: processes that differ in one thing each, and all make the same few calls.
//
// Prints `INDEX PID TID MNTNS PIDNS` of each, then `ready`. For each line that it reads, every actor closes the
// descriptor 1000 + INDEX, which is not open, and the first one makes the calls of `calls()`; then it prints `done`.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PLAIN, USER, NAME, NODE, MOUNTS, THREAD, PIDS, ACTORS, CHILD = ACTORS };

/* A pid that no process has. */
#define NO_PID 0x3fffffff

static int done[2];

/* All calls that take a path first, or a folder and a path. tests/e2e/filter.rs knows the paths. */
static void on_path(const char *path, int flags)
{
	char buffer[256];

	syscall(SYS_close, syscall(SYS_openat, AT_FDCWD, path, flags, 0640));
	syscall(SYS_close, syscall(SYS_open, path, flags, 0640));
	syscall(SYS_stat, path, buffer);
	syscall(SYS_lstat, path, buffer);
	syscall(SYS_access, path, R_OK);
	syscall(SYS_chdir, path);
	syscall(SYS_statfs, path, buffer);
	syscall(SYS_getxattr, path, "user.x", buffer, 0);
	syscall(SYS_lgetxattr, path, "user.x", buffer, 0);
	syscall(SYS_listxattr, path, buffer, 0);
}

/* A path of that length. */
static const char *path_of(char *path, int len)
{
	memset(path, 'x', len);
	memcpy(path, "/nosuch/", 8);
	path[len] = 0;
	return path;
}

static void on_paths(void)
{
	char path[400];

	on_path("/nosuch/etc/passwd", O_RDONLY);
	on_path("/nosuch/etc/shadow", O_RDONLY | O_CLOEXEC);
	on_path("/nosuch/lib/a.so", O_WRONLY | O_CREAT | O_EXCL);
	on_path("/dev/null", O_RDWR);
	on_path("", O_RDONLY);
	on_path(NULL, O_RDONLY);
	on_path("/nosuch/a,b*c\\", O_RDONLY);
	on_path(path_of(path, 250), O_RDONLY);
	on_path(path_of(path, 251), O_RDONLY);
	on_path(path_of(path, 300), O_RDONLY);
	path[299] = 'y';
	on_path(path, O_RDONLY);
}

static void calls(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(80) };
	char *argv[] = { "prog", "--needle", "-x", NULL };

	on_paths();
	execve("/nosuch/prog", argv, NULL);
	inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
	connect(-1, (struct sockaddr *)&address, sizeof(address));
	kill(NO_PID, SIGURG);
	kill(NO_PID, SIGWINCH);
	syscall(SYS_write, -1, "", -1L);
	syscall(SYS_write, -1, "", 7L);
	lseek(-1, -5, SEEK_SET);
	lseek(-1, 5, SEEK_SET);
	if (!fork()) {
		syscall(SYS_close, 1000 + CHILD);
		_exit(3);
	}
	wait(NULL);
}

static void tell(int index)
{
	char who[64] = "", mounts[64] = "", pids[64] = "", line[256];
	int pid = 0, tid = 0;
	unsigned int mnt = 0, pidns = 0;

	/* Ids as /proc counts them, in whatever namespace we are. */
	if (readlink("/proc/thread-self", who, sizeof(who) - 1) > 0)
		sscanf(who, "%d/task/%d", &pid, &tid);
	if (readlink("/proc/self/ns/mnt", mounts, sizeof(mounts) - 1) > 0)
		sscanf(mounts, "mnt:[%u]", &mnt);
	if (readlink("/proc/self/ns/pid", pids, sizeof(pids) - 1) > 0)
		sscanf(pids, "pid:[%u]", &pidns);
	write(1, line, sprintf(line, "%d %d %d %u %u\n", index, pid, tid, mnt, pidns));
	write(done[1], "", 1);
}

static void *play(void *arg)
{
	int index = (int)(long)arg, sig;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	tell(index);
	while (!sigwait(&set, &sig)) {
		syscall(SYS_close, 1000 + index);
		if (index == PLAIN)
			calls();
		write(done[1], "", 1);
	}
	return NULL;
}

static void act(int index)
{
	pthread_t thread;

	if (index == USER)
		syscall(SYS_setresuid, 1000, 1000, 1000);
	/* A new uid would undo it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (index == NAME)
		prctl(PR_SET_NAME, "needle-one");
	if (index == NODE && (unshare(CLONE_NEWUTS) || sethostname("island-x", 8)))
		exit(1);
	if (index == MOUNTS && unshare(CLONE_NEWNS))
		exit(1);
	if (index == THREAD) {
		pthread_create(&thread, NULL, play, (void *)(long)index);
		pthread_join(thread, NULL);
	}
	play((void *)(long)index);
	exit(0);
}

int main(void)
{
	pid_t actors[ACTORS];
	sigset_t set;
	char line[16];

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (pipe(done))
		return 1;
	for (int i = 0; i < ACTORS; i++) {
		if (i == PIDS && unshare(CLONE_NEWPID))
			return 1;
		actors[i] = fork();
		if (!actors[i])
			act(i);
		read(done[0], line, 1);
	}
	write(1, "ready\n", 6);
	while (fgets(line, sizeof(line), stdin)) {
		for (int i = 0; i < ACTORS; i++) {
			kill(actors[i], SIGUSR1);
			read(done[0], line, 1);
		}
		write(1, "done\n", 5);
	}
	for (int i = 0; i < ACTORS; i++)
		kill(actors[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	return 0;
}
