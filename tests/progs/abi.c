// abi: calls through int 0x80, from a 64-bit and, built with -m32 too, from a 32-bit program: m32
#include <string.h>
#include <sys/mman.h>

static long int80(long nr, long a, long b, long c, long d)
{
	long ret;

	asm volatile("int $0x80" : "=a"(ret) : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d) : "memory");
	return ret;
}

int main(void)
{
	/* At an address of 32 bits. */
	char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (low == MAP_FAILED)
		return 1;
	strcpy(low, "/nonexistent/thirty-two");
	int80(64, 0, 0, 0, 0); /* getppid */
	int80(295, -100, (long)low, 02000000, 0); /* openat */
	/* pread64(-1, low, 5, 0x1_00000002): its offset takes two registers */
	asm volatile("int $0x80"
		     :
		     : "a"(180), "b"(-1), "c"(low), "d"(5), "S"(2), "D"(1)
		     : "memory");
	int80(7, -1, 0, 0, 0); /* waitpid, which only this ABI has */
	return 0;
}
