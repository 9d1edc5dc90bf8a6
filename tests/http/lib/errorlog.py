"""httpd's error log, and the rule that a test announces every complaint in it."""
import re
import time

_LEVEL = re.compile(r"\[[\w-]*:(emerg|alert|crit|error|warn|notice|info|debug|trace\d)\]")
_COMPLAINTS = {"emerg", "alert", "crit", "error", "warn"}
# Of the machine, not of the module. mod_mpm_event: a child ends while one of its connections does. mod_ssl: Debian's
# httpd is of a later security update than its OpenSSL, as on a machine that installs the one and keeps the other.
_NOT_OURS = re.compile(r"AH0309[23]: process_\w+: apr_pollset_add failure"
                       r"|AH01882: Init: this version of mod_ssl was compiled against a newer library")
_CRASH = re.compile(r"exit signal|AddressSanitizer|runtime error:|assertion .* failed|Assertion .* failed|seg fault")


class ErrorLog:
    """What httpd wrote, and what the test said it would write."""

    def __init__(self, path):
        self.path = path
        self._expected = []

    def text(self):
        return self.path.read_text(errors="replace") if self.path.exists() else ""

    def lines(self):
        return self.text().splitlines()

    def expect(self, regex):
        """Announce lines: at least one must match, and those that match are no complaint."""
        self._expected.append(re.compile(regex))

    def find(self, regex):
        """All lines that match."""
        return [x for x in self.lines() if re.search(regex, x)]

    def wait(self, regex, count=1, seconds=10):
        """Wait until so many lines match; returns whether they did."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if len(self.find(regex)) >= count:
                return True
            time.sleep(0.01)
        return False

    def problems(self, console=()):
        """Complaints nobody announced, and announcements nothing came of.

        console: lines that went to the terminal before the log was open.
        """
        lines = self.lines() + list(console)
        found = ["not announced: " + x for x in lines if self._is_complaint(x)]
        found += ["announced, but not in the log: " + e.pattern for e in self._expected
                  if not any(e.search(x) for x in lines)]
        return found

    def _is_complaint(self, line):
        if not line.strip() or any(e.search(line) for e in self._expected + [_NOT_OURS]):
            return False
        level = _LEVEL.search(line)
        # A line without a level is something that a library wrote to stderr.
        return bool(_CRASH.search(line)) or not level or level.group(1) in _COMPLAINTS
