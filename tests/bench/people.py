"""People of the bench: both sides of a signed token's handshake, the site's sync messages, and many of them
at once."""
import base64
import hashlib
import hmac
import http.client
import json
import multiprocessing
import time
import urllib.parse

from server import SECRET, SSO, fetch

ACCOUNTS = SSO.replace("SSOInsecureHttp on", "SSOInsecureHttp on\nSSOAccounts on").replace(
    "SSOHmacEndpoint", "SSOHmacSync on\n    SSOHmacEndpoint")


def sign(fields):
    data = base64.b64encode(json.dumps(fields).encode()).decode()
    sig = hmac.new(SECRET.encode(), data.encode(), hashlib.sha256).hexdigest()
    return urllib.parse.urlencode({"data": data, "sig": sig})


def log_in(port, user):
    """The handshake, both sides of it; the session's cookie."""
    _, headers, _ = fetch(port, "/secure/1k.txt")
    token = urllib.parse.parse_qs(urllib.parse.urlsplit(headers["location"]).query)["token"][0]
    flow = "; ".join(c.split(";")[0] for c in headers["set-cookie"])
    answer = sign({"token": token, "user_id": user, "email": user + "@example.org", "name": user,
                   "roles": ["staff"]})
    status, headers, _ = fetch(port, "/.sso/bench/callback?" + answer, flow)
    if status != 303:
        raise ConnectionError("no login: %d" % status)
    return next(c.split(";")[0] for c in headers["set-cookie"] if c.startswith("sso="))


def sync(port, **fields):
    """What the site's server is answered."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", "/.sso/bench/sync?" + sign(fields))
    answer = connection.getresponse()
    body = json.loads(answer.read())
    connection.close()
    if answer.status != 200:
        raise RuntimeError("%d %s" % (answer.status, body))
    return body


def run_together(jobs):
    processes = [multiprocessing.Process(target=job) for job in jobs]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        if process.exitcode:
            raise RuntimeError("a client died")


def per_second(seconds, job, clients=4):
    """How often several processes together get job(k, n) done a second."""
    done = multiprocessing.Value("q", 0)
    until = time.monotonic() + seconds

    def work(k):
        n = 0
        while time.monotonic() < until:
            job(k, n)
            n += 1
        with done.get_lock():
            done.value += n

    run_together([lambda k=k: work(k) for k in range(clients)])
    return round(done.value / seconds, 1)
