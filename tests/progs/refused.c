// refused: calls that seccomp or a tracer keeps from running, or changes meanwhile. Each is an
// openat of /refused/NAME by a process of its own, for which a line is printed: NAME PID. refused
// getppid: that call instead, refused. refused churn THREADS CALLS: true openats by many, and then
// one that is refused. refused wait: prints "ready" when about to wait in accept; a line on stdin
// lets it return, twice.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef SECCOMP_USER_NOTIF_FLAG_CONTINUE
#define SECCOMP_USER_NOTIF_FLAG_CONTINUE 1
#endif
#ifndef PTRACE_SYSEMU
#define PTRACE_SYSEMU 31
#endif

static char path[64];
/* The call that seccomp answers. */
static int answered = SYS_openat;

static long open_it(void)
{
	return syscall(answered, AT_FDCWD, path, O_RDONLY, 0);
}

/* Lets seccomp answer; returns the listener's fd with that flag. */
static int answer(unsigned action, unsigned flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, answered, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 4, code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static void on_sys(int signal, siginfo_t *info, void *context)
{
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RAX] = 5;
}

/* A child that runs body(), for which a line is printed. */
static pid_t child(const char *name, void (*body)(void))
{
	pid_t pid;

	snprintf(path, sizeof(path), "/refused/%s", name);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		body();
		_exit(0);
	}
	printf("%s %d\n", name, pid);
	return pid;
}

static unsigned action;

static void by_action(void)
{
	if (answer(action, 0))
		_exit(1);
	open_it();
}

static void by_handler(void)
{
	struct sigaction act = { .sa_sigaction = on_sys, .sa_flags = SA_SIGINFO };

	sigaction(SIGSYS, &act, NULL);
	by_action();
}

static void seccomp_says(const char *name, unsigned what, void (*body)(void))
{
	action = what;
	waitpid(child(name, body), NULL, 0);
}

static unsigned notif_flags;

static void notified(void)
{
	int fd = answer(SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);
	struct seccomp_notif request = {};
	struct seccomp_notif_resp response = { .val = 3, .flags = notif_flags };
	pid_t pid = fork();

	if (!pid) {
		open_it();
		_exit(0);
	}
	printf("%s %d\n", path + 9, pid);
	fflush(stdout);
	if (notif_flags)
		response.val = 0;
	ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &request);
	response.id = request.id;
	ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &response);
	waitpid(pid, NULL, 0);
}

static void notifier_says(const char *name, unsigned flags)
{
	notif_flags = flags;
	snprintf(path, sizeof(path), "/refused/%s", name);
	fflush(stdout);
	if (!fork()) {
		notified();
		_exit(0);
	}
	wait(NULL);
}

static void traced_open(void)
{
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	open_it();
}

static void set_regs(pid_t pid, long long nr, long long result)
{
	struct user_regs_struct regs;

	ptrace(PTRACE_GETREGS, pid, 0, &regs);
	regs.orig_rax = nr;
	if (result)
		regs.rax = result;
	ptrace(PTRACE_SETREGS, pid, 0, &regs);
}

/*
 * how: 'e': at entry another number; 'x': at exit another result; 's': not at all, by SYSEMU; 'k':
 * at entry the number -1.
 */
static void tracer_says(const char *name, char how)
{
	pid_t pid = child(name, traced_open);
	int status;

	waitpid(pid, &status, 0);
	ptrace(how == 's' ? PTRACE_SYSEMU : PTRACE_SYSCALL, pid, 0, 0);
	waitpid(pid, &status, 0);
	if (how == 'e')
		set_regs(pid, SYS_getppid, 0);
	if (how == 'k')
		set_regs(pid, -1, 0);
	if (how == 's') {
		set_regs(pid, SYS_openat, 3);
	} else {
		ptrace(PTRACE_SYSCALL, pid, 0, 0);
		waitpid(pid, &status, 0);
		if (how == 'x')
			set_regs(pid, SYS_openat, 9);
		if (how == 'k')
			set_regs(pid, SYS_openat, 9);
	}
	ptrace(PTRACE_DETACH, pid, 0, 0);
	waitpid(pid, &status, 0);
}

static void traced_fork(void)
{
	pid_t pid;

	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	pid = syscall(SYS_fork);
	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
	_exit(3);
}

static void traced_exec(void)
{
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	execl("/proc/self/exe", "refused", "nothing", NULL);
	_exit(1);
}

/* At the stop of that event the tracer sets another number, and goes. */
static void event_says(const char *name, void (*body)(void), long options, long long nr)
{
	struct user_regs_struct regs;
	pid_t pid = child(name, body);
	unsigned long other;
	int status;

	waitpid(pid, &status, 0);
	ptrace(PTRACE_SETOPTIONS, pid, 0, options);
	ptrace(PTRACE_CONT, pid, 0, 0);
	while (waitpid(pid, &status, 0) == pid && !WIFEXITED(status) && !(status >> 16))
		ptrace(PTRACE_CONT, pid, 0, WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status));
	if (options == PTRACE_O_TRACEFORK) {
		ptrace(PTRACE_GETEVENTMSG, pid, 0, &other);
		waitpid(other, NULL, __WALL);
		ptrace(PTRACE_DETACH, other, 0, 0);
	}
	ptrace(PTRACE_GETREGS, pid, 0, &regs);
	regs.orig_rax = nr;
	regs.rdi = 77;
	ptrace(PTRACE_SETREGS, pid, 0, &regs);
	ptrace(PTRACE_DETACH, pid, 0, 0);
	waitpid(pid, &status, 0);
}

static long calls;

static void *churn(void *unused)
{
	for (long i = 0; i < calls; i++) {
		close(open("/dev/null", O_RDONLY));
		if (i % 1000 == 999) {
			pid_t pid = fork();

			if (!pid) {
				open("/dev/null", O_RDONLY);
				_exit(0);
			}
			waitpid(pid, NULL, 0);
		}
	}
	return NULL;
}

static int churn_all(int threads)
{
	pthread_t ids[64];

	for (int i = 0; i < threads; i++)
		pthread_create(&ids[i], NULL, churn, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	seccomp_says("last", SECCOMP_RET_ERRNO, by_action);
	return 0;
}

static void *knock(void *name)
{
	for (int i = 0; i < 2; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		if (getchar() != '\n' || connect(fd, name, sizeof(struct sockaddr_un)))
			exit(1);
	}
	return NULL;
}

static int wait_for_knocks(void)
{
	struct sockaddr_un name = { AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	pthread_t thread;

	sprintf(name.sun_path + 1, "refused.%d", getpid());
	if (bind(fd, (void *)&name, sizeof(name)) || listen(fd, 5))
		return 1;
	pthread_create(&thread, NULL, knock, &name);
	printf("ready\n");
	fflush(stdout);
	for (int i = 0; i < 2; i++) {
		if (accept(fd, NULL, NULL) < 0)
			return 1;
		printf("accepted\n");
		fflush(stdout);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 3) {
		calls = atol(argv[3]);
		return churn_all(atoi(argv[2]));
	}
	if (argc > 1 && !strcmp(argv[1], "wait"))
		return wait_for_knocks();
	if (argc > 1 && !strcmp(argv[1], "getppid")) {
		answered = SYS_getppid;
		seccomp_says("getppid", SECCOMP_RET_ERRNO, by_action);
		return 0;
	}
	if (argc > 1)
		return 0;
	seccomp_says("errno", SECCOMP_RET_ERRNO | EPERM, by_action);
	seccomp_says("errno0", SECCOMP_RET_ERRNO, by_action);
	seccomp_says("handled", SECCOMP_RET_TRAP, by_handler);
	seccomp_says("trap", SECCOMP_RET_TRAP, by_action);
	seccomp_says("process", SECCOMP_RET_KILL_PROCESS, by_action);
	seccomp_says("thread", SECCOMP_RET_KILL_THREAD, by_action);
	seccomp_says("trace", SECCOMP_RET_TRACE, by_action);
	seccomp_says("allow", SECCOMP_RET_ALLOW, by_action);
	seccomp_says("log", SECCOMP_RET_LOG, by_action);
	notifier_says("notify", 0);
	notifier_says("continue", SECCOMP_USER_NOTIF_FLAG_CONTINUE);
	tracer_says("sysemu", 's');
	tracer_says("entry", 'e');
	tracer_says("minus", 'k');
	tracer_says("exit", 'x');
	event_says("fork", traced_fork, PTRACE_O_TRACEFORK, SYS_getpid);
	event_says("forged", traced_fork, PTRACE_O_TRACEFORK, SYS_openat);
	event_says("exec", traced_exec, PTRACE_O_TRACEEXEC, SYS_openat);
	event_says("exiting", traced_fork, PTRACE_O_TRACEEXIT, SYS_exit);
	return 0;
}
