#!/usr/bin/env python3
"""Takes every rule out of the code, one at a time, and sees a test fail.

    run.py check SRCDIR                     has every rule a mutant, and fits each the source? (`make check`)
    run.py run SRCDIR BUILDDIR [WORD...]    build each mutant and run its tests (`make mutants`); WORD: a
                                            rule, a table, an attack, "attacks"

RULES lists the rules that there are; *.mutants holds the mutants, paragraphs like this one:

    saml:R14 an Object in the Signature | test_saml_sig
    --- src/saml/saml_profile.c
    -    static const char *const name[] = {"SignedInfo", "SignatureValue", "KeyInfo"};
    +    static const char *const name[] = {"SignedInfo", "SignatureValue", "KeyInfo", "Object"};

Its rule, what becomes possible without it, and who must notice: a program of tests/unit, a guard of
tests/guards (check_banned.sh) or a test of tests/http (test_headers.py::test_x); test_saml_sig:r14_x is
this very test of the program. Behind "---" the file; lines with '-' are replaced by those with '+', lines
with ' ' stay. They are whole lines of the file, white space at their ends does not count, and they must
be found there exactly once. A mutant may change several places and files.

"alone nothing" instead of tests is a mutant that nobody can notice, because another rule refuses the
same; some attack needs it.

The attacks of tests/vectors/saml say which rules refuse them (README.md there): with the first taken out,
then the first two, and so on, until they are accepted. `run.py run SRCDIR BUILDDIR attacks` sees each of
these steps happen.
"""
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
NOT_COPIED = {".git", "autom4te.cache", ".libs", ".deps", "__pycache__", "config.status", "config.log",
              "libtool", "Makefile", ".dirstamp", "node_modules"}
BUILT = (".o", ".lo", ".la", ".log", ".trs")
GENERATED = ("aclocal.m4", "configure", "Makefile.in", "configure.ac", "Makefile.am")
ATTACKS = "tests/unit/test_saml_attacks"
SECONDS = 120  # for one test program; a mutant that hangs has been noticed


class Wrong(Exception):
    """The tables or the tree are not as they must be."""


class Hunk:
    """One replacement in one file."""

    def __init__(self, path):
        self.path, self.old, self.new = path, [], []

    def add(self, sign, text):
        if sign in "- ":
            self.old.append(text)
        if sign in "+ ":
            self.new.append(text)

    def is_same(self, other):
        return (self.path, self.old, self.new) == (other.path, other.old, other.new)

    def places(self, lines):
        """Where the lines to replace begin."""
        want = [line.strip() for line in self.old]
        have = [line.strip() for line in lines]
        return [i for i in range(len(have) - len(want) + 1) if have[i:i + len(want)] == want]

    def apply(self, text):
        lines = text.split("\n")
        found = self.places(lines)
        if not self.old or len(found) != 1:
            raise Wrong("%s: %d places of: %s" % (self.path, len(found), " / ".join(self.old)))
        lines[found[0]:found[0] + len(self.old)] = self.new
        return "\n".join(lines)


class Mutant:
    """A paragraph of a table."""

    def __init__(self, where, head):
        match = re.fullmatch(r"(\S+:\S+) (.*?) \| (.+)", head)
        if not match:
            raise Wrong("%s: not \"RULE what | tests\": %s" % (where, head))
        self.where, self.rule, self.what = where, match.group(1), match.group(2)
        self.is_noticed = match.group(3) != "alone nothing"
        self.tests = match.group(3).split() if self.is_noticed else []
        self.hunks = []

    def change(self, root, changed, done):
        """Put its files into `changed`; what is in `done` another mutant has done already."""
        for hunk in self.hunks:
            if any(hunk.is_same(other) for other in done):
                continue
            path = root / hunk.path
            if not path.is_file():
                raise Wrong("%s: there is no %s" % (self.where, hunk.path))
            text = changed.get(hunk.path) or path.read_text()
            try:
                changed[hunk.path] = hunk.apply(text)
            except Wrong as e:
                raise Wrong("%s (%s): %s" % (self.where, self.rule, e)) from None
            if changed[hunk.path] == text:
                raise Wrong("%s (%s): changes nothing" % (self.where, self.rule))
            done.append(hunk)


def contents(mutants, root):
    """The files as these mutants together have them; Wrong when a text is not there once."""
    changed, done = {}, []
    for mutant in mutants:
        mutant.change(root, changed, done)
    return changed


class Attack:
    """A folder of tests/vectors/saml."""

    def __init__(self, path):
        text = path.read_text()
        words = dict(re.findall(r"^(rule|expect)\s+(\S+)$", text, re.M))
        self.name, self.rule, self.expect = path.parent.name, "saml:" + words["rule"], words["expect"]
        self.steps = []  # (name of a mutant, outcome without this one and those before)
        for line in re.findall(r"^without\s+(.*)$", text, re.M):
            mutant, arrow, outcome = line.partition(" => ")
            if not arrow:
                raise Wrong("%s: MUTANT => OUTCOME, not %s" % (self.name, line))
            self.steps.append((mutant, outcome))

    def is_attack(self):
        return self.rule != "saml:none"

    def comes_through(self):
        """Is what it ends with what the rules prevent? One that is to be accepted is refused then."""
        last = self.steps[-1][1] if self.steps else self.expect
        return last != self.expect if self.expect == "accepted" else last.split()[0] in ("accepted", "told")

    def complaints(self, mutants):
        if not self.is_attack():
            return ["%s: is no attack, and without a rule" % self.name] if self.steps else []
        bad = ["%s: there is no mutant \"%s\"" % (self.name, name)
               for name, _ in self.steps if name not in mutants]
        if not self.comes_through():
            bad.append("%s: is not accepted in the end, whatever is taken out" % self.name)
        elif not bad and mutants[self.steps[0][0]].rule != self.rule:
            bad.append("%s: the first rule taken out is not %s" % (self.name, self.rule))
        return bad


def read_table(path):
    mutants, mutant, hunk = [], None, None
    for number, line in enumerate(path.read_text().split("\n"), 1):
        where = "%s:%d" % (path.name, number)
        if not line.strip():
            mutant = hunk = None
        elif line.startswith("#"):
            continue
        elif not mutant:
            mutant = Mutant(where, line)
            mutants.append(mutant)
        elif line.startswith("--- "):
            hunk = Hunk(line[4:].strip())
            mutant.hunks.append(hunk)
        elif hunk and line[0] in "-+ ":
            hunk.add(line[0], line[1:])
        else:
            raise Wrong("%s: neither a file nor a line of one: %s" % (where, line))
    return mutants


def read_all():
    tables = sorted(HERE.glob("*.mutants"))
    return [mutant for table in tables for mutant in read_table(table)]


def read_rules():
    """Name of a rule -> why it needs no mutant, or None."""
    rules = {}
    for line in (HERE / "RULES").read_text().split("\n"):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, rest = line.partition(" ")
        if name in rules:
            raise Wrong("RULES: %s is listed twice" % name)
        rules[name] = rest.partition("| not here: ")[2] or None
    return rules


def check(root):
    """Complaints about the tables, as two lists of texts: what is wrong, and what no longer fits."""
    bad, stale = [], []
    rules, mutants = read_rules(), read_all()
    for mutant in mutants:
        if mutant.rule not in rules:
            bad.append("%s: RULES has no %s" % (mutant.where, mutant.rule))
        if not mutant.hunks:
            bad.append("%s: %s changes nothing" % (mutant.where, mutant.rule))
        try:
            contents([mutant], root)
        except Wrong as e:
            stale.append("%s: the code has changed; let the row say how the rule is taken out now" % e)
        bad += ["%s: %s is not there" % (mutant.where, test)
                for test in mutant.tests if not exists(root, test)]
    covered = {mutant.rule for mutant in mutants}
    for rule, why in rules.items():
        if (rule in covered) == bool(why):
            bad.append("RULES: %s has %s" % (rule, "mutants; it is here" if why else "no mutant"))
    return bad + check_attacks(root, mutants), stale


def names_of(mutants):
    """What an attack calls a mutant -> it: "R11 any number of Assertions"."""
    names = {}
    for mutant in mutants:
        name = mutant.rule.replace("saml:", "", 1) + " " + mutant.what
        if name in names:
            raise Wrong("%s: there are two \"%s\"" % (mutant.where, name))
        names[name] = mutant
    return names


def check_attacks(root, mutants):
    names, attacks = names_of(mutants), read_attacks(root)
    bad = sum((attack.complaints(names) for attack in attacks), [])
    used = {name for attack in attacks for name, _ in attack.steps}
    bad += ["%s: no attack needs it" % mutant.where
            for name, mutant in names.items() if not mutant.is_noticed and name not in used]
    for attack in [] if bad else attacks:
        try:
            contents([names[name] for name, _ in attack.steps], root)
        except Wrong as e:
            bad.append("%s: these mutants do not go together: %s" % (attack.name, e))
    return bad


# ---- tests ----

def exists(root, test):
    """Is there a file, and in it the function that is named?"""
    if test.startswith("check_"):
        return (root / "tests/guards" / test).is_file()
    if ".py" in test:
        name, _, function = test.partition("::")
        path, begins = root / "tests/http" / name, r"def %s\("
    else:
        name, _, function = test.partition(":")
        path, begins = root / "tests/unit" / (name + ".c"), r"static void %s\("
    if not path.is_file() or not function:
        return path.is_file()
    function = function.partition("[")[0]
    return bool(re.search("^" + begins % re.escape(function), path.read_text(), re.M))


def read_attacks(root):
    return [Attack(path) for path in sorted((root / "tests/vectors/saml").glob("*/case"))]


def goals_of(test):
    """What make must build for it."""
    if ".py" in test:
        return ["mod_sso.la", "ssoctl"]
    if test.startswith("check_"):
        return ["libsso.la", "ssoctl"]
    return ["tests/unit/" + test.partition(":")[0]]


class Tree:
    """The copy of the source that is mutated and built."""

    def __init__(self, root, build):
        self.root, self.at = root, build / "mutants"
        self.compile, self.how = [], {}

    def sync(self):
        """Make it like the source; what did not change keeps its time, so that little is rebuilt."""
        self.forget()
        wanted = set()
        for top, dirs, files in os.walk(self.root):
            dirs[:] = [d for d in dirs if d not in NOT_COPIED
                       and not (top == str(self.root) and d.startswith("build") and d != "build-aux")]
            for name in files:
                if name in NOT_COPIED or name.endswith(BUILT):
                    continue
                path = pathlib.Path(top, name).relative_to(self.root)
                wanted.add(path)
                self.copy(path)
        for path in [p for part in ("src", "tests") for p in (self.at / part).rglob("*.[ch]")]:
            if path.relative_to(self.at) not in wanted:
                path.unlink()

    def forget(self):
        """Remove the programs of the last mutant."""
        for program in (self.at / "tests/unit").glob("*.mutant"):
            program.unlink()

    def copy(self, path):
        source, target = self.root / path, self.at / path
        if not source.is_file() or (target.is_file() and target.read_bytes() == source.read_bytes()):
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
        target.chmod(0o755 if os.access(source, os.X_OK) else 0o644)
        if path.name not in GENERATED:
            os.utime(target)

    def configure(self):
        if (self.at / "Makefile").is_file():
            return
        options = ["CC=" + os.environ.get("CC", "cc"), "CFLAGS=-O1 -U_FORTIFY_SOURCE"]
        self.must(["./configure", "-q"] + options)

    def call(self, command, **env):
        try:
            return subprocess.run(command, cwd=self.at, env={**os.environ, **env}, timeout=SECONDS * 5,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  errors="replace")
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(command, 124, "no end after %d s" % (SECONDS * 5))

    def must(self, command):
        done = self.call(command)
        if done.returncode:
            raise Wrong("%s:\n%s" % (" ".join(command), done.stdout[-4000:]))

    def make(self, goals):
        env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
        return subprocess.run(["make", "-s", "-j2"] + goals, cwd=self.at, env=env, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def ask(self, text):
        """The words of a text with variables of the Makefile, as the shell would take them."""
        done = subprocess.run(["make", "-s", "-f", "-", "ask"], cwd=self.at, text=True,
                              input="include Makefile\nask:\n\t$(info %s)@:\n" % text,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return shlex.split(done.stdout)

    def link(self, program, objects):
        """Link a test program; the objects go before the library, whose own are not taken then."""
        if not self.how.get(program):
            name = program.replace("/", "_")
            self.how[program] = self.ask("$(%s_LDFLAGS) $(%s_OBJECTS) | $(%s_LDADD) $(DEPS_LIBS) $(LIBS)"
                                         % (name, name, name))
        words = [re.sub(r"([^/]*)\.la$", r".libs/\1.a", w) for w in self.how[program]]
        middle = words.index("|")
        return self.compile + words[:middle] + objects + words[middle + 1:] + ["-o", program + ".mutant"]

    def build(self, sources, goals):
        """Build for the tests of what was changed; make for all but the plain case, C files and unit
        tests."""
        if not all(s.endswith(".c") and s.startswith("src/") for s in sources) \
                or not all(g.startswith("tests/unit/") for g in goals):
            return self.make(goals)
        if not self.compile:
            self.compile = self.ask("$(CC) $(DEFS) $(DEFAULT_INCLUDES) $(AM_CPPFLAGS) $(AM_CFLAGS)"
                                    " $(CFLAGS)")
        objects = []
        for source in sources:
            objects.append(source[:-2] + ".mutant.o")
            done = self.call(self.compile + ["-w", "-c", source, "-o", objects[-1]])
            if done.returncode:
                return done
        for goal in goals:
            done = self.call(self.link(goal, objects))
            if done.returncode:
                return done
        return done

    def write(self, contents):
        for path, text in contents.items():
            (self.at / path).write_text(text)

    def with_mutants(self, mutants, goals, act):
        """What act() returns while these mutants are built, or the text of a compiler that fails."""
        new = contents(mutants, self.at)
        whole = {path: (self.at / path).read_text() for path in new}
        self.write(new)
        try:
            built = self.build(sorted(new), goals)
            return (None, built.stdout[-1500:]) if built.returncode else (act(), "")
        finally:
            self.write(whole)
            self.forget()

    def test(self, test):
        """(what failed, or "" if nothing did)."""
        if ".py" in test:
            done = self.call(["/usr/bin/python3", "-B", "-m", "pytest", "-q", "-x", "-p",
                              "no:cacheprovider", "tests/http/" + test], SSO_BUILD=str(self.at))
            names = re.findall(r"^(?:FAILED|ERROR) \S*::(\S+)", done.stdout, re.M)
        elif test.startswith("check_"):
            done = self.call(["sh", "tests/guards/" + test], srcdir=".", builddir=".")
            names = [test]
        else:
            program, _, function = test.partition(":")
            mutant = "tests/unit/" + program + ".mutant"
            done = self.call(["timeout", str(SECONDS),
                              mutant if (self.at / mutant).is_file() else "tests/unit/" + program])
            names = re.findall(r"^\[  FAILED  \] (?!\d)(\S+)", done.stdout, re.M)
            if function and done.returncode and function not in names:
                return ""
        if done.returncode == 0:
            return ""
        ended = {124: "no end"}.get(done.returncode, "exit %d" % done.returncode)
        return ", ".join(dict.fromkeys(names)) or ended

    def attack(self, names):
        """Name -> outcome of these attacks; "crash" for one at which the program ends."""
        mutant = "tests/unit/test_saml_attacks.mutant"
        outcome, left = {}, list(names)
        while left:
            done = self.call(["timeout", str(SECONDS),
                              mutant if (self.at / mutant).is_file() else mutant[:-7]] + left)
            outcome.update(re.findall(r"^([\w-]+): (.*)$", done.stdout, re.M))
            left = [name for name in left if name not in outcome]
            if left:
                outcome[left.pop(0)] = "crash"
        return outcome


def check_unmutated(tree, tests):
    """These tests pass with the code as it is."""
    built = tree.make(sorted({goal for test in tests for goal in goals_of(test)}))
    if built.returncode:
        raise Wrong("the source does not build:\n" + built.stdout[-4000:])
    for test in {t if ".py" in t else t.partition(":")[0] for t in tests}:
        failed = tree.test(test)
        if failed:
            raise Wrong("%s fails without a mutant: %s" % (test, failed))


def try_mutant(tree, mutant):
    """(killed, what to say)."""
    goals = sorted({goal for test in mutant.tests for goal in goals_of(test)})
    failed, wrong = tree.with_mutants([mutant], goals,
                                      lambda: [(test, tree.test(test)) for test in mutant.tests])
    if failed is None:
        return False, "DOES NOT COMPILE\n" + wrong
    missed = [test for test, what in failed if not what]
    if missed:
        return False, "SURVIVED " + " ".join(missed)
    return True, "; ".join("%s: %s" % (test.partition(":")[0], what) for test, what in failed)


def is_asked_for(mutant, names):
    area, _, short = mutant.rule.partition(":")
    table = mutant.where.partition(":")[0]
    return not names or any(word in names for word in (mutant.rule, short, area, table))


def run_mutants(tree, mutants):
    """How many survive."""
    mutants.sort(key=lambda m: sorted(hunk.path for hunk in m.hunks))  # a file is restored but once
    check_unmutated(tree, {test for mutant in mutants for test in mutant.tests})
    survived = 0
    for mutant in mutants:
        began = time.monotonic()
        killed, says = try_mutant(tree, mutant)
        survived += not killed
        print("%-9s %-10s %s [%s] %.1f s" % ("killed" if killed else "SURVIVED", mutant.rule, mutant.what,
                                             says, time.monotonic() - began), flush=True)
    print("%d killed, %d survived" % (len(mutants) - survived, survived))
    return survived


def as_it_should(outcome, wanted):
    """Is the outcome, "CODE detail" or "accepted WHO", what a case says: CODE, told CODE, accepted or
    accepted WHO?"""
    return outcome == wanted or outcome.split(" ")[0] == wanted.replace("told ", "", 1)


def run_attacks(tree, mutants, attacks):
    """How many do not come through as they say. Attacks that take the same mutants share a build."""
    check_unmutated(tree, {"test_saml_attacks"})
    steps, failed = {}, {}
    for attack in attacks:
        for n, (_, wanted) in enumerate(attack.steps, 1):
            steps.setdefault(tuple(name for name, _ in attack.steps[:n]), {})[attack.name] = wanted
    for names, wanted in sorted(steps.items()):
        outcome, wrong = tree.with_mutants([mutants[name] for name in names], [ATTACKS],
                                           lambda them=wanted: tree.attack(them))
        print("without " + " | ".join(names) + (" DOES NOT COMPILE\n" + wrong if outcome is None else ""))
        for name in wanted:
            is_now = outcome.get(name, "crash") if outcome else "not built"
            good = as_it_should(is_now, wanted[name])
            if not good:
                failed[name] = is_now
            print("    %s: %s%s" % (name, is_now[:100], "" if good else ", SHOULD BE " + wanted[name]),
                  flush=True)
    say_attacks(attacks, failed)
    return len(failed)


def say_attacks(attacks, failed):
    good = [attack for attack in attacks if attack.name not in failed]
    through = [a for a in good if a.steps[-1][1].startswith("accepted")]
    told = [a for a in good if a.steps[-1][1].startswith("told")]
    print("%d of %d attacks are accepted without their rules, %d of them when the first is taken out,"
          " the others with up to %d more; %d more learn what they must not; %d to be accepted is refused"
          % (len(through), sum(a.expect != "accepted" for a in attacks),
             sum(len(a.steps) == 1 for a in through), max(len(a.steps) for a in attacks) - 1, len(told),
             len(good) - len(through) - len(told)))
    for name in sorted(failed):
        print("FAILED    %s: %s" % (name, failed[name]))


def run(root, build, names):
    tree = Tree(root, build)
    tree.sync()
    bad = sum(check(tree.at), [])
    rows = read_all()
    mutants = [m for m in rows if m.is_noticed and is_asked_for(m, names)]
    attacks = [a for a in read_attacks(tree.at) if a.is_attack()
               and (not names or "attacks" in names or a.name in names)]
    if bad or not (mutants or attacks):
        raise Wrong("\n".join(bad) or "no mutant of " + " ".join(names))
    tree.configure()
    survived = run_mutants(tree, mutants) if mutants else 0
    failed = run_attacks(tree, names_of(rows), attacks) if attacks else 0
    return 1 if survived or failed else 0


def main(args):
    if len(args) < 2 or args[0] not in ("check", "run"):
        print(__doc__)
        return 2
    root = pathlib.Path(args[1]).resolve()
    try:
        if args[0] == "run":
            return run(root, pathlib.Path(args[2]).resolve(), args[3:])
        bad, stale = check(root)
    except Wrong as e:
        bad, stale = [str(e)], []
    print("\n".join(bad + stale) or "%d rules, %d mutants" % (len(read_rules()), len(read_all())))
    return 1 if bad or stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
