"""A real httpd of one's own: configuration from pieces, life cycle, and a clean error log.

    site = httpd.host()                          # http://localhost:PORT
    site.add('<Location "/app">\n SSO members\n</Location>')
    httpd.start()

Everything lives below one directory that is thrown away; nothing of the system's configuration
is read. Started by root, the children run as www-data, as they do in production.
"""
import collections
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

from . import pki, sanitizer
from .errorlog import ErrorLog
from .ports import free_port

BUILD = pathlib.Path(os.environ.get("SSO_BUILD") or os.getcwd()).resolve()
MODULE = BUILD / ".libs" / "mod_sso.so"
PROGRAM = os.environ.get("SSO_HTTPD") or shutil.which("apache2", path="/usr/sbin:/usr/bin") \
    or shutil.which("httpd", path="/usr/sbin:/usr/bin")

# What nearly every configuration needs, and nothing that hooks into requests unasked.
_ALWAYS = ["authn_core", "authz_core", "authz_host", "authz_user", "dir", "mime"]
_FAKETIME = "/usr/lib/%s-linux-gnu/faketime/libfaketimeMT.so.1" % os.uname().machine
_UP = r"resuming normal operations"

# Two children at least: what one of them learns, the other must know.
_MPM = {
    "event": "StartServers 2\nServerLimit 4\nThreadsPerChild 8\nMinSpareThreads 8\n"
             "MaxSpareThreads 32\nMaxRequestWorkers 32",
    "worker": "StartServers 2\nServerLimit 4\nThreadsPerChild 8\nMinSpareThreads 8\n"
              "MaxSpareThreads 32\nMaxRequestWorkers 32",
    "prefork": "StartServers 3\nMinSpareServers 2\nMaxSpareServers 4\nMaxRequestWorkers 12",
}

Checked = collections.namedtuple("Checked", "ok output")


class HttpdFailed(AssertionError):
    """httpd did not start, or did not behave."""


class Host:
    """One virtual host."""

    def __init__(self, httpd, name, port, tls, docroot):
        self.httpd, self.name, self.port, self.tls, self.docroot = httpd, name, port, tls, docroot
        self._lines = []

    @property
    def url(self):
        """What browsers see, without a slash at the end."""
        return "%s://%s:%d" % ("https" if self.tls else "http", self.name, self.port)

    def add(self, text):
        """More configuration inside <VirtualHost>."""
        self._lines.append(text)
        return self

    def page(self, path, text="", mode=0o644):
        """A file below the document root, its directories made; returns its path."""
        return _write(self.docroot / path.lstrip("/"), text or "page %s\n" % path, mode)

    def render(self):
        lines = ["<VirtualHost 127.0.0.1:%d>" % self.port,
                 "ServerName %s:%d" % (self.name, self.port), 'DocumentRoot "%s"' % self.docroot]
        if self.tls:
            lines += ["SSLEngine on",
                      'SSLCertificateFile "%s"' % (self.httpd.root / "conf" / "tls.crt"),
                      'SSLCertificateKeyFile "%s"' % (self.httpd.root / "conf" / "tls.key")]
        return "\n".join(lines + self._lines + ["</VirtualHost>"])


class Httpd:
    """One httpd; not running until start()."""

    def __init__(self, mpm="event", modules=(), sso=True, sso_first=False, daemon=False,
                 fake_time=False):
        """
        modules:   further modules by name ("proxy_http"); what they need comes along.
        sso:       load the module under test; sso_first: before all others.
        daemon:    let httpd go to the background by itself, as service scripts do.
        fake_time: httpd reads a clock that advance() moves.
        """
        self.mpm, self.sso, self.sso_first, self.daemon = mpm, sso, sso_first, daemon
        self.fake_time, self._offset = fake_time, 0
        self.modules = list(modules)
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="sso-http-"))
        self.root.chmod(0o755)
        self.hosts, self._lines, self._process = [], [], None
        for name in ("conf", "logs", "run", "htdocs", "san"):
            (self.root / name).mkdir()
        (self.root / "san").chmod(0o777)
        self.log = ErrorLog(self.root / "logs" / "error.log")

    # -- building the configuration

    def host(self, name="localhost", tls=False, like=None):
        """A virtual host; on a port of its own, or on that of `like` under another name."""
        docroot = self.root / "htdocs" / ("%d-%s" % (len(self.hosts), name))
        docroot.mkdir()
        host = Host(self, name, like.port if like else free_port(), like.tls if like else tls,
                    docroot)
        self.hosts.append(host)
        if host.tls:
            self.need("ssl")
        return host

    def need(self, *names):
        """Load further modules."""
        self.modules += [x for x in names if x not in self.modules]

    def add(self, text):
        """More configuration for the main server."""
        self._lines.append(text)

    def file(self, path, text, mode=0o644):
        """A file below the server root; returns its absolute path."""
        return _write(self.root / path, text, mode)

    def secret(self, name, text):
        """A secret's file, readable by its owner only."""
        return self.file("conf/" + name, text + "\n", 0o600)

    @property
    def state(self):
        return self.root / "state"

    def render(self):
        """The whole configuration as text."""
        lines = ['ServerRoot "%s"' % self.root, 'DefaultRuntimeDir "run"', 'PidFile "run/pid"',
                 'ErrorLog "logs/error.log"', "ServerName localhost", "Timeout 20",
                 "GracefulShutdownTimeout 3", "HostnameLookups Off"]
        lines += ["Listen 127.0.0.1:%d" % x for x in sorted({h.port for h in self.hosts})]
        lines += self._load_lines() + [_MPM[self.mpm], self._identity_lines(), self._defaults()]
        lines += self._lines + [x.render() for x in self.hosts]
        return "\n".join(lines) + "\n"

    def _load_lines(self):
        names = ["mpm_" + self.mpm] + _ALWAYS + self.modules
        lines = ["LoadModule %s_module %s/mod_%s.so" % (x, _libexec(), x)
                 for x in _with_needs(names)]
        if not self.sso:
            return lines
        ours = ["LoadModule sso_module %s" % MODULE]
        return ours + lines if self.sso_first else lines + ours

    def _identity_lines(self):
        return "User www-data\nGroup www-data" if os.geteuid() == 0 else ""

    def _defaults(self):
        lines = ["LogLevel info" + (" sso:debug" if self.sso else ""),
                 'TypesConfig "conf/mime.types"', "AddType text/html .html",
                 "<Directory />", "AllowOverride None", "Require all denied", "</Directory>",
                 '<Directory "%s/htdocs">' % self.root, "Require all granted", "</Directory>"]
        if self.sso:
            lines.append('SSOStateDirectory "%s"' % self.state)
        if "ssl" in self.modules:
            lines.append('SSLSessionCache "shmcb:run/tls(64000)"')
        if "cgid" in self.modules:
            lines.append('ScriptSock "cgid"')
        return "\n".join(lines)

    def write(self):
        """Put the configuration where httpd will read it."""
        self.file("conf/mime.types", "text/html html\ntext/plain txt\n")
        if any(x.tls for x in self.hosts):
            pair = pki.server_pair()
            self.file("conf/tls.crt", pair.cert_pem)
            self.file("conf/tls.key", pair.key_pem, 0o600)
        return self.file("conf/httpd.conf", self.render())

    def configtest(self):
        """Whether `httpd -t` accepts the configuration, and what it says."""
        self.write()
        done = self._run("-t")
        if done.returncode < 0:
            raise HttpdFailed("httpd -t died of signal %d" % -done.returncode)
        return Checked(done.returncode == 0, done.stdout + done.stderr)

    # -- life

    def start(self):
        """Start and wait until requests are answered."""
        self.write()
        count = len(self.log.find(_UP))
        if self.daemon:
            done = self._run("-k", "start")
            if done.returncode:
                raise HttpdFailed("httpd -k start: " + done.stdout + done.stderr)
        else:
            self._console = open(self.root / "logs" / "console", "a")
            self._process = subprocess.Popen(self._command("-DFOREGROUND"), cwd=self.root,
                                             env=self._environment(), stdout=self._console,
                                             stderr=self._console, stdin=subprocess.DEVNULL,
                                             start_new_session=True)
        self._wait_up(count + 1)
        return self

    def stop(self):
        """Stop and wait until every process of it is gone."""
        pid = self.pid
        if pid is None:
            return
        group = os.getpgid(pid)
        self._settle()
        os.kill(pid, signal.SIGTERM)
        if not self._wait_gone(group, 15):
            os.killpg(group, signal.SIGKILL)
            raise HttpdFailed("httpd did not stop within 15 s")
        if self._process:
            self._process.wait()
            self._console.close()
            self._process = None

    def restart(self):
        """A full stop and start."""
        self.stop()
        self.start()

    def graceful(self):
        """Reload as `apachectl graceful` does, and wait for the new generation."""
        self._signal_and_wait(signal.SIGUSR1)

    def hup(self):
        """Reload as `apachectl restart` does."""
        self._settle()
        self._signal_and_wait(signal.SIGHUP)

    def kill_child(self):
        """kill -9 one child that answers requests; returns its process id."""
        child = max(self.children())  # the oldest may be mod_cgid's daemon
        self.kill(child)
        return child

    def kill(self, child):
        """kill -9 a child."""
        os.kill(child, signal.SIGKILL)

    def advance(self, seconds):
        """Move the server's clock."""
        self._offset += seconds
        path = self.root / "run" / "clock"
        (path.with_suffix(".new")).write_text("%+d\n" % self._offset)
        path.with_suffix(".new").rename(path)

    @property
    def pid(self):
        """Of the parent; None when it does not run."""
        if self._process:
            return self._process.pid if self._process.poll() is None else None
        try:
            pid = int((self.root / "run" / "pid").read_text())
            os.kill(pid, 0)
            return pid
        except (OSError, ValueError):
            return None

    def children(self):
        """Process ids of the children."""
        path = pathlib.Path("/proc/%d/task/%d/children" % (self.pid, self.pid))
        return [int(x) for x in path.read_text().split()]

    def expect_log(self, regex):
        """Announce a complaint in the error log."""
        self.log.expect(regex)

    def expect_fault(self, code):
        """Announce a fault of ours."""
        self.log.expect(r"SSO: %s(:\S+)?: " % re.escape(code))

    def finish(self):
        """Stop, and say what went wrong that nobody asked for; removes everything if nothing."""
        problems = []
        try:
            self.stop()
        except HttpdFailed as error:
            problems.append(str(error))
        problems += self.log.problems(self._console_lines()) + self._sanitizer_reports()
        if problems:
            raise HttpdFailed("httpd in %s:\n  %s" % (self.root, "\n  ".join(problems)))

    def remove(self):
        shutil.rmtree(self.root, ignore_errors=True)

    # -- details

    def _command(self, *arguments):
        return [PROGRAM, "-d", str(self.root), "-f", str(self.root / "conf" / "httpd.conf"),
                *arguments]

    def _environment(self):
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C"}
        if self.sso:
            env.update(sanitizer.environment(str(MODULE), str(self.root / "san" / "report")))
        if self.fake_time:
            env.update(self._clock(env.get("LD_PRELOAD")))
        return env

    def _clock(self, preload):
        """Variables for libfaketime, which looks into a file at every call."""
        if not (self.root / "run" / "clock").exists():
            self.advance(0)
        return {"LD_PRELOAD": ":".join(x for x in (_FAKETIME, preload) if x),
                "FAKETIME_TIMESTAMP_FILE": str(self.root / "run" / "clock"),
                "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def _run(self, *arguments):
        return subprocess.run(self._command(*arguments), env=self._environment(), cwd=self.root,
                              capture_output=True, text=True, timeout=30)

    def _wait_up(self, count):
        until = time.monotonic() + 20
        while len(self.log.find(_UP)) < count:
            if time.monotonic() > until or (self._process and self._process.poll() is not None):
                raise HttpdFailed("httpd did not start:\n" + "\n".join(self._console_lines())
                                  + self.log.text()[-3000:])
            time.sleep(0.01)

    def _signal_and_wait(self, number):
        count = len(self.log.find(_UP))
        old = set(self.children())
        os.kill(self.pid, number)
        self._wait_up(count + 1)
        until = time.monotonic() + 10
        while old & set(self.children()):
            if time.monotonic() > until:
                raise HttpdFailed("children of the old generation do not end")
            time.sleep(0.01)

    def _wait_gone(self, group, seconds):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self._process:
                self._process.poll()
            try:
                os.killpg(group, 0)
            except ProcessLookupError:
                return True
            time.sleep(0.005)
        return False

    def _settle(self):
        """Wait a little while for threads that still end a connection: mpm_event may look at its
        socket when SIGTERM comes, though the worker has just freed it."""
        until = time.monotonic() + 1
        while time.monotonic() < until:
            if not any(_is_running(x) for x in self.children()):
                return
            time.sleep(0.001)

    def _sanitizer_reports(self):
        return ["%s: %s" % (x.name, x.read_text(errors="replace")[:3000])
                for x in sorted((self.root / "san").iterdir())]

    def _console_lines(self):
        path = self.root / "logs" / "console"
        lines = path.read_text(errors="replace").splitlines() if path.exists() else []
        return [x for x in lines if x.strip()]


# Modules that do not work without others.
_NEEDS = {"ssl": ["socache_shmcb"], "proxy_http": ["proxy"], "proxy_fcgi": ["proxy"],
          "proxy_wstunnel": ["proxy", "proxy_http"], "cache_disk": ["cache"],
          "cache_socache": ["cache", "socache_shmcb"], "auth_basic": ["authn_file"]}


def _is_running(pid):
    """Whether any thread of a process has something to do."""
    stats = []
    for path in pathlib.Path("/proc/%d/task" % pid).glob("*/stat"):
        with contextlib.suppress(OSError):
            stats.append(path.read_text())
    return any(x.rpartition(")")[2].split()[0] == "R" for x in stats)


def _with_needs(names):
    out = []
    for name in names:
        for each in _NEEDS.get(name, []) + [name]:
            if each not in out:
                out.append(each)
    return out


def _libexec():
    global _libexec_dir
    if _libexec_dir is None:
        apxs = shutil.which("apxs") or shutil.which("apxs2")
        _libexec_dir = subprocess.run([apxs, "-q", "LIBEXECDIR"], capture_output=True, text=True,
                                      check=True).stdout.strip()
    return _libexec_dir


_libexec_dir = None


def _write(path, text, mode):
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(text, bytes):
        path.write_bytes(text)
    else:
        path.write_text(text)
    path.chmod(mode)
    return path
