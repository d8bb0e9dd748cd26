# SPDX-License-Identifier: Apache-2.0
"""What differs from run to run, and is therefore hidden. Everything else in a recording is what the program said.

A mask must be narrow, so that a change of words is seen. It matches digits and what stands around them, never a word that could change. The
two exceptions are marked. In a pattern, @folder@, @ports@, @lives@, @uid@ and @gid@ stand for what the case knows exactly.
"""
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Mask:
    pattern: str
    shown: str      # what stands there in the recording
    example: str    # a text that it changes
    why: str


MASKS = [
    # ---- places ----
    Mask(r"@folder@", "DIR", "/tmp/o-abcdefgh/out", "the folder of the case is made anew; its length is always the same"),
    Mask(r"(?<=:)(?:@ports@)\b", "PORT", "127.0.0.1:40001", "servers of the case listen wherever there is room"),
    Mask(r"(?<=\bUID )@uid@\b", "UID", "this process is UID 65532", "the program runs as an ordinary user"),
    Mask(r"(?<=\bGID )@gid@\b", "GID", "GID 65532", "and in its group"),
    Mask(r"(?<=\bprocess )\d+(?= already writes)", "PID", "process 123 already writes to", "a process"),

    # ---- versions ----
    Mask(r"(?<=sts-sidecar[ /])\d+\.\d+\.\d+\b", "VERSION", "sts-sidecar/0.1.0", "of the program: a release is not a change of words"),
    Mask(r"(?<=version=\")\d+\.\d+\.\d+(?=\")", "VERSION", 'version="0.1.0"', "the same, in a metric"),
    Mask(r"(?<=out\| BearSSL )[0-9][\w.+~-]*", "VERSION", "out| BearSSL 0.6+dfsg.1-3", "of the distribution's packages"),
    Mask(r"(?<=out\| cJSON )[0-9][\w.+~-]*", "VERSION", "out| cJSON 1.7.18", "of the distribution's packages"),
    Mask(r"(?<=out\| musl )[0-9][\w.+~-]*", "VERSION", "out| musl 1.2.5", "of the distribution's packages"),
    Mask(r"(?<=bearssl=\")[0-9][\w.+~-]*", "VERSION", 'bearssl="0.6"', "of the distribution's packages"),
    Mask(r"(?<=libc=\"musl )[0-9][\w.+~-]*", "VERSION", 'libc="musl 1.2.5"', "of the distribution's packages"),
    Mask(r"(?<=landlock-)\d+", "N", "no-new-privs,seccomp,landlock-7", "of the kernel's Landlock"),

    # ---- times ----
    Mask(r"\b20[2-9]\d-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\dZ", "TIME", "2026-11-29T03:26:21Z",
         "a time of these years; what a case chooses itself lies in others"),
    Mask(r"(?<=\"ts\":)\d{10}\.\d{3}\b", "TIME", '"ts":1795922779.778', "of a line of the log"),
    Mask(r"(?<=_at\":)\d{10}\b", "TIME", '"written_at":1795922779', "a time in JSON"),
    Mask(r"(?<=_time\":)\d{10}\b", "TIME", '"expiration_time":1795922779', "a time in JSON"),
    Mask(r"(?<=_s\":)1[7-9]\d{8}\b", "TIME", '"expires_s":1795922779', "a time in JSON"),
    Mask(r"(?<=last_attempt )\d{10}$", "TIME", "last_attempt 1795922779", ".status"),
    Mask(r"(?<=next_attempt )\d{10}$", "TIME", "next_attempt 1795922779", ".status"),
    Mask(r"(?<=last_success )\d{10}$", "TIME", "last_success 1795922779", ".status"),
    Mask(r"(?<=\| )(trying|tried|ended|next|latest|source_tried|renews|once_for|again_for|sent) \d+(?=¬?$)", r"\1 MS", ".status| tried 1795922",
         ".status: since the boot. When which of them is 0 is told by the unit tests of exchange_status.c"),
    Mask(r"(?<=\| sum )\d+(?=¬?$)", "SUM", ".status| sum 2166136261", ".status: of the lines before it, which have times"),
    Mask(r"(?<=\| boot )[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$", "BOOT", ".status| boot 4b1f8a3c-0d52-4e6f-9a7b-1c2d3e4f5a6b", ".status: of the kernel"),
    Mask(r"(?<=_timestamp_seconds\{exchange=\")([a-z0-9-]+\"\}) \d{10}$", r"\1 TIME",
         'x_timestamp_seconds{exchange="default"} 1795922779', "a metric"),
    Mask(r"(?<=\| )(\w+_timestamp_seconds) \d{10}$", r"\1 TIME", "http| x_timestamp_seconds 1795922779", "a metric of the whole process"),
    Mask(r"(?<=\| process_start_time_seconds) \d{10}\.\d{3}$", " TIME", "http| process_start_time_seconds 1795922779.017", "a metric"),

    # ---- durations and waits that are drawn at random ----
    Mask(r"(?<=retry_in_s=)\d+", "N", "retry_in_s=2", "drawn at random"),
    Mask(r"(?<=\"retry_in_s\":)\d+", "N", '"retry_in_s":2', "drawn at random"),
    Mask(r"(?<=next_refresh_s=)\d+", "N", "next_refresh_s=600", "drawn at random"),
    Mask(r"(?<=\"next_refresh_s\":)\d+", "N", '"next_refresh_s":600', "drawn at random"),
    Mask(r"(?<=lifetime_s=)(?:@lives@)\b", "LIFE", "lifetime_s=7776", "what is left of a life that ends at a time: within seconds of what the case says"),
    Mask(r"(?<=\"lifetime_s\":)(?:@lives@)\b", "LIFE", '"lifetime_s":7776', "the same"),
    Mask(r"(?<=, in )-\d{7,}(?= s\b)", "-LONG", "it expires at 2001-01-01T00:00:00Z, in -817234567 s", "how long ago something was"),
    Mask(r"(?<=clock_skew_s=)-?\d+", "SKEW", "clock_skew_s=3600", "how far the clock of the STS is off"),
    Mask(r"(?<=clock is )59 min 59 s(?= ahead)", "1 h", "the node's clock is 59 min 59 s ahead of the STS's clock", "a second that ends meanwhile"),
    Mask(r"(?<=duration_ms=)\d+", "N", "duration_ms=12", "how long it took"),
    Mask(r"(?<=\"duration_ms\":)\d+", "N", '"duration_ms":12', "how long it took"),
    Mask(r"(?<=_token_lifetime_seconds\{exchange=\")([a-z0-9-]+\"\}) [1-9]\d*$", r"\1 LIFE",
         'x_token_lifetime_seconds{exchange="default"} 899', "what is left of a life that ends at a time; 0 is not hidden"),
    Mask(r"(?<=token_valid_s=)[1-9]\d*", "N", "token_valid_s=899", "how much is left; 0 is not hidden"),
    Mask(r"(?<=\"token_valid_s\":)[1-9]\d*", "N", '"token_valid_s":899', "how much is left; 0 is not hidden"),
    Mask(r"(?<=\"expires_in_s\":)-?[1-9]\d*", "N", '"expires_in_s":899', "how much is left"),
    Mask(r"\b\d+ (?:d|h|min)(?: \d+ (?:h|min|s))? ago\b", "LONG AGO", "expired 9 d 3 h ago", "how long ago something was"),
    # An attempt of this second and of the last one: words that stand for each other, and so an exception.
    Mask(r"(?<= )(?:just now|\d+ s ago)\b", "AGO", "failed 2 s ago", "how long ago something was"),
    Mask(r"(?<=; next in )\d+ (?:d|h|min|s)(?: \d+ (?:h|min|s))?", "WAIT", "; next in 1 min 3 s", "drawn at random"),
    Mask(r"(?<=\(in )\d+ (?:d|h|min|s)(?: \d+ (?:h|min|s))?(?=\))", "WAIT", "the kubelet's next token (in 47 min 58 s)", "until the renewal of a subject token"),
    Mask(r"(?<=no token is valid for )\d+ (?:d|h|min|s)(?: \d+ (?:h|min|s))?", "WHILE", "no token is valid for 33 min 3 s", "from the end of a token to a renewal"),
    Mask(r"(?<=gap_s=)\d+", "N", "gap_s=1983", "the same"),
    Mask(r"(?<= is valid for only )\d+ (?:d|h|min|s)(?: \d+ (?:h|min|s))?", "WHILE", "the token in DIR is valid for only 59 s", "how much is left"),
    Mask(r"(?:(?<=\(expires in )|(?<=\(valid for )|(?<=\(not valid for another )|(?<=\(issued in the future, in ))\d+ (?:d|h|min|s)(?: \d+ (?:h|min|s))?",
         "WHILE", "exp: 2100-01-01T00:00:00Z (expires in 26695 d 15 h)", "of a time that a case chooses"),
    Mask(r"(?<=_duration_seconds_bucket\{exchange=\")([a-z0-9-]+\",(?:result=\"[a-z]+\",)?le=\"[0-9.]+\"\}) \d+$", r"\1 N",
         'x_duration_seconds_bucket{exchange="default",le="0.05"} 1', "how long attempts took; the last bucket is not hidden"),
    Mask(r"(?<=_duration_seconds_sum\{exchange=\")([a-z0-9-]+\"(?:,result=\"[a-z]+\")?\}) [0-9.]+$", r"\1 N",
         'x_duration_seconds_sum{exchange="default"} 0.012', "how long attempts took"),

    # ---- tokens of the mock STS ----
    Mask(r"\beyJ[\w-]+\.eyJ[\w-]+\.[\w-]{60,}", "JWT", "eyJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJ4In0." + "x" * 86, "signed anew in each run"),
]


class Masker:
    """The masks for one case. Ports, and lives in seconds that depend on the clock, are added while the case runs."""

    def __init__(self, folder, uid, gid):
        self.folder, self.uid, self.gid = str(folder), str(uid), str(gid)
        self.ports, self.lives = set(), set()

    def __call__(self, lines):
        known = {"@folder@": re.escape(self.folder), "@uid@": self.uid, "@gid@": self.gid,
                 "@ports@": "|".join(map(str, sorted(self.ports))) or "(?!)",
                 "@lives@": "|".join(str(near) for life in sorted(self.lives) for near in range(life - 20, life + 21)) or "(?!)"}
        for mask in MASKS:
            pattern = mask.pattern
            for name, value in known.items():
                pattern = pattern.replace(name, value)
            compiled = re.compile(pattern)
            lines = [compiled.sub(mask.shown, line) for line in lines]
        return lines
