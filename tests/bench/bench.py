"""What single sign-on costs, as ratios to the same site open, in alternated turns of one run.

Usage: bench.py BUILD-DIRECTORY [PART...]. Parts: memory instructions saml oidc accounts redirect
authenticated.
Prints a table and writes bench.json in the build directory. Figures, not tests: nothing is asserted but
that the answers were the right ones. The build must not be sanitized.

Environment: BENCH_STARTS (5) of the servers, since where a process finds its memory makes a percent or
two; BENCH_ROUNDS (30) of turns after each; BENCH_SESSIONS (10 10000 1000000); BENCH_SECONDS (3) of the
measurements that are no ratios to the open site.
"""
import contextlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import callgrind
import peers
from people import ACCOUNTS, log_in, per_second, sync
from server import SSO, Httpd, populate

SECONDS = float(os.environ.get("BENCH_SECONDS", "3"))
STARTS = int(os.environ.get("BENCH_STARTS", "5"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "30"))
TURN = 1000  # requests: long enough to be timed, short enough for everybody to meet the same machine
SESSIONS = [int(n) for n in os.environ.get("BENCH_SESSIONS", "10 10000 1000000").split()]
MARK = 36  # bytes of a spent token with its bucket
SAMPLE = 20000  # cookies that a client goes round with
GOALS = {"authenticated_ratio": "at least 0.97, within 3 % of each other",
         "instructions_over_open": "at most 8000", "session_bytes_over_payload": "at most 1.3 (people of three kinds in turn)",
         "redirect_ratio": "at least 0.8", "saml_accept_over_crypto": "at least 0.5",
         "accounts_instructions": "not measurable in time: one more attribute, and nothing looked up"}
SAML = """
<SSOProvider corp saml>
    SSOSamlIdP entity-id=https://idp.example.org/id sso-url=https://idp.example.org/sso cert={run}/idp.crt
    SSOSamlSignRequests off
</SSOProvider>
<Location "/corp">
    SSO corp
</Location>
"""


def pin(pids, cpu):
    """On one processor, before everybody else where that is allowed."""
    for pid in pids:
        for task in os.listdir("/proc/%d/task" % pid):
            with contextlib.suppress(OSError):
                os.sched_setaffinity(int(task), {cpu})
                os.sched_setscheduler(int(task), os.SCHED_RR, os.sched_param(1))


def as_client():
    with contextlib.suppress(OSError):
        os.sched_setaffinity(0, {1 % os.cpu_count()})
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))


class Place:
    """A path of a running server, with the cookies that open it."""

    def __init__(self, server, path, cookies=None, status=200):
        self.server, self.path, self.status = server, path, status
        self.file = None
        if cookies:
            self.file = server.run / ("turns-%d" % len(cookies))
            self.file.write_text("\n".join(cookies[:SAMPLE]) + "\n")

    def said(self):
        """The place, as turns.c wants it; its server is on its processor then."""
        pin([self.server.process.pid] + self.server.children(), 0)
        return "%d:%s:%d%s" % (self.server.port, self.path, self.status, ":%s" % self.file if self.file else "")


def turns(build, open_site, places):
    """The ratio of each place to the open site: medians over the rounds."""
    program = pathlib.Path(build) / "tests/bench/turns"
    said = [place.said() for place in [open_site, *places.values()]]
    done = subprocess.run([str(program), str(ROUNDS), str(TURN), *said], capture_output=True, text=True,
                          preexec_fn=as_client)
    if done.returncode:
        raise RuntimeError(done.stderr)
    rows = [[float(us) for us in line.split()] for line in done.stdout.splitlines()]
    return {name: statistics.median(row[0] / row[n] for row in rows) for n, name in enumerate(places, 1)}


def ratios(build, open_site, places, again):
    """The same, as the mean over several starts of the servers in `again`."""
    seen = []
    for start in range(STARTS):
        for server in again if start else []:
            server.stop()
            server.start()
        seen.append(turns(build, open_site, places))
    return {name: round(statistics.mean(one[name] for one in seen), 3) for name in places}


class Bench:
    def __init__(self, build):
        self.build = build
        self.figures = {}
        self.stack = contextlib.ExitStack()

    def directory(self):
        run = pathlib.Path(tempfile.mkdtemp(prefix="sso-bench-"))
        run.chmod(0o755)
        self.stack.callback(shutil.rmtree, run, True)
        return run

    def server(self, more="", sessions=0, memory="64m", **options):
        """A running server, and the cookies of its sessions."""
        server = Httpd(self.directory(), more, build=self.build, memory=memory, **options)
        if "SSOSamlIdP" in more:
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=idp",
                            "-keyout", "/dev/null", "-out", str(server.run / "idp.crt")],
                           check=True, capture_output=True)
        cookies = populate(self.build, server, sessions)[0] if sessions else None
        server.start()
        self.stack.callback(server.stop)
        return server, cookies

    def open_site(self, cookies=None):
        """The site without the module, asked the same way."""
        return Place(self.server()[0], "/open/1k.txt", cookies)

    def authenticated(self):
        """The same page with and without a session, for more and more live sessions; and with peers."""
        places = {}
        for n in SESSIONS:
            memory = "%dm" % max(64, n // 1000 + 64)
            server, cookies = self.server(SSO, n, memory)
            places[str(n)] = Place(server, "/secure/1k.txt", cookies)
        open_site = self.open_site(cookies)
        again = [place.server for place in [open_site, *places.values()]]
        others = peers.running(self)
        for name, peer in others.items():
            places[name] = Place(peer, "/secure/1k.txt", peer.cookies)
        seen = ratios(self.build, open_site, places, again)
        self.figures["authenticated_ratio"] = {str(n): seen[str(n)] for n in SESSIONS}
        for name in others:
            self.peer(name)["authenticated_ratio"] = seen[name]

    def peer(self, name):
        return self.figures.setdefault("peers", {}).setdefault(name, {})

    def redirect(self):
        """A stranger is sent to a login."""
        server, _ = self.server(SSO + SAML)
        places = {"saml": Place(server, "/corp", status=302), "hmac": Place(server, "/secure/1k.txt", status=302)}
        steps = {name: [Place(peer, path, status=status) for path, status in peer.redirects()]
                 for name, peer in peers.running(self).items()}
        places.update({(name, n): step for name in steps for n, step in enumerate(steps[name])})
        open_site = self.open_site()
        seen = ratios(self.build, open_site, places, [open_site.server, server])
        self.figures["redirect_ratio"] = {name: seen[name] for name in ("saml", "hmac")}
        for name in steps:  # a stranger makes all of them, one after the other
            slowness = sum(1 / seen[name, n] for n in range(len(steps[name])))
            self.peer(name)["redirect_ratio"] = round(1 / slowness, 3)

    def instructions(self):
        """Instructions of a request with a session, above one to the site without the module."""
        server = Httpd(self.directory(), SSO, children=1, threads=2, build=self.build, memory="1m")
        cookie = populate(self.build, server, 10)[0][0]
        plain = Httpd(self.directory(), children=1, threads=2)
        open_site = callgrind.per_request(plain, "/open/1k.txt", cookie)
        protected = callgrind.per_request(server, "/secure/1k.txt", cookie)
        self.figures["instructions_open"] = open_site
        self.figures["instructions_over_open"] = protected - open_site
        for name, peer in peers.installed().items():
            server = peer(self, children=1, threads=2)
            server.attend()
            instructions = callgrind.per_request(server, "/secure/1k.txt", server.login)
            self.peer(name)["instructions_over_open"] = instructions - open_site

    def memory(self):
        """A full segment that turns over, over the payload in it: of everybody in turn, and by kind.

        All of the segment but the area for spent tokens, which sessions never use.
        """
        by_payload = {}
        for people in ("forum", "directory", "cloud", "mixed"):
            server = Httpd(self.directory(), SSO, build=self.build, memory="64m")
            _, said = populate(self.build, server, 0, people)
            ratio = round((said["segment"] - MARK * said["marks_room"]) / said["payload"], 3)
            by_payload[str(said["payload"] // said["sessions"])] = ratio
        self.figures["session_bytes_over_payload"] = ratio
        self.figures["session_bytes_over_payload_by_size"] = by_payload

    def saml(self):
        """Responses accepted, over the bare RSA verification and two canonicalisations they need."""
        program = pathlib.Path(self.build) / "tests/bench/bench_saml"
        done = subprocess.run([str(program)], capture_output=True, text=True, check=True)
        said = json.loads(done.stdout)
        self.figures["saml_accept_over_crypto"] = round(said["accepted"] / said["crypto"], 3)
        self.figures["saml_accepted_per_second"] = round(said["accepted"])

    def oidc(self):
        """Callbacks accepted, with the provider in memory, over the bare RSA verification they need."""
        program = pathlib.Path(self.build) / "tests/bench/bench_oidc"
        done = subprocess.run([str(program)], capture_output=True, text=True, check=True)
        said = json.loads(done.stdout)
        self.figures["oidc_accept_over_crypto"] = round(said["accepted"] / said["crypto"], 3)
        self.figures["oidc_accepted_per_second"] = round(said["accepted"])

    def accounts(self):
        """What keeping accounts costs: instructions of a request with a session, above one where none are
        kept; logins of people who are new, and known, and where no accounts are kept; sync messages that
        change the roles of somebody signed in."""
        counted = {}
        for name, more in (("on", ACCOUNTS), ("off", SSO)):
            server = Httpd(self.directory(), more, children=1, threads=2, build=self.build, memory="1m")
            counted[name] = callgrind.per_request(server, "/secure/1k.txt", lambda: log_in(server.port, "reader"))
        self.figures["accounts_instructions"] = counted["on"] - counted["off"]
        port = self.server(ACCOUNTS, children=4, threads=16)[0].port
        other = self.server(SSO, children=4, threads=16)[0].port
        log_in(port, "busy")
        jobs = {"new": lambda k, n: log_in(port, "new%d-%d" % (k, n)),
                "known": lambda k, n: log_in(port, "known%d" % (n % 20)),
                "without": lambda k, n: log_in(other, "known%d" % (n % 20)),
                "sync": lambda k, n: sync(port, user_id="busy", roles=["r%d-%d" % (k, n)], jti="%d-%d" % (k, n))}
        self.figures["accounts_per_second"] = {name: per_second(SECONDS, job) for name, job in jobs.items()}


def main(build, parts):
    bench = Bench(build)
    with bench.stack:
        for part in parts or ("memory", "instructions", "saml", "oidc", "accounts", "redirect", "authenticated"):
            began = time.time()
            getattr(bench, part)()
            print("%-14s %3.0f s" % (part, time.time() - began), file=sys.stderr)
    file = pathlib.Path(build) / "bench.json"
    file.write_text(json.dumps(bench.figures, indent=2) + "\n")
    for name, value in bench.figures.items():
        print("%-28s %-60s %s" % (name, json.dumps(value), GOALS.get(name, "")))


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]), sys.argv[2:])
