// connects: addresses of three families, whose ports and paths are known.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
	struct sockaddr_in inet = { .sin_family = AF_INET, .sin_port = htons(1) };
	struct sockaddr_in6 inet6 = { .sin6_family = AF_INET6, .sin6_port = htons(2) };
	struct sockaddr_un path = { .sun_family = AF_UNIX, .sun_path = "/nonexistent/socket" };
	struct timespec time = { .tv_sec = 0, .tv_nsec = 1234567 };

	inet_pton(AF_INET, "127.1.2.3", &inet.sin_addr);
	inet_pton(AF_INET6, "::1", &inet6.sin6_addr);
	connect(socket(AF_INET, SOCK_STREAM, 0), (void *)&inet, sizeof(inet));
	connect(socket(AF_INET6, SOCK_STREAM, 0), (void *)&inet6, sizeof(inet6));
	connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&path, sizeof(path));
	nanosleep(&time, NULL);
	return 0;
}
