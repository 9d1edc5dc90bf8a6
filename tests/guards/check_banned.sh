#!/bin/sh
# Functions that are banned, everywhere or outside the one unit that owns them, in src/ and mod_sso.c.
# Comments and string literals do not count; a comparison of bytes near secrets has to say "public".
cd "${srcdir:-.}" || exit 1
[ -d src/base ] && [ -f mod_sso.c ] || { echo "not the source tree: $PWD"; exit 1; }
awk '
# ban(functions, files where they may stand, what to do instead)
function ban(functions, where, instead,    a, n, i) {
    n = split(functions, a, " ")
    for (i = 1; i <= n; i++) { rules++; name[rules] = a[i]; ok[rules] = where; cure[rules] = instead }
}
# The line without comments, literals as "": keeps its state from line to line in `open`.
function code_of(line,    out, i, c, two) {
    if (!open && line !~ /["\047\/]/) return line
    out = ""
    for (i = 1; i <= length(line); i++) {
        c = substr(line, i, 1); two = substr(line, i, 2)
        if (open) { if (two == "*/") { open = 0; i++ } continue }
        if (two == "/*") { open = 1; i++; continue }
        if (two == "//") break
        if (c == "\"" || c == "\047") {
            for (i++; i <= length(line) && substr(line, i, 1) != c; i++) {
                if (substr(line, i, 1) == "\\") i++
            }
            out = out c c
            continue
        }
        out = out c
    }
    return out
}
BEGIN {
    ban("strcpy strncpy stpcpy strcat strncat sprintf vsprintf", "", "use apr_pstrcat or sso_buf")
    ban("strtok gets alloca", "", "use spans")
    ban("atoi atol atoll atof sscanf", "", "use a parser that says no")
    ban("system popen", "", "use sso_secret_run: no shell")
    ban("rand random srand rand_r drand48 RAND_bytes RAND_pseudo_bytes", "^src/crypto/random[.]c$", "use sso_random_bytes")
    ban("localtime gmtime ctime asctime mktime", "", "use base/when")
    ban("setlocale setenv putenv signal", "", "they change the whole process")
    ban("xmlParse[A-Za-z0-9]* xmlRead[A-Z][A-Za-z0-9]* xmlCtxtRead[A-Za-z0-9]* xmlSAX[A-Za-z0-9]* xmlRecover[A-Za-z0-9]* htmlParse[A-Za-z0-9]* htmlRead[A-Za-z0-9]*",
        "^src/saml/saml_xml[.]c$", "use sso_xml_parse")
    ban("xmlXInclude[A-Za-z0-9]* xmlXPath[A-Za-z0-9]* xmlXPtr[A-Za-z0-9]* xmlLoad[A-Za-z0-9]* xmlNewInput[A-Za-z0-9]* xmlCatalog[A-Za-z0-9]* xmlNano[A-Za-z0-9]* xmlSetExternalEntityLoader xslt[A-Za-z0-9]*",
        "", "nothing that a message names is looked up or fetched")
    ban("json_load[a-z_]*", "^src/base/json[.]c$", "use sso_json_parse")
    ban("json_set_alloc_funcs", "", "it changes the whole process")
    ban("curl_[a-z_]*", "^src/net/", "use src/net")
    ban("apr_time_now time gettimeofday", "^src/(httpd|cli)/", "use cx->now")
    ban("apr_pool_create[a-z_]*", "^src/(httpd/(startup|segment|background|auditlog|door)[.]c$|cli/|store/shm_snapshot[.]c$|oidc/oidc_live[.]c$|saml/saml_(catalog|current)[.]c$|core/(account_(db|sql)|roster)[.]c$)", "take a pool from the caller")
    for (r = 1; r <= rules; r++) pattern[r] = "(^|[^A-Za-z0-9_>.])" name[r] "[ \t]*[(]"
}
FNR == 1 { open = 0; files++; guarded = FILENAME ~ /^src\/(crypto|hmac)\/|^src\/saml\/saml_sig|^src\/oidc\/oidc_jw[es]|^src\/oidc\/oidc_token/ }
{
    code = code_of($0)
    if (code !~ /[(]|goto/) next
    if (code ~ /(^|[^A-Za-z0-9_])goto[ \t]/) { print FILENAME ":" FNR ": goto"; bad = 1 }
    if (guarded && code ~ /(^|[^A-Za-z0-9_])(memcmp|strcmp)[ \t]*[(]/ && $0 !~ /public/) {
        print FILENAME ":" FNR ": memcmp or strcmp: use sso_mac_same, or say that the bytes are public"; bad = 1
    }
    for (r = 1; r <= rules; r++) {
        if (code !~ pattern[r] || (ok[r] != "" && FILENAME ~ ok[r])) continue
        print FILENAME ":" FNR ": " name[r] ": " cure[r]; bad = 1
    }
}
END { if (files < 2) { print "no sources"; bad = 1 } exit bad }' mod_sso.c $(find src -name '*.[ch]' | sort)
