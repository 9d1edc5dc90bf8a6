"""What accounts cost, and whether a ban holds under load.

Usage: accounts.py BUILD-DIRECTORY. Prints a table and writes accounts.json there:

logins_new, logins_known       logins a second of people who come for the first time, and again;
logins_without                 the same where no accounts are kept
syncs                          sync messages a second that change the roles of somebody signed in
request_us_on, request_us_off  processor time of a request with a session, accounts kept or not
request_cost                   the first over the second
ban_ms                         from a ban's POST to its answer: SESSIONS sessions of the person, CLIENTS
                               clients asking with all of them in four children
ban_let_in                     answers as somebody signed in to requests begun after that; must be 0
ban_after_kill, ban_after_restart
                               sessions that live after kill -9 of httpd straight after the answer, and
                               after a start; must be 0

Environment: ACCOUNTS_SECONDS (3) of each measurement, ACCOUNTS_SESSIONS (1000).
"""
import base64
import hashlib
import hmac
import http.client
import json
import multiprocessing
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time
import urllib.parse

from server import SECRET, SSO, Connection, Httpd, fetch

SECONDS = float(os.environ.get("ACCOUNTS_SECONDS", "3"))
SESSIONS = int(os.environ.get("ACCOUNTS_SESSIONS", "1000"))
CLIENTS = 8
ROUNDS = 5
ON = SSO.replace("SSOInsecureHttp on", "SSOInsecureHttp on\nSSOAccounts on").replace(
    "SSOHmacEndpoint", "SSOHmacSync on\n    SSOHmacEndpoint")


def sign(fields):
    data = base64.b64encode(json.dumps(fields).encode()).decode()
    sig = hmac.new(SECRET.encode(), data.encode(), hashlib.sha256).hexdigest()
    return urllib.parse.urlencode({"data": data, "sig": sig})


def log_in(port, user):
    """The handshake of a signed token, both sides of it; the session's cookie."""
    _, headers, _ = fetch(port, "/secure/1k.txt")
    token = urllib.parse.parse_qs(urllib.parse.urlsplit(headers["location"]).query)["token"][0]
    flow = "; ".join(c.split(";")[0] for c in headers["set-cookie"])
    answer = sign({"token": token, "user_id": user, "email": user + "@example.org", "name": user,
                   "roles": ["staff"]})
    status, headers, _ = fetch(port, "/.sso/bench/callback?" + answer, flow)
    if status != 303:
        raise RuntimeError("no login: %d" % status)
    return next(c.split(";")[0] for c in headers["set-cookie"] if c.startswith("sso="))


def sync(port, **fields):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", "/.sso/bench/sync?" + sign(fields))
    answer = connection.getresponse()
    body = json.loads(answer.read())
    connection.close()
    if answer.status != 200:
        raise RuntimeError("%d %s" % (answer.status, body))
    return body


def per_second(job, clients=4):
    """How often several processes together get job(k, n) done a second."""
    done = multiprocessing.Value("q", 0)
    until = time.monotonic() + SECONDS

    def work(k):
        n = 0
        while time.monotonic() < until:
            job(k, n)
            n += 1
        with done.get_lock():
            done.value += n

    run_together([lambda k=k: work(k) for k in range(clients)])
    return round(done.value / SECONDS, 1)


def run_together(jobs):
    processes = [multiprocessing.Process(target=job) for job in jobs]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        if process.exitcode:
            raise RuntimeError("a client died")


def measure_logins(server, report):
    port = server.port
    report["logins_new"] = per_second(lambda k, n: log_in(port, "new%d-%d" % (k, n)))
    report["logins_known"] = per_second(lambda k, n: log_in(port, "known%d" % (n % 20)))
    log_in(port, "busy")
    report["syncs"] = per_second(
        lambda k, n: sync(port, user_id="busy", roles=["r%d-%d" % (k, n)], jti="%d-%d" % (k, n)))


def cpu_of(server):
    """Seconds that the children have used."""
    ticks = 0
    for pid in server.children():
        fields = pathlib.Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def cpu_per_request(server, cookie):
    """Microseconds of the children for one request with a session, on one connection."""
    connection = Connection(server.port)
    until, n, began = time.monotonic() + SECONDS, 0, cpu_of(server)
    while time.monotonic() < until:
        for _ in range(100):
            status, _, _ = connection.get("/secure/1k.txt", cookie)
            if status != 200:
                raise RuntimeError("no session")
        n += 100
    connection.close()
    return (cpu_of(server) - began) / n * 1e6


def compare(on, off, report):
    """Rounds that alternate, and what the children used, not how long it took: other work on the
    machine disturbs both alike."""
    cookies = {server: log_in(server.port, "reader") for server in (on, off)}
    seen = {on: [], off: []}
    for n in range(ROUNDS):
        for server in ((on, off), (off, on))[n % 2]:
            seen[server].append(cpu_per_request(server, cookies[server]))
    report["request_us_on"] = round(min(seen[on]), 1)
    report["request_us_off"] = round(min(seen[off]), 1)
    report["request_cost"] = round(min(seen[on]) / min(seen[off]), 3)


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
    except RuntimeError:
        pass


def main(build):
    root = pathlib.Path(tempfile.mkdtemp(prefix="sso-accounts-"))
    root.chmod(0o755)
    servers = []
    for name, more in (("on", ON), ("off", SSO)):
        (root / name).mkdir()
        servers.append(Httpd(root / name, more, children=4, threads=16, build=build, memory="64m"))
    on, off = servers
    report = {"sessions": SESSIONS}
    try:
        for server in servers:
            server.start()
        compare(on, off, report)
        measure_logins(on, report)
        report["logins_without"] = per_second(lambda k, n: log_in(off.port, "known%d" % (n % 20)))
        ban(on, report)
        ban_and_die(on, report)
    finally:
        for server in servers:
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
