// storm PROCESSES COUNT BYTES: each process has COUNT children, one after another, that execute this program again, with
// so many bytes of arguments; they end at once.
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENT 4000

static void storm(int count, char **args)
{
	for (int i = 0; i < count; i++) {
		pid_t pid = vfork();
		int status;

		if (!pid) {
			execv("/proc/self/exe", args);
			_exit(1);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			_exit(1);
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	int processes, bytes, status, failed = 0, n = 0;
	char **args, *text;

	if (argc < 4 || strcmp(argv[0], "storm-child") == 0)
		return 0;
	processes = atoi(argv[1]);
	bytes = atoi(argv[3]);
	args = calloc(bytes / ARGUMENT + 3, sizeof(*args));
	text = malloc(ARGUMENT);
	memset(text, 'A', ARGUMENT - 1);
	text[ARGUMENT - 1] = 0;
	args[n++] = "storm-child";
	for (; bytes >= ARGUMENT; bytes -= ARGUMENT)
		args[n++] = text;
	args[n++] = text + ARGUMENT - 1 - bytes;
	for (int i = 0; i < processes; i++)
		if (!fork())
			storm(atoi(argv[2]), args);
	while (wait(&status) > 0)
		failed |= status;
	return failed != 0;
}
