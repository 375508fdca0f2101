// cgroups WORD…: goes from cgroup to cgroup and does things there, word by word. FILE is a cgroup.procs or its like.
//
//   into FILE       moves itself
//   thread FILE     moves a thread of its own, which then forks a child that is seen as `forked`
//   calls N         makes N calls of getppid
//   run NAME        a child executes this program as NAME
//   make FOLDER     makes a cgroup
//   uid N           becomes that user
//   fork            goes on in a child, and waits for it
//   clone FOLDER    goes on in a child that is made in that cgroup, and waits for it
//   exec            executes itself for the words that follow
//   own             the same, as runtimes do: by /proc/self/exe
//   race FILE FILE N  moves between both while N children execute this program as `racer`
//   wait            prints `ready`, and waits for a line
//   end NAME        what `run` executes: nothing
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char *self;

static void into(const char *file)
{
	int fd = open(file, O_WRONLY);

	if (fd < 0 || write(fd, "0", 1) != 1)
		err(1, "%s", file);
	close(fd);
}

static void run(char *name)
{
	pid_t child = fork();

	if (child < 0)
		err(1, "fork");
	if (!child) {
		execl(self, self, "end", name, NULL);
		err(1, "%s", self);
	}
	waitpid(child, NULL, 0);
}

static void *in_thread(void *file)
{
	into(file);
	run("forked");
	return NULL;
}

static volatile int racing = 1;

static void *mover(void *files)
{
	while (racing) {
		into(((char **)files)[0]);
		into(((char **)files)[1]);
	}
	return NULL;
}

static void wait_for_child(pid_t child)
{
	int status;

	if (child < 0)
		err(1, "fork");
	if (!child)
		return;
	if (waitpid(child, &status, 0) != child || status)
		errx(1, "the child failed");
	exit(0);
}

static void clone_into(const char *folder)
{
	struct clone_args args = { .flags = 0x200000000ULL /* CLONE_INTO_CGROUP */,
				   .exit_signal = SIGCHLD };
	int fd = open(folder, O_PATH | O_DIRECTORY);

	if (fd < 0)
		err(1, "%s", folder);
	args.cgroup = fd;
	wait_for_child(syscall(SYS_clone3, &args, sizeof(args)));
}

int main(int argc, char **argv)
{
	pthread_t thread;
	char line[8];

	(void)argc;
	self = argv[0];
	for (char **word = argv + 1; *word; word++) {
		if (!strcmp(*word, "into")) {
			into(*++word);
		} else if (!strcmp(*word, "thread")) {
			pthread_create(&thread, NULL, in_thread, *++word);
			pthread_join(thread, NULL);
		} else if (!strcmp(*word, "calls")) {
			for (int n = atoi(*++word); n > 0; n--)
				syscall(SYS_getppid);
		} else if (!strcmp(*word, "run")) {
			run(*++word);
		} else if (!strcmp(*word, "make")) {
			if (mkdir(*++word, 0755))
				err(1, "%s", *word);
		} else if (!strcmp(*word, "uid")) {
			uid_t uid = atoi(*++word);

			if (setgid(uid) || setuid(uid))
				err(1, "setuid");
		} else if (!strcmp(*word, "fork")) {
			wait_for_child(fork());
		} else if (!strcmp(*word, "clone")) {
			clone_into(*++word);
		} else if (!strcmp(*word, "exec")) {
			*word = self;
			execv(self, word);
			err(1, "%s", self);
		} else if (!strcmp(*word, "own")) {
			*word = self;
			execv("/proc/self/exe", word);
			err(1, "/proc/self/exe");
		} else if (!strcmp(*word, "race")) {
			pthread_create(&thread, NULL, mover, word + 1);
			for (int n = atoi(word[3]); n > 0; n--)
				run("racer");
			racing = 0;
			pthread_join(thread, NULL);
			word += 3;
		} else if (!strcmp(*word, "wait")) {
			puts("ready");
			fflush(stdout);
			if (!fgets(line, sizeof(line), stdin))
				return 1;
		} else if (!strcmp(*word, "end")) {
			return 0;
		} else {
			errx(2, "what is %s?", *word);
		}
	}
	return 0;
}
