"""What came back from a server, and what a browser would make of it."""
import base64
import hashlib
import json
import re
import urllib.parse

import lxml.html

_AUTO = re.compile(r"\.(submit|click|requestSubmit)\s*\(")


class Form:
    """A form of a page, ready to be filled in and sent."""

    def __init__(self, page, element):
        self.page = page
        self.method = (element.get("method") or "get").upper()
        self.action = urllib.parse.urljoin(page.url, element.get("action") or page.url)
        self.fields = [(k, v) for k, v in element.form_values()]
        self.names = {x for x in element.fields.keys() if x}
        self.visible = {x.get("name") for x in element.xpath(
            ".//input[not(@type='hidden' or @type='submit')]|.//textarea|.//select")}
        self.buttons = [(x.get("name"), x.get("value") or "") for x in element.xpath(
            ".//button[@name]|.//input[@type='submit'][@name]")]

    def filled(self, **values):
        """The fields as pairs, some of them with other values."""
        kept = [(k, v) for k, v in self.fields if k not in values]
        return kept + list(values.items())


class Page:
    """One answer."""

    def __init__(self, method, url, status, headers, body):
        """headers: (name, value) pairs as received."""
        self.method, self.url, self.status = method, url, status
        self.headers, self.body = headers, body
        self.sent = None       # the request's body
        self.trace = [self]    # every answer on the way to this one

    def header(self, name):
        """The value of a header, several joined by ", "; None if absent."""
        values = self.all_headers(name)
        return ", ".join(values) if values else None

    def all_headers(self, name):
        return [v for k, v in self.headers if k.lower() == name.lower()]

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.body)

    @property
    def location(self):
        """Where a redirect leads, absolute; None if it is none."""
        where = self.header("Location")
        if where is None or self.status not in (301, 302, 303, 307, 308):
            return None
        return urllib.parse.urljoin(self.url, where)

    @property
    def refresh(self):
        """Where the page leads by itself without a form; None if it stays."""
        found = re.match(r"\s*0\s*;\s*url=(.*)", self.header("Refresh") or "", re.I)
        return urllib.parse.urljoin(self.url, found.group(1)) if found else None

    @property
    def fault(self):
        """The code of our fault, None if the answer names none."""
        return self.header("X-SSO-Fault")

    @property
    def path(self):
        return urllib.parse.urlsplit(self.url).path

    @property
    def query(self):
        """The query's fields; the last of repeated ones."""
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.url).query,
                                           keep_blank_values=True))

    @property
    def is_html(self):
        return "html" in (self.header("Content-Type") or "")

    def document(self):
        return lxml.html.fromstring(self.body.decode("utf-8", "replace"))

    def forms(self):
        if not self.is_html or b"<form" not in self.body.lower():
            return []
        return [Form(self, x) for x in self.document().forms]

    def form(self, *fields):
        """The first form that has these fields, None if there is none."""
        return next((x for x in self.forms() if set(fields) <= x.names), None)

    def auto_form(self):
        """The form that the page sends by itself, None if it does not or is not allowed to."""
        forms = [x for x in self.forms() if not x.visible]
        return forms[0] if forms and self._submits_itself() else None

    def allows_form_to(self, url):
        """Does the page's Content-Security-Policy let a form be sent there?"""
        sources = self._csp().get("form-action")
        return sources is None or any(_matches(x, url, self.url) for x in sources)

    def _submits_itself(self):
        doc = self.document()
        inline = [x for x in doc.xpath("//script[not(@src)]") if _AUTO.search(x.text_content())]
        handlers = [x for x in doc.xpath("//@onload") if _AUTO.search(x)]
        if any(self._may_run(x.text_content(), x.get("nonce")) for x in inline):
            return True
        if handlers and self._may_run(None, None):
            return True
        # Identity providers keep theirs in a file: a page that has nothing but a form with
        # nothing to fill in.
        return bool(doc.xpath("//script[@src]")) and len(doc.forms) == 1

    def _may_run(self, script, nonce):
        """Does the policy let an inline script run? Script None: an event handler."""
        csp = self._csp()
        sources = csp.get("script-src", csp.get("default-src"))
        if sources is None or "'unsafe-inline'" in sources:
            return True
        if script is None:
            return False
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        return "'nonce-%s'" % nonce in sources or "'sha256-%s'" % digest in sources

    def _csp(self):
        """Directives of the Content-Security-Policy, with their sources."""
        policy = self.header("Content-Security-Policy") or ""
        words = (x.split() for x in policy.split(";"))
        return {x[0].lower(): x[1:] for x in words if x}

    def __repr__(self):
        return "\n".join("%s %s -> %d %s" % (x.method, x.url[:300], x.status,
                                             x.fault or x.location or "") for x in self.trace)


def origin(url):
    parts = urllib.parse.urlsplit(url)
    return "%s://%s" % (parts.scheme, parts.netloc)


def _matches(source, url, page_url):
    """One source expression of a Content-Security-Policy against a URL."""
    if source == "*":
        return True
    if source == "'self'":
        return origin(url) == origin(page_url)
    if source.endswith(":"):
        return url.startswith(source)
    return origin(url) == origin(source)
