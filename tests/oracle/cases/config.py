# SPDX-License-Identifier: Apache-2.0
"""Mistakes in a configuration file: where they are, and what is said of them."""
import json
import os

from oracle.suite import add, case


def text(name, content, *args, command="fetch", **more):
    """A configuration file with this text."""
    def does(scene):
        scene.write("config.json", content if isinstance(content, (str, bytes)) else json.dumps(content))
        scene.run(command, "--config=DIR/config.json", *args, **more)
    add(f"config/{name}", does)


def one(members):
    return '{"exchanges":[{"name":"a",' + members + "}]}"


# ---- not JSON, or of another shape ----
SHAPES = {
    "empty": "", "blank": " \n", "web-page": "<html>", "unfinished": "{", "no-colon": '{\n  "a" 1}', "byte-order-mark": b'\xef\xbb\xbf{"a":01}',
    "comma-at-the-end": "\n\n [1,]", "comma-in-an-object": '{"exchanges": [\n  {"name": "a",}]}', "more-after-the-end": "{} x", "single-quotes": "{\"url\":'x'}",
    "nul": '{"url":"\\u0000"}', "comment": "// no\n{}", "line-break-in-a-string": '{"url":"a\nb"}', "bad-escape": '{"url":"\\x"}', "lone-surrogate": '{"url":"\\ud800"}',
    "not-utf-8": b'{"url":"\xff"}', "too-deep": "[" * 40, "large-number": '{"timeout":1e999}', "unfinished-string": '{"url":"x', "no-quotes": "{url:1}",
    "array": "[]", "number": " 1", "nothing-in-it": "{}", "no-exchanges": '{"url":"x"}', "exchanges-an-object": '{"exchanges":{}}', "exchanges-empty": '{"exchanges":[]}',
    "exchanges-null": '{"exchanges":null}', "exchange-a-number": '{"exchanges":[1]}', "exchange-without-a-name": '{"exchanges":[\n{}]}',
    "exchange-with-options-and-no-name": '{"exchanges":[{"url":"x"}]}', "too-large": "{" + " " * 65536 + "}",
}
for name, content in SHAPES.items():
    text(name, content)

# ---- names ----
for name, given in {"number": "1", "empty": '""', "upper": '"A"', "dash-first": '"-a"', "dash-last": '"a-"', "dot": '"a.b"', "escape": '"\\u001b[m"', "long": f'"{"1" * 32}"', "array": "[]"}.items():
    text(f"name-{name}", f'{{"exchanges":[{{"name":{given}}}]}}')
text("name-twice", '{"exchanges":[{"name":"a"},\n{"name":"a"}]}')
text("two-without-a-directory", '{"exchanges":[{"name":"a"},\n {"name":"b"}]}')
text("two-with-one-directory", '{"exchanges":[{"name":"a","output-dir":"/t/a"},\n{"name":"b","output-dir":"/t//./a/"}]}')
text("one-directory-at-the-top", '{"output-dir":"/t","exchanges":[{"name":"a"},{"name":"b"}]}')
text("seventeen", {"exchanges": [{"name": f"e{i}", "output-dir": f"/t/{i}"} for i in range(17)]})
text("list-too-long", {"scope": [f"s{i}" for i in range(49)], "exchanges": [{"name": "a"}]})
text("too-many-values", {"scope": ["s"] * 1537, "exchanges": [{"name": "a"}]})

# ---- keys ----
KEYS = {
    "exchanges-twice": '{"exchanges":[{"name":"a"}],"exchanges":[{"name":"a"}]}', "twice-at-the-top": '{"url":"x",\n "url":"x"}', "twice-by-an-escape": '{"url":"x","\\u0075rl":"x"}',
    "twice": one('"url":"x","url":"x"'), "name-twice-in-one": one('"name":"b"'), "twice-in-param": one('"param":{"k":"1","k":"2"}'), "exchange": '{"exchange":[]}',
    "name-at-the-top": '{"name":"a"}', "line-break": '{"x\\ny":"a"}', "empty": '{"":1}', "near": '{"log-levle":"info"}', "underscore": one('"token_file":"x"'), "near-name": one('"nam":"x"'),
    "exchanges-in-one": one('"exchanges":[]'), "upper": one('"URL":"x"'), "dashes": one('"--url":"x"'), "of-check": one('"min-ttl":"1s"'), "far": one('"zzzzzz":"x"'),
    "of-the-process": one('"log-level":"info"'), "listen-in-one": one('"listen":":8080"'), "command-line": one('"stdout":false'), "command-line-at-the-top": '{"dry-run":true}', "config-in-config": '{"config":"g"}',
}
for name, content in KEYS.items():
    text(f"key-{name}", content)

# ---- values ----
VALUES = {
    "url-number": '{"url":1}', "url-null": '{"url":null}', "url-array": '{"url":["x"]}', "timeout-true": '{"timeout":true}', "flag-number": '{"cacert-only":1}', "choice-number": '{"body":1}',
    "scope-number": '{"scope":1}', "scope-object": '{"scope":{"a":"b"}}', "scope-mixed": '{"scope":["a",\n 1]}', "param-number": '{"param":7}', "param-of-numbers": '{"param":{"a":1}}',
    "param-name-with-equals": '{"param":{"a=b":"c"}}', "url-empty": one('"url":""'), "timeout-word": one('"timeout":"soon"'), "timeout-negative": one('"timeout":-1'), "timeout-exponent": one('"timeout":1e3'),
    "mode": one('"mode":999'), "group": one('"group":-5'), "fraction": one('"refresh-fraction":2'), "body": one('"body":"xml"'), "flag-word": one('"cacert-only":"perhaps"'),
    "list-with-an-empty-text": one('"scope":["a",""]'), "param-without-equals": one('"param":["a"]'), "param-without-a-name": one('"param":"=x"'), "secret": one('"param":{"client_secret":"hunter2"}'),
    "secret-header": one('"header":["Authorization=x"]'), "at-the-top": '{"timeout":"x",\n"exchanges":[{"name":"a"}]}',
}
for name, content in VALUES.items():
    text(f"value-{name}", content)

# ---- what only planning sees ----
A = {"name": "a", "url": "https://a.example/t", "output-dir": "/a"}
B = {"name": "b", "url": "https://b.example/t", "output-dir": "/b"}
ONCE = {"protocol": "anthropic", "param": {"federation_rule_id": "f", "organization_id": "o"}, "token-file": "/t"}
text("no-url", {"exchanges": [{"name": "a"}]})
text("timeout-short", {"exchanges": [A, B | {"timeout": "10ms"}]})
text("unknown-protocol", {"exchanges": [A, B | {"protocol": "awss"}]})
text("parameter-missing", {"exchanges": [A, {"name": "b", "protocol": "aws", "output-dir": "/b"}]})
text("directory-for-all", {"exchanges": [A, B]}, "--output-dir=/x")
text("directory-for-all-by-variable", {"exchanges": [A, B]}, env={"STS_OUTPUT_DIR": "/x"})
text("wait-for-each-other", {"exchanges": [A | {"token-file": "/b/token.jwt"}, B | {"token-file": "/a/token.jwt"}]})
text("waits-for-itself", {"exchanges": [A | {"token-file": "/a/token.jwt"}]})
text("wait-in-a-circle-of-three", {"exchanges": [A | {"token-file": "/b/token.jwt"}, B | {"token-file": "/c/token.jwt"}, {"name": "c", "url": "https://c.example/", "output-dir": "/c", "token-file": "/a/token.jwt"}]})
text("one-subject-token-that-may-be-sent-once", {"exchanges": [{"name": "a", "output-dir": "/a"} | ONCE, {"name": "b", "output-dir": "/b"} | ONCE]})
text("two-that-print", {"exchanges": [A, B]}, "--stdout")
text("run-standard-input", {"exchanges": [A | {"token-file": "-"}]}, command="run")
text("run-listen", {"listen": "localhost:1", "exchanges": [A]}, command="run")
text("run-mistake", '{"exchanges": [\n  {"name": "a",}]}', command="run")
text("paths-too-long", {"exchanges": [{"name": f"e{i}", "url": "https://a.example/", "output-dir": f"/{i}" + "x" * 3000} for i in range(16)]})
text("exchange-takes-none", {"exchanges": [A]}, "/t", "https://a.example/", "/o", command="exchange")
text("no-such-directory", {"exchanges": [A | {"output-dir": "/nowhere/at/all"}]}, "--log-format=text")


@case("config/missing")
def missing(scene):
    scene.run("fetch", "--config=DIR/none.json")


@case("config/missing-in-a-dry-run")
def missing_dry(scene):
    scene.run("fetch", "--dry-run", "--config=DIR/none.json")


@case("config/by-variable")
def by_variable(scene):
    scene.run("run", env={"STS_CONFIG": "DIR/none.json"})


@case("config/directory")
def directory(scene):
    scene.run("fetch", "--config=DIR")


@case("config/fifo")
def fifo(scene):
    os.mkfifo(scene.folder / "fifo")
    scene.run("fetch", "--config=DIR/fifo")


@case("config/unreadable")
def unreadable(scene):
    scene.write("secret.json", "{}", 0o600)
    scene.run("fetch", "--config=DIR/secret.json")


@case("config/long-path")
def long_path(scene):
    scene.run("fetch", "--config=DIR/" + "x" * 200)
