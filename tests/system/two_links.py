# SPDX-License-Identifier: ISC
"""Two links out of one network to one server, each with a capacity of its own: TUN devices,
with packets passed between the networks by a thread that lets each of them take its time.
"""
import array
import ctypes
import fcntl
import heapq
import http.server
import os
import select
import socket
import struct
import subprocess
import threading
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
CLONE_NEWNET = 0x40000000
SERVER = {4: "203.0.113.1", 6: "2001:db8:ffff::1"}


def ip(words):
    """One ip command."""
    subprocess.run(["ip", *words.split()], check=True)


def tun(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return fd


class Handler(http.server.BaseHTTPRequestHandler):
    """/bytes/N has so many; all else has a few."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        sized = self.path.startswith("/bytes/")
        body = b"x" * (int(self.path.rsplit("/", 1)[1]) if sized else 100)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass  # the daemon may leave in the middle


class Listener6(Listener):
    address_family = socket.AF_INET6


def serve(conn, links):
    """The far network, in a process of its own, until the other end closes."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        os._exit(1)
    ip("link set lo up")
    ip(f"addr add {SERVER[4]}/32 dev lo")
    ip(f"-6 addr add {SERVER[6]}/128 dev lo nodad")
    fds = []
    for n in range(links):
        fds.append(tun(f"far{n}"))
        ip(f"addr add 10.{70 + n}.0.2/24 dev far{n}")
        ip(f"-6 addr add 2001:db8:{n + 1}::2/64 dev far{n} nodad")
        ip(f"link set far{n} up")
    for kind, family in ((Listener, 4), (Listener6, 6)):
        threading.Thread(target=kind((SERVER[family], 80), Handler).serve_forever, daemon=True).start()
    conn.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))])
    conn.recv(1)
    os._exit(0)


class Way:
    """One direction of a link: drop-tail queue, capacity, delay."""

    def __init__(self, source, sink, kbps, delay_s):
        self.source, self.sink, self.kbps, self.delay_s = source, sink, kbps, delay_s
        self.free_at = 0.0
        self.passes = lambda packet: True

    def take(self, now, flying):
        try:
            packet = os.read(self.source, 2048)
        except BlockingIOError:
            return
        start = max(now, self.free_at)
        if start - now > 0.15 or not self.passes(packet):
            return
        self.free_at = start + len(packet) * 8 / (self.kbps * 1000)
        heapq.heappush(flying, (self.free_at + self.delay_s, id(packet), self.sink, packet))


class Links:
    """Devices up0, up1 .. with default routes of rising metric, one for each capacity."""

    def __init__(self, *capacities_kbps, v6=False):
        here, there = socket.socketpair()
        self.child = os.fork()
        if self.child == 0:
            here.close()
            serve(there, len(capacities_kbps))
        there.close()
        self.here = here
        _, data, _, _ = here.recvmsg(1, 1024)
        far = array.array("i", data[0][2])
        self.near, self.far, self.ways = [], list(far), []
        for n, kbps in enumerate(capacities_kbps):
            self.near.append(tun(f"up{n}"))
            ip(f"addr add 10.{70 + n}.0.1/24 dev up{n}")
            ip(f"link set up{n} up")
            ip(f"route add default via 10.{70 + n}.0.2 dev up{n} metric {100 * (n + 1)}")
            if v6:
                ip(f"-6 addr add 2001:db8:{n + 1}::1/64 dev up{n} nodad")
                ip(f"-6 route add default via 2001:db8:{n + 1}::2 dev up{n} metric {100 * (n + 1)}")
            self.ways += [Way(self.near[n], far[n], kbps, 0.01), Way(far[n], self.near[n], kbps, 0.01)]
        self.ended = False
        self.thread = threading.Thread(target=self.relay, daemon=True)
        self.thread.start()

    def family_dies(self, version):
        """From now on nothing of it passes."""
        for way in self.ways:
            way.passes = lambda packet: packet[0] >> 4 != version

    def family_lives(self):
        for way in self.ways:
            way.passes = lambda packet: True

    def relay(self):
        flying, by_fd = [], {way.source: way for way in self.ways}
        poll = select.poll()
        for fd in by_fd:
            poll.register(fd, select.POLLIN)
        while not self.ended:
            now = time.monotonic()
            wait_ms = max(0, (flying[0][0] - now) * 1000) if flying else 100
            for fd, _ in poll.poll(min(wait_ms, 100)):
                by_fd[fd].take(time.monotonic(), flying)
            now = time.monotonic()
            while flying and flying[0][0] <= now:
                _, _, sink, packet = heapq.heappop(flying)
                try:
                    os.write(sink, packet)
                except OSError:
                    pass  # the device is down

    def close(self):
        self.ended = True
        self.thread.join()
        self.here.close()
        os.waitpid(self.child, 0)
        for fd in self.near + self.far:
            os.close(fd)
