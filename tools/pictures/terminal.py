#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws docs/pictures/terminal.svg, the recording of a terminal in README.md: `check` and `doctor` beside a sidecar that is healthy, and
beside one whose connections a NetworkPolicy drops. The words and colours are those of a real run, in Pods of tests/docs/scenes.py.

    .venv/bin/python tools/pictures/terminal.py [--check]

With --check nothing is written: it fails if the program says something else now than in the committed picture. Needs root and the release."""
import re
import sys
import xml.etree.ElementTree
from pathlib import Path
from xml.sax.saxutils import escape

TOP = Path(__file__).resolve().parents[2]
PICTURE = TOP / "docs/pictures/terminal.svg"
# Scene and caption of each screen.
SCREENS = [("healthy", "a healthy sidecar"), ("cut", "a NetworkPolicy drops what goes to the STS")]
TYPED = ["check /tokens", "doctor"]
PROMPT = "kubectl exec cart -c sts -- /sts-sidecar "
# Classes in the picture: the colours that the program uses, and what is typed.
COLOURS = {"32": "good", "31": "bad", "33": "warn"}
COLUMNS, CHARACTER, LINE, EDGE, BAR = 80, 7.83, 18, 18, 34
STYLE = """
  .window { fill: #ffffff; stroke: #8c959f } .bar { fill: #eaeef2 } .caption { fill: #57606a; font: 13px ui-sans-serif, system-ui, sans-serif }
  text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1f2328; white-space: pre }
  .good { fill: #1a7f37 } .bad { fill: #cf222e; font-weight: 600 } .warn { fill: #9a6700 } .typed { fill: #0969da; font-weight: 600 }
  @media (prefers-color-scheme: dark) {
    .window { fill: #0d1117; stroke: #656c76 } .bar { fill: #151b23 } text { fill: #e6edf3 } .caption { fill: #9198a1 }
    .good { fill: #3fb950 } .bad { fill: #f85149 } .warn { fill: #d29922 } .typed { fill: #4493f8 }
  }
  #screen-0 { opacity: 0; animation: first 20s infinite } #screen-1 { animation: second 20s infinite }
  @keyframes first { 0%, 44% { opacity: 1 } 46%, 98% { opacity: 0 } 100% { opacity: 1 } }
  @keyframes second { 0%, 44% { opacity: 0 } 46%, 98% { opacity: 1 } 100% { opacity: 0 } }
  @media (prefers-reduced-motion: reduce) { #screen-0, #screen-1 { animation: none } }"""


def runs_of(line):
    """A line of a terminal as [(class, text)]."""
    found, kind = [], ""
    for number, part in enumerate(re.split(r"\x1b\[([\d;]*)m", line)):
        if number % 2:
            kind = COLOURS.get(part, "")
        elif part:
            found.append((kind, part))
    return found


def recorded():
    """What is said now: for each screen, its lines as [(class, text)]."""
    sys.path.insert(0, str(TOP / "tests/docs"))
    import scenes
    screens = []
    for scene, _ in SCREENS:
        jobs = {typed: [["sts-sidecar", *typed.split()]] for typed in TYPED}
        said = scenes.play(scene, jobs, terminal=True)["jobs"]
        lines = []
        for typed in TYPED:
            lines.append([("", "$ "), ("typed", PROMPT + typed)])
            lines += [runs_of(line) for line in said[typed][0]["out"].rstrip("\n").split("\n")]
        screens.append(lines)
    return screens


def drawn_line(line, row):
    """A line. Each of its parts begins at the column where the terminal has it, whatever the font."""
    spans, column = [], 0
    for kind, text in line:
        style = f' class="{kind}"' if kind else ""
        spans.append(f'<tspan x="{EDGE + column * CHARACTER:.2f}"{style}>{escape(text)}</tspan>')
        column += len(text)
    return f'<text y="{BAR + LINE * (row + 1) + 4}">{"".join(spans)}</text>'


def picture(screens):
    width, height = round(COLUMNS * CHARACTER) + 2 * EDGE, BAR + LINE * max(map(len, screens)) + EDGE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" xml:space="preserve" role="img" aria-labelledby="title">',
        '<title id="title">check and doctor in a terminal: ' + ", then ".join(caption for _, caption in SCREENS) + "</title>",
        f"<style>{STYLE}\n</style>",
        f'<rect class="window" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"/>',
        f'<rect class="bar" x="1" y="1" width="{width - 2}" height="{BAR - 8}" rx="8"/>']
    for number, ((_, caption), lines) in enumerate(zip(SCREENS, screens)):
        parts += [f'<g id="screen-{number}">', f'<text class="caption" x="{width / 2:.0f}" y="19" text-anchor="middle">{escape(caption)}</text>',
                  *(drawn_line(line, row) for row, line in enumerate(lines)), "</g>"]
    return "\n".join([*parts, "</svg>\n"])


def shown():
    """The screens of the committed picture, as recorded() returns them."""
    svg, space = "{http://www.w3.org/2000/svg}", xml.etree.ElementTree.parse(PICTURE).getroot()
    return [[[(span.get("class", ""), span.text) for span in line] for line in group.findall(f"{svg}text") if line.get("class") != "caption"]
            for group in space.findall(f"{svg}g")]


def words_of(screen):
    """The words of a screen with their colours, without what differs from run to run. Lines may break elsewhere."""
    import blocks
    return blocks.steady(" ".join(f"[{kind}] {text}" if kind else text for line in screen for kind, text in line)).replace("[", "\n[")


def main(arguments):
    if arguments == ["--help"]:
        print(__doc__.strip())
        return 0
    if arguments not in ([], ["--check"]):
        print("usage: tools/pictures/terminal.py [--check]", file=sys.stderr)
        return 64
    screens = recorded()
    if not arguments:
        PICTURE.write_text(picture(screens))
        return 0
    stale = [(then, now) for then, now in zip(map(words_of, shown()), map(words_of, screens)) if then != now]
    for then, now in stale:
        print(f"-- {PICTURE.name} says:\n{then}\n-- the program says:\n{now}", file=sys.stderr)
    if stale or picture(shown()) != PICTURE.read_text():
        print(f"{PICTURE.name} is stale: run tools/pictures/terminal.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
