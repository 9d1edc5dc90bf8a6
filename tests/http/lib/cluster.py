"""Several machines behind one address: caches that they share, and the balancer in front.

A machine is an httpd of its own, with a state directory of its own. What browsers see of it is the balancer.
"""
import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from .ports import free_port
from .recipes import provider

SECRET = "what-all-machines-seal-with-0123456789"


class Cache:
    """A server of Debian's, in a temporary directory, empty at every start."""

    def __init__(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="sso-cache-"))
        self.root.chmod(0o777)
        self.port, self._process = free_port(), None
        self.start()

    @property
    def lines(self):
        return "SSOSessionStore socache %s:127.0.0.1:%d" % (self.provider, self.port)

    def start(self):
        other = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]
        self._process = subprocess.Popen((other if os.geteuid() == 0 else []) + self._command(), cwd=self.root,
                                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL)
        until = time.monotonic() + 10
        while True:
            with contextlib.suppress(OSError):
                return self.ask(*self._ping)
            assert time.monotonic() < until and self._process.poll() is None, "no cache"
            time.sleep(0.01)

    def kill(self):
        self._process.kill()
        self._process.wait()

    def pause(self):
        """It takes connections, and says nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self._process.send_signal(signal.SIGCONT)

    def close(self):
        self.kill()
        shutil.rmtree(self.root, ignore_errors=True)

    @contextlib.contextmanager
    def _connection(self):
        with socket.create_connection(("127.0.0.1", self.port), 10) as sock, sock.makefile("rb") as lines:
            yield sock, lines


class Redis(Cache):
    provider = "redis"
    _ping = ("PING",)

    def _command(self):
        return ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                "--dir", str(self.root)]

    def ask(self, *words):
        """One command; texts as bytes."""
        words = [x if isinstance(x, bytes) else str(x).encode() for x in words]
        with self._connection() as (sock, lines):
            sock.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(x), x) for x in words))
            return self._answer(lines)

    def _answer(self, lines):
        line = lines.readline().rstrip(b"\r\n")
        if not line:
            raise OSError("no answer")
        if line[:1] == b"*":
            return [self._answer(lines) for _ in range(int(line[1:]))]
        if line[:1] != b"$":
            assert line[:1] != b"-", line
            return line[1:]
        if line == b"$-1":
            return None
        return lines.read(int(line[1:]) + 2)[:-2]

    def keys(self):
        return self.ask("KEYS", "*")

    def sessions(self):
        """The keys of what is long enough to be one."""
        return [x for x in self.keys() if len(self.ask("GET", x)) > 200]

    def questions(self):
        """How often somebody wanted to know or to write something."""
        text = self.ask("INFO", "commandstats").decode()
        return sum(int(x.partition("calls=")[2].partition(",")[0]) for x in text.splitlines()
                   if x.startswith(("cmdstat_get:", "cmdstat_set", "cmdstat_del:")))

    def write(self, key, value):
        self.ask("SET", key, value, "KEEPTTL")


class Memcached(Cache):
    provider = "memcache"
    _ping = ("version",)

    def _command(self):
        return ["memcached", "-l", "127.0.0.1", "-p", str(self.port), "-U", "0"]

    def ask(self, word):
        with self._connection() as (sock, lines):
            sock.sendall(word.encode() + b"\r\n")
            line = lines.readline()
            if not line:
                raise OSError("no answer")
            return line


class Balancer:
    """Hands on the bytes of every new connection to the machine it is told to."""

    def __init__(self, name="app.example.test"):
        self.name, self.to = name, None
        self._listener = socket.create_server(("127.0.0.1", free_port()))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return "https://%s:%d" % (self.name, self.port)

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)  # or who accepts goes on with the next socket of that number
        self._listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                here = self._listener.accept()[0]
                there = socket.create_connection(("127.0.0.1", self.to.port))
                for pair in ((here, there), (there, here)):
                    threading.Thread(target=_pump, args=pair, daemon=True).start()


def _pump(source, sink):
    with contextlib.suppress(OSError):
        while True:
            data = source.recv(65536)
            if not data:
                break
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


class Cluster:
    """Machines a and b; requests go where `at` says. To browsers it is one host."""

    def __init__(self, make_httpd, cache, balancer, **options):
        self.cache, self.balancer = cache, balancer
        self.a, self.b = (self._machine(make_httpd(**options)) for _ in range(2))
        self.at(self.a)

    def _machine(self, httpd):
        httpd.need("socache_" + self.cache.provider)
        httpd.add(self.cache.lines)
        httpd.add("SSOSecret file:%s" % httpd.secret("sealing.secret", SECRET))
        host = httpd.host(self.balancer.name, tls=True)
        host.add("SSOBaseURL " + self.url)
        host.add('<Location "/app">\nSSO members\n</Location>')
        host.page("/app/x.html", "inside")
        return host

    @property
    def url(self):
        return self.balancer.url

    @property
    def machines(self):
        return self.a, self.b

    def members(self, site, extra=""):
        for machine in self.machines:
            machine.add(provider(machine.httpd, site, extra=extra))
        site.callback = self.url + "/.sso/members/callback"

    def start(self):
        for machine in self.machines:
            machine.httpd.start()

    def at(self, machine):
        self.balancer.to = machine

    def advance(self, seconds):
        for machine in self.machines:
            machine.httpd.advance(seconds)
