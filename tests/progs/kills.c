// kills: sends signals to children that have named themselves; logs what each is called, and what it did
//
//   name    pid name          (as /proc has it, in hex)
//   sent    call number named (in the order of the calls; -: nobody is to be named)
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int tids[2], taken[2];

static void handler(int sig)
{
	write(taken[1], "", 1);
}

static void awaited(void)
{
	char c;

	read(taken[0], &c, 1);
}

static void nothing(int sig)
{
}

static void *waits(void *name)
{
	pid_t tid = syscall(SYS_gettid);

	prctl(PR_SET_NAME, name);
	write(tids[1], &tid, sizeof(tid));
	for (;;)
		pause();
	return NULL;
}

/* A process, or the thread of one, that has this name and a handler. */
static pid_t child(const char *name, int in_thread, pid_t *tid)
{
	pid_t pid = fork();
	pthread_t thread;

	if (!pid) {
		setpgid(0, 0);
		signal(SIGUSR1, handler);
		if (in_thread) {
			pthread_create(&thread, NULL, waits, (void *)name);
			pthread_join(thread, NULL);
		}
		waits((void *)name);
	}
	read(tids[0], tid, sizeof(*tid));
	return pid;
}

static void log_name(pid_t pid, pid_t tid)
{
	char path[64], name[17];
	int fd, len;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", pid, tid);
	fd = open(path, O_RDONLY);
	len = read(fd, name, sizeof(name));
	close(fd);
	if (len < 1)
		abort();
	printf("name\t%d\t", tid);
	/* Without its end of line. */
	for (int i = 0; i < len - 1; i++)
		printf("%02x", (unsigned char)name[i]);
	printf("\n");
}

static void no_kill_runs(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_kill, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(*filter), filter };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(void)
{
	siginfo_t own = { .si_signo = SIGUSR2 }, ended;
	pid_t tid, whole, part, other;

	pipe(tids);
	pipe(taken);
	prctl(PR_SET_NAME, "a\xff>, \"b\nroot");
	signal(SIGCHLD, nothing);
	signal(SIGUSR2, nothing);
	whole = child("x>, sig: \"9\"\n", 0, &tid);
	part = child("\xe2\x80\xae thread\xff>", 1, &other);
	log_name(getpid(), getpid());
	log_name(whole, whole);
	log_name(part, part);
	log_name(part, other);

	kill(whole, SIGUSR1);
	awaited();
	printf("sent\tkill\t%d\tnamed\n", whole);
	kill(whole, 0);
	printf("sent\tkill\t%d\t-\n", whole);
	kill(-whole, SIGUSR1);
	awaited();
	printf("sent\tkill\t%d\t-\n", -whole);
	kill(whole, 99);
	printf("sent\tkill\t%d\t-\n", whole);
	kill(0x3fffffff, SIGUSR1);
	printf("sent\tkill\t%d\t-\n", 0x3fffffff);
	syscall(SYS_tkill, other, SIGUSR1);
	awaited();
	printf("sent\ttkill\t%d\tnamed\n", other);
	syscall(SYS_tgkill, part, other, SIGUSR1);
	awaited();
	printf("sent\ttgkill\t%d\tnamed\n", other);
	syscall(SYS_tgkill, part, other, 0);
	printf("sent\ttgkill\t%d\t-\n", other);

	/* Who the sender is, it says itself. */
	own.si_code = SI_USER;
	own.si_pid = 1;
	syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR2, &own);

	kill(whole, SIGTERM);
	printf("sent\tkill\t%d\tnamed\n", whole);
	waitid(P_PID, whole, &ended, WEXITED | WNOWAIT);
	/* It is a zombie by now, and takes nothing. */
	kill(whole, SIGUSR1);
	printf("sent\tkill\t%d\tnamed\n", whole);
	waitpid(whole, NULL, 0);
	kill(part, SIGKILL);
	printf("sent\tkill\t%d\tnamed\n", part);
	waitpid(part, NULL, 0);

	no_kill_runs();
	kill(getpid(), SIGUSR2);
	printf("sent\tkill\t%d\t-\n", getpid());
	return 0;
}
