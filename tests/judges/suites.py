# SPDX-License-Identifier: Apache-2.0
"""The cases of other projects' suites, read from the packages that fetch.py downloads. Their code is read as text and never executed."""
import ast
import hashlib
import re
import tarfile
from dataclasses import dataclass

TAKES, REFUSES, UNKNOWN = "takes", "refuses", "?"


@dataclass
class Case:
    name: str
    data: bytes
    theirs: str = UNKNOWN  # what their suite expects: TAKES, REFUSES, or UNKNOWN where the suite does not say it in a way that is read here

    @property
    def id(self):
        """The name, and a digest of the bytes, so that a verdict cannot be taken for that of another case."""
        return f"{self.name} {hashlib.sha256(self.data).hexdigest()[:8]}"


def members(folder, package, pattern):
    """The files of a source package whose path below its top folder matches."""
    with tarfile.open(next(folder.glob(f"{package}-*.tar.gz"))) as tar:
        for entry in tar:
            path = entry.name.partition("/")[2]
            if entry.isfile() and (match := re.fullmatch(pattern, path)):
                yield match[1], tar.extractfile(entry).read()


def response(data):
    """A literal as a response, or None if it is none: a body in chunks gets a head. The readers that such a body is written for stop behind the
    last chunk, so the empty line that ends the trailer is added."""
    if re.match(rb"[0-9a-fA-F]+[ \t]*(;[^\r\n]*)?\r?\n", data):
        end = b"\r\n" if re.search(rb"(^|\n)0[^\r\n]*\r\n$", data) else b""
        return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + data + end
    return data if data.startswith(b"HTTP/") and b"%" not in data else None  # what a format makes is not read


# llhttp: Markdown, with a block of HTTP and the log of the parser for each case.

def llhttp_bytes(text):
    """As llhttp's test/md-test.ts reads a block. Its cases of responses have no JavaScript in them."""
    assert "${" not in text
    text = re.sub(r"\\(\r\n|\r|\n)", "", text.removesuffix("\n"))
    text = re.sub(r"\r\n|\r|\n", "\r\n", text)
    for word, byte in (("\\r", "\r"), ("\\n", "\n"), ("\\t", "\t"), ("\\f", "\f")):
        text = text.replace(word, byte)
    text = re.sub(r"\\x([0-9a-fA-F]+)", lambda m: chr(int(m[1], 16)), text)
    return re.sub(r"\\([0-7]{1,3})", lambda m: chr(int(m[1], 8)), text).encode()


def llhttp(folder):
    block = re.compile(r"^#+ ([^\n]*)$|^<!-- meta=(\{.*?\}) -->$|^```(http|log)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    for file, text in members(folder, "aiohttp", r"vendor/llhttp/test/response/(.*)\.md"):
        heading = data = meta = None
        for match in block.finditer(text.decode()):
            if match[1] is not None:
                heading = match[1]
            elif match[2]:
                meta = match[2]
            elif match[3] == "http":
                data = llhttp_bytes(match[4])
            else:
                # Lenient parsers are not what others should take after.
                theirs = UNKNOWN if "lenient" in meta else REFUSES if re.search(r"^off=\d+ error code=", match[4], re.MULTILINE) else TAKES
                yield Case(f"{file}: {heading}", data, theirs)


# Python: literals of bytes that begin a response, or that are given to a reader of chunks.

def folded(node):
    """The bytes of a literal, or of a sum of literals; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, bytes):
        return node.value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = folded(node.left), folded(node.right)
        return None if left is None or right is None else left + right
    return None


def literals(node, raises=False):
    """Every such literal that is not a part of another one: (node, bytes, whether an error is expected)."""
    data = folded(node)
    if data is not None:
        yield node, data, raises
        return
    if isinstance(node, ast.With) and "raises(" in ast.unparse(node.items[0]):
        raises = True
    if isinstance(node, ast.Call) and "Error" in "".join(ast.unparse(arg) for arg in node.args[2:3]):
        raises = True
    for child in ast.iter_child_nodes(node):
        yield from literals(child, raises)


def python(folder, package, pattern, says_errors):
    for file, text in members(folder, package, pattern):
        for node, data, raises in literals(ast.parse(text)):
            if data := response(data):
                yield Case(f"{file}:{node.lineno}", data, (REFUSES if raises else TAKES) if says_errors else UNKNOWN)


def h11(folder):
    return python(folder, "h11", r"h11/tests/(test_(?:io|connection))\.py", True)


def aiohttp(folder):
    return python(folder, "aiohttp", r"tests/(test_http_parser)\.py", False)


# Go: string literals, and sums of them, that begin a response or a body in chunks.

GO_TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|`[^`]*`|"(?:[^"\\\n]|\\.)*"|' r"'(?:[^'\\\n]|\\.)+'|\+|\s+|.", re.DOTALL)
GO_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([0-7]{3})|(.))", re.DOTALL)
GO_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def go_bytes(token):
    if token[0] == "`":
        return token[1:-1].replace("\r", "").encode()
    out, at = b"", 1
    for match in GO_ESCAPE.finditer(token, 1, len(token) - 1):
        byte, char, octal, letter = match.groups()
        out += token[at:match.start()].encode()
        out += (bytes([int(byte, 16)]) if byte else chr(int(char, 16)).encode() if char else bytes([int(octal, 8)]) if octal
                else GO_LETTERS.get(letter, letter).encode())
        at = match.end()
    return out + token[at:-1].encode()


def go_strings(text):
    """(line, bytes) of each literal, or sum of literals that follow one another."""
    line, data, start, plus = 1, None, 0, False
    for match in GO_TOKEN.finditer(text):
        token = match[0]
        is_space = token.isspace() or token.startswith(("//", "/*"))
        if token[0] in '"`' and len(token) > 1:
            if data is not None and not plus:
                yield start, data
                data = None
            start, data, plus = (line, go_bytes(token), False) if data is None else (start, data + go_bytes(token), False)
        elif token == "+" and data is not None:
            plus = True
        elif not is_space and data is not None:
            yield start, data
            data, plus = None, False
        line += token.count("\n")


def go(folder):
    for path in sorted((folder / "go").rglob("*_test.go")):
        for line, data in go_strings(path.read_text()):
            if (data := response(data)) and b"\n" in data:
                yield Case(f"{path.name}:{line}", data)


# JSONTestSuite: the first letter of a name says what a parser should do.

def jsontestsuite(folder):
    letters = {"y": TAKES, "n": REFUSES, "i": UNKNOWN}
    for name, data in members(folder, "pyjson5", r"third-party/JSONTestSuite/test_parsing/(.*\.json)"):
        yield Case(name, data, letters[name[0]])


SUITES = {"llhttp": llhttp, "go": go, "h11": h11, "aiohttp": aiohttp, "jsontestsuite": jsontestsuite}


def cases(suite, folder):
    """Sorted, and without those that are the same in name and bytes."""
    return sorted({case.id: case for case in SUITES[suite](folder)}.values(), key=lambda case: case.id)
