#!/bin/sh
# What people read is there in every language: each sentence in a unit that makes pages, and each single word
# that it hands to one, has a row in src/core/words.def, and each row is said somewhere. Units whose pages are
# all sheets, for administrators, speak English.
cd "${srcdir:-.}" || exit 1
[ -f src/core/words.def ] && [ -f src/base/faults.def ] || { echo "not the source tree: $PWD"; exit 1; }
pages=$(grep -rlE 'sso_(markup|page)_[a-z]+\(|sso_link_t' src --include='*.c' | sort)
for f in $pages; do
    grep -q SSO_MARKUP_SHEET $f && ! grep -qE 'SSO_MARKUP_(CARD|CHOICE)' $f || units="$units $f"
done
[ "$units" ] || { echo "no units that make pages"; exit 1; }
awk '
# The literals of the n-th row of a table of ours, in `cell`.
function split_row(line,    n) {
    for (n = 0; match(line, /"([^"\\]|\\.)*"/); line = substr(line, RSTART + RLENGTH))
        cell[++n] = substr(line, RSTART + 1, RLENGTH - 2)
    return n
}
# A statement has ended: is what it says to people there in every language?
function judge(    i, text) {
    for (i = 1; i <= said; i++) {
        text = literal[i]
        used[text] = 1
        if (text in row || code ~ /sso_fail|SSO_(WARN|INFO|DEBUG)|sso_reply_header/) continue
        if (text !~ /^(%s[^ ]* )?[A-Z]/) continue
        if (text ~ / / || code ~ /sso_(markup|page)_|sso_link_t|fact/) {
            print unit ": words.def has no row for \"" text "\""; bad = 1
        }
    }
    said = 0; code = ""
}
# A literal; literals that only white space parts are one.
function say(text) {
    if (joined && said) { literal[said] = literal[said] text } else { literal[++said] = text }
    joined = 1
}
function read(text,    c, n) {
    while (text != "") {
        if (match(text, /^"([^"\\]|\\.)*"/)) { say(substr(text, 2, RLENGTH - 2)); n = RLENGTH }
        else if (match(text, /^\047([^\047\\]|\\.)*\047/)) { joined = 0; n = RLENGTH }
        else if (match(text, /^\/\*/)) { n = index(substr(text, 3), "*/") + 3 }
        else if (match(text, /^[ \t\n]+/)) { n = RLENGTH }
        else if (match(text, /^[A-Za-z0-9_]+/)) { joined = 0; code = code " " substr(text, 1, RLENGTH); n = RLENGTH }
        else { joined = 0; c = substr(text, 1, 1); n = 1; if (c == ";") judge() }
        text = substr(text, n + 1)
    }
    judge()
}
FILENAME ~ /words[.]def$/ { if (/^WORDS/ && split_row($0) == 4) { row[cell[1]] = FNR; rows++ } next }
FILENAME ~ /faults[.]def$/ { if (/^FAULT/ && split_row($0) == 3) used[cell[2]] = 1; next }
FILENAME != unit { if (unit) read(whole); unit = FILENAME; whole = "" }
!/^#/ { whole = whole $0 "\n" }
END {
    read(whole)
    for (text in row) if (!(text in used)) { print "words.def:" row[text] ": nobody says \"" text "\""; bad = 1 }
    if (rows < 10) { print "words.def has no rows"; bad = 1 }
    exit bad
}' src/core/words.def src/base/faults.def $units
