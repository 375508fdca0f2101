// dies: children that die in several ways, each of which is logged: PID SIGNAL CODE SENDER, as far
// as known
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void *waits(void *ready)
{
	pthread_barrier_wait(ready);
	for (;;)
		pause();
	return NULL;
}

/* A child with that many threads in addition to its first. */
static pid_t child(int threads)
{
	int ends[2];
	pid_t pid;
	char c;

	pipe(ends);
	pid = fork();
	if (!pid) {
		pthread_barrier_t ready;

		pthread_barrier_init(&ready, NULL, threads + 1);
		for (int i = 0; i < threads; i++) {
			pthread_t thread;

			pthread_create(&thread, NULL, waits, &ready);
		}
		pthread_barrier_wait(&ready);
		write(ends[1], "", 1);
		for (;;)
			pause();
	}
	read(ends[0], &c, 1);
	close(ends[0]);
	close(ends[1]);
	return pid;
}

static pid_t other_tid;

static void *unblocks(void *file)
{
	sigset_t set;
	char c;

	other_tid = syscall(SYS_gettid);
	write(((int *)file)[1], &other_tid, sizeof(other_tid));
	/* Until a byte comes. */
	read(((int *)file)[2], &c, 1);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	for (;;)
		pause();
	return NULL;
}

/* Dies of a signal to its second thread, while the same signal waits for the whole process. */
static pid_t dies_of_the_second(void)
{
	int files[4];
	pthread_t thread;
	sigset_t set;
	pid_t pid;

	pipe(files);
	pipe(files + 2);
	pid = fork();
	if (!pid) {
		sigfillset(&set);
		sigprocmask(SIG_BLOCK, &set, NULL);
		pthread_create(&thread, NULL, unblocks, files);
		for (;;)
			pause();
	}
	read(files[0], &other_tid, sizeof(other_tid));
	kill(pid, SIGUSR1);
	syscall(SYS_tgkill, pid, other_tid, SIGUSR1);
	write(files[3], "", 1);
	for (int i = 0; i < 4; i++)
		close(files[i]);
	return pid;
}

static void ends(const char *how, pid_t pid, int sig, int code)
{
	int status;

	waitpid(pid, &status, 0);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != sig)
		abort();
	printf("%s %d %d %d %d %d\n", how, pid, sig, code, getpid(), getuid());
	fflush(stdout);
}

int main(void)
{
	union sigval value = { .sival_int = 5 };
	pid_t pid;

	pid = child(0);
	kill(pid, SIGTERM);
	ends("alone", pid, SIGTERM, SI_USER);
	pid = child(2);
	kill(pid, SIGHUP);
	ends("threads", pid, SIGHUP, SI_USER);
	pid = child(1);
	sigqueue(pid, SIGUSR1, value);
	ends("queued", pid, SIGUSR1, SI_QUEUE);
	pid = child(0);
	syscall(SYS_tgkill, pid, pid, SIGUSR2);
	ends("thread", pid, SIGUSR2, SI_TKILL);
	pid = dies_of_the_second();
	ends("blocked", pid, SIGUSR1, SI_TKILL);
	pid = child(1);
	kill(pid, SIGKILL);
	ends("killed", pid, SIGKILL, 0);
	pid = fork();
	if (!pid) {
		pthread_barrier_t ready;
		pthread_t thread;

		pthread_barrier_init(&ready, NULL, 2);
		pthread_create(&thread, NULL, waits, &ready);
		pthread_barrier_wait(&ready);
		_exit(3);
	}
	waitpid(pid, NULL, 0);
	printf("exits %d 9 %d 0 0\n", pid, SI_KERNEL);
	return 0;
}
