"""Whether a ban holds under load, and over the death of httpd.

Usage: accounts.py BUILD-DIRECTORY. Prints a table and writes accounts.json there:

ban_ms                         from a ban's POST to its answer: SESSIONS sessions of the person, CLIENTS
                               clients asking with all of them in four children
ban_let_in                     answers as somebody signed in to requests begun after that; must be 0
ban_after_kill, ban_after_restart
                               sessions that live after kill -9 of httpd straight after the answer, and
                               after a start; must be 0

Environment: ACCOUNTS_SECONDS (3) of asking, ACCOUNTS_SESSIONS (1000). What accounts cost is in bench.py.
"""
import json
import multiprocessing
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time

from people import ACCOUNTS, log_in, run_together, sync
from server import Connection, Httpd

SECONDS = float(os.environ.get("ACCOUNTS_SECONDS", "3"))
SESSIONS = int(os.environ.get("ACCOUNTS_SESSIONS", "1000"))
CLIENTS = 8


def still_in(port, cookies):
    connection = Connection(port)
    return sum(connection.get("/secure/1k.txt", x)[0] == 200 for x in cookies)


def ban(server, report):
    cookies = [log_in(server.port, "banned") for _ in range(SESSIONS)]
    answered = multiprocessing.Value("d", 0)
    let_in, before, after = (multiprocessing.Value("q", 0) for _ in range(3))

    def ask(k):
        connection = Connection(server.port)
        mine, n, over = cookies[k::CLIENTS], 0, 0
        while over < len(mine):  # once through all of them after the answer
            began, done = time.monotonic(), answered.value
            status, _, _ = connection.get("/secure/1k.txt", mine[n % len(mine)])
            n += 1
            counter = after if done and began > done else before
            over += counter is after
            with counter.get_lock():
                counter.value += 1
            if counter is after and status == 200:
                with let_in.get_lock():
                    let_in.value += 1

    def send():
        time.sleep(SECONDS / 2)
        began = time.monotonic()
        sessions = sync(server.port, user_id="banned", banned=True)["sessions"]
        answered.value = time.monotonic()
        if sessions != SESSIONS:
            raise RuntimeError("%d sessions ended" % sessions)
        report_ms.value = (answered.value - began) * 1000

    report_ms = multiprocessing.Value("d", 0)
    run_together([lambda k=k: ask(k) for k in range(CLIENTS)] + [send])
    report.update(ban_ms=round(report_ms.value, 1), ban_let_in=let_in.value,
                  ban_requests_before=before.value, ban_requests_after=after.value)


def ban_and_die(server, report):
    """httpd is killed straight after the answer; then it starts, and once more in good order."""
    cookies = [log_in(server.port, "mortal") for _ in range(50)]
    sync(server.port, user_id="mortal", banned=True)
    for pid in [server.process.pid] + server.children():
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    server.process.wait()
    server.start()
    report["ban_after_kill"] = still_in(server.port, cookies)
    server.stop()
    server.start()
    report["ban_after_restart"] = still_in(server.port, cookies)
    try:
        log_in(server.port, "mortal")
        report["ban_after_restart"] += 1
    except ConnectionError:
        pass


def main(build):
    root = pathlib.Path(tempfile.mkdtemp(prefix="sso-accounts-"))
    root.chmod(0o755)
    server = Httpd(root, ACCOUNTS, children=4, threads=16, build=build, memory="64m")
    report = {"sessions": SESSIONS}
    try:
        server.start()
        ban(server, report)
        ban_and_die(server, report)
    finally:
        if server.process and server.process.poll() is None:
            server.stop()
    (pathlib.Path(build) / "accounts.json").write_text(json.dumps(report, indent=2) + "\n")
    for name, value in report.items():
        print("%-20s %s" % (name, value))
    shutil.rmtree(root)
    bad = [x for x in ("ban_let_in", "ban_after_kill", "ban_after_restart") if report[x]]
    return "not zero: " + ", ".join(bad) if bad else 0


if __name__ == "__main__":
    sys.exit(main(os.path.abspath(sys.argv[1])))
