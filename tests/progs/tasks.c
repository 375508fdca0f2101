// tasks: signals, exits, ptrace, memory of others, prctl, limits; logs what it did, in the order of the events
//
//   signal   sig code sender_pid sender_uid     (- -: the kernel; null null: chosen by the sender)
//   exit     tid code signal group
//   attach   result pid request options
//   memory   result pid write local remote
//   prctl    option arg2 arg3 arg4 arg5
//   limit    pid resource cur max
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int sleeper_tid, alarmed;

static void handler(int sig, siginfo_t *info, void *context)
{
	int sent = info->si_code <= 0 || (sig == SIGCHLD && info->si_code > 0);

	printf("signal\t%d\t%d", sig, info->si_code);
	if (sent && info->si_code == SI_QUEUE)
		printf("\tnull\tnull\n");
	else if (sent)
		printf("\t%d\t%d\n", info->si_pid, info->si_uid);
	else
		printf("\t-\t-\n");
	if (sig == SIGALRM)
		alarmed = 1;
}

static void *thread(void *arg)
{
	printf("exit\t%d\t0\t0\tfalse\n", gettid());
	/* Only the thread exits. */
	syscall(SYS_exit, 0);
	return NULL;
}

static void *sleeper(void *arg)
{
	sleeper_tid = gettid();
	pause();
	return NULL;
}

static int wait_for(int pid)
{
	int status;

	while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
		;
	return status;
}

static void attach(long request, int pid, long options)
{
	long result = ptrace(request, pid, 0, options);

	printf("attach\t%ld\t%d\t%ld\t%ld\n", result < 0 ? -errno : result, pid, request,
	       request == PTRACE_SEIZE ? options : 0);
}

static void memory(int write, int pid, void *at)
{
	static char buffer[64];
	struct iovec local[2] = { { buffer, 10 }, { buffer + 10, 10 } }, remote = { at, 20 };
	long result = write ? process_vm_writev(pid, local, 2, &remote, 1, 0) :
			      process_vm_readv(pid, local, 2, &remote, 1, 0);

	printf("memory\t%ld\t%d\t%d\t2\t1\n", result < 0 ? -errno : result, pid, write);
}

static void control(int option, unsigned long a, unsigned long b)
{
	syscall(SYS_prctl, option, a, b, 4, 5);
	printf("prctl\t%d\t%lu\t%lu\t4\t5\n", option, a, b);
}

static void limit(int pid, int resource, unsigned long cur)
{
	struct rlimit old, new;

	prlimit(pid, resource, NULL, &old);
	new = (struct rlimit){ cur, old.rlim_max };
	prlimit(pid, resource, &new, NULL);
	printf("limit\t%d\t%d\t%lu\t%lu\n", pid ? pid : gettid(), resource, cur,
	       (unsigned long)new.rlim_max);
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
	union sigval value = { .sival_int = 5 };
	static char target[64];
	pthread_t id;
	int pid;

	setbuf(stdout, NULL);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
	sigaction(SIGCHLD, &action, NULL);
	kill(getpid(), SIGUSR1);
	sigqueue(getpid(), SIGUSR2, value);
	raise(SIGUSR1);
	ualarm(1000, 0);
	while (!alarmed)
		usleep(1000);

	pthread_create(&id, NULL, thread, NULL);
	pthread_join(id, NULL);
	pid = fork();
	if (!pid) {
		/* The whole process, with a thread that sleeps. */
		pthread_create(&id, NULL, sleeper, NULL);
		while (!sleeper_tid)
			usleep(1000);
		printf("exit\t%d\t3\t0\ttrue\nexit\t%d\t3\t0\ttrue\n", gettid(), sleeper_tid);
		_exit(3);
	}
	wait_for(pid);
	pid = fork();
	if (!pid) {
		signal(SIGUSR1, SIG_DFL);
		for (;;)
			pause();
	}
	memory(0, pid, target);
	memory(1, pid, target);
	memory(1, pid, NULL);
	attach(PTRACE_SEIZE, pid, PTRACE_O_TRACEEXIT);
	/* It is traced already. */
	attach(PTRACE_ATTACH, pid, 0);
	ptrace(PTRACE_INTERRUPT, pid, 0, 0);
	wait_for(pid);
	ptrace(PTRACE_DETACH, pid, 0, 0);
	attach(PTRACE_ATTACH, pid, 0);
	wait_for(pid);
	ptrace(PTRACE_DETACH, pid, 0, 0);
	limit(pid, RLIMIT_NOFILE, 100);
	limit(0, RLIMIT_CORE, 4096);
	printf("exit\t%d\t0\t15\ttrue\n", pid);
	kill(pid, SIGTERM);
	wait_for(pid);
	control(PR_SET_DUMPABLE, 1, 0);
	control(PR_SET_TIMERSLACK, 50001, 7);
	control(9999, 1, 2);
	printf("exit\t%d\t0\t0\ttrue\n", gettid());
	syscall(SYS_exit_group, 0);
}
