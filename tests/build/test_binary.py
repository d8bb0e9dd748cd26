# SPDX-License-Identifier: Apache-2.0
"""What must hold for the release binary, read from its bytes, from a running process, and from a second build elsewhere."""
import collections
import os
import pathlib
import platform
import re
import shutil
import struct
import subprocess
import tempfile
import time

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
BINARY = TOP / "build/sts-sidecar"
ROOT = os.geteuid() == 0
X86 = platform.machine() == "x86_64"
PAGE = os.sysconf("SC_PAGESIZE")
EM_X86_64, EM_AARCH64 = 62, 183
MAX_BYTES = {EM_X86_64: 320 * 1024, EM_AARCH64: 400 * 1024}

PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE, PT_TLS = 1, 2, 3, 4, 7
PT_GNU_STACK, PT_GNU_RELRO = 0x6474E551, 0x6474E552
ET_DYN, DT_NEEDED, DT_TEXTREL, DT_FLAGS_1 = 3, 1, 22, 0x6FFFFFFB
DF_1_NOW, DF_1_PIE = 1, 0x08000000
WRITE, EXECUTE = 2, 1


class Elf:
    """Just enough of a 64-bit little-endian ELF file."""

    def __init__(self, path):
        self.data = path.read_bytes()
        assert self.data[:6] == b"\x7fELF\x02\x01"
        self.type, self.machine = struct.unpack_from("<HH", self.data, 16)
        offset, = struct.unpack_from("<Q", self.data, 32)
        size, count = struct.unpack_from("<HH", self.data, 54)
        self.sections, = struct.unpack_from("<H", self.data, 60)
        self.segments = []
        for i in range(count):
            kind, flags, at, address, _, in_file, in_memory, _ = struct.unpack_from("<IIQQQQQQ", self.data, offset + i * size)
            self.segments.append({"type": kind, "flags": flags, "offset": at, "address": address, "file": in_file, "memory": in_memory})

    def of(self, kind):
        return [segment for segment in self.segments if segment["type"] == kind]

    def dynamic(self):
        tags = {}
        for segment in self.of(PT_DYNAMIC):
            for at in range(segment["offset"], segment["offset"] + segment["file"], 16):
                tag, value = struct.unpack_from("<QQ", self.data, at)
                if tag == 0:
                    break
                tags[tag] = value
        return tags

    def code(self):
        return b"".join(self.data[s["offset"]:s["offset"] + s["file"]] for s in self.of(PT_LOAD) if s["flags"] & EXECUTE)


@pytest.fixture(scope="module")
def elf():
    return Elf(BINARY)


def test_a_static_pie(elf):
    assert elf.type == ET_DYN
    assert elf.of(PT_INTERP) == []
    assert elf.of(PT_DYNAMIC), "it relocates itself"
    assert DT_NEEDED not in elf.dynamic()
    assert DT_TEXTREL not in elf.dynamic()
    assert elf.dynamic().get(DT_FLAGS_1, 0) & DF_1_PIE


def test_nothing_is_writable_and_executable(elf):
    assert [s for s in elf.of(PT_LOAD) if s["flags"] & WRITE and s["flags"] & EXECUTE] == []
    stack, = elf.of(PT_GNU_STACK)
    assert not stack["flags"] & EXECUTE
    assert len([s for s in elf.of(PT_LOAD) if s["flags"] & EXECUTE]) == 1


def test_relro(elf):
    relro, = elf.of(PT_GNU_RELRO)
    assert relro["memory"] > 0
    data = [s for s in elf.of(PT_LOAD) if s["address"] <= relro["address"] < s["address"] + s["memory"]]
    assert len(data) == 1 and data[0]["flags"] & WRITE
    assert elf.dynamic()[DT_FLAGS_1] & DF_1_NOW, "no address of a function stays writable"


def test_small(elf):
    """The release binary, and the cross-compiled one where it is built."""
    cross = TOP / "build-arm64/sts-sidecar"
    for each in [elf, Elf(cross)] if cross.exists() else [elf]:
        assert len(each.data) <= MAX_BYTES[each.machine]


def test_stripped(elf):
    assert b".symtab" not in elf.data[-4096:]
    assert b".debug" not in elf.data[-4096:]


def test_no_build_id_and_no_trace_of_the_build(elf):
    for note in elf.of(PT_NOTE):
        assert b"GNU\0" not in elf.data[note["offset"]:note["offset"] + note["file"]] or not X86
    for trace in (str(TOP).encode(), b"/tmp/"):
        assert trace not in elf.data


def test_no_check_of_tls_can_be_switched_off(elf):
    """The switches of lib/tls/testing.h are in programs of the tests alone."""
    for words in (b"STS_TLS_CHECK_OFF", b"extension_unasked"):
        assert words not in elf.data
        assert words in (TOP / "build/tests/tls-client").read_bytes()


@pytest.mark.skipif(not X86, reason="looks for x86-64 instructions")
def test_stack_protector(elf):
    # mov guard(%rip),%reg and sub guard(%rip),%reg, at the start and the end of a function. Each names the one variable.
    segment, = [s for s in elf.of(PT_LOAD) if s["flags"] & EXECUTE]
    code = elf.data[segment["offset"]:segment["offset"] + segment["file"]]
    uses = {0x8B: [], 0x2B: []}
    for found in re.finditer(rb"(?=[\x48\x4c]([\x8b\x2b])[\x05\x0d\x15\x1d\x25\x2d\x35\x3d](.{4}))", code, re.S):
        uses[found[1][0]].append(found.start() + 7 + struct.unpack("<i", found[2])[0])
    (guard, checks), = collections.Counter(uses[0x2B]).most_common(1)
    # Each function that gives away the address of a variable in the folders that read what strangers send, and each that has an array of
    # bytes; link-time optimisation has made one of several.
    assert checks >= 150 and uses[0x8B].count(guard) >= 150


@pytest.mark.parametrize("archive", ["lib/libsts.a", "subprojects/cjson/libcjson.a", "subprojects/bearssl/libbearssl.a"])
def test_stack_protector_in_every_library(archive):
    # Not nm, which looks at what link-time optimisation sees.
    run = subprocess.run(["readelf", "-sW", str(BINARY.parent / archive)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                         timeout=60)
    assert run.returncode == 0
    assert "__stack_chk_fail" in run.stdout


@pytest.fixture
def running():
    """A process of the binary that sleeps for a while."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen([str(BINARY), "check", "--wait", "30s", folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            time.sleep(0.3)
            assert process.poll() is None
            yield process.pid
        finally:
            process.kill()
            process.wait(10)


def mappings(pid):
    found = []
    for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
        match = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) ([0-9a-f]+) \S+ \S+\s*(.*)", line)
        found.append((int(match[1], 16), int(match[2], 16), match[3], int(match[4], 16), match[5]))
    return found


@pytest.mark.skipif(not ROOT, reason="the process lets only root look at its mappings")
def test_relro_is_read_only_at_run_time(elf, running):
    maps = mappings(running)
    base = min(start for start, _, _, _, name in maps if name == str(BINARY))
    relro, = elf.of(PT_GNU_RELRO)
    first = base + relro["address"] // PAGE * PAGE
    last = base + (relro["address"] + relro["memory"]) // PAGE * PAGE
    assert last > first
    covering = [(start, end, mode) for start, end, mode, _, _ in maps if start < last and end > first]
    assert covering
    assert {mode for _, _, mode in covering} == {"r--p"}, covering


@pytest.mark.skipif(not ROOT, reason="the process lets only root look at its mappings")
def test_no_mapping_is_writable_and_executable(running):
    maps = mappings(running)
    assert [m for m in maps if "w" in m[2] and "x" in m[2]] == []
    assert [m for m in maps if m[4] == "[stack]"][0][2] == "rw-p"


@pytest.mark.skipif(not ROOT, reason="the process lets only root look at its mappings")
def test_addresses_are_random():
    bases = set()
    for _ in range(4):
        with tempfile.TemporaryDirectory() as folder:
            process = subprocess.Popen([str(BINARY), "check", "--wait", "30s", folder], stderr=subprocess.DEVNULL)
            try:
                time.sleep(0.1)
                bases.add(min(m[0] for m in mappings(process.pid) if m[4] == str(BINARY)))
            finally:
                process.kill()
                process.wait(10)
    if pathlib.Path("/proc/sys/kernel/randomize_va_space").read_text().strip() == "2":
        assert len(bases) > 1


@pytest.mark.skipif(not ROOT, reason="needs chroot")
def test_it_runs_in_an_empty_root():
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy2(BINARY, f"{folder}/sts-sidecar")
        run = subprocess.run(["chroot", folder, "/sts-sidecar", "--version"], stdout=subprocess.PIPE, timeout=10)
        assert run.returncode == 0
        assert run.stdout.startswith(b"sts-sidecar ")


def test_version_names_what_is_linked_in():
    run = subprocess.run([str(BINARY), "--version"], stdout=subprocess.PIPE, text=True, check=True, timeout=10)
    project = re.search(r"version: '([0-9.]+)'", (TOP / "meson.build").read_text())[1]
    assert f"sts-sidecar {project}" in run.stdout
    for package, label in (("bearssl", "BearSSL"), ("cjson", "cJSON"), ("musl", "musl")):
        assert f"{label} {(TOP / 'subprojects' / package / 'VERSION.package').read_text().strip()}" in run.stdout


def tree(target):
    """A copy of the sources as they are now, with what was downloaded but nothing that was built."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=TOP, stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, timeout=30)
    if listed.returncode == 0:
        for name in filter(None, listed.stdout.decode().split("\0")):
            if (TOP / name).is_file():
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(TOP / name, target / name)
    else:
        shutil.copytree(TOP, target, dirs_exist_ok=True, symlinks=True,
                        ignore=lambda folder, names: [n for n in names if n.startswith(("build", ".venv", ".git"))
                                                      or (folder.endswith("subprojects") and n in ("bearssl", "cjson", "musl"))])
    cache = TOP / "subprojects/packagecache"
    if cache.is_dir() and not (target / "subprojects/packagecache").exists():
        shutil.copytree(cache, target / "subprojects/packagecache", symlinks=True)


@pytest.mark.skipif(not shutil.which("ninja"), reason="needs the build tools")
def test_the_same_bytes_in_another_folder():
    """From scratch, dependencies and C library included, under another path, another time zone and another locale."""
    with tempfile.TemporaryDirectory(prefix="sts-reproducible-") as folder:
        target = pathlib.Path(folder) / "a-longer-way/to/another.folder"
        target.mkdir(parents=True)
        tree(target)
        env = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "http_proxy", "https_proxy")}
        env |= {"TZ": "Pacific/Chatham", "LC_ALL": "C", "CCACHE_DISABLE": "1"}
        run = subprocess.run(["tools/build.sh", "--target", "sts-sidecar"], cwd=target, env=env, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True, timeout=800)
        assert run.returncode == 0, run.stdout[-2000:]
        assert (target / "build/sts-sidecar").read_bytes() == BINARY.read_bytes()
