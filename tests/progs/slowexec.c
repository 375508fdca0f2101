// slowexec PROGRAM N: executes it, and N threads of others each make a call before that returns
//
// An execve waits until all other threads of its process have gone, and a tracer can stop one of
// these meanwhile.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int *common;
static pthread_barrier_t all_there;

static void must(int good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(3);
}

static void *stays(void *unused)
{
	common[0] = syscall(SYS_gettid);
	for (;;)
		pause();
	return unused;
}

static void *calls(void *unused)
{
	char name[16];

	prctl(PR_GET_NAME, name);
	pthread_barrier_wait(&all_there);
	return unused;
}

static void executes(char *program)
{
	pthread_t thread;

	pthread_create(&thread, NULL, stays, NULL);
	while (!common[1])
		usleep(1000);
	execl(program, program, NULL);
	_exit(9);
}

int main(int argc, char **argv)
{
	int count, status;
	pthread_attr_t small;
	pthread_t *threads;
	pid_t child;

	/* The executed program may be a copy of this one. */
	if (argc != 3)
		return argc != 1;
	count = atoi(argv[2]);
	common = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	child = fork();
	if (!child)
		executes(argv[1]);
	while (!common[0])
		usleep(1000);
	must(!ptrace(PTRACE_SEIZE, common[0], 0, PTRACE_O_TRACEEXIT), "ptrace");
	common[1] = 1;
	must(waitpid(common[0], &status, __WALL) > 0, "waitpid");

	threads = calloc(count, sizeof(*threads));
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 32768);
	pthread_barrier_init(&all_there, NULL, count);
	for (int i = 0; i < count; i++)
		must(!pthread_create(&threads[i], &small, calls, NULL), "pthread_create");
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);

	ptrace(PTRACE_DETACH, common[0], 0, 0);
	must(waitpid(child, &status, 0) == child, "waitpid");
	return WEXITSTATUS(status);
}
