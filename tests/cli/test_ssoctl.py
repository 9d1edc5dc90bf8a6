"""ssoctl from outside: what it prints, what it refuses, and what it says then."""
import json
import os
import re
import stat
import subprocess
from pathlib import Path

import pytest

SSOCTL = os.environ["SSOCTL"]
SOURCE = Path(__file__).resolve().parents[2]

COMMANDS = ["show", "check", "metadata", "flow make", "flow open", "secret new", "credential set",
            "credential remove", "credential list", "sessions list", "sessions end", "token make",
            "token verify", "token explain", "directives", "faults"]


def run(*args, **kwargs):
    """Run ssoctl; the environment has no HTTPD unless a test gives one."""
    env = {k: v for k, v in os.environ.items() if k != "HTTPD"}
    env.update(kwargs.pop("env", {}))
    return subprocess.run([SSOCTL, *args], capture_output=True, text=True, env=env,
                          timeout=60, **kwargs)


def good(*args, **kwargs):
    done = run(*args, **kwargs)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def bad(code, says, *args, **kwargs):
    """It fails with this exit code, says this on stderr and nothing on stdout."""
    done = run(*args, **kwargs)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr
    return done.stderr


@pytest.fixture
def secret(tmp_path):
    file = tmp_path / "secret"
    file.write_text("0123456789abcdef0123456789abcdef\n")
    file.chmod(0o600)
    return str(file)


# ---- the table of commands ----

def test_alone_it_lists_its_commands_and_fails():
    text = bad(2, "ssoctl show", )
    for name in COMMANDS:
        assert re.search(rf"^  ssoctl {name} ", text, re.M)


@pytest.mark.parametrize("word", ["--help", "-h", "help"])
def test_help(word):
    text = good(word)
    for name in COMMANDS:
        assert f"ssoctl {name} " in text


def test_help_before_other_words():
    assert good("--help", "whatever") == good("help")
    assert good("help", "flow") == good("flow", "--help")


@pytest.mark.parametrize("name", ["", *COMMANDS])
@pytest.mark.parametrize("option", ["--version", "-V"])
def test_version_everywhere(name, option):
    assert re.fullmatch(r"ssoctl \d+\.\d+\.\d+\n", good(*name.split(), option))


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_of_every_command(name, option):
    text = good(*name.split(), option)
    assert text.startswith(f"Usage: ssoctl {name}")
    assert all(len(line) <= 100 for line in text.splitlines())


def test_help_of_a_noun():
    text = good("flow", "--help")
    assert "flow make" in text and "flow open" in text and "secret" not in text


@pytest.mark.parametrize("args, says", [
    (["shwo"], "'shwo' is not a command; write one of\n  ssoctl show "),
    (["flow"], "'flow' needs a second word; write one of\n  ssoctl flow make"),
    (["flow", "mkae"], "'mkae' is not a command; write one of\n  ssoctl flow make"),
    (["--hlep"], "'--hlep' is not a command"),
    (["secret", "new", "--wirte", "x"], "--wirte is not an option of this command"),
    (["secret", "new", "-x"], "-x is not an option of this command"),
    (["secret", "new", "-wx", "-zw"], "-z is not an option of this command"),
    (["secret", "new", "--write"], "--write needs an argument"),
    (["secret", "new", "-w"], "-w needs an argument"),
    (["secret", "new", "--help=x"], "--help=x is not an option of this command"),
    (["secret", "new", "-w", "a", "-w", "b"], "--write is given twice"),
    (["secret", "new", "now"], "'now' is one word too many"),
    (["flow", "open", "--secret", "x"], "VALUE is missing"),
    (["flow", "open", "VALUE"], "--secret FILE is missing"),
    (["faults", "--format", "xml"], "--format xml is not known; write --format text|md"),
    (["directives", "-f", "xml"], "--format xml is not known; write --format text|conf|md"),
])
def test_misuse(args, says):
    bad(2, says, *args)


def test_misuse_names_the_help():
    assert "Try 'ssoctl secret new --help'." in bad(2, "one word too many", "secret", "new", "x")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_disk_is_an_error():
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([SSOCTL, "directives"], stdout=full, stderr=subprocess.PIPE,
                              text=True, check=False)
    assert done.returncode == 1 and "could not be written" in done.stderr


# ---- secret ----

def test_secret():
    one, two = good("secret", "new"), good("secret", "new")
    assert re.fullmatch(r"[0-9a-f]{64}\n", one)
    assert one != two


def test_secret_into_a_file(tmp_path):
    file = tmp_path / "secret"
    assert good("secret", "new", "--write", str(file)) == ""
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert re.fullmatch(r"[0-9a-f]{64}\n", file.read_text())


def test_secret_never_overwrites(tmp_path):
    file = tmp_path / "secret"
    file.write_text("old")
    bad(1, f"{file} exists and stays as it is", "secret", "new", "--write", str(file))
    assert file.read_text() == "old"
    assert os.listdir(tmp_path) == ["secret"]


def test_secret_into_no_directory(tmp_path):
    bad(1, "missing", "secret", "new", "--write", str(tmp_path / "missing" / "secret"))


# ---- flow ----

FIXED = ["--site", "https://www.example.org", "--provider", "members", "--request", "f00dcafe",
         "--extra", "more of it", "--issued", "1795460332", "--return", "/app/?page=2",
         "--id", "0a1b2c3d"]
OPENED = """\
id        0a1b2c3d
provider  members
site      https://www.example.org
request   f00dcafe
extra     more of it
return    /app/?page=2
session   
demand    
issued    1795460332 (2026-11-23T18:58:52Z)
"""


def make(secret, *args):
    return good("flow", "make", "--secret", secret, *args).rstrip("\n")


def test_flow_there_and_back(secret):
    cookie = make(secret, *FIXED)
    name, value = cookie.split("=")
    assert name == "__Host-sso-0a1b2c3d"
    assert re.fullmatch(r"[A-Za-z0-9_-]+", value)
    assert good("flow", "open", "--secret", secret, cookie) == OPENED
    assert good("flow", "open", "--secret", secret, value) == OPENED
    assert good("flow", "open", "--secret", "file:" + secret, value) == OPENED


def test_flow_defaults(secret):
    one = make(secret, "--site", "HTTPS://www.Example.org:443/", "--provider", "p")
    two = make(secret, "--site", "https://www.example.org", "--provider", "p")
    text = good("flow", "open", "--secret", secret, one)
    assert re.fullmatch(r"id        [0-9a-f]{8}\nprovider  p\nsite      https://www.example.org\n"
                        r"request   \nextra     \nreturn    /\nsession   \ndemand    \nissued    \d+ \(.*Z\)\n", text)
    assert one.split("=")[0] != two.split("=")[0]


@pytest.mark.parametrize("given", ["1795460332", "2026-11-23T18:58:52Z",
                                   "2026-11-23T19:58:52+01:00"])
def test_flow_issued(secret, given):
    cookie = make(secret, "--site", "http://localhost:8080", "--provider", "p", "--issued", given)
    text = good("flow", "open", "--secret", secret, cookie)
    assert "issued    1795460332 (2026-11-23T18:58:52Z)\n" in text
    assert "site      http://localhost:8080\n" in text


def test_flow_cookie_name(secret):
    assert make(secret, *FIXED, "--cookie", "my-sso").startswith("my-sso-0a1b2c3d=")


def test_flow_relative_secret_file(secret):
    cookie = good("flow", "make", "--secret", "secret", *FIXED, cwd=os.path.dirname(secret))
    assert good("flow", "open", "--secret", secret, cookie.strip()) == OPENED


def test_flow_secret_from_a_variable(secret):
    cookie = make(secret, *FIXED)
    assert good("flow", "open", "--secret", "env:SEALING", cookie,
                env={"SEALING": "0123456789abcdef0123456789abcdef"}) == OPENED


def test_flow_bytes_that_do_not_print(secret):
    cookie = make(secret, "--site", "https://a.example", "--provider", "p",
                  "--extra", "line\nissued 1\x1b[2J")
    text = good("flow", "open", "--secret", secret, cookie)
    assert "\nissued 1" not in text and "\x1b" not in text
    assert r"line\x0aissued 1\x1b[2J" in text


@pytest.mark.parametrize("option, value, says", [
    ("--site", "www.example.org", "--site: 'www.example.org'"),
    ("--site", "https://www.example.org/app", "write only scheme, host and port: "
                                              "https://www.example.org"),
    ("--site", "https://www.example.org/?q", "write only scheme, host and port"),
    ("--provider", "a b", "--provider: 'a b' must be letters"),
    ("--provider", "login", "--provider: 'login' is the name of an address"),
    ("--issued", "yesterday", "--issued: 'yesterday' is not a time"),
    ("--issued", "12x", "is not a time"),
    ("--issued", "", "is not a time"),
    ("--issued", "99999999999999999999", "is not a time"),
    ("--issued", "99999999999", "is not a time"),
    ("--return", "//evil.example", "--return: '//evil.example' is not a path of the site"),
    ("--return", "https://evil.example", "is not a path of the site"),
    ("--id", "0A1B2C3D", "is not 8 lower-case hex digits"),
    ("--id", "0a1b2c3", "is not 8 lower-case hex digits"),
    ("--id", "0a1b2c3d0", "is not 8 lower-case hex digits"),
    ("--cookie", "a b", "--cookie: 'a b'"),
    ("--cookie", "", "--cookie: ''"),
])
def test_flow_refuses(secret, option, value, says):
    args = {"--site": "https://a.example", "--provider": "p"}
    args[option] = value
    flat = [word for pair in args.items() for word in pair]
    bad(2, says, "flow", "make", "--secret", secret, *flat)


@pytest.mark.parametrize("option", ["--request", "--extra"])
def test_flow_too_long_for_a_cookie(secret, option):
    bad(1, "does not fit", "flow", "make", "--secret", secret, "--site", "https://a.example",
        "--provider", "p", option, "x" * 5000)


def test_flow_wrong_secret(secret, tmp_path):
    other = tmp_path / "other"
    good("secret", "new", "--write", str(other))
    bad(1, "this does not open", "flow", "open", "--secret", str(other), make(secret, *FIXED))


@pytest.mark.parametrize("damage", [
    lambda c: c[:-1], lambda c: c + "A", lambda c: "", lambda c: "x=", lambda c: c[:40],
    lambda c: c[:-5] + ("A" if c[-5] != "A" else "B") + c[-4:],
    lambda c: c.replace("=", "=x"), lambda c: "A" * 7000, lambda c: c + " ",
])
def test_flow_damaged(secret, damage):
    bad(1, "this does not open", "flow", "open", "--secret", secret, damage(make(secret, *FIXED)))


def test_flow_secret_file_missing(tmp_path):
    bad(1, "missing", "flow", "open", "--secret", str(tmp_path / "missing"), "x")


def test_flow_secret_file_that_others_read(secret):
    os.chmod(secret, 0o644)
    bad(1, "chmod 600", "flow", "open", "--secret", secret, "x")


def test_flow_weak_secret(tmp_path):
    weak = tmp_path / "weak"
    weak.write_text("short\n")
    weak.chmod(0o600)
    bad(1, "16", "flow", "open", "--secret", str(weak), "x")


# ---- directives and faults ----

def rows(*names):
    """Names in the .def files, read independently of the program."""
    found = []
    for name in names:
        text = (SOURCE / name).read_text()
        found += re.findall(r"^(?:SETTING|FAULT)\(\s*\w+,\s*\"?(\w+)", text, re.M)
    return found


DIRECTIVES = rows("src/core/server.def", "src/core/provider.def", "src/core/peer.def",
                  "src/core/directory.def")
FAULTS = rows("src/base/faults.def")


def test_there_are_tables():
    assert len(DIRECTIVES) > 30 and len(FAULTS) > 40
    assert "SSOPath" in DIRECTIVES and "sig_mismatch" in FAULTS


def test_directives_md_has_every_directive_once():
    text = good("directives", "--format", "md")
    assert sorted(re.findall(r"^### (\w+)$", text, re.M)) == sorted(DIRECTIVES)
    for name in DIRECTIVES:
        assert f"[{name}](#{name.lower()})" in text
    assert not re.search(r"^[^`]*<", re.sub(r"```.*?```", "", text, flags=re.S), re.M)


def test_directives_conf_has_every_directive_once_and_nothing_active():
    text = good("directives", "--format", "conf")
    assert sorted(re.findall(r"^#(SSO\w*) ", text, re.M)) == sorted(DIRECTIVES)
    assert all(line == "" or line[0] == "#" for line in text.splitlines())
    assert all(len(line) <= 90 for line in text.splitlines() if line[:2] == "# ")
    assert len(re.findall(r"^#<\w", text, re.M)) == len(re.findall(r"^#</", text, re.M))


def test_directives_text_is_the_default():
    text = good("directives")
    assert sorted(re.findall(r"^  (SSO\w*) ", text, re.M)) == sorted(DIRECTIVES)
    assert text == good("directives", "-f", "text")


@pytest.mark.parametrize("says", [
    "SSOSessionMemory SIZE\n      Shared memory for sessions, spent tokens and revocations. "
    "Default: 64m. From 1m to ",
    "SSOSamlClockSkew TIME\n      Difference between the clocks that is tolerated, 5m at most. "
    "Default: 60s. From 0s to 5m.",
    "SSOSessionQuota PERCENT",
])
def test_directives_bounds(says):
    assert says in good("directives")


@pytest.mark.parametrize("name", ["text", "conf", "md"])
def test_directives_have_every_require(name):
    names = re.findall(r'^    \{"(sso-\w+)", \{', (SOURCE / "src/httpd/authz.c").read_text(), re.M)
    assert len(names) > 3
    text = good("directives", "--format", name)
    assert sorted(set(re.findall(r"Require (sso-\w+)", text))) == sorted(names)


def test_faults():
    md = good("faults", "--format", "md")
    assert re.findall(r"^\| `(\w+)` \| \d{3} \| [^|]+\. \| [^|]+[.?] \|$", md, re.M) == FAULTS
    text = good("faults")
    assert re.findall(r"^(\w+) \(\d{3}\)\n    person: .+\n    admin:  .+$", text, re.M) == FAULTS


# ---- credential ----

@pytest.fixture
def credential(secret, tmp_path):
    """credential(VERB, WORDS...): a command on a file of its own."""
    def run_it(verb, *args, **kwargs):
        return run("credential", verb, "--file", str(tmp_path / "creds"), "--key", "file:" + secret, *args,
                   **kwargs)
    run_it.file = tmp_path / "creds"
    return run_it


WIKI = ("--backend", "https://Wiki.example:443/x", "--user", "ada")


def test_credential_there_and_gone(credential):
    assert credential("set", *WIKI, "corp", "https://idp", "a b", input="wonder:land\n").stdout == "set\n"
    line = "corp https%3A%2F%2Fidp a%20b  https://wiki.example  ada\n"
    assert credential("list").stdout == line
    assert stat.S_IMODE(credential.file.stat().st_mode) == 0o600
    assert credential("set", *WIKI, "corp https%3A%2F%2Fidp a%20b", input="other").stdout == "set\n"
    assert credential("list").stdout == line  # the same person, in one word
    words = ("--backend", "https://wiki.example", "corp", "https://idp", "a b")
    assert credential("remove", *words).stdout == "removed\n"
    assert credential("list").stdout == ""
    gone = credential("remove", *words)
    assert gone.returncode == 1 and "there is none" in gone.stderr


@pytest.mark.parametrize("text, name", [
    ("balancer://Wiki/", "balancer://wiki"), ("BALANCER://wiki/x/y", "balancer://wiki"),
    ("balancer://wiki", "balancer://wiki"), ("unix:/run/Wiki.sock", "unix:/run/Wiki.sock"),
    ("unix:/run/Wiki.sock|http://localhost/x", "unix:/run/Wiki.sock"),
    ("UNIX:/run/x/..//./Wiki.sock|", "unix:/run/Wiki.sock")])
def test_credential_backends_as_they_stand_in_the_configuration(credential, text, name):
    assert credential("set", "--backend", text, "--user", "ada", "one", input="wonderland\n").returncode == 0
    assert credential("list").stdout == "one  %s  ada\n" % name
    assert credential("remove", "--backend", text, "one").stdout == "removed\n"


@pytest.mark.parametrize("password, says", [
    ("", "the password is empty"), ("\n", "the password is empty"), ("a\nb\n", "has control characters"),
    ("a\0b", "NUL byte"), ("x" * 256, "is longer than 255 bytes"), ("x" * 5000, "is longer than 255 bytes")])
def test_credential_passwords(credential, password, says):
    done = credential("set", *WIKI, "one", input=password)
    assert done.returncode == 1 and says in done.stderr and not credential.file.exists()
    assert "x" * 20 not in done.stderr


@pytest.mark.parametrize("args, says", [
    (("set", *WIKI, "one", "two"), "write one word, or three"),
    (("set", *WIKI), "is missing"),
    (("set", "--backend", "wiki", "--user", "ada", "one"), "--backend: 'wiki'"),
    (("set", "--backend", "https://wiki", "--user", "a:b", "one"), "has a ':'"),
    (("remove", "one"), "--backend URL is missing")])
def test_credential_misuse(credential, args, says):
    done = credential(*args, input="password\n")
    assert done.returncode == 2 and says in done.stderr and not credential.file.exists()


# ---- the manual page ----

def test_manual_names_every_command_and_option():
    manual = (SOURCE / "docs/ssoctl.8").read_text().replace("\\-", "-")
    for name in COMMANDS:
        assert f"ssoctl {name}" in manual
        for option in re.findall(r"^  (?:-\w, )?(--\w+)", good(*name.split(), "--help"), re.M):
            assert option in manual, f"{name} {option}"


# ---- show, with a stand-in for httpd ----

BLOCKS = """\
Provider corp (saml) at https://other.example:8443, defined in /etc/sso.conf:10
  Settings
    SSOActive                test

Provider corp (saml) at https://www.example.org, defined in /etc/sso.conf:10
  Settings
    SSOSamlWantSigned        either   (default)
  Enter at the other side
    ACS URL:
        https://www.example.org/.sso/corp/acs

Provider members (hmac) at https://www.example.org, defined in /etc/sso.conf:20
  Settings
    SSOHmacSecret            (secret)

"""
CORP_OTHER, CORP, MEMBERS = [part + "\n\n" for part in BLOCKS.rstrip("\n").split("\n\n")]


@pytest.fixture
def httpd(tmp_path):
    """A program in place of httpd: make(stdout, stderr, status); it notes how it was called."""
    def make_program(out=BLOCKS, err="Syntax OK\n", status=0, name="httpd"):
        (tmp_path / "out").write_text(out)
        (tmp_path / "err").write_text(err)
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" >{tmp_path}/called\n"
                           f"cat {tmp_path}/err >&2\ncat {tmp_path}/out\nexit {status}\n")
        program.chmod(0o755)
        return str(program)
    make_program.called = lambda: (tmp_path / "called").read_text().split("\n")[:-1]
    make_program.directory = str(tmp_path)
    return make_program


def test_show_everything(httpd):
    assert good("show", "--httpd", httpd()) == BLOCKS
    assert httpd.called() == ["-t", "-D", "DUMP_SSO"]


def test_show_with_a_configuration(httpd):
    assert good("show", "-f", "my httpd.conf", "--httpd", httpd()) == BLOCKS
    assert httpd.called() == ["-t", "-D", "DUMP_SSO", "-f", "my httpd.conf"]


@pytest.mark.parametrize("args, wanted", [
    (["corp"], CORP_OTHER + CORP),
    (["members"], MEMBERS),
    (["--site", "https://www.example.org"], CORP + MEMBERS),
    (["--site", "https://WWW.example.org:443/"], CORP + MEMBERS),
    (["-s", "https://other.example:8443"], CORP_OTHER),
    (["corp", "--site", "https://other.example:8443"], CORP_OTHER),
])
def test_show_a_part(httpd, args, wanted):
    assert good("show", *args, "--httpd", httpd()) == wanted


def test_show_leaves_out_what_is_not_a_description(httpd):
    noise = "VirtualHost configuration:\n\nProvider of nothing\n"
    assert good("show", "--httpd", httpd(out=noise + BLOCKS + "more noise\n")) == BLOCKS


@pytest.mark.parametrize("args", [
    ["crop"], ["members", "--site", "https://other.example:8443"], ["corp "],
    ["--site", "http://www.example.org"],
])
def test_show_finds_none(httpd, args):
    text = bad(1, "there is no such provider; there are\n", "show", *args, "--httpd", httpd())
    assert text.splitlines()[1:] == ["  corp --site https://other.example:8443",
                                     "  corp --site https://www.example.org",
                                     "  members --site https://www.example.org"]


def test_show_in_the_same_order_every_time(httpd):
    assert good("show", "--httpd", httpd(out=MEMBERS + CORP + CORP_OTHER)) == BLOCKS


def test_show_without_the_last_line(httpd):
    assert good("show", "members", "--httpd", httpd(out=BLOCKS.rstrip("\n") + "\n")) == \
        MEMBERS.rstrip("\n") + "\n"


def test_show_no_provider_at_all(httpd):
    bad(1, "is mod_sso loaded", "show", "--httpd", httpd(out=""))


def test_show_a_configuration_that_is_wrong(httpd):
    message = "AH00526: Syntax error on line 3 of /etc/sso.conf:\nSSOSessionIdle: no unit\n"
    text = bad(1, "does not accept the configuration", "show",
               "--httpd", httpd(out=BLOCKS, err=message, status=1))
    assert text.startswith(message)


def test_show_a_crash_is_a_failure(tmp_path):
    program = tmp_path / "httpd"
    program.write_text("#!/bin/sh\nkill -9 $$\n")
    program.chmod(0o755)
    bad(1, "crashed (signal 9)", "show", "--httpd", str(program))


def test_show_much_output_on_both_sides(httpd):
    warnings = "AH00558: some warning\n" * 20000
    text = good("show", "--httpd", httpd(out=BLOCKS * 500, err=warnings))
    assert text == CORP_OTHER * 500 + CORP * 500 + MEMBERS * 500


@pytest.mark.parametrize("site", ["www.example.org", "", "ftp://www.example.org"])
def test_show_a_site_that_is_no_address(httpd, site):
    bad(2, f"--site: '{site}'", "show", "--site", site, "--httpd", httpd())


def test_show_without_httpd(tmp_path):
    bad(1, "cannot be run", "show", "--httpd", str(tmp_path / "missing"))


def test_show_asks_the_variable(httpd):
    assert good("show", env={"HTTPD": httpd()}) == BLOCKS


def test_show_the_option_wins_over_the_variable(httpd):
    assert good("show", "--httpd", httpd(), env={"HTTPD": "/missing"}) == BLOCKS


@pytest.mark.parametrize("name", ["apache2ctl", "apachectl", "apache2", "httpd"])
def test_show_searches_the_path(httpd, name):
    httpd(name=name)
    assert good("show", env={"PATH": "/missing:" + httpd.directory + ":/bin:/usr/bin"}) == BLOCKS


def test_show_leaves_no_file_behind(httpd, tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    good("show", "--httpd", httpd(), env={"TMPDIR": str(scratch)})
    assert os.listdir(scratch) == []


# ---- check, with a stand-in for httpd ----

def lines(*rows):
    return "".join("\t".join(row) + "\n" for row in rows)


@pytest.fixture
def findings(tmp_path):
    """What httpd -D DUMP_SSO_CHECK prints, with a state directory of this mode."""
    def make(*rows, mode=0o700):
        state = tmp_path / "state"
        state.mkdir(mode=mode, exist_ok=True)
        state.chmod(mode)
        return lines(("state", str(state)), ("site", "https://www.example.org", "/.sso"), *rows)
    return make


CORP_AT = ("finding", "corp", "https://www.example.org")
OTHER_AT = ("finding", "corp", "https://other.example")


def test_check_says_what_to_do(httpd, findings):
    out = findings((*CORP_AT, "good", "all is well", ""), (*CORP_AT, "warning", "it ends", "renew it"),
                   (*OTHER_AT, "note", "it is in test", "activate it"))
    text = good("check", "--httpd", httpd(out=out))
    assert "corp at https://www.example.org\n  ok       all is well\n" in text
    assert "  WARNING  it ends\n           -> renew it\n" in text
    assert "corp at https://other.example\n  note     it is in test\n" in text
    assert text.index("other.example") < text.index("www.example.org")
    assert text.endswith("\n0 problems, 1 warning\n")
    assert httpd.called() == ["-t", "-D", "DUMP_SSO_CHECK"]


def test_check_fails_with_a_problem(httpd, findings):
    out = findings((*CORP_AT, "problem", "it has ended", "renew it"))
    done = run("check", "--httpd", httpd(out=out))
    assert done.returncode == 1 and done.stdout.endswith("\n1 problem, 0 warnings\n")
    assert "  PROBLEM  it has ended\n           -> renew it\n" in done.stdout


def test_check_strictly(httpd, findings):
    out = findings((*CORP_AT, "warning", "it ends", "renew it"))
    assert run("check", "--httpd", httpd(out=out)).returncode == 0
    assert run("check", "--strict", "--httpd", httpd(out=out)).returncode == 1
    assert run("check", "--strict", "--httpd",
               httpd(out=findings((*CORP_AT, "note", "x", "y")))).returncode == 0


def test_check_a_part(httpd, findings):
    out = findings((*CORP_AT, "problem", "one", ""), (*OTHER_AT, "note", "two", ""),
                   ("finding", "okta", "https://other.example", "problem", "three", ""))
    text = good("check", "corp", "--site", "https://other.example/", "--httpd", httpd(out=out))
    assert " two\n" in text and " one\n" not in text and " three\n" not in text
    bad(1, "there is no such provider", "check", "crop", "--httpd", httpd(out=out))


def test_check_the_state_directory(httpd, findings, tmp_path):
    row = (*CORP_AT, "good", "x", "")
    assert "is ours alone" in good("check", "--httpd", httpd(out=findings(row)))
    done = run("check", "--httpd", httpd(out=findings(row, mode=0o755)))
    assert done.returncode == 1 and f"-> run chmod 700 {tmp_path}/state" in done.stdout
    gone = lines(("state", str(tmp_path / "none")), row)
    assert "no state directory" in good("check", "--httpd", httpd(out=gone))
    (tmp_path / "file").write_text("")
    done = run("check", "--httpd", httpd(out=lines(("state", str(tmp_path / "file")), row)))
    assert done.returncode == 1 and "is no directory" in done.stdout


def test_check_says_something_about_the_clock(httpd, findings):
    text = good("check", "--httpd", httpd(out=findings((*CORP_AT, "good", "x", ""))))
    assert re.search("clock .*NTP", text)


def test_check_without_a_provider(httpd, findings):
    bad(1, "has no provider", "check", "--httpd", httpd(out=findings()))


def test_check_a_configuration_that_is_wrong(httpd):
    bad(1, "does not accept the configuration", "check",
        "--httpd", httpd(out="", err="AH00526: Syntax error\n", status=1))


# ---- metadata, with a stand-in for httpd ----

XML = "<md:EntityDescriptor>\n é\n</md:EntityDescriptor>\n"


def document(name, site, xml=XML, size=None):
    return "metadata\t%s\t%s\t%d\n%s" % (name, site, size or len(xml.encode()), xml)


def test_metadata(httpd):
    out = "noise\n\n" + document("okta", "https://a.example", "<x/>") + document(
        "corp", "https://a.example") + "more\n"
    assert good("metadata", "corp", "--httpd", httpd(out=out)) == XML
    assert httpd.called() == ["-t", "-D", "DUMP_SSO_METADATA"]


def test_metadata_of_one_of_several_sites(httpd):
    out = document("corp", "https://a.example", "<a/>") + document("corp", "https://b.example", "<b/>")
    text = bad(1, "name one of", "metadata", "corp", "--httpd", httpd(out=out))
    assert text.splitlines()[1:] == ["  --site https://a.example", "  --site https://b.example"]
    assert good("metadata", "corp", "-s", "https://b.example:443/", "--httpd",
                httpd(out=out)) == "<b/>"


@pytest.mark.parametrize("out", ["", document("okta", "https://a.example"),
                                 document("corp", "https://a.example", size=9999)])
def test_metadata_that_is_not_there(httpd, out):
    bad(1, "there is no SAML provider corp", "metadata", "corp", "--httpd", httpd(out=out))


def test_metadata_needs_a_name(httpd):
    bad(2, "", "metadata", "--httpd", httpd())


# ---- token ----

SHARED = "mod_sso-test-secret-0123456789abcdef"
TOKEN = "5f2c8b1e9d3a4c7081e6b0f4a2d9c357"
ENV = {"K": SHARED, "D": "d836444a9e4084d5b224a60c208dce14", "OLD": "older-secret-for-rotation-ABCDEFGHIJ"}
VECTORS = {x["id"]: x for name in ("hmac/instaforum", "discourse/discourse")
           for x in json.loads((SOURCE / f"tests/vectors/{name}.json").read_text())}


def test_token_make_request():
    text = good("token", "make", "-s", "env:K", "request", "token=" + TOKEN, env=ENV)
    assert text.strip() == VECTORS["I1"]["wire"]
    one, two = (good("token", "make", "-s", "env:K", "request", env=ENV) for _ in range(2))
    assert re.fullmatch(r"token=[0-9a-f]{32}&sig=[0-9a-f]{64}\n", one) and one != two


def test_token_make_answer_is_the_vector_that_needs_no_escapes():
    person = [f"{k}={v}" for k, v in VECTORS["I3"]["result"].items() if isinstance(v, str)]
    person += [f"roles={x}" for x in VECTORS["I3"]["result"].get("roles", [])]
    text = good("token", "make", "-s", "env:K", "-u", "https://f.example/cb?x=1", "answer",
                "token=" + TOKEN, *person, env=ENV)
    assert re.fullmatch(r"https://f\.example/cb\?x=1&data=[A-Za-z0-9]+&sig=[0-9a-f]{64}\n", text)
    assert "user_id=42\n" in good("token", "verify", "-s", "env:K", text.strip(), env=ENV)


def test_token_make_discourse():
    text = good("token", "make", "-p", "discourse", "-s", "env:D", "answer", "nonce=n",
                "external_id=7", "email=a@b.c", "groups=x", "groups=y", env=ENV)
    assert text.startswith("sso=") and "groups=x,y\n" in good(
        "token", "verify", "-p", "discourse", "-s", "env:D", text.strip(), env=ENV)


@pytest.mark.parametrize("name", ["I1", "I3", "I4", "I5", "I8", "I10b", "P2", "P5", "D1", "D3b",
                                  "D9", "D10"])
def test_token_verify_accepts(name):
    protocol, secret = ("discourse", "env:D") if name[0] == "D" else ("hmac", "env:K")
    text = good("token", "verify", "-p", protocol, "-s", secret, VECTORS[name]["wire"], env=ENV)
    assert "=" in text


@pytest.mark.parametrize("name", ["I2", "I12", "I15", "I18", "I22", "I29", "I30", "I33", "I35", "P1", "P3",
                                  "P4", "D11", "D12", "D14", "D19", "D24", "D25", "D29"])
def test_token_verify_refuses_with_the_code(name):
    protocol, secret = ("discourse", "env:D") if name[0] == "D" else ("hmac", "env:K")
    code = re.match(r"reject (\S+)", VECTORS[name]["expect"]).group(1)
    bad(1, code + ": ", "token", "verify", "-p", protocol, "-s", secret, VECTORS[name]["wire"], env=ENV)


def test_token_verify_names_the_mistake():
    bad(1, "the site signed the JSON; it must sign the Base64 text", "token", "verify", "-s", "env:K",
        VECTORS["I20"]["wire"], env=ENV)
    bad(1, "the other side signed the payload; it must sign the Base64 text", "token", "verify",
        "-p", "discourse", "-s", "env:D", VECTORS["D24"]["wire"], env=ENV)


def test_token_explain_shows_every_check():
    url = "https://f.example/cb?" + VECTORS["I4"]["wire"]
    text = good("token", "explain", "-s", "env:K", "--old", "env:OLD", url, env=ENV)
    assert text.count("held ") == 4 and "A good answer, signed with the secret." in text
    text = good("token", "explain", "-s", "env:K", "--old", "env:OLD", VECTORS["I38"]["wire"], env=ENV)
    assert "signed with the old secret" in text
    done = run("token", "explain", "-s", "env:K", VECTORS["I33"]["wire"], env=ENV)
    assert done.returncode == 1 and "FAILED       A10, A11" in done.stdout
    assert SHARED not in done.stdout + done.stderr


def test_token_misuse():
    bad(2, "neither request nor answer", "token", "make", "-s", "env:K", "reply", env=ENV)
    bad(2, "write NAME=VALUE", "token", "make", "-s", "env:K", "answer", "x", env=ENV)
    bad(1, "a request has nothing but token=", "token", "make", "-s", "env:K", "request", "token=a", "b=c",
        env=ENV)
    bad(2, "--protocol saml is not known", "token", "verify", "-s", "env:K", "-p", "saml", "x", env=ENV)
    bad(1, "param_missing", "token", "verify", "-s", "env:K", "x=1", env=ENV)
    bad(1, "", "token", "verify", "-s", "env:NOTHING", "x=1", env=ENV)
