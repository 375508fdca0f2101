// capture WHAT FOLDER [NUMBER]: writes, executes and unpacks in ways that capture must follow.
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <linux/aio_abi.h>
#include <linux/falloc.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* A text among the code, for a packer to hide. */
asm(".text\n.ascii \"nobody sees this at rest\"\n");

static const char *folder;
static char data[1 << 20];

#define CHECK(call)                    \
	do {                           \
		if ((call) < 0) {      \
			perror(#call); \
			exit(3);       \
		}                      \
	} while (0)

static char *path(const char *name)
{
	static char text[4][PATH_MAX];
	static int next;
	char *at = text[next++ & 3];

	snprintf(at, PATH_MAX, "%s/%s", folder, name);
	return at;
}

static int new_file(const char *name, int flags)
{
	int fd = open(path(name), O_CREAT | O_RDWR | flags, 0644);

	CHECK(fd);
	return fd;
}

static void fill(unsigned int seed)
{
	for (size_t i = 0; i < sizeof(data); i++) {
		seed = seed * 1103515245 + 12345;
		data[i] = seed >> 16;
	}
}

static void *in_thread(void *arg)
{
	int fd = *(int *)arg;

	for (int i = 0; i < 200; i++)
		CHECK(write(fd, data + i, 1 + i));
	return NULL;
}

static void writes(void)
{
	struct iovec vec[3] = { { data, 5 }, { data + 100, 70000 }, { data + 7, 1 } };
	pthread_t threads[2];
	int fd, other, pipes[2];
	loff_t offset;
	char *at;

	fill(1);
	fd = new_file("pwrite", 0);
	for (int i = 0; i < 300; i++)
		CHECK(pwrite(fd, data + rand() % 1000, 1 + rand() % 9000, rand() % 500000));
	close(fd);

	fd = new_file("writev", 0);
	CHECK(writev(fd, vec, 3));
	CHECK(pwritev(fd, vec, 3, 200000));
	CHECK(pwritev2(fd, vec, 3, -1, 0));
	CHECK(pwritev2(fd, vec, 2, 1000, 0));
	CHECK(pwritev2(fd, vec, 2, 0, RWF_APPEND));
	close(fd);

	fd = new_file("append", O_TRUNC);
	close(fd);
	for (int child = 0; child < 2; child++) {
		if (fork())
			continue;
		fd = open(path("append"), O_WRONLY | O_APPEND);
		for (int i = 0; i < 300; i++)
			CHECK(write(fd, data + i * 3 + child, 1 + i));
		_exit(0);
	}
	while (wait(NULL) > 0)
		;

	/* One open file shared by two processes, as by a shell's children. */
	fd = new_file("shared", 0);
	if (!fork()) {
		in_thread(&fd);
		_exit(0);
	}
	in_thread(&fd);
	wait(NULL);
	close(fd);

	fd = new_file("threads", 0);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, in_thread, &fd);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	close(fd);

	fd = new_file("rewritten", 0);
	CHECK(write(fd, data, 100000));
	close(fd);
	fd = new_file("rewritten", O_TRUNC);
	CHECK(pwrite(fd, data + 50, 10, 50));
	close(fd);

	fd = new_file("truncated", 0);
	CHECK(write(fd, data, 100000));
	CHECK(ftruncate(fd, 10));
	CHECK(pwrite(fd, data, 10, 99990));
	close(fd);

	fd = new_file("truncated-by-name", 0);
	CHECK(write(fd, data, 100));
	CHECK(truncate(path("truncated-by-name"), 0));
	CHECK(pwrite(fd, data, 10, 90));
	close(fd);

	fd = new_file("fallocate", 0);
	CHECK(write(fd, data, 100000));
	/* Not all file systems can. */
	(void)!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 8192);
	close(fd);

	fd = new_file("mapped", 0);
	CHECK(write(fd, data, 8192));
	at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	memcpy(at + 100, "by the mapping", 14);
	close(fd);
	at[5000] ^= 1;
	munmap(at, 8192);

	other = open(path("pwrite"), O_RDONLY);
	fd = new_file("sendfile", 0);
	CHECK(write(fd, "begin", 5));
	CHECK(sendfile(fd, other, NULL, 100000));
	close(fd);

	fd = new_file("copied", 0);
	offset = 0;
	CHECK(syscall(SYS_copy_file_range, other, &offset, fd, NULL, 100000, 0));
	close(fd);
	close(other);

	CHECK(pipe(pipes));
	CHECK(write(pipes[1], data, 5000));
	fd = new_file("spliced", 0);
	CHECK(splice(pipes[0], NULL, fd, NULL, 5000, 0));
	close(fd);

	/* A file with content. */
	fd = open(path("old"), O_WRONLY);
	CHECK(fd);
	CHECK(pwrite(fd, "new", 3, 5));
	close(fd);

	/* Not a regular file. */
	fd = open("/dev/null", O_WRONLY);
	CHECK(write(fd, data, 100));
	CHECK(mkfifo(path("fifo"), 0600));
	fd = open(path("fifo"), O_RDWR);
	CHECK(write(fd, data, 100));
	unlink(path("fifo"));
}

/* Writes that the kernel makes when it likes. */
static void later(void)
{
	struct iocb request = { .aio_lio_opcode = IOCB_CMD_PWRITE, .aio_buf = (uintptr_t)data };
	struct iocb *requests[] = { &request };
	struct io_uring_params params = {};
	struct io_uring_sqe *entry;
	struct io_event done;
	aio_context_t context = 0;
	int ring, fd;
	char *queue;

	fill(3);
	fd = new_file("aio", 0);
	CHECK(syscall(SYS_io_setup, 1, &context));
	request.aio_fildes = fd;
	request.aio_nbytes = 70000;
	request.aio_offset = 5;
	CHECK(syscall(SYS_io_submit, context, 1, requests));
	CHECK(syscall(SYS_io_getevents, context, 1, 1, &done, NULL));
	close(fd);

	fd = new_file("uring", 0);
	ring = syscall(SYS_io_uring_setup, 1, &params);
	CHECK(ring);
	queue = mmap(NULL, params.sq_off.array + 4 * params.sq_entries, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
	entry = mmap(NULL, params.sq_entries * sizeof(*entry), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);
	entry->opcode = IORING_OP_WRITE;
	entry->fd = fd;
	entry->addr = (uintptr_t)data;
	entry->len = 70000;
	entry->off = 7;
	*(unsigned int *)(queue + params.sq_off.array) = 0;
	__atomic_store_n((unsigned int *)(queue + params.sq_off.tail), 1, __ATOMIC_RELEASE);
	CHECK(syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0));
	close(fd);
	close(ring);
}

static void many(int count)
{
	char name[32];

	for (int i = 0; i < count; i++) {
		int fd;

		snprintf(name, sizeof(name), "many%d", i);
		fd = new_file(name, 0);
		CHECK(write(fd, name, strlen(name)));
		close(fd);
		/* Not faster than a file system on a disk. */
		if (i % 100 == 99)
			usleep(10000);
	}
}

/* Writes so many MB in each of three seconds; prints how many it managed. */
static void paced(int rate)
{
	struct timespec start, until, end;
	double seconds;
	int fd = new_file("paced", 0);

	fill(4);
	clock_gettime(CLOCK_MONOTONIC, &start);
	until = start;
	for (int i = 0; i < 3 * rate; i++) {
		for (int n = 0; n < 20; n++)
			CHECK(write(fd, data + i + n, 50000));
		until.tv_nsec += 1000000000 / rate;
		if (until.tv_nsec >= 1000000000) {
			until.tv_sec++;
			until.tv_nsec -= 1000000000;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	seconds = end.tv_sec - start.tv_sec + (end.tv_nsec - start.tv_nsec) / 1e9;
	printf("%.0f\n", 3 * rate / seconds);
	close(fd);
}

/* A copy of this program, which differs from all others in its end. */
static void copy_self(int fd, int number)
{
	int self = open("/proc/self/exe", O_RDONLY);
	static char text[1 << 21];
	ssize_t n = read(self, text, sizeof(text));

	CHECK(n);
	close(self);
	if (write(fd, text, n) != n || write(fd, &number, sizeof(number)) < 0)
		exit(4);
}

/* Waits until so many artefacts with this word in their lines are listed, for a minute at most. */
static void until_listed(const char *index, const char *word, int count)
{
	char line[1 << 14];

	for (int tries = 0; tries < 6000; tries++) {
		FILE *file = fopen(index, "r");
		int found = 0;

		while (file && fgets(line, sizeof(line), file))
			found += strstr(line, word) != NULL;
		if (file)
			fclose(file);
		if (found >= count)
			return;
		usleep(10000);
	}
}

/* Stays until so many artefacts are listed or, where the index is out of reach, so many ms. */
static int unlinking(const char *self, const char *index, int count)
{
	int failed = unlink(self);

	if (count && index)
		until_listed(index, "gone", count);
	else if (count)
		usleep(1000 * count);
	return failed;
}

/* Each removes its file, and ends; or lingers until it has been captured. */
static void gone(int count, int lingers)
{
	char *index = strdup(path("../out/index.jsonl"));

	for (int i = 0; i < count; i++) {
		char *name = path("gone"), listed[16];
		int status, fd = open(name, O_CREAT | O_WRONLY | O_EXCL, 0755);

		CHECK(fd);
		copy_self(fd, i);
		close(fd);
		snprintf(listed, sizeof(listed), "%d", lingers ? i + 1 : 0);
		if (!fork()) {
			execl(name, name, "unlink", name, listed, index, NULL);
			_exit(5);
		}
		wait(&status);
		if (status)
			exit(6);
	}
}

/* As soon as each has ended, its number is overwritten; every other one gets its old times back. */
static void overwritten(int count)
{
	for (int i = 0; i < count; i++) {
		char *name = path("overwritten");
		int status, other = ~i, fd = open(name, O_CREAT | O_RDWR | O_EXCL, 0755);
		struct stat before;

		CHECK(fd);
		copy_self(fd, i);
		CHECK(fstat(fd, &before));
		close(fd);
		if (!vfork()) {
			execl(name, name, "nothing", "x", NULL);
			_exit(5);
		}
		wait(&status);
		if (status)
			exit(6);
		fd = open(name, O_WRONLY);
		CHECK(fd);
		CHECK(lseek(fd, -(off_t)sizeof(other), SEEK_END));
		CHECK(write(fd, &other, sizeof(other)));
		if (i % 2) {
			struct timespec times[] = { before.st_atim, before.st_mtim };

			CHECK(futimens(fd, times));
		}
		close(fd);
		unlink(name);
	}
}

/* Each goes on until it has been captured. */
static void memfds(int count)
{
	char *index = strdup(path("../out/index.jsonl"));

	for (int i = 0; i < count; i++) {
		int status, fd = memfd_create("fileless", MFD_CLOEXEC);
		char listed[16];
		char *argv[] = { "fileless", "listed", index, listed, NULL }, *envp[] = { NULL };

		CHECK(fd);
		copy_self(fd, i);
		snprintf(listed, sizeof(listed), "%d", i + 1);
		if (!fork()) {
			syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH);
			_exit(5);
		}
		wait(&status);
		if (status)
			exit(6);
		close(fd);
	}
}

#define PAGES 20

static void memory(void)
{
	char *at = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			0);
	int fd;

	fill(2);
	memcpy(at, data, 3 * 4096);
	memcpy(at + 10 * 4096, "the secret of the unpacked code", 32);
	if (mprotect(at, PAGES * 4096, PROT_READ | PROT_EXEC))
		exit(7);

	/* A file that was written and then mapped. */
	fd = memfd_create("code", 0);
	CHECK(write(fd, data, 50000));
	at = mmap(NULL, 50000, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	/* Both at once. */
	at = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		  0);
	memcpy(at, "written and executed at once", 29);
	/* Tracee reads it a moment later. */
	pause();
}

static void jit(int count)
{
	char *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (int i = 0; i < count; i++) {
		memcpy(at, &i, sizeof(i));
		if (mprotect(at, 4096, PROT_READ | PROT_EXEC) ||
		    mprotect(at, 4096, PROT_READ | PROT_WRITE))
			exit(8);
	}
}

/*
 * Swaps the file at the path while it is executed: itself, a link to another's file, a FIFO, a
 * device.
 */
static void hostile(int count)
{
	char *name = path("swapped"), *good = path("good"), *bad = path("bad");
	int status, fd = open(good, O_CREAT | O_WRONLY, 0755);
	pid_t swapper;

	CHECK(fd);
	copy_self(fd, -1);
	close(fd);
	swapper = fork();
	if (!swapper) {
		for (int i = 0;; i++) {
			unlink(bad);
			switch (i % 4) {
			case 0:
				CHECK(symlink("/etc/shadow", bad));
				break;
			case 1:
				CHECK(mkfifo(bad, 0755));
				break;
			case 2:
				CHECK(symlink("/dev/zero", bad));
				break;
			default:
				CHECK(symlink("/proc/1/root/etc/passwd", bad));
			}
			rename(bad, name);
			unlink(bad);
			CHECK(link(good, bad));
			rename(bad, name);
		}
	}
	for (int i = 0; i < count; i++) {
		if (!vfork()) {
			execl(name, name, "nothing", "x", NULL);
			_exit(5);
		}
		wait(&status);
	}
	kill(swapper, 9);
	wait(NULL);
}

int main(int argc, char **argv)
{
	int number = argc > 3 ? atoi(argv[3]) : 1;

	folder = argc > 2 ? argv[2] : ".";
	if (!strcmp(argv[1], "writes"))
		writes();
	else if (!strcmp(argv[1], "gone"))
		gone(number, 0);
	else if (!strcmp(argv[1], "lingering"))
		gone(number, 1);
	else if (!strcmp(argv[1], "later"))
		later();
	else if (!strcmp(argv[1], "many"))
		many(number);
	else if (!strcmp(argv[1], "paced"))
		paced(number);
	else if (!strcmp(argv[1], "overwritten"))
		overwritten(number);
	else if (!strcmp(argv[1], "unlink"))
		return unlinking(argv[2], argv[4], number);
	else if (!strcmp(argv[1], "memfds"))
		memfds(number);
	else if (!strcmp(argv[1], "listed"))
		until_listed(argv[2], "fileless", number);
	else if (!strcmp(argv[1], "memory"))
		memory();
	else if (!strcmp(argv[1], "jit"))
		jit(number);
	else if (!strcmp(argv[1], "hostile"))
		hostile(number);
	return 0;
}
