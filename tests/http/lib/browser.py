"""A small browser: navigations, redirects step by step, forms, fetch(), SameSite.

All host names lead to 127.0.0.1. What a browser decides by itself (Sec-Fetch-*, Origin, which
cookies go along, whether a page may send its form) is decided here as Chromium does.
"""
import http.client
import ssl
import urllib.parse

from . import pki
from .cookies import Jar, same_site, trustworthy
from .page import Page, origin

_ACCEPT = ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,"
           "image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7")
_AGENT = ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
          "Chrome/131.0.0.0 Safari/537.36")
_MAX_HOPS = 25


class Blocked(AssertionError):
    """A browser would not have done this."""


class Browser:
    def __init__(self, user=None, password=None):
        """user: who logs in where a form asks for a name; the password is NAME-pw if not given."""
        self.jar = Jar()
        self.embeds = False  # load what pages show in frames and as images
        self.language = "en"
        self.user = user
        self.password = password or (user + "-pw" if user else None)

    # -- one request

    def step(self, url, method="GET", body=None, headers=None, initiator=None):
        """One request of a navigation, redirects not followed; initiator: the page it starts on."""
        cross = bool(initiator) and not same_site(initiator, url)
        ours = [("Upgrade-Insecure-Requests", "1"), ("User-Agent", _AGENT), ("Accept", _ACCEPT),
                ("Accept-Language", self.language)]
        if trustworthy(url):
            ours += [("Sec-Fetch-Site", _relation(initiator, url)), ("Sec-Fetch-Mode", "navigate"),
                     ("Sec-Fetch-User", "?1"), ("Sec-Fetch-Dest", "document")]
        if method == "POST":
            ours.append(("Origin", origin(initiator) if initiator else "null"))
        return self._send(method, url, body, ours, headers,
                          self.jar.header(url, cross, True, method))

    def fetch(self, url, method="GET", body=None, headers=None, page=None, credentials=True):
        """One request as a script's fetch() makes it; page: where the script runs."""
        page = page or url
        cross = not same_site(page, url)
        ours = [("User-Agent", _AGENT), ("Accept", "*/*"), ("Accept-Language", "en")]
        if trustworthy(url):
            ours += [("Sec-Fetch-Site", _relation(page, url)), ("Sec-Fetch-Mode", "cors"),
                     ("Sec-Fetch-Dest", "empty")]
        if origin(page) != origin(url) or method not in ("GET", "HEAD"):
            ours.append(("Origin", origin(page)))
        cookie = self.jar.header(url, cross, False, method) if credentials else None
        return self._send(method, url, body, ours, headers, cookie, cross)

    # -- navigation

    def open(self, url, **kw):
        """Type an address: follow redirects and self-sending forms, log in where a form asks for
        this browser's user, and return the page that stays."""
        return self._settle(self.step(url, **kw), None)

    def follow(self, page, url):
        """Click a link on a page."""
        return self._settle(self.step(url, initiator=page.url), page.url, page)

    def submit(self, form, button=None, **values):
        """Send a form, some fields filled in, and go on to the page that stays."""
        pairs = form.filled(**values) + [x for x in form.buttons if x[0] == button][:1]
        return self._settle(self._send_form(form, pairs), form.page.url, form.page)

    def send(self, url, data, initiator, kind="application/x-www-form-urlencoded"):
        """Send a form of any kind from a page, and go on to the page that stays."""
        return self._settle(self.post(url, data, initiator, kind), initiator)

    def go_on(self, page):
        """From an answer of step() or post() to the page that stays."""
        return self._settle(page, page.url)

    def post(self, url, data, initiator=None, kind="application/x-www-form-urlencoded"):
        """One POST as a form sends it, redirects not followed."""
        if isinstance(data, (dict, list)):
            data = urllib.parse.urlencode(data)
        return self.step(url, "POST", data, [("Content-Type", kind)], initiator)

    def _settle(self, page, initiator, before=None):
        """Go on from a page as long as a browser, or its user, would."""
        trace = (before.trace if before else []) + [page]
        passwords = 1
        while len(trace) < _MAX_HOPS:
            if self.embeds:
                self._load_embedded(page)
            form = page.auto_form()
            login = None if form or not passwords else self._login_form(page)
            if page.location:
                page = self._redirected(page, initiator)
            elif page.refresh:
                initiator = page.url
                page = self.step(page.refresh, initiator=initiator)
            elif form:
                initiator = page.url
                page = self._send_form(form, form.filled())
            elif login:
                initiator, passwords = page.url, passwords - 1
                page = self._send_form(login, login.filled(**self._credentials(login)))
            else:
                trace[-1].trace = trace
                return trace[-1]
            trace.append(page)
        raise Blocked("redirects without end:\n" + "\n".join(map(str, trace)))

    def _load_embedded(self, page):
        """Frames and images, and where they redirect to: in a foreign page, if it is one."""
        if not page.is_html or page.location or not page.body:
            return
        for source in page.document().xpath("//iframe/@src|//img/@src"):
            self._load_frame(urllib.parse.urljoin(page.url, source), page.url)

    def _load_frame(self, url, top):
        ours = [("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "iframe")]
        inner = self.fetch(url, page=top, headers=ours)
        for _ in range(_MAX_HOPS):
            form = inner.auto_form()
            if inner.location:
                inner = self.fetch(inner.location, page=top, headers=ours)
            elif form:
                kind = [("Content-Type", "application/x-www-form-urlencoded")]
                inner = self.fetch(form.action, "POST", urllib.parse.urlencode(form.filled()),
                                   ours + kind, page=top)
            else:
                return
        raise Blocked("a frame without end: " + url)

    def _redirected(self, page, initiator):
        if page.status in (307, 308) and page.method == "POST":
            kind = [("Content-Type", "application/x-www-form-urlencoded")]
            return self.step(page.location, "POST", page.sent, kind, initiator)
        return self.step(page.location, initiator=initiator)

    def _send_form(self, form, pairs):
        if not form.page.allows_form_to(form.action):
            raise Blocked("the page's policy forbids a form to " + form.action)
        if form.method == "POST":
            return self.post(form.action, pairs, initiator=form.page.url)
        where = form.action.partition("?")[0]  # a form takes the place of the query
        return self.step(where + "?" + urllib.parse.urlencode(pairs), initiator=form.page.url)

    def _login_form(self, page):
        """The form that asks for name and password, if this browser's user has any."""
        if not self.user:
            return None
        return page.form("username", "password") or page.form("user", "password")

    def _credentials(self, form):
        name = "username" if "username" in form.names else "user"
        return {name: self.user, "password": self.password}

    # -- the wire

    def _send(self, method, url, body, ours, headers, cookie, cross_site_subresource=False):
        given = list(headers.items()) if isinstance(headers, dict) else list(headers or [])
        names = {k.lower() for k, _ in given}
        pairs = [x for x in ours if x[0].lower() not in names] + given
        if cookie and "cookie" not in names:
            pairs.append(("Cookie", cookie))
        page = exchange(method, url, pairs, body)
        self.jar.take(url, page.all_headers("Set-Cookie"), cross_site_subresource)
        return page


def exchange(method, url, headers=(), body=None, timeout=30):
    """One request with exactly these headers besides Host and Content-Length; no cookies."""
    parts = urllib.parse.urlsplit(url)
    connection = connect(url, timeout)
    try:
        target = (parts.path or "/") + ("?" + parts.query if parts.query else "")
        if isinstance(body, str):
            body = body.encode()
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        if not any(k.lower() == "host" for k, _ in headers):
            connection.putheader("Host", parts.netloc)
        for name, value in headers:
            connection.putheader(name, value)
        if body is not None and not any(k.lower() == "content-length" for k, _ in headers):
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        page = Page(method, url, answer.status, answer.getheaders(), answer.read())
        page.sent = body
        return page
    finally:
        connection.close()


def connect(url, timeout=30):
    """A connection to the host of url, wherever its name points."""
    parts = urllib.parse.urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    if parts.scheme == "https":
        connection.connect()
        connection.sock = tls_context().wrap_socket(connection.sock,
                                                    server_hostname=parts.hostname)
    return connection


def tls_context(alpn=None):
    """Trusts the bench's certificate and nothing else."""
    context = ssl.create_default_context(cadata=pki.server_pair().cert_pem)
    if alpn:
        context.set_alpn_protocols(alpn)
    return context


def _relation(start, url):
    """The value of Sec-Fetch-Site."""
    if not start:
        return "none"
    if origin(start) == origin(url):
        return "same-origin"
    return "same-site" if same_site(start, url) else "cross-site"
