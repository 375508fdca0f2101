// life: a thread that exits, a signal that is handled, a child that is killed, and exit_group(3).
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void *leave(void *unused)
{
	syscall(SYS_exit, 0);
	return unused;
}

static void handle(int signal)
{
	(void)signal;
}

int main(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, leave, NULL);
	pthread_join(thread, NULL);
	signal(SIGUSR1, handle);
	raise(SIGUSR1);
	if (fork() == 0) {
		raise(SIGKILL);
	}
	wait(NULL);
	syscall(SYS_exit_group, 3);
	return 0;
}
