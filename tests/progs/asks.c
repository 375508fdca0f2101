// asks: for capabilities, as root and as nobody; and for memory, of which the kernel asks without an audit
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	char name[65] = "";

	gethostname(name, sizeof(name) - 1);
	sethostname(name, strlen(name));
	if (chroot("/"))
		return 1;
	syscall(SYS_setresuid, 65534, 65534, 65534);
	chroot("/");
	sethostname(name, strlen(name));
	for (int i = 0; i < 20; i++)
		if (mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
		    MAP_FAILED)
			return 1;
	return 0;
}
