# SPDX-License-Identifier: Apache-2.0
"""Every path and every name of a source file that a page or a comment mentions is that of a file or a folder in the tree."""
import ast
import fnmatch
import io
import re
import tokenize

import pytest
from test_style import TEXTS, TOP, name, text_of

START = r"(?<![\w./{}$*~<%-])"  # not within a longer path, and not after what a shell or Python puts in
FOLDERS = "lib|sidecar|tests|tools|docs|deploy|subprojects"
# From the top of the tree: lib/net/url.h, tests/fuzz/, tests/certs/*.py, lib/output/files.[ch].
PATH = re.compile(rf"{START}(?:{FOLDERS})/[\w./*-]*(?:\[ch\]|[\w/*])")
# The end of a path: url.h, net/url.h, test_*.py.
SOURCE = re.compile(rf"{START}(?:[\w-]+/)*[\w*-]+\.(?:c|h|py|sh|toml|build|md)(?![\w/(*-])(?!\.\w)")
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
# Words that stand for one name of several.
PLACEHOLDER = re.compile(r"(?<![A-Z])(?:NAME|FOLDER|SERVICE|COMMAND|INPUT|OUT|PAGE|X)(?![A-Z])")
COMMENT = {
    ".c": re.compile(r"/\*.*?\*/|//[^\n]*", re.S),
    ".h": re.compile(r"/\*.*?\*/|//[^\n]*", re.S),
    ".sh": re.compile(r"(?<!\S)#[^\n]*"),
    ".build": re.compile(r"(?<!\S)#[^\n]*"),
    ".toml": re.compile(r"^#[^\n]*", re.M),
    ".yaml": re.compile(r"(?<!\S)#[^\n]*"),
    ".Dockerfile": re.compile(r"^#[^\n]*", re.M),
    ".scratch": re.compile(r"^#[^\n]*", re.M),
}
# Names that are not in the tree: tools/deps.sh fetches the file, or the build makes it, or it is not ours (a header of Linux, the start of a token, a program of Keycloak).
FETCHED = re.compile(r"subprojects/(bearssl|bogo|cjson|musl|packagecache)(/|$)")
MADE = {"error_codes.h", "error_table.h", "protocol_table.h", "packed_options.h", "check_numbers.h", "check_table.h", "version.h"}
NOT_OURS = {"include/uapi/linux/landlock.h", "ya29.c", "kcadm.sh", "kc.sh"}
FILES = {name(path) for path in TEXTS} | MADE | NOT_OURS


def python_comments(text):
    """The comments and the documentation strings of a Python source."""
    comments = [token.string for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type == tokenize.COMMENT]
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return comments + [ast.get_docstring(node) or "" for node in ast.walk(ast.parse(text)) if isinstance(node, kinds)]


def words_of(suffix, text):
    """What a file says to people: the whole of a page, the comments of a source, nothing of any other file."""
    if suffix == ".md":
        return text
    if suffix == ".py":
        return "\n".join(python_comments(text))
    return "\n".join(COMMENT[suffix].findall(text)) if suffix in COMMENT else ""


def mentioned(words):
    return PATH.findall(words) + SOURCE.findall(PATH.sub(" ", words))


def is_there(mention):
    pattern = PLACEHOLDER.sub("*", mention).rstrip("/")
    if FETCHED.match(mention) or any(TOP.glob(pattern)):
        return True
    return not PATH.match(mention) and any(fnmatch.fnmatchcase(f"/{file}", f"*/{pattern}") for file in FILES)


def missing(suffix, text):
    return [mention for mention in mentioned(words_of(suffix, text)) if not is_there(mention)]


# Files that people wrote about this tree. The recordings and the corpora are data.
READ = [path for path in TEXTS if not name(path).startswith(("subprojects/", "tests/oracle/recorded/", "tests/fuzz/corpus/"))]
PAGES = [path for path in READ if path.suffix == ".md"]


def test_what_is_mentioned_is_there():
    found = [f"{name(path)}: {mention}" for path in READ for mention in missing(path.suffix, text_of(path))]
    assert not found, "\n".join(found)


def test_links_lead_to_files():
    broken = [f"{name(page)}: {link}" for page in PAGES for link in LINK.findall(text_of(page)) if not (page.parent / link).exists()]
    assert not broken, "\n".join(broken)


def test_much_is_mentioned():
    """The checks above read what they are meant to read."""
    assert sum(len(mentioned(words_of(path.suffix, text_of(path)))) for path in READ) > 300
    assert sum(len(LINK.findall(text_of(page))) for page in PAGES) > 30


@pytest.mark.parametrize("suffix, text", [
    (".md", "the resolver (`lib/net/dns.c`, `net/dns.h`) and `test_style.py`; tests are in `tests/unit/FOLDER/test_NAME.c`"),
    (".md", "lib/output/files.[ch], tests/fuzz/fuzz_*.c, tools/deps.sh. Docs: docs/"),
    (".md", "made by the build: `version.h`, `build/tests/mock-sts`, subprojects/musl/out-amd64/static-pie.specs"),
    (".md", "not of this tree: /usr/include/lost.h, <lost.h>, $dir/lost.sh, lost.c_str, lost.html"),
    (".c", 'int x; /* see url.h */\nconst char *y = "lost.h";\n'),
    (".py", 'X = """\nlost.py\n"""\n\n\ndef f():\n    """As test_style.py does."""\n    return "lost.py"  # url.h\n'),
    (".json", "lib/lost.c"),
])
def test_right_mentions_pass(suffix, text):
    assert missing(suffix, text) == []


@pytest.mark.parametrize("suffix, text, lost", [
    (".md", "see `lib/dns.c`, please", "lib/dns.c"),
    (".md", "see lost.h.", "lost.h"),
    (".md", "(`http/dns.h`)", "http/dns.h"),
    (".md", "`tests/lost/` has them", "tests/lost/"),
    (".md", "`tests/unit/test_NAME.c`", "tests/unit/test_NAME.c"),
    (".md", "lib/output/lost.[ch]", "lib/output/lost.[ch]"),
    (".c", "/* A comment,\n * which names lost.c. */", "lost.c"),
    (".h", "int f(void); // as lost.c says", "lost.c"),
    (".py", "# As lost.py does.\n", "lost.py"),
    (".py", 'def f():\n    """As lost.py does."""\n', "lost.py"),
    (".sh", "true # tools/lost.sh does it", "tools/lost.sh"),
    (".build", "x = 1 # lost.toml\n", "lost.toml"),
    (".toml", "# sidecar/lost.toml\n", "sidecar/lost.toml"),
    (".yaml", "a: 1 # deploy/lost.yaml\n", "deploy/lost.yaml"),
])
def test_wrong_mentions_are_found(suffix, text, lost):
    assert missing(suffix, text) == [lost]
