# SPDX-License-Identifier: Apache-2.0
"""The picture of tests/fleet/fleet.c: attempts at the STS over time, as SVG. The same numbers give the same bytes."""
import math

BUCKET_S = 10
HOURS = 5
DOWN_H, UP_H = 2, 3
LEFT, WIDTH, TOP, HEIGHT, GAP = 64, 816, 58, 190, 56
LOW, HIGH = 0.1, 100
INK, PALE, GRID, OUTAGE = "#24292f", "#57606a", "#d8dee4", "#fff1e5"


def read_series(text):
    rows = (line.split("\t") for line in text.splitlines())
    return {name: [int(count) for count in counts] for name, *counts in rows}


def mean_per_bucket(counts):
    """Of the fleet at rest: from the end of the first life to the outage."""
    rest = counts[900 // BUCKET_S:DOWN_H * 3600 // BUCKET_S]
    return sum(rest) / len(rest)


def x_of(hours):
    return LEFT + WIDTH * hours / HOURS


def text(x, y, words, anchor="start", size=12, ink=INK, weight="normal"):
    return (f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="{size}" fill="{ink}" font-weight="{weight}">{words}</text>')


def panel(top, title, counts, colour, width, bounds):
    mean = mean_per_bucket(counts)

    def y_of(times):
        share = math.log(max(times, LOW) / LOW) / math.log(HIGH / LOW)
        return round(top + HEIGHT * (1 - share), 1)

    out = [text(LEFT, top - 10, title, size=14, weight="bold"),
           f'<rect x="{x_of(DOWN_H):g}" y="{top}" width="{x_of(UP_H) - x_of(DOWN_H):g}" height="{HEIGHT}" fill="{OUTAGE}"/>',
           text((x_of(DOWN_H) + x_of(UP_H)) / 2, top - 10, "outage of an hour", "middle", ink=PALE)]
    for times in (0.1, 1, 10, 100):
        out.append(f'<path d="M{LEFT} {y_of(times):g}H{LEFT + WIDTH}" stroke="{GRID}"/>')
        out.append(text(LEFT - 8, y_of(times) + 4, f"{times:g} x", "end", ink=PALE))
    # One column per bucket, from the floor: an empty one is a gap.
    path, base = [], y_of(LOW)
    for index, count in enumerate(counts):
        if count:
            path.append(f"M{LEFT + WIDTH * (index + 0.5) / len(counts):.2f} {base:g}V{y_of(count / mean):g}")
    out.append(f'<path d="{"".join(path)}" stroke="{colour}" stroke-width="{width}" fill="none"/>')
    for since, until, times in bounds:
        out.append(f'<path d="M{x_of(since):g} {y_of(times):g}H{x_of(until):g}" stroke="{INK}" stroke-dasharray="5 4"/>')
        out.append(text(x_of(until) - 4, y_of(times) - 5, f"bound: {times} x", "end", size=11))
    out.append(f'<path d="M{LEFT} {top}V{top + HEIGHT}H{LEFT + WIDTH}" stroke="{PALE}" fill="none"/>')
    for hour in range(HOURS + 1):
        out.append(f'<path d="M{x_of(hour):g} {top + HEIGHT}v5" stroke="{PALE}"/>')
        out.append(text(x_of(hour), top + HEIGHT + 19, f"{hour} h", "middle", ink=PALE))
    return out


def picture(ours, poll):
    height = TOP + 2 * HEIGHT + 2 * GAP
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 24}" height="{height}" '
             f'viewBox="0 0 {LEFT + WIDTH + 24} {height}" font-family="sans-serif">',
             f'<rect width="100%" height="100%" fill="#ffffff"/>',
             text(LEFT, 22, "10,000 sidecars started in the same second, tokens of 15 minutes: attempts at the STS in 10 s, "
                            "as a multiple of the mean at rest", ink=PALE)]
    lines += panel(TOP, "sts-sidecar run", ours, "#0969da", 0.5, [(0.01, DOWN_H, 3), (UP_H, HOURS, 5)])
    lines += panel(TOP + HEIGHT + GAP, "a poll every 30 s, without jitter", poll, "#bc4c00", 0.9, [])
    return "\n".join([*lines, "</svg>"]) + "\n"
