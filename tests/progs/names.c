// names: a process name, a file name and an argument that would mislead a reader.
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	prctl(PR_SET_NAME, "a\nroot \033[2J");
	open("/nonexistent/\033]0;title\007\n\xe2\x80\xae\xff", O_RDONLY);
	open("/nonexistent/0123456789", O_RDONLY);
	syscall(SYS_openat, AT_FDCWD, (char *)16, O_RDONLY, 0);
	syscall(SYS_openat, AT_FDCWD, NULL, O_RDONLY, 0);
	/* Longer than any path: 5000 bytes. */
	static char path[5001];
	memset(path, 'x', sizeof(path) - 1);
	open(path, O_RDONLY);
	return 0;
}
