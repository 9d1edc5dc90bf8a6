"""Instructions per request, counted by valgrind: the same number each time, whatever the machine does."""
import os
import re
import signal
import subprocess
import time

from server import ENVIRONMENT, HTTPD, Connection, fetch

FEW, MANY = 100, 1100


def per_request(server, path, cookie=None):
    """The difference between a run with many requests on one connection and one with few.

    The cookie is text, or a function that logs in to the server, which then runs, and returns one. A run
    before makes what is made at a first start: keys, files.
    """
    _total(server, path, cookie, 1)
    return (_total(server, path, cookie, MANY) - _total(server, path, cookie, FEW)) // (MANY - FEW)


def _total(server, path, cookie, requests):
    """One process, as the user that httpd would change to: the counts are written at its end."""
    out = server.run / "callgrind.out"
    out.unlink(missing_ok=True)
    subprocess.run(["chown", "-R", "www-data", str(server.run)], check=True)
    process = subprocess.Popen(
        ["runuser", "-u", "www-data", "--", "valgrind", "-q", "--tool=callgrind",
         "--callgrind-out-file=%s" % out, HTTPD, "-f", str(server.conf), "-X"],
        stdin=subprocess.DEVNULL, stdout=open(server.run / "console", "ab"), stderr=subprocess.STDOUT,
        start_new_session=True, env=ENVIRONMENT)
    try:
        _wait(server)
        if callable(cookie):
            cookie = cookie()
        connection = Connection(server.port)
        for _ in range(requests):
            status, _, _ = connection.get(path, cookie)
            if status != 200:
                raise RuntimeError("%s answers %d under valgrind" % (path, status))
        connection.close()
    finally:
        os.kill(int((server.run / "httpd.pid").read_text()), signal.SIGTERM)
        process.wait(60)
    return int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.M).group(1))


def _wait(server):
    until = time.monotonic() + 60
    while True:
        try:
            if fetch(server.port, "/open/1k.txt")[0] == 200:
                return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
