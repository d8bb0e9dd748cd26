#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws docs/pictures/overview.svg, the picture at the top of README.md: what is in the Pod, and what goes where.

    tools/pictures/overview.py [--check]

With --check nothing is written: it fails if the committed picture is not what this program draws."""
import sys
from pathlib import Path
from xml.sax.saxutils import escape

TOP = Path(__file__).resolve().parents[2]
PICTURE = TOP / "docs/pictures/overview.svg"
WIDTH, HEIGHT = 880, 330
STYLE = """
  text { font: 14px ui-sans-serif, system-ui, sans-serif; fill: #1f2328 }
  .small { font-size: 12px; fill: #57606a }
  .name { font-weight: 600 }
  .mono { font: 12px ui-monospace, monospace }
  .box { fill: #ffffff; stroke: #8c959f }
  .ours { fill: #ddf4ff; stroke: #0969da; stroke-width: 2 }
  .pod { fill: #f6f8fa; stroke: #8c959f; stroke-dasharray: 6 4 }
  .volume { fill: #fff8c5; stroke: #bf8700 }
  .arrow { stroke: #1f2328; stroke-width: 1.5; fill: none; marker-end: url(#head) }
  #head path { fill: #1f2328 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .small { fill: #9198a1 }
    .box { fill: #0d1117; stroke: #656c76 } .ours { fill: #121d2f; stroke: #4493f8 }
    .pod { fill: #151b23; stroke: #656c76 } .volume { fill: #272115; stroke: #bb8009 }
    .arrow { stroke: #e6edf3 } #head path { fill: #e6edf3 }
  }"""


def box(kind, x, y, width, height):
    return f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="8"/>'


def text(x, y, words, kind="", anchor="middle"):
    return f'<text class="{kind}" x="{x}" y="{y}" text-anchor="{anchor}">{escape(words)}</text>'


def arrow(*points):
    return '<path class="arrow" d="M' + " L".join(f"{x},{y}" for x, y in points) + '"/>'


def part(kind, x, y, width, height, name, *lines):
    """A box with its name, and lines of small text under the name."""
    middle, top = x + width / 2, y + height / 2 - 9 * len(lines) + 5
    return [box(kind, x, y, width, height), text(middle, top, name, "name")] + [
        text(middle, top + 18 * (number + 1), line, "small") for number, line in enumerate(lines)]


def drawing():
    return [
        box("pod", 150, 20, 480, 290), text(166, 44, "Pod", "name", "start"),
        *part("box", 10, 70, 110, 70, "kubelet", "renews the", "projected token"),
        *part("volume", 176, 70, 142, 70, "projected volume", "subject token"),
        *part("ours", 370, 60, 230, 90, "sts-sidecar", "exchanges and refreshes,", "sleeps in between"),
        *part("volume", 370, 210, 230, 80, "emptyDir", "token.jwt", "expires"),
        *part("box", 180, 210, 130, 80, "application", "its SDK,", "Vault Agent"),
        *part("box", 730, 60, 140, 90, "STS", "trusts the issuer", "of the cluster"),
        *part("box", 10, 210, 110, 80, "service", "trusts the STS"),
        arrow((120, 105), (172, 105)), arrow((318, 105), (366, 105)),
        arrow((600, 90), (726, 90)), text(680, 82, "subject token", "small"),
        arrow((730, 125), (604, 125)), text(680, 143, "short-lived JWT", "small"),
        arrow((485, 150), (485, 206)), text(475, 184, "whole files, by rename", "small", "end"),
        arrow((370, 250), (314, 250)), text(342, 243, "reads", "small"),
        arrow((180, 250), (124, 250)),
    ]


def picture():
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="title">',
        '<title id="title">sts-sidecar sends the projected token of its Pod to an STS, and writes the returned JWT for the application</title>',
        f"<style>{STYLE}\n</style>",
        '<defs><marker id="head" markerWidth="9" markerHeight="9" refX="7" refY="4" orient="auto"><path d="M0,0 L8,4 L0,8 z"/></marker></defs>',
        *drawing(), "</svg>\n"])


def main(arguments):
    if arguments == ["--help"]:
        print(__doc__.strip())
        return 0
    if arguments not in ([], ["--check"]):
        print("usage: tools/pictures/overview.py [--check]", file=sys.stderr)
        return 64
    if not arguments:
        PICTURE.write_text(picture())
    elif PICTURE.read_text() != picture():
        print(f"{PICTURE.name} is stale: run tools/pictures/overview.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
