// spawn COUNT WORKERS [CGROUP]: so many processes, by that many workers at once, in every way:
// fork, vfork, posix_spawn, and clone3 into that cgroup; each executes this program and ends.
// Prints "pid ppid way" of each.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Headers from before 5.7 lack it. */
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif

static char *const arguments[] = { "spawn", NULL };

static pid_t by_fork(int cgroup)
{
	pid_t pid = fork();

	(void)cgroup;
	if (!pid) {
		execv("/proc/self/exe", arguments);
		_exit(127);
	}
	return pid;
}

static pid_t by_vfork(int cgroup)
{
	pid_t pid = vfork();

	(void)cgroup;
	if (!pid) {
		execv("/proc/self/exe", arguments);
		_exit(127);
	}
	return pid;
}

static pid_t by_spawn(int cgroup)
{
	pid_t pid;

	(void)cgroup;
	return posix_spawn(&pid, "/proc/self/exe", NULL, NULL, arguments, environ) ? -1 : pid;
}

static pid_t by_clone3(int cgroup)
{
	struct {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls,
			set_tid, set_tid_size, cgroup;
	} args = { .exit_signal = SIGCHLD };
	pid_t pid;

	if (cgroup >= 0) {
		args.flags = CLONE_INTO_CGROUP;
		args.cgroup = cgroup;
	}
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (!pid) {
		execv("/proc/self/exe", arguments);
		_exit(127);
	}
	return pid;
}

static void work(int count, int cgroup)
{
	static pid_t (*const ways[])(int) = { by_fork, by_vfork, by_spawn, by_clone3 };

	for (int i = 0; i < count; i++) {
		pid_t pid = ways[i % 4](cgroup);

		if (pid < 0)
			_exit(1);
		dprintf(1, "%d %d %d\n", pid, getpid(), i % 4);
		waitpid(pid, NULL, 0);
	}
}

int main(int argc, char **argv)
{
	int status, failed = 0, cgroup = -1, count, workers;

	if (argc < 3)
		return 0;
	count = atoi(argv[1]);
	workers = atoi(argv[2]);
	if (argc > 3)
		cgroup = open(argv[3], O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < workers; i++) {
		if (!fork()) {
			work(count / workers, cgroup);
			_exit(0);
		}
	}
	while (wait(&status) > 0)
		failed |= status;
	return failed != 0;
}
