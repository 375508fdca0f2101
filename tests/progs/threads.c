// threads COUNT: that many threads each call getppid once a byte comes on standard input, then the process ends.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_barrier_t go;

static void *call(void *unused)
{
	pthread_barrier_wait(&go);
	syscall(SYS_getppid);
	return unused;
}

int main(int argc, char **argv)
{
	int count = atoi(argv[1]);
	pthread_t threads[64];
	char byte;

	pthread_barrier_init(&go, NULL, count + 1);
	for (int i = 0; i < count; i++)
		pthread_create(&threads[i], NULL, call, NULL);
	/* All threads run now. */
	puts("ready");
	fflush(stdout);
	if (read(0, &byte, 1) != 1)
		return 1;
	pthread_barrier_wait(&go);
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	if (fork() == 0) {
		syscall(SYS_getppid);
		_exit(0);
	}
	wait(NULL);
	return argc != 2;
}
