// getppid PROCESSES CALLS: every process makes that many calls, all at once.
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int processes = atoi(argv[1]), calls = atoi(argv[2]);

	for (int i = 0; i < processes; i++) {
		if (fork() == 0) {
			for (int j = 0; j < calls; j++)
				syscall(SYS_getppid);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	return argc != 3;
}
