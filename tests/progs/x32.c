// x32: one call by its number in that ABI.
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	return syscall(0x40000000 + SYS_getppid) < 0;
}
