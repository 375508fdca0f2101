// forks COUNT CALLS: that many processes one after another; each makes that many calls of getppid and ends. Begins when a
// byte comes on standard input.
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int count = atoi(argv[1]), calls = atoi(argv[2]);
	char byte;

	puts("ready");
	fflush(stdout);
	if (read(0, &byte, 1) != 1)
		return 1;
	for (int i = 0; i < count; i++) {
		pid_t pid = fork();

		if (!pid) {
			for (int j = 0; j < calls; j++)
				syscall(SYS_getppid);
			_exit(0);
		}
		if (pid < 0)
			return 1;
		waitpid(pid, NULL, 0);
	}
	return argc != 3;
}
