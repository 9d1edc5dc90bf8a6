"""Pages for people: in their language, and in the site's own frame."""
import pytest

from lib.browser import exchange
from lib.recipes import protect, sign_in

TEMPLATE = """<!DOCTYPE html>
<html lang="{{language}}"><head><title>{{title}} - Example Bank</title>
<link rel="stylesheet" href="/bank.css"><style nonce="{{nonce}}">{{style}}</style></head>
<body class="bank"><img src="/bank.svg" alt="Example Bank">{{content}}<footer>Help: 555</footer></body></html>
"""
LOST = "/.sso/members/callback?data=x&sig=y"
GERMAN = "Die Anmeldenachricht konnte nicht gelesen werden."


@pytest.fixture
def lost(app):
    """The page about an answer that is none."""
    app.httpd.expect_log("SSO: ")

    def ask(language):
        return exchange("GET", app.url + LOST, [("Accept", "text/html"), ("Accept-Language", language)])
    return ask


def heading(page):
    return page.document().xpath("//h1")[0].text_content()


def lang(page):
    return page.document().xpath("//html")[0].get("lang")


@pytest.mark.parametrize("asked, spoken, title", [
    ("de-CH,de;q=0.9,en;q=0.8", "de", "Sie konnten nicht angemeldet werden"),
    ("nl,fr;q=0.5", "fr", "Vous n’avez pas pu être connecté"),
    ("es-419", "es", "No se ha podido iniciar su sesión"),
    ("ja", "en", "You could not be signed in"),
])
def test_failures_are_told_in_the_language_of_the_person(app, lost, asked, spoken, title):
    app.httpd.start()
    page = lost(asked)
    assert (lang(page), heading(page)) == (spoken, title)
    assert page.header("X-SSO-Fault") and page.header("X-SSO-Fault") in page.text


def test_programs_are_told_in_english(app, lost):
    app.httpd.start()
    page = exchange("GET", app.url + LOST, [("Accept", "application/json"), ("Accept-Language", "de")])
    assert page.json()["message"].startswith("The sign-in message")


def test_one_language_for_everybody(app, lost):
    app.add("SSOLanguage fr")
    app.httpd.start()
    assert lang(lost("de")) == "fr"


def test_signing_out_in_german(app, alice):
    protect(app)
    app.page("/app/x.html", "inside")
    app.httpd.start()
    alice.language = "de,en;q=0.5"
    assert sign_in(alice, app)["attributes"]["user"] == "alice"
    gone = alice.open(app.url + "/.sso/logout")
    assert heading(gone).startswith("Sie sind") and "Sitzung" in gone.text and lang(gone) == "de"


def test_pages_for_administrators_stay_as_they_are(app, alice):
    app.page("/bank.html", TEMPLATE)
    app.add("SSOPageTemplate %s" % (app.docroot / "bank.html"))
    app.httpd.start()
    alice.language = "de"
    page = alice.open(app.url + "/.sso/members/setup")
    assert lang(page) == "en" and "Callback URL" in page.text and "Example Bank" not in page.text


def test_a_template(app, lost):
    app.page("/bank.html", TEMPLATE)
    app.add("SSOPageTemplate %s" % (app.docroot / "bank.html"))
    app.httpd.start()
    page = lost("de")
    document = page.document()
    assert document.xpath("//title")[0].text == "Sie konnten nicht angemeldet werden - Example Bank"
    assert document.xpath("//body/footer")[0].text == "Help: 555"
    assert document.xpath("//body/main/h1")[0].text == "Sie konnten nicht angemeldet werden"
    nonce = document.xpath("//style")[0].get("nonce")
    policy = page.header("Content-Security-Policy")
    assert "style-src 'nonce-%s' 'self'" % nonce in policy and "img-src 'self'" in policy
    assert "script-src" not in policy and policy.startswith("default-src 'none'")


@pytest.mark.parametrize("text, why", [
    ("<html></html>", "write {{content}} once"),
    ("{{content}}{{user}}", "'{{user}}' is no place of a page"),
    (None, "no such file"),
])
def test_a_template_that_cannot_be_used(httpd, app, text, why):
    if text:
        app.page("/bank.html", text)
    app.add("SSOPageTemplate %s" % (app.docroot / "bank.html"))
    checked = httpd.configtest()
    assert not checked.ok and "SSOPageTemplate: " in checked.output and why in checked.output
