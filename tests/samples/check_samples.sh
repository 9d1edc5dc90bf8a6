#!/bin/sh
# The sample Endpoints in docs/samples do what docs/PROTOCOL.hmac.md says: they know vector I1 as a
# request and make vector I4 of it, byte for byte. A language that is not installed is not tried;
# without any, the test counts as skipped.
cd "${srcdir:-.}" || exit 1
secret=mod_sso-test-secret-0123456789abcdef
token=5f2c8b1e9d3a4c7081e6b0f4a2d9c357
sig=092a5a7f20718a060b4c2671964f4ba6d1daf9c2c29efde57bbb613013536827
wanted='https://f.example/cb?data=eyJ0b2tlbiI6IjVmMmM4YjFlOWQzYTRjNzA4MWU2YjBmNGEyZDljMzU3IiwidXNlcl9pZCI6IjQyIiwiZW1haWwiOiJhZGFAZXhhbXBsZS5vcmciLCJuYW1lIjoiQWRhIExvdmVsYWNlIn0%3D&sig=3736838348aeeb5af03ac9c19ec510ab5ae010a468618b1f76a30f7d4da45d0b'
tried=0 failed=0

# check LANGUAGE COMMAND...: the command prints "good", "bad" (three forged requests) and the answer.
check() {
    language=$1; shift
    command -v "$1" >/dev/null || { echo "$language: not installed"; return; }
    tried=$((tried + 1))
    got=$("$@" "$secret" "$token" "$sig" 2>&1)
    if [ "$got" = "good bad bad bad $wanted" ]; then
        echo "$language: ok"
    else
        echo "$language: wanted: good bad bad bad $wanted"
        echo "$language:    got: $got"
        failed=1
    fi
}

check PHP php -r '
    require "docs/samples/hmac-endpoint.php";
    [, $secret, $token, $sig] = $argv;
    $tries = [[$token, $sig], [$token, strrev($sig)], [$token . "\n", $sig], [$token, ""]];
    foreach ($tries as [$t, $s]) echo sso_request_is_good($secret, $t, $s) ? "good " : "bad ";
    echo sso_answer_url($secret, "https://f.example/cb", $token,
        ["user_id" => "42", "email" => "ada@example.org", "name" => "Ada Lovelace"]);' --
check Python python3 -B -c '
import sys
sys.path.insert(0, "docs/samples")
from hmac_endpoint import answer_url, request_is_good
secret, token, sig = sys.argv[1].encode(), sys.argv[2], sys.argv[3]
for t, s in ((token, sig), (token, sig[::-1]), (token + "\n", sig), (token, "")):
    print("good" if request_is_good(secret, t, s) else "bad", end=" ")
print(answer_url(secret, "https://f.example/cb", token,
                 {"user_id": "42", "email": "ada@example.org", "name": "Ada Lovelace"}))'
check Node.js node -e '
    const { requestIsGood, answerUrl } = require("./docs/samples/hmac-endpoint.js");
    const [secret, token, sig] = process.argv.slice(1);
    const tries = [[token, sig], [token, [...sig].reverse().join("")], [token + "\n", sig], [token, ""]];
    for (const [t, s] of tries) process.stdout.write(requestIsGood(secret, t, s) ? "good " : "bad ");
    console.log(answerUrl(secret, "https://f.example/cb", token,
        { user_id: "42", email: "ada@example.org", name: "Ada Lovelace" }));'

# The worked example in the document prints what the document says.
block() { awk -v fence='```'"$1" '$0 == fence { on = 1; next } /^```/ { if (on) exit } on' docs/PROTOCOL.hmac.md; }
if command -v openssl >/dev/null; then
    tried=$((tried + 1))
    wanted=$(block text)
    got=$(block sh | sh 2>&1)
    if [ -n "$wanted" ] && [ "$got" = "$wanted" ]; then
        echo "docs/PROTOCOL.hmac.md: ok"
    else
        printf 'docs/PROTOCOL.hmac.md: its example prints\n%s\n' "$got"
        failed=1
    fi
fi
[ "$tried" -gt 0 ] || exit 77
exit "$failed"
