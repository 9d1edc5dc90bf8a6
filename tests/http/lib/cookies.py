"""A cookie jar with the rules of RFC 6265bis as Chromium applies them."""
import email.utils
import time
import urllib.parse

_LAX_POST_SECONDS = 120  # cookies without SameSite go along with cross-site POSTs this long


class Cookie:
    def __init__(self, name, value, host, attributes):
        self.name, self.value, self.host = name, value, host
        self.attributes = attributes
        self.created = time.time()
        self.path = attributes.get("path") or "/"
        self.secure = "secure" in attributes
        self.httponly = "httponly" in attributes
        self.samesite = attributes.get("samesite", "").lower()
        self.domain = (attributes.get("domain") or "").lstrip(".").lower()
        self.expires = _expiry(attributes)

    @property
    def key(self):
        return (self.domain or self.host, bool(self.domain), self.path, self.name)

    def __repr__(self):
        return "%s=%s; %s" % (self.name, self.value, self.attributes)


class Jar:
    """Cookies of one browser. `rejected` keeps what a browser would have refused, and why."""

    def __init__(self):
        self._cookies = {}
        self.rejected = []

    def take(self, url, lines, cross_site_subresource=False):
        """Keep the Set-Cookie lines of an answer from url."""
        host = urllib.parse.urlsplit(url).hostname
        for line in lines:
            cookie = _parse(line, host)
            why = _refusal(cookie, url, cross_site_subresource)
            if why:
                self.rejected.append("%s: %s" % (why, line))
            elif cookie.expires is not None and cookie.expires <= time.time():
                self._cookies.pop(cookie.key, None)
            else:
                old = self._cookies.get(cookie.key)
                cookie.created = old.created if old else cookie.created
                self._cookies[cookie.key] = cookie

    def header(self, url, cross_site=False, top_level=True, method="GET"):
        """The Cookie header for a request, None if it is empty."""
        hits = [x for x in self._cookies.values()
                if _belongs(x, url) and _crosses(x, cross_site, top_level, method)]
        hits.sort(key=lambda x: (-len(x.path), x.created))
        return "; ".join("%s=%s" % (x.name, x.value) for x in hits) or None

    def find(self, url, prefix=""):
        """Cookies that belong to url and whose name begins so."""
        return [x for x in self._cookies.values()
                if _belongs(x, url) and x.name.startswith(prefix)]

    def get(self, url, name):
        """The cookie of that name, None if there is none."""
        return next((x for x in self.find(url, name) if x.name == name), None)

    def put(self, url, name, value):
        """A host-only cookie, as if a script of url had set it."""
        cookie = Cookie(name, value, urllib.parse.urlsplit(url).hostname, {"path": "/"})
        self._cookies[cookie.key] = cookie

    def forget(self, url, prefix=""):
        """Remove cookies that belong to url and whose name begins so."""
        for cookie in self.find(url, prefix):
            del self._cookies[cookie.key]


def trustworthy(url):
    """Is url a potentially trustworthy origin: https, or this machine?"""
    parts = urllib.parse.urlsplit(url)
    host = parts.hostname or ""
    return (parts.scheme == "https" or host == "localhost" or host.endswith(".localhost")
            or host.startswith("127."))


def same_site(one, other):
    """Schemeful same-site: the scheme and the registrable domain, the port does not matter."""
    a, b = urllib.parse.urlsplit(one), urllib.parse.urlsplit(other)
    return a.scheme == b.scheme and _registrable(a.hostname) == _registrable(b.hostname)


def _registrable(host):
    if host.replace(".", "").isdigit():
        return host
    return ".".join(host.split(".")[-2:])


def _parse(line, host):
    first, *rest = [x.strip() for x in line.split(";")]
    name, _, value = first.partition("=")
    pairs = (x.partition("=") for x in rest)
    return Cookie(name, value, host, {k.strip().lower(): v.strip() for k, _, v in pairs})


def _expiry(attributes):
    if "max-age" in attributes:
        return time.time() + int(attributes["max-age"])
    if "expires" in attributes:
        return email.utils.parsedate_to_datetime(attributes["expires"]).timestamp()
    return None


def _refusal(cookie, url, cross_site_subresource):
    """Why a browser would not keep the cookie, None if it would."""
    host = urllib.parse.urlsplit(url).hostname
    if len(cookie.name) + len(cookie.value) > 4096:
        return "longer than 4096 bytes"
    if cookie.secure and not trustworthy(url):
        return "Secure from plain http"
    if cookie.name.startswith("__Secure-") and not cookie.secure:
        return "__Secure- without Secure"
    if cookie.name.startswith("__Host-") and (not cookie.secure or cookie.domain
                                              or cookie.path != "/"):
        return "__Host- must be Secure, host-only and of path /"
    if cookie.domain and host != cookie.domain and not host.endswith("." + cookie.domain):
        return "of another domain"
    if cookie.samesite == "none" and not cookie.secure:
        return "SameSite=None without Secure"
    if cross_site_subresource and cookie.samesite != "none":
        return "SameSite cookie in an answer to a cross-site subresource"
    return None


def _belongs(cookie, url):
    """Do host, path, scheme and time allow the cookie for url?"""
    parts = urllib.parse.urlsplit(url)
    host, path = parts.hostname, parts.path or "/"
    if cookie.domain:
        if host != cookie.domain and not host.endswith("." + cookie.domain):
            return False
    elif host != cookie.host:
        return False
    if cookie.secure and not trustworthy(url):
        return False
    if cookie.expires is not None and cookie.expires <= time.time():
        return False
    return path == cookie.path or path.startswith(cookie.path.rstrip("/") + "/")


def _crosses(cookie, cross_site, top_level, method):
    """Does SameSite let the cookie go along?"""
    if not cross_site or cookie.samesite == "none":
        return True
    if not top_level or cookie.samesite == "strict":
        return False
    if method in ("GET", "HEAD"):
        return True
    fresh = time.time() - cookie.created < _LAX_POST_SECONDS
    return method == "POST" and not cookie.samesite and fresh
