// answers PATH ANSWER|hang: listens at a unix socket, with the uid of its process; prints `ready`.
// Each client gets that JSON by HTTP, or nothing at all.
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	char request[4096];

	if (argc != 3)
		return 2;
	strncpy(address.sun_path, argv[1], sizeof(address.sun_path) - 1);
	unlink(argv[1]);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) || chmod(argv[1], 0777) ||
	    listen(listener, 64))
		err(1, "%s", argv[1]);
	puts("ready");
	fflush(stdout);
	for (;;) {
		int peer = accept(listener, NULL, NULL);

		/* The client waits for as long as this runs. */
		if (peer < 0 || !strcmp(argv[2], "hang"))
			continue;
		if (read(peer, request, sizeof(request)) > 0)
			dprintf(peer, "HTTP/1.0 200 OK\r\n\r\n%s", argv[2]);
		close(peer);
	}
}
