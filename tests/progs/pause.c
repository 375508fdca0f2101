// pause: prints that it runs, and waits for a signal to end.
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static void end(int signal)
{
	(void)signal;
	_exit(0);
}

int main(void)
{
	signal(SIGTERM, end);
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
