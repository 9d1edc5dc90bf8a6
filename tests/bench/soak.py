"""Sessions over restarts and murdered children, under load.

Usage: soak.py BUILD-DIRECTORY. Prints a table and writes soak.json there:

graceful_lost, graceful_failed   five graceful restarts: sessions gone, requests that failed
restart_lost                     stop and start: sessions gone
kill_lost, kill_hangs, kill_corrupt
                                 a minute of kill -9 among the children, while people sign in and out:
                                 sessions gone, requests over five seconds, answers for somebody else

Environment: SOAK_SESSIONS (100000), SOAK_SECONDS (60).
"""
import json
import multiprocessing
import os
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import time

from people import log_in, run_together
from server import SSO, Connection, Httpd, fetch, populate

SESSIONS = int(os.environ.get("SOAK_SESSIONS", "100000"))
SECONDS = int(os.environ.get("SOAK_SECONDS", "60"))
CLIENTS = 4
HANG = 5.0
WHO = """
<Location "/secure">
    Header always set X-User "expr=%{{REMOTE_USER}}"
</Location>
"""


def user_of(number):
    return "user%07d" % number


class Tally:
    """Counters that processes share."""

    def __init__(self):
        self.requests, self.failed, self.lost, self.hangs, self.corrupt, self.logins = (
            multiprocessing.Value("q", 0) for _ in range(6))

    @staticmethod
    def add(value, n=1):
        with value.get_lock():
            value.value += n


def check(tally, answer, number):
    """Is it this person's page?"""
    status, headers, _ = answer
    if status != 200:
        tally.add(tally.lost)
    elif headers.get("x-user") != user_of(number):
        tally.add(tally.corrupt)


def verify(port, cookies):
    """Ask with every cookie; how many are nobody's any more, how many somebody else's."""
    tally = Tally()

    def part(k):
        connection = Connection(port)
        for number in range(k, len(cookies), CLIENTS):
            check(tally, connection.get("/secure/1k.txt", cookies[number]), number)

    run_together([lambda k=k: part(k) for k in range(CLIENTS)])
    return tally.lost.value, tally.corrupt.value


def visit_once_each(port, cookies, tally, until):
    """A connection for each request: one that fails was refused or cut off."""
    chance = random.Random(os.getpid())
    while time.monotonic() < until:
        number = chance.randrange(len(cookies))
        tally.add(tally.requests)
        try:
            check(tally, fetch(port, "/secure/1k.txt", cookies[number]), number)
        except OSError:
            tally.add(tally.failed)


def visit_among_deaths(port, cookies, tally, until):
    """Connections that may die with their child; what arrives must be right, and in time."""
    chance = random.Random(os.getpid())
    connection = None
    while time.monotonic() < until:
        number = chance.randrange(len(cookies))
        began = time.monotonic()
        try:
            connection = connection or Connection(port, timeout=HANG)
            check(tally, connection.get("/secure/1k.txt", cookies[number]), number)
            tally.add(tally.requests)
        except TimeoutError:
            tally.add(tally.hangs)
            connection = None
        except OSError:
            tally.add(tally.failed)
            connection = None
            time.sleep(0.01)
        if time.monotonic() - began > HANG:
            tally.add(tally.hangs)


def write_among_deaths(port, tally, until):
    """Sessions made and ended all the time, so that children die in the middle of it."""
    number = os.getpid() * 1000000
    while time.monotonic() < until:
        number += 1
        try:
            cookie = log_in(port, "w%d" % number)
            status, headers, _ = fetch(port, "/secure/1k.txt", cookie)
            if status == 200 and headers.get("x-user") != "w%d" % number:
                tally.add(tally.corrupt)
            tally.add(tally.logins)
        except TimeoutError:
            tally.add(tally.hangs)
        except (OSError, KeyError):
            tally.add(tally.failed)


def graceful(server, cookies, report):
    tally = Tally()
    until = time.monotonic() + SECONDS / 3

    def restart():
        while time.monotonic() < until - 2:
            time.sleep(SECONDS / 18)
            server.graceful()

    run_together([lambda: visit_once_each(server.port, cookies, tally, until)] * CLIENTS + [restart])
    time.sleep(1)
    lost, corrupt = verify(server.port, cookies)
    report["graceful_lost"] = lost + tally.lost.value + corrupt + tally.corrupt.value
    report["graceful_failed"] = tally.failed.value
    report["graceful_requests"] = tally.requests.value


def restart(server, cookies, report):
    server.stop()
    server.start()
    lost, corrupt = verify(server.port, cookies)
    report["restart_lost"] = lost + corrupt


def kill(server, cookies, report):
    tally = Tally()
    until = time.monotonic() + SECONDS
    deaths = multiprocessing.Value("q", 0)

    def murder():
        chance = random.Random(7)
        while time.monotonic() < until:
            time.sleep(chance.uniform(0.05, 0.5))
            children = server.children()
            if children:
                try:
                    os.kill(chance.choice(children), signal.SIGKILL)
                    tally.add(deaths)
                except ProcessLookupError:
                    pass

    run_together([lambda: visit_among_deaths(server.port, cookies, tally, until)] * CLIENTS
                 + [lambda: write_among_deaths(server.port, tally, until)] * 2 + [murder])
    time.sleep(2)
    lost, corrupt = verify(server.port, cookies)
    report["kill_lost"] = lost + tally.lost.value
    report["kill_hangs"] = tally.hangs.value
    report["kill_corrupt"] = corrupt + tally.corrupt.value
    report["kill_deaths"] = deaths.value
    report["kill_requests"] = tally.requests.value
    report["kill_logins"] = tally.logins.value


def main(build):
    run = pathlib.Path(tempfile.mkdtemp(prefix="sso-soak-"))
    run.chmod(0o755)
    server = Httpd(run, SSO + WHO, children=3, build=build, memory="192m")
    report = {"sessions": SESSIONS}
    try:
        cookies, _ = populate(build, server, SESSIONS)
        server.start()
        for phase in (graceful, restart, kill):
            phase(server, cookies, report)
            print(phase.__name__, json.dumps(report), flush=True)
        server.stop()
    finally:
        if server.process and server.process.poll() is None:
            server.stop()
    crashes = [line for line in server.log().splitlines() if "Segmentation" in line]
    report["crashes"] = len(crashes)
    (pathlib.Path(build) / "soak.json").write_text(json.dumps(report, indent=2) + "\n")
    for name, value in report.items():
        print("%-20s %s" % (name, value))
    shutil.rmtree(run)
    bad = [n for n in ("graceful_lost", "graceful_failed", "restart_lost", "kill_lost", "kill_hangs",
                       "kill_corrupt", "crashes") if report[n]]
    return "not zero: " + ", ".join(bad) if bad else 0


if __name__ == "__main__":
    sys.exit(main(os.path.abspath(sys.argv[1])))
