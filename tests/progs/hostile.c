// hostile: gives files, processes and arguments the names and lengths that would break a careless reader.
//
//   hostile names FOLDER HEX…  for each name: makes a file of that name, looks at it, removes it, runs itself by it
//   hostile paths FOLDER LENGTH…
//                              opens a path of each length that leads nowhere, then a file 200 folders deep; prints its path
//   hostile argv COUNT…        runs itself with so many arguments a0, a1, …; prints how many arrived
//   hostile argument LENGTH    runs itself with one argument of that length, between two others
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEPTH 200

static void run(const char *path, char **argv)
{
	char *env[] = { "HOSTILE=1", NULL };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execve(path, argv, env);
		_exit(1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		exit(1);
}

static void names(const char *folder, const char *self, char **hex)
{
	for (; *hex; hex++) {
		char name[NAME_MAX + 1], path[PATH_MAX];
		struct stat stat;
		size_t length = 0;

		for (const char *at = *hex; *at; at += 2)
			sscanf(at, "%2hhx", (unsigned char *)&name[length++]);
		name[length] = 0;
		snprintf(path, sizeof(path), "%s/%s", folder, name);
		if (close(open(path, O_CREAT | O_RDWR, 0600)) || lstat(path, &stat) || unlink(path))
			exit(1);
		if (symlink(self, path))
			exit(1);
		run(path, (char *[]){ name, NULL });
		if (unlink(path))
			exit(1);
	}
}

static void paths(const char *folder, char **lengths)
{
	char deep[PATH_MAX];
	size_t at;

	for (; *lengths; lengths++) {
		size_t length = atol(*lengths);
		char *path = malloc(length + 1);

		memset(path, 'x', length);
		for (size_t i = 0; i < length; i += 250)
			path[i] = '/';
		path[length] = 0;
		open(path, O_RDONLY);
		free(path);
	}
	at = snprintf(deep, sizeof(deep), "%s", folder);
	for (int i = 0; i < DEPTH; i++) {
		at += snprintf(deep + at, sizeof(deep) - at, "/folder%03d", i);
		if (mkdir(deep, 0700))
			exit(1);
	}
	snprintf(deep + at, sizeof(deep) - at, "/file");
	if (close(open(deep, O_CREAT | O_RDWR, 0600)))
		exit(1);
	puts(deep);
}

int main(int argc, char **argv)
{
	static char self[PATH_MAX];

	if (getenv("HOSTILE")) {
		if (argc > 0 && argv[0][0] == 'a')
			printf("%d\n", argc);
		getppid();
		return 0;
	}
	if (argc < 3 || readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return 2;
	if (!strcmp(argv[1], "names"))
		names(argv[2], self, argv + 3);
	else if (!strcmp(argv[1], "paths"))
		paths(argv[2], argv + 3);
	else if (!strcmp(argv[1], "argv")) {
		for (int i = 2; i < argc; i++) {
			int count = atoi(argv[i]);
			char **args = calloc(count + 1, sizeof(*args));

			for (int j = 0; j < count; j++)
				if (asprintf(&args[j], "a%d", j) < 0)
					return 1;
			run(self, args);
		}
	} else {
		char *argument = malloc(atol(argv[2]) + 1);

		memset(argument, 'x', atol(argv[2]));
		argument[atol(argv[2])] = 0;
		run(self, (char *[]){ "a0", argument, "last", NULL });
	}
	return 0;
}
