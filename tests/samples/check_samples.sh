#!/bin/sh
# The sample Endpoints in docs/samples do what docs/PROTOCOL.hmac.md and PROTOCOL.discourse.md say: they
# know vectors I1 and D6 as requests and make vectors I4 and D21 of them, byte for byte. A language that
# is not installed is not tried; without any, the test counts as skipped.
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
check Ruby ruby -e '
    require "./docs/samples/hmac_endpoint.rb"
    secret, token, sig = ARGV
    [[token, sig], [token, sig.reverse], [token + "\n", sig], [token, ""]].each do |t, s|
      print SsoEndpoint.request_good?(secret, t, s) ? "good " : "bad "
    end
    puts SsoEndpoint.answer_url(secret, "https://f.example/cb", token,
      "user_id" => "42", "email" => "ada@example.org", "name" => "Ada Lovelace")'

# DiscourseConnect: a good request, then a forged one, one with another host (D8a) and an answer that is
# passed off as a request (D27); then whether the good one wants a logout, and D26.
secret=d836444a9e4084d5b224a60c208dce14
sso='bm9uY2U9Y2I2ODI1MWVlZmI1MjExZTU4YzAwZmYxMzk1ZjBjMGImcmV0dXJuX3Nzb191cmw9aHR0cHMlM0ElMkYlMkZkaXNjdXNzLmV4YW1wbGUuY29tJTJGc2Vzc2lvbiUyRnNzb19sb2dpbg=='
sig=83fc57ae1202cfbbdfcb8d647a4301a010fabe0f92c0c5c17a56d956025c9a5f
evil_sso='bm9uY2U9Y2I2ODI1MWVlZmI1MjExZTU4YzAwZmYxMzk1ZjBjMGImcmV0dXJuX3Nzb191cmw9aHR0cHMlM0ElMkYlMkZkaXNjdXNzLmV4YW1wbGUuY29tJTQwZXZpbC5leGFtcGxlJTJG'
evil_sig=cfe0b29c4fd00546854d2d2c357013a73aad40efe5cec7781c98f2ec1e4c1416
answer_sso='bm9uY2U9Y2I2ODI1MWVlZmI1MjExZTU4YzAwZmYxMzk1ZjBjMGImZXh0ZXJuYWxfaWQ9NDImZW1haWw9YWRhJTQwZXhhbXBsZS5vcmcmdXNlcm5hbWU9YWRhJm5hbWU9QWRhK0xvdmVsYWNl'
answer_sig=62d9f312da175944ddf48236b2d8ed930a815061831b06e2a32ca824271f720e
wanted='https://discuss.example.com/session/sso_login?sso=bm9uY2U9Y2I2ODI1MWVlZmI1MjExZTU4YzAwZmYxMzk1ZjBjMGImZXh0ZXJuYWxfaWQ9NDImZW1haWw9YWRhJTQwZXhhbXBsZS5vcmcmdXNlcm5hbWU9YWRhJm5hbWU9QWRhK0xvdmVsYWNl&sig=62d9f312da175944ddf48236b2d8ed930a815061831b06e2a32ca824271f720e'

logout_sso='bm9uY2U9Y2I2ODI1MWVlZmI1MjExZTU4YzAwZmYxMzk1ZjBjMGImcmV0dXJuX3Nzb191cmw9aHR0cHMlM0ElMkYlMkZkaXNjdXNzLmV4YW1wbGUuY29tJTJGc2Vzc2lvbiUyRnNzb19sb2dpbiZsb2dvdXQ9dHJ1ZQ=='

check_discourse() {
    language=$1; shift
    command -v "$1" >/dev/null || { echo "$language, DiscourseConnect: not installed"; return; }
    tried=$((tried + 1))
    got=$("$@" "$secret" "$sso" "$sig" "$evil_sso" "$evil_sig" "$answer_sso" "$answer_sig" \
        "$logout_sso" 2>&1)
    if [ "$got" = "good bad bad bad stay leave $wanted" ]; then
        echo "$language, DiscourseConnect: ok"
    else
        echo "$language, DiscourseConnect: wanted: good bad bad bad stay leave $wanted"
        echo "$language, DiscourseConnect:    got: $got"
        failed=1
    fi
}

check_discourse PHP php -r '
    require "docs/samples/discourse-endpoint.php";
    [, $secret, $sso, $sig, $evil, $evil_sig, $answer, $answer_sig, $logout] = $argv;
    $hosts = ["discuss.example.com"];
    $tries = [[$sso, $sig], [$sso, strrev($sig)], [$evil, $evil_sig], [$answer, $answer_sig]];
    foreach ($tries as [$t, $s]) echo discourse_read_request($secret, $t, $s, $hosts) ? "good " : "bad ";
    foreach ([$sso, $logout] as $t) echo discourse_wants_logout($t) ? "leave " : "stay ";
    [$nonce, $url] = discourse_read_request($secret, $sso, $sig, $hosts);
    echo discourse_answer_url($secret, $nonce, $url, ["external_id" => "42", "email" => "ada@example.org",
        "username" => "ada", "name" => "Ada Lovelace"]);' --
check_discourse Python python3 -B -c '
import sys
sys.path.insert(0, "docs/samples")
from discourse_endpoint import answer_url, read_request, wants_logout
secret, sso, sig, evil, evil_sig, answer, answer_sig, logout = sys.argv[1:]
key, hosts = secret.encode(), {"discuss.example.com"}
for t, s in ((sso, sig), (sso, sig[::-1]), (evil, evil_sig), (answer, answer_sig)):
    print("good" if read_request(key, t, s, hosts) else "bad", end=" ")
for t in (sso, logout):
    print("leave" if wants_logout(t) else "stay", end=" ")
print(answer_url(key, *read_request(key, sso, sig, hosts), {"external_id": "42",
      "email": "ada@example.org", "username": "ada", "name": "Ada Lovelace"}))'
check_discourse Node.js node -e '
    const { readRequest, wantsLogout, answerUrl } = require("./docs/samples/discourse-endpoint.js");
    const [secret, sso, sig, evil, evilSig, answer, answerSig, logout] = process.argv.slice(1);
    const hosts = ["discuss.example.com"];
    const tries = [[sso, sig], [sso, [...sig].reverse().join("")], [evil, evilSig], [answer, answerSig]];
    for (const [t, s] of tries) process.stdout.write(readRequest(secret, t, s, hosts) ? "good " : "bad ");
    for (const t of [sso, logout]) process.stdout.write(wantsLogout(t) ? "leave " : "stay ");
    console.log(answerUrl(secret, ...readRequest(secret, sso, sig, hosts), { external_id: "42",
        email: "ada@example.org", username: "ada", name: "Ada Lovelace" }));'
check_discourse Ruby ruby -e '
    require "./docs/samples/discourse_endpoint.rb"
    secret, sso, sig, evil, evil_sig, answer, answer_sig, logout = ARGV
    hosts = ["discuss.example.com"]
    [[sso, sig], [sso, sig.reverse], [evil, evil_sig], [answer, answer_sig]].each do |t, s|
      print DiscourseEndpoint.read_request(secret, t, s, hosts) ? "good " : "bad "
    end
    [sso, logout].each { |t| print DiscourseEndpoint.wants_logout?(t) ? "leave " : "stay " }
    puts DiscourseEndpoint.answer_url(secret, *DiscourseEndpoint.read_request(secret, sso, sig, hosts),
      "external_id" => "42", "email" => "ada@example.org", "username" => "ada", "name" => "Ada Lovelace")'

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
