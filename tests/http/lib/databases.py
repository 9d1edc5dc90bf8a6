"""Where accounts are kept: the file that needs nothing, and a PostgreSQL server of the tests' own.

Both can be locked, full and gone: what then becomes of logins is the same for both.
"""
import contextlib
import csv
import io
import os
import pathlib
import secrets
import shutil
import sqlite3
import subprocess
import tempfile

_SEGMENT = 1 << 20  # bytes of a file of PostgreSQL's log: whatever is larger is a table


@contextlib.contextmanager
def _limited(pids, size):
    """None of these processes can write to a file behind so many bytes, as on a disk that is full."""
    def limit(value):
        for pid in pids():
            with contextlib.suppress(FileNotFoundError):
                info = os.stat("/proc/%d" % pid)
                subprocess.run(["setpriv", "--reuid=%d" % info.st_uid, "--regid=%d" % info.st_gid, "--clear-groups",
                                "--", "prlimit", "--pid=%d" % pid, "--fsize=%s:" % value][0 if os.geteuid() == 0 else 5:],
                               check=True)
    limit(size)
    try:
        yield
    finally:
        limit("unlimited")


class Sqlite:
    """The file in the state directory."""

    kind, lines = "sqlite3", ""

    def __init__(self, httpd):
        self._httpd = httpd
        self.path = httpd.state / "accounts" / "accounts.db"

    @property
    def words(self):
        """What `ssoctl accounts --database` wants."""
        return str(self.path)

    def rows(self, sql):
        """Rows of texts."""
        with contextlib.closing(sqlite3.connect("file:%s?mode=ro" % self.path, uri=True)) as db:
            return [tuple(str(x) for x in row) for row in db.execute(sql)]

    def change(self, sql):
        with contextlib.closing(sqlite3.connect(self.path)) as db, db:
            db.execute(sql)

    def check(self):
        """Nothing in it is broken."""
        assert self.rows("PRAGMA integrity_check") == [("ok",)]

    @contextlib.contextmanager
    def locked(self):
        with contextlib.closing(sqlite3.connect(self.path, isolation_level=None)) as db:
            db.execute("BEGIN EXCLUSIVE")
            yield "another program holds it"

    @contextlib.contextmanager
    def full(self):
        """The log before the file has grown larger than anything else that httpd writes, and cannot grow."""
        self.change("INSERT INTO sso_seen (message, until) VALUES (hex(randomblob(500000)), 0)")
        log = self.path.with_name(self.path.name + "-wal")
        pids = lambda: [self._httpd.pid] + self._httpd.children()
        with _limited(pids, log.stat().st_size):
            yield "its disk fails, or is full"

    @contextlib.contextmanager
    def gone(self):
        aside = self._httpd.root / "aside"
        aside.mkdir()
        for each in list(self.path.parent.iterdir()):
            each.rename(aside / each.name)
        yield "is gone: restore it from a backup"
        assert not self.path.exists()
        for each in aside.iterdir():
            each.rename(self.path.parent / each.name)

    def drop(self):
        pass


class Pgsql:
    """A database of a running PostgresServer."""

    kind = "pgsql"

    def __init__(self, server, name):
        self._server, self._name = server, name
        self.words = "host=%s user=sso dbname=%s" % (server.root, name)

    @property
    def lines(self):
        return 'SSOAccountDatabase pgsql "%s"' % self.words

    def rows(self, sql):
        return self._server.run(sql, self._name)

    change = rows

    def check(self):
        pass

    @contextlib.contextmanager
    def locked(self):
        with self._server.session(self._name) as ask:
            ask("BEGIN")
            ask("LOCK TABLE sso_accounts")
            yield "another program holds it"

    @contextlib.contextmanager
    def full(self):
        """A table has grown larger than anything else that the server writes, has a row in each of its
        pages, and cannot grow."""
        self.change("ALTER TABLE sso_accounts SET (fillfactor = 10)")
        self.change("INSERT INTO sso_accounts SELECT md5(i::text), 'none', '', '', 0, repeat('x', 1000),"
                    " '', '', 0, 0, '', '', 0, 0, 0, -i FROM generate_series(1, %d) i" % (_SEGMENT >> 12))
        with _limited(self._server.pids, _SEGMENT):
            yield "make room on its disk"

    @contextlib.contextmanager
    def gone(self):
        self._server.stop()
        yield "is the server running"
        self._server.start()

    @contextlib.contextmanager
    def crowded(self):
        """The server takes no more connections, and has ended those that there were."""
        self._server.run("ALTER DATABASE %s CONNECTION LIMIT 0" % self._name)
        self._server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%s'"
                         % self._name)
        yield "allow more connections"
        self._server.run("ALTER DATABASE %s CONNECTION LIMIT -1" % self._name)

    def crash(self):
        """The server dies where it stands, and comes back."""
        self._server.stop()
        self._server.start()

    def drop(self):
        self._server.run("DROP DATABASE %s WITH (FORCE)" % self._name)


class PostgresServer:
    """Debian's PostgreSQL: a cluster in a temporary directory, reached by a socket there, not run as root.

    It need not write through to the disk: the machine stays up, and only the server dies.
    """

    def __init__(self):
        self._bin = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"),
                        key=lambda x: float(x.parent.name))
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="sso-pg-"))
        self.root.chmod(0o755)
        if os.geteuid() == 0:
            shutil.chown(self.root, "nobody", "nogroup")
        self._as_other("initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                       "--locale=C", "--no-sync", "--wal-segsize=%d" % (_SEGMENT >> 20))
        self.start()
        self.run("CREATE ROLE sso LOGIN")

    @property
    def _data(self):
        return self.root / "data"

    def _as_other(self, program, *words):
        other = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]
        done = subprocess.run((other if os.geteuid() == 0 else []) + [self._bin / program, *words],
                              cwd=self.root, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert done.returncode == 0, "%s: %s%s" % (program, done.stdout, done.stderr)

    def start(self):
        options = "-c listen_addresses='' -c unix_socket_directories='%s' -c fsync=off" % self.root
        self._as_other("pg_ctl", "-D", self._data, "-l", self._data / "log", "-s", "-w", "-o", options,
                       "start")

    def stop(self):
        """At once, as if it had crashed."""
        self._as_other("pg_ctl", "-D", self._data, "-s", "-w", "-m", "immediate", "stop")

    def pids(self):
        """Of the server, and of all that it has started."""
        pid = int((self._data / "postmaster.pid").read_text().split()[0])
        return [pid] + [int(x) for x in pathlib.Path("/proc/%d/task/%d/children" % (pid, pid)).read_text().split()]

    def _psql(self, name, *words):
        return [self._bin / "psql", "-X", "-q", "-h", self.root, "-U", "postgres", "-d", name,
                "-v", "ON_ERROR_STOP=1", *words]

    def run(self, sql, name="postgres"):
        """Rows of texts."""
        done = subprocess.run(self._psql(name, "--csv", "-t", "-c", sql), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return [tuple(x) for x in csv.reader(io.StringIO(done.stdout))]

    @contextlib.contextmanager
    def session(self, name):
        """A connection that stays; it is asked one statement after the other."""
        with subprocess.Popen(self._psql(name), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True, bufsize=1) as client:
            def ask(sql):
                client.stdin.write(sql + ";\n\\echo done\n")
                assert client.stdout.readline() == "done\n", sql
            yield ask
            client.stdin.close()

    def make(self):
        """A new database, of a user who may do nothing else."""
        name = "t" + secrets.token_hex(6)
        self.run("CREATE DATABASE %s OWNER sso" % name)
        return Pgsql(self, name)

    def close(self):
        self.stop()
        shutil.rmtree(self.root)
