"""A real forum side: the PHP sample of docs/samples, served by PHP itself."""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request

from .ports import free_port

SAMPLES = pathlib.Path(__file__).resolve().parents[3] / "docs" / "samples"
PHP = shutil.which("php")


class PhpForum:
    """docs/samples/<sample>; its secret and the address to ask are set before start()."""

    def __init__(self, secret, sample="hmac-forum.php"):
        self.secret, self.sample, self.endpoint = secret, sample, None
        self.port = free_port()
        self._root = pathlib.Path(tempfile.mkdtemp(prefix="sso-forum-"))
        self._process = None

    @property
    def url(self):
        return "http://localhost:%d" % self.port

    @property
    def start_url(self):
        return self.url + "/sso"

    @property
    def callback(self):
        return self.url + "/sso/done"

    def start(self):
        """Serve until close()."""
        secret = self._root / "secret"
        secret.write_text(self.secret + "\n")
        env = dict(os.environ, SSO_SECRET_FILE=str(secret), SSO_ENDPOINT=self.endpoint,
                   SSO_HOME=self.url, PHP_CLI_SERVER_WORKERS="2")
        with open(self._root / "log", "w") as log:
            self._process = subprocess.Popen(
                [PHP, "-d", "session.save_path=%s" % self._root, "-S",
                 "localhost:%d" % self.port, SAMPLES / self.sample],
                env=env, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                start_new_session=True)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                urllib.request.urlopen(self.url + "/", timeout=2).read()
                return self
            except OSError:
                time.sleep(0.05)
        raise AssertionError("the forum does not answer: " + self.log())

    def log(self):
        return (self._root / "log").read_text()

    def close(self):
        if self._process:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait()
        shutil.rmtree(self._root, ignore_errors=True)
