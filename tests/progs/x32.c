// x32: one call by its number in that ABI.
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	syscall(0x40000000 + SYS_getppid);
	return 0;
}
