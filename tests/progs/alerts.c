// alerts FOLDER | alerts race N: makes memory executable in ways that are easily overlooked; as a 32-bit program, too: m32
//
// Prints for each area: the alert that is expected where the change is seen, the one where only the
// result is seen, the address, the length and the protection that the area has got. FOLDER is on a
// noexec file system.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096UL
#define R PROT_READ
#define W PROT_WRITE
#define X PROT_EXEC
#define PRIVATE (MAP_PRIVATE | MAP_ANONYMOUS)
#define SHARED (MAP_SHARED | MAP_ANONYMOUS)

static void must(int good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(3);
}

static void expect(const char *seen, const char *left, const void *at, unsigned long len, int prot)
{
	printf("%s %s %lu %lu %d\n", seen, left, (unsigned long)at, len, prot);
}

static char *map(unsigned long pages, int prot, int flags, int fd)
{
	char *at = mmap(NULL, pages * PAGE, prot, flags, fd, 0);

	must(at != MAP_FAILED, "mmap");
	return at;
}

static void protect(char *at, unsigned long pages, int prot, int error)
{
	int result = mprotect(at, pages * PAGE, prot);

	must(error ? result < 0 && errno == error : !result, "mprotect");
}

/* One call for two areas, of which only the second was written to. */
static void two_areas(void)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	char *at = map(2, R | W, PRIVATE, -1);

	must(mmap(at, PAGE, R, MAP_PRIVATE | MAP_FIXED, fd, 0) == at, "mmap");
	at[PAGE] = 1;
	protect(at + PAGE, 1, R, 0);
	protect(at, 2, R | X, 0);
	expect("W_TO_X", "W_TO_X", at + PAGE, PAGE, R | X);
}

/* A call that fails at a hole, after it has changed what is before. */
static void up_to_a_hole(int prot, const char *alert)
{
	char *at = map(3, R | W, PRIVATE, -1);

	munmap(at + 2 * PAGE, PAGE);
	memset(at, 1, 2 * PAGE);
	protect(at, 3, prot, ENOMEM);
	expect(alert, alert, at, 2 * PAGE, prot);
}

static void shared(void)
{
	int fd = memfd_create("alerts", 0), only_read;
	char *at = map(3, R | W, SHARED, -1), name[64];

	strcpy(at, "what all who share it can see");
	protect(at, 3, R | X, 0);
	expect("W_TO_X", "W_TO_X", at, 3 * PAGE, R | X);

	/* Nothing was written there. */
	at = map(4, R | W, SHARED, -1);
	protect(at, 4, R | X, 0);
	expect("W_TO_X", "-", at, 4 * PAGE, R | X);

	/* Through PROT_NONE. */
	must(!ftruncate(fd, 5 * PAGE), "ftruncate");
	at = map(5, R | W, MAP_SHARED, fd);
	*at = 1;
	protect(at, 5, R, 0);
	protect(at, 5, R | X, 0);
	expect("W_TO_X", "W_TO_X", at, 5 * PAGE, R | X);

	/* Written, but not by this mapping. */
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	only_read = open(name, O_RDONLY);
	at = map(5, R, MAP_SHARED, only_read);
	protect(at, 5, R | X, 0);
}

static void stack_like(void)
{
	char *at = map(16, R | W, PRIVATE | MAP_GROWSDOWN, -1);

	at[PAGE] = 1;
	protect(at + 15 * PAGE, 1, R | X | PROT_GROWSDOWN, 0);
	expect("W_TO_X", "W_TO_X", at, 16 * PAGE, R | X);
}

static void attached(int flags, int by_ipc)
{
	int id = shmget(IPC_PRIVATE, 6 * PAGE, 0700 | IPC_CREAT);
	void *at;

	must(id >= 0, "shmget");
#ifdef __i386__
	if (by_ipc)
		must(!syscall(SYS_ipc, 21, id, flags, &at, 0, 0), "ipc");
	else
#endif
		at = shmat(id, NULL, flags);
	must(by_ipc || at != (void *)-1, "shmat");
	shmctl(id, IPC_RMID, NULL);
	expect("MAPPED_WX", "MAPPED_WX", at, 6 * PAGE, R | W | X);
}

/* Prints the heap's area that ends there. */
static void heap(unsigned long end)
{
	static char maps[1 << 16];
	int fd = open("/proc/self/maps", O_RDONLY);
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, maps + len, sizeof(maps) - 1 - len)) > 0)
		len += n;
	close(fd);
	for (char *line = strtok(maps, "\n"); line; line = strtok(NULL, "\n")) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx", &from, &to) == 2 && to == end)
			expect("MAPPED_WX", "MAPPED_WX", (void *)from, to - from, R | W | X);
	}
}

/* Memory that may be read may be executed (READ_IMPLIES_EXEC). */
static void of_long_ago(const char *folder)
{
	char name[4096], *end, *at;
	int fd;

	snprintf(name, sizeof(name), "%s/alerts", folder);
	fd = open(name, O_RDWR | O_CREAT, 0600);
	must(fd >= 0 && !ftruncate(fd, 7 * PAGE), name);
	end = (char *)(((unsigned long)sbrk(0) + PAGE - 1) & ~(PAGE - 1));
	must(!brk(end), "brk");
	must(personality(READ_IMPLIES_EXEC) >= 0, "personality");
	at = map(7, R | W, MAP_SHARED, fd);
	*at = 1;
	protect(at, 7, R, 0);
	at = map(8, R | W, PRIVATE, -1);
	expect("MAPPED_WX", "MAPPED_WX", at, 8 * PAGE, R | W | X);
	attached(0, 0);
	must(!brk(end + 9 * PAGE), "brk");
	personality(0);
	heap((unsigned long)end + 9 * PAGE);
}

static volatile int stop;

/* Keeps the lock of the address space busy. */
static void *changes(void *unused)
{
	char *at = map(1 << 14, R | W, PRIVATE | MAP_NORESERVE, -1);

	while (!stop) {
		protect(at, 1 << 14, R, 0);
		protect(at, 1 << 14, R | W, 0);
	}
	return unused;
}

static void race(int count)
{
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, changes, NULL);
	for (int i = 0; i < count; i++) {
		char *at = map(1, R | W, PRIVATE, -1);

		*at = 1;
		protect(at, 1, R | X, 0);
		munmap(at, PAGE);
	}
	stop = 1;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
	static char text[1 << 14];

	/* Lest the output take memory. */
	setvbuf(stdout, text, _IOFBF, sizeof(text));
	if (argc == 3) {
		race(atoi(argv[2]));
		return 0;
	}
	two_areas();
	up_to_a_hole(R | W | X, "TO_WX");
	up_to_a_hole(R | X, "W_TO_X");
	shared();
	stack_like();
	attached(SHM_EXEC, 0);
#ifdef __i386__
	attached(SHM_EXEC, 1);
#endif
	of_long_ago(argv[1]);
	return 0;
}
