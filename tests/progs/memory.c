// memory FILE: maps memory and changes its protection; prints each call, what the memory was
// before, and the expected alert: where the change is seen, and where only the result is seen.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096UL
#define R PROT_READ
#define W PROT_WRITE
#define X PROT_EXEC
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static const char *file;

static char *map(unsigned long pages, int prot, int flags, int fd, const char *alert)
{
	char *at = mmap(NULL, pages * PAGE, prot, flags, fd, 0);

	if (at == MAP_FAILED)
		exit(3);
	printf("map\t%lu\t%lu\t%d\t%d\t%s\t%s\n", (unsigned long)at, pages * PAGE, prot, flags,
	       fd < 0 ? "-" : file, alert);
	return at;
}

static void protect(int nr, char *at, unsigned long pages, int prev, int prot, int flags,
		    const char *path, const char *alert, const char *later)
{
	if (syscall(nr, at, pages * PAGE - 1, prot, -1))
		exit(4);
	printf("protect\t%lu\t%lu\t%d\t%d\t%d\t%s\t%s\t%s\n", (unsigned long)at, pages * PAGE, prot,
	       prev, flags, path, alert, later);
}

int main(int argc, char **argv)
{
	int fd, nr = SYS_mprotect;
	char *at;

	file = argv[1];
	fd = open(file, O_RDWR);
	map(11, R, MAP_PRIVATE, fd, "-");
	map(12, R | W | X, MAP_SHARED, fd, "MAPPED_WX");
	map(13, R | W | X, ANON, -1, "MAPPED_WX");

	at = map(14, R | W, ANON, -1, "-");
	*at = 1;
	protect(nr, at, 14, R | W, R | X, ANON, "-", "W_TO_X", "W_TO_X");
	protect(nr, at, 14, R | X, R | W | X, ANON, "-", "X_TO_WX", "TO_WX");
	protect(nr, at, 14, R | W | X, R | X, ANON, "-", "WX_TO_X", "W_TO_X");
	protect(nr, at, 14, R | X, R, ANON, "-", "-", "-");

	/* Memory that was never written. */
	at = map(15, R, ANON, -1, "-");
	protect(SYS_pkey_mprotect, at, 15, R, R | X, ANON, "-", "-", "-");
	at = map(16, R, ANON, -1, "-");
	protect(SYS_pkey_mprotect, at, 16, R, R | W | X, ANON, "-", "TO_WX", "TO_WX");

	/* Through PROT_NONE. */
	at = map(17, R | W, ANON, -1, "-");
	*at = 1;
	protect(nr, at, 17, R | W, R, ANON, "-", "-", "-");
	protect(nr, at, 17, R, R | X, ANON, "-", "W_TO_X", "W_TO_X");

	/* A part. */
	at = map(18, R | W, ANON, -1, "-");
	memset(at, 1, 18 * PAGE);
	protect(nr, at + 4 * PAGE, 3, R | W, R | X, ANON, "-", "W_TO_X", "W_TO_X");

	/* A mapping of a file. */
	at = map(19, R | W, MAP_PRIVATE, fd, "-");
	*at = 1;
	protect(nr, at, 19, R | W, R | X, MAP_PRIVATE, file, "W_TO_X", "W_TO_X");
	return argc != 2;
}
