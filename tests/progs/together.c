// together COUNT: that many processes, of three threads each, which all exit at the same time, each for itself.
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_barrier_t all;

static void *ends(void *unused)
{
	pthread_barrier_wait(&all);
	syscall(SYS_exit, 0);
	return unused;
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 1;
	pthread_t thread;

	for (int i = 0; i < count; i++) {
		pid_t pid = fork();

		if (!pid) {
			pthread_barrier_init(&all, NULL, 3);
			pthread_create(&thread, NULL, ends, NULL);
			pthread_create(&thread, NULL, ends, NULL);
			ends(NULL);
		}
		waitpid(pid, NULL, 0);
	}
	return 0;
}
