# Sockets of each family, polls, signals and threads.
import os, select, signal, socket, tempfile, threading, time

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, b"\2" + b"\0" * 15)
server.bind(("127.0.0.1", 0))
server.listen(3)
client = socket.create_connection(server.getsockname())
client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
peer, _ = server.accept()
client.sendall(b"hello\0\xff\n")
peer.recv(3)
peer.recv(30)
for family, address in [
    (socket.AF_INET6, ("::1", 1)),
    (socket.AF_UNIX, "\0abstract\1"),
    (socket.AF_UNIX, "/nonexistent/socket"),
    (socket.AF_NETLINK, (0, 0)),
]:
    try:
        with socket.socket(family, socket.SOCK_DGRAM if family == socket.AF_NETLINK else socket.SOCK_STREAM) as other:
            other.connect(address)
    except OSError:
        pass
datagrams = socket.socket(type=socket.SOCK_DGRAM)
datagrams.bind(("127.0.0.1", 0))
datagrams.sendto(b"datagram", datagrams.getsockname())
datagrams.recvfrom(100)

a, b = socket.socketpair()
a.sendmsg([b"one", b"two"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, b"\1\0\0\0")])
b.recvmsg(10, 100)
a.shutdown(socket.SHUT_WR)

poll = select.poll()
poll.register(peer, select.POLLIN)
poll.poll(1)
epoll = select.epoll()
epoll.register(peer, select.EPOLLIN | select.EPOLLET)
client.send(b"x")
epoll.poll(1)
select.select([peer], [client], [], 1)

signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, 35])
signal.pthread_sigmask(signal.SIG_SETMASK, [])
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.01)
signal.pause()
signal.signal(signal.SIGUSR1, lambda *_: None)
os.kill(os.getpid(), signal.SIGUSR1)

for _ in range(3):
    thread = threading.Thread(target=lambda: time.sleep(0.001))
    thread.start()
    thread.join()
for status in (0, 3):
    child = os.fork()
    if not child:
        os._exit(status)
    os.waitpid(child, 0)
reader, writer = os.pipe()
child = os.fork()
if not child:
    os.write(writer, b"!")
    signal.pause()
os.read(reader, 1)
time.sleep(0.1)
os.kill(child, signal.SIGKILL)
os.wait4(child, 0)

folder = tempfile.mkdtemp(dir=".")
path = os.path.join(folder, "f")
with open(path, "wb") as file:
    file.write(bytes(range(256)))
    os.utime(path, (1, 2))
    os.chmod(path, 0o640)
    os.truncate(path, 10)
    os.pwritev(file.fileno(), [b"ab", b"cd"], 4)
    os.ftruncate(file.fileno(), 3)
os.mkfifo(os.path.join(folder, "p"))
os.link(path, path + "2")
os.rename(path, path + "3")
os.symlink("f2", path + "4")
os.readlink(path + "4")
os.sched_getaffinity(0)
os.statvfs(folder)
os.uname()
os.times()
os.getpriority(os.PRIO_PROCESS, 0)
