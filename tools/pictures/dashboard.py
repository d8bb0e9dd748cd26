#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws docs/pictures/dashboard.svg: the dashboard of deploy/monitoring/ with the answers of a real Prometheus. It is not a screenshot of Grafana.

    tools/pictures/dashboard.py [--check] [ANSWERS]

ANSWERS is what tests/monitoring/record.py has written. Without it, the picture is drawn anew from the answers that it carries, so that it follows the titles and the
places of the panels. With --check nothing is written: it fails if the committed picture is not what this program draws."""
import base64
import json
import math
import re
import sys
import zlib
from pathlib import Path
from xml.sax.saxutils import escape

TOP = Path(__file__).resolve().parents[2]
DASHBOARD = TOP / "deploy/monitoring/dashboard.json"
PICTURE = TOP / "docs/pictures/dashboard.svg"
COLUMN, ROW, GAP, HEAD = 44, 27, 8, 28
COLOURS = ("#0969da", "#cf222e", "#1a7f37", "#bf8700", "#8250df", "#bc4c00", "#57606a", "#1b7c83", "#a475f9", "#d4a72c")
STYLE = """
  text { font: 12px ui-sans-serif, system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600; font-size: 13px }
  .small { font-size: 11px; fill: #57606a }
  .big { font-size: 34px; font-weight: 600 }
  .panel { fill: #ffffff; stroke: #d0d7de }
  .axis { stroke: #d0d7de; fill: none }
  .line { fill: none; stroke-width: 1.6 }
  .alarm { fill: #cf222e } .warn { fill: #bc4c00 } .good { fill: #1a7f37 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .small { fill: #9198a1 } .panel { fill: #0d1117; stroke: #3d444d } .axis { stroke: #3d444d }
    .alarm { fill: #f85149 } .warn { fill: #db6d28 } .good { fill: #3fb950 }
  }"""
CARRIED = re.compile(r"<metadata>(.*?)</metadata>", re.S)


def text(x, y, words, kind="", anchor="start"):
    return f'<text class="{kind}" x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{escape(words)}</text>'


def shown(value, unit):
    if unit == "percentunit":
        return f"{100 * value:.0f} %"
    if unit == "s":
        return f"{value:.0f} s" if abs(value) < 120 else f"{value / 60:.0f} min"
    return f"{value:.2g}" if abs(value) < 10 and value != int(value) else f"{value:,.0f}"


def stat(panel, answer, width, height):
    defaults = panel["fieldConfig"]["defaults"]
    value = answer[0]["points"][-1][1]
    colours = [step["color"] for step in defaults.get("thresholds", {}).get("steps", []) if step["value"] is None or value >= step["value"]]
    kind = {"red": "alarm", "orange": "warn", "green": "good"}.get(colours[-1] if colours else None, "")
    return [text(width / 2, height / 2 + 24, shown(value, defaults.get("unit")), f"big {kind}", "middle")]


def ceiling(value):
    """A round number for the top of an axis."""
    power = 10 ** math.floor(math.log10(value)) if value > 0 else 1
    return next(step * power for step in (1, 1.5, 2, 3, 5, 8, 10) if step * power >= value)


def timeseries(panel, answer, width, height):
    unit = panel["fieldConfig"]["defaults"].get("unit")
    left, right, top, bottom = 48, width - 10, HEAD + 8, height - 22 - 14 * min(2, math.ceil(len(answer) / 3))
    points = [point for each in answer for point in each["points"]]
    first, last = min(at for at, _ in points), max(at for at, _ in points)
    most = ceiling(max(value for _, value in points) or 1)

    def place(at, value):
        return f"{left + (right - left) * (at - first) / ((last - first) or 1):.1f},{bottom - (bottom - top) * max(0, value) / most:.1f}"
    drawn = [f'<path class="axis" d="M{left},{top} V{bottom} H{right}"/>', text(left - 6, top + 8, shown(most, unit), "small", "end"),
             text(left - 6, bottom + 2, "0", "small", "end"), text(right, bottom + 13, f"{(last - first) / 60:.0f} min", "small", "end")]
    for number, each in enumerate(answer):
        colour = COLOURS[number % len(COLOURS)]
        drawn.append(f'<polyline class="line" stroke="{colour}" points="{" ".join(place(*point) for point in each["points"])}"/>')
        if number < 6:
            x, y = left + (right - left) / 3 * (number % 3), bottom + 24 + 14 * (number // 3)
            drawn += [f'<rect x="{x:.0f}" y="{y - 6:.0f}" width="10" height="3" fill="{colour}"/>', text(x + 14, y, each["name"], "small")]
    return drawn


def table(panel, answer, width, height):
    hidden = panel["transformations"][0]["options"]["excludeByName"]
    labels = sorted({label for each in answer for label in each["labels"]} - set(hidden))
    most = (height - HEAD - 24) // 17
    rows = [[each["labels"].get(label, "") for label in labels] + [shown(each["points"][-1][1], None)] for each in sorted(answer, key=lambda each: -each["points"][-1][1])[:most]]
    widths = [max(map(len, column)) + 2 for column in zip([*labels, "value"], *rows)]
    places = [10 + (width - 20) * sum(widths[:number]) / sum(widths) for number in range(len(widths))]
    drawn = [text(x, HEAD + 14, label, "small") for x, label in zip(places, [*labels, "value"])]
    for number, row in enumerate(rows):
        drawn += [text(x, HEAD + 33 + 17 * number, cell) for x, cell in zip(places, row)]
    return drawn


KINDS = {"stat": stat, "timeseries": timeseries, "table": table}


def drawing(panel, answer):
    at = panel["gridPos"]
    width, height = at["w"] * COLUMN - GAP, at["h"] * ROW - GAP
    return [f'<g transform="translate({at["x"] * COLUMN + GAP},{at["y"] * ROW + GAP})">', f'<rect class="panel" width="{width}" height="{height}" rx="4"/>',
            text(10, 19, panel["title"], "title"), *KINDS[panel["type"]](panel, answer, width, height), "</g>"]


def picture(answers):
    panels = json.loads(DASHBOARD.read_text())["panels"]
    missing = [panel["title"] for panel in panels if not answers.get(panel["title"])]
    if missing:
        sys.exit(f"tools/pictures/dashboard.py: there is no answer for {missing}: run tests/monitoring/record.py")
    height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels) * ROW + GAP
    carried = base64.b64encode(zlib.compress(json.dumps(answers, sort_keys=True).encode(), 9)).decode()
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {24 * COLUMN + GAP} {height}" role="img" aria-labelledby="title">',
        '<title id="title">The dashboard of sts-sidecar, drawn from the answers of a Prometheus that scraped nine sidecars</title>',
        f"<metadata>{carried}</metadata>", f"<style>{STYLE}\n</style>", *(line for panel in panels for line in drawing(panel, answers[panel["title"]])), "</svg>\n"])


def carried_by(path):
    return json.loads(zlib.decompress(base64.b64decode(CARRIED.search(path.read_text())[1])))


def main(arguments):
    if arguments == ["--help"]:
        print(__doc__.strip())
        return 0
    files = [each for each in arguments if each != "--check"]
    if len(files) > 1 or any(each.startswith("-") for each in files):
        print("usage: tools/pictures/dashboard.py [--check] [ANSWERS]", file=sys.stderr)
        return 64
    drawn = picture(json.loads(Path(files[0]).read_text()) if files else carried_by(PICTURE))
    if "--check" not in arguments:
        PICTURE.write_text(drawn)
    elif PICTURE.read_text() != drawn:
        print(f"{PICTURE.name} is stale: run tools/pictures/dashboard.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
