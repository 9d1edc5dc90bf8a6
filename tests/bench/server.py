"""What bench and soak share: an httpd of one's own, sessions without logins, requests over raw sockets."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

HTTPD = os.environ.get("HTTPD", "/usr/sbin/apache2")
MODULES = subprocess.run(["apxs", "-q", "LIBEXECDIR"], capture_output=True, text=True,
                         check=True).stdout.strip()
PAGE = "x" * 1024
# Nobody here verifies a chain to an authority; how large the machine's bundle is shall not be measured.
ENVIRONMENT = dict(os.environ, SSL_CERT_FILE="/dev/null", SSL_CERT_DIR="/dev/null")

BASE = """
ServerRoot "{run}"
PidFile "{run}/httpd.pid"
DefaultRuntimeDir "{run}"
Listen 127.0.0.1:{port}
ServerName 127.0.0.1:{port}
User www-data
Group www-data
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule authn_core_module {modules}/mod_authn_core.so
LoadModule authz_user_module {modules}/mod_authz_user.so
LoadModule mime_module {modules}/mod_mime.so
LoadModule dir_module {modules}/mod_dir.so
LoadModule headers_module {modules}/mod_headers.so
TypesConfig /etc/mime.types
ErrorLog "{run}/error.log"
LogLevel warn
ServerLimit 4
StartServers {children}
ThreadLimit 32
ThreadsPerChild {threads}
MaxRequestWorkers {workers}
MinSpareThreads 1
MaxSpareThreads 128
MaxConnectionsPerChild 0
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 60
DocumentRoot "{run}/htdocs"
<Directory "/">
    AllowOverride None
    Require all denied
</Directory>
<Directory "{run}/htdocs">
    Options FollowSymLinks
    Require all granted
</Directory>
# The same section as the protected place has: what differs is the line in it.
<Location "/open">
    Require all granted
</Location>
"""

SSO = """
LoadModule sso_module {build}/.libs/mod_sso.so
SSOStateDirectory "{run}/state"
SSOSessionMemory {memory}
SSOInsecureHttp on
<SSOProvider bench hmac>
    SSOHmacEndpoint http://127.0.0.1:9/sso
    SSOHmacSecret file:{run}/bench.secret
</SSOProvider>
<Location "/secure">
    SSO bench
</Location>
"""

SECRET = "bench-secret-0123456789-0123456789-abcdef"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


class Httpd:
    """One httpd in a directory of its own."""

    def __init__(self, run, more="", children=2, threads=32, **values):
        self.run = pathlib.Path(run)
        self.port = free_port()
        self.values = dict(values, run=self.run, port=self.port, modules=MODULES, threads=threads,
                           children=children, workers=children * threads)
        for place in ("open", "secure"):
            (self.run / "htdocs" / place).mkdir(parents=True, exist_ok=True)
            (self.run / "htdocs" / place / "1k.txt").write_text(PAGE)
        (self.run / "state").mkdir(mode=0o700, exist_ok=True)
        secret = self.run / "bench.secret"
        secret.touch(mode=0o600)
        secret.write_text(SECRET)
        self.conf = self.run / "httpd.conf"
        self.conf.write_text((BASE + more).format(**self.values))
        self.process = None

    @property
    def url(self):
        return "http://127.0.0.1:%d" % self.port

    def start(self):
        self.process = subprocess.Popen([HTTPD, "-f", str(self.conf), "-DFOREGROUND"],
                                        env=ENVIRONMENT, stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT,
                                        stdout=open(self.run / "console", "ab"))
        until = time.monotonic() + 120
        while True:
            try:
                if fetch(self.port, "/open/1k.txt")[0] == 200:
                    return
            except OSError:
                pass
            if time.monotonic() > until or self.process.poll() is not None:
                raise RuntimeError((self.run / "console").read_text() + self.log())
            time.sleep(0.02)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(120)

    def graceful(self):
        self.process.send_signal(signal.SIGUSR1)

    def children(self):
        pid = self.process.pid
        try:
            with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
                return [int(p) for p in f.read().split()]
        except OSError:
            return []

    def log(self):
        log = self.run / "error.log"
        return log.read_text() if log.exists() else ""


def populate(build, server, sessions, people="directory"):
    """Live sessions for the server, which must not run; their cookies, and what they take."""
    cookies = server.run / "cookies"
    done = subprocess.run(
        [str(pathlib.Path(build) / "tests/bench/populate"), str(server.run / "state/secret"),
         server.url, "bench", str(size_of(server.values["memory"])), str(sessions),
         str(server.run / "state/sessions"), str(cookies), people],
        capture_output=True, text=True, check=True)
    return cookies.read_text().split(), json.loads(done.stdout)


def size_of(text):
    unit = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
    return int(text[:-1]) * unit[text[-1]] if text[-1] in unit else int(text)


class Connection:
    """A keep-alive connection; one request at a time, no cleverness."""

    def __init__(self, port, timeout=30):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def close(self):
        self.socket.close()

    def get(self, path, cookie=None, close=False):
        """Status, headers (lower case; Set-Cookie as a list) and body."""
        lines = ["GET %s HTTP/1.1" % path, "Host: 127.0.0.1", "Accept: text/html"]
        if cookie:
            lines.append("Cookie: " + cookie)
        if close:
            lines.append("Connection: close")
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        while b"\r\n\r\n" not in self.buffer:
            self._fill()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        first, *rest = head.decode("latin-1").split("\r\n")
        headers = {"set-cookie": []}
        for line in rest:
            name, value = line.split(":", 1)
            if name.lower() == "set-cookie":
                headers["set-cookie"].append(value.strip())
            else:
                headers[name.lower()] = value.strip()
        length = int(headers.get("content-length", 0))
        while len(self.buffer) < length:
            self._fill()
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return int(first.split()[1]), headers, body

    def _fill(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("closed")
        self.buffer += data


def fetch(port, path, cookie=None):
    """One request on a connection of its own."""
    connection = Connection(port)
    try:
        return connection.get(path, cookie, close=True)
    finally:
        connection.close()
