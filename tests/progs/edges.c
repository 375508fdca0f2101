// edges: makes every system call with null, unmapped, kernel and extreme arguments, each in a child of its own: m32
//
//   edges MODE [try|few]  MODE is native, int80 or x32; built with -m32, native is int80; `try` makes no more than one
//                         call, `few` each with three sets of arguments instead of eight
//
// Prints a line a call, `NR PID ARG… RESULT`: numbers in hex, PID as the child's own pid namespace has it, RESULT in
// decimal or `?` if the call did not come back.
//
// The children have namespaces of their own and no privileges, so that no call can harm the system:
// exits with 77 where that is unavailable. Left out are the calls that duplicate a process (they
// are made with known arguments, last), those that return from signals, and those that would end
// the system if all precautions failed.
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HIGHEST 479
#define X32_FIRST 512
#define X32_LAST 547
#define X32_BIT 0x40000000
#define NOBODY 65534
/* A call that takes longer waits for something that never comes. */
#define PATIENCE_MS 250
#define MEMORY 0x10000

static enum { NATIVE, INT80, X32 } mode;
static int few;

/* What a child reports of its call. */
struct told {
	volatile long ret;
	volatile int begun;
	volatile int returned;
};
static struct told *shared;

/* Zeros, below 4 GiB. */
static unsigned long memory;

static const int left_out_64[] = {
	SYS_rt_sigreturn,
	SYS_clone,
	SYS_fork,
	SYS_vfork,
	435 /* clone3 */,
#ifdef __x86_64__
	SYS_reboot,
	SYS_kexec_load,
	SYS_kexec_file_load,
	/* x32's own rt_sigreturn and kexec_load */
	513,
	528,
#endif
	-1,
};

static const int left_out_32[] = {
	2 /* fork */,	 119 /* sigreturn */,  173 /* rt_sigreturn */,
	120 /* clone */, 190 /* vfork */,      435 /* clone3 */,
	88 /* reboot */, 283 /* kexec_load */, -1,
};

long int80(long nr, const unsigned long args[6]);

#ifdef __x86_64__
asm(".text\n"
    "int80:\n"
    "	push %rbx\n"
    "	push %rbp\n"
    "	mov %edi, %eax\n"
    "	mov %rsi, %r10\n"
    "	mov 0(%r10), %ebx\n"
    "	mov 8(%r10), %ecx\n"
    "	mov 16(%r10), %edx\n"
    "	mov 24(%r10), %esi\n"
    "	mov 32(%r10), %edi\n"
    "	mov 40(%r10), %ebp\n"
    "	int $0x80\n"
    "	cdqe\n"
    "	pop %rbp\n"
    "	pop %rbx\n"
    "	ret\n");

static inline __attribute__((always_inline)) long native(long nr, const unsigned long args[6])
{
	register unsigned long r10 asm("r10") = args[3];
	register unsigned long r8 asm("r8") = args[4];
	register unsigned long r9 asm("r9") = args[5];
	long ret;

	asm volatile("syscall"
		     : "=a"(ret)
		     : "a"(nr), "D"(args[0]), "S"(args[1]), "d"(args[2]), "r"(r10), "r"(r8), "r"(r9)
		     : "rcx", "r11", "memory");
	return ret;
}
#else
asm(".text\n"
    "int80:\n"
    "	push %ebx\n"
    "	push %esi\n"
    "	push %edi\n"
    "	push %ebp\n"
    "	mov 20(%esp), %eax\n"
    "	mov 24(%esp), %edi\n"
    "	mov 0(%edi), %ebx\n"
    "	mov 4(%edi), %ecx\n"
    "	mov 8(%edi), %edx\n"
    "	mov 12(%edi), %esi\n"
    "	mov 20(%edi), %ebp\n"
    "	mov 16(%edi), %edi\n"
    "	int $0x80\n"
    "	pop %ebp\n"
    "	pop %edi\n"
    "	pop %esi\n"
    "	pop %ebx\n"
    "	ret\n");

#define native int80
#endif

static inline __attribute__((always_inline)) long make(long nr, const unsigned long args[6])
{
	switch (mode) {
	case INT80:
		return int80(nr, args);
	case X32:
		return native(nr + X32_BIT, args);
	default:
		return native(nr, args);
	}
}

/* Without what a libc's fork does in the child, which would be system calls too. */
static inline __attribute__((always_inline)) long bare_fork(void)
{
	return native(SYS_clone, (unsigned long[6]){ SIGCHLD });
}

static inline __attribute__((always_inline)) void bare_exit(void)
{
	native(SYS_exit_group, (unsigned long[6]){ 0 });
}

/* Waits for a child's end, or kills it. */
static void reap(pid_t pid)
{
	const struct timespec patience = { 0, 100000000 };
	struct timespec begun, now;
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	clock_gettime(CLOCK_MONOTONIC, &begun);
	while (waitpid(pid, NULL, WNOHANG | __WALL) == 0) {
		sigtimedwait(&child, NULL, &patience);
		/* On a busy system it may not have come to its call. */
		if (!shared->begun) {
			clock_gettime(CLOCK_MONOTONIC, &begun);
			continue;
		}
		clock_gettime(CLOCK_MONOTONIC, &now);
		if ((now.tv_sec - begun.tv_sec) * 1000 + (now.tv_nsec - begun.tv_nsec) / 1000000 >=
		    PATIENCE_MS)
			kill(pid, SIGKILL);
	}
}

static void print(long nr, pid_t pid, const unsigned long args[6])
{
	printf("%ld %d", nr, pid);
	for (int i = 0; i < 6; i++)
		printf(" %lx", args[i]);
	if (shared->returned)
		printf(" %ld\n", shared->ret);
	else
		printf(" ?\n");
}

static void try(long nr, const unsigned long args[6])
{
	pid_t pid;

	shared->begun = shared->returned = 0;
	pid = bare_fork();
	if (pid == 0) {
		shared->begun = 1;
		shared->ret = make(nr, args);
		shared->returned = 1;
		bare_exit();
	}
	if (pid < 0)
		exit(1);
	reap(pid);
	print(nr, pid, args);
}

static void try_all(long nr)
{
	const int *left_out = mode == INT80 ? left_out_32 : left_out_64;
	const unsigned long values[] = {
		0, 0x10, (unsigned long)0xffff800000000000ull, ~0ul, 0x7fffffff, 0xffffffff,
	};

	/* Waits for ever. */
	if (nr == (mode == INT80 ? 29 : SYS_pause)) {
		try(nr, (unsigned long[6]){ 0 });
		return;
	}
	for (int i = 0; left_out[i] >= 0; i++)
		if (left_out[i] == nr)
			return;
	for (size_t i = few ? 1 : 0; i < (few ? 2 : sizeof(values) / sizeof(values[0])); i++) {
		unsigned long v = values[i];

		try(nr, (unsigned long[6]){ v, v, v, v, v, v });
	}
	try(nr, (unsigned long[6]){ memory, ~0ul, memory, ~0ul, memory, ~0ul });
	try(nr, (unsigned long[6]){ ~0ul, memory, ~0ul, memory, ~0ul, memory });
}

/* Those that may return twice. */
static void try_clones(void)
{
	unsigned long clone3[6] = { memory, 8 };

#ifdef __x86_64__
	unsigned long none[6] = { 0 };
	pid_t pid;

	if (mode == NATIVE) {
		shared->begun = shared->returned = 0;
		pid = bare_fork();
		if (pid == 0) {
			long ret;

			shared->begun = 1;
			ret = native(SYS_vfork, none);

			if (ret != 0) {
				shared->ret = ret;
				shared->returned = 1;
			}
			bare_exit();
		}
		reap(pid);
		print(SYS_vfork, pid, none);
	}
#endif
	if (mode == X32)
		return;
	try(435, clone3);
	clone3[0] = 0x10;
	clone3[1] = ~0ul;
	try(435, clone3);
	try(mode == INT80 ? 120 : SYS_clone, (unsigned long[6]){ ~0ul, ~0ul, ~0ul, ~0ul, ~0ul });
}

/* Becomes nobody, in namespaces of its own. */
static void lock_in(void)
{
	const struct rlimit none = { 0, 0 };
	int ends[2];

	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    setuid(0) == 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) || chdir("/") || pipe(ends) ||
	    dup2(ends[0], 0) < 0)
		exit(77);
	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_FSIZE, &none);
}

int main(int argc, char **argv)
{
	static char buffer[1 << 21];
	sigset_t child;
	void *at;
	pid_t pid;
	int status;

	if (argc < 2)
		return 2;
	mode = !strcmp(argv[1], "int80") ? INT80 : !strcmp(argv[1], "x32") ? X32 : NATIVE;
	if (sizeof(long) == 4)
		mode = INT80;
	if (unshare(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS))
		return 77;
	pid = fork();
	if (pid > 0)
		return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) :
									      1;
	lock_in();
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	/* Pages that nobody has touched cannot be read without waiting for them. */
	at = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT | MAP_POPULATE, -1, 0);
	if (shared == MAP_FAILED || at == MAP_FAILED)
		return 1;
	memory = (unsigned long)at;
	/* All output is written at the end, at once. */
	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	few = argc > 2 && !strcmp(argv[2], "few");
	if (argc > 2 && !few) {
		try(mode == INT80 ? 64 : SYS_getppid, (unsigned long[6]){ 0 });
		return !shared->returned;
	}
	for (long nr = 0; nr <= HIGHEST; nr++)
		try_all(nr);
	if (mode == X32)
		for (long nr = X32_FIRST; nr <= X32_LAST; nr++)
			try_all(nr);
	try_clones();
	return fflush(stdout) != 0;
}
