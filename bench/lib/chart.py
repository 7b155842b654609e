# SPDX-License-Identifier: Apache-2.0
"""Line and bar charts as SVG, readable on light and dark pages; axes of times are logarithmic."""
import math
from html import escape

COLORS = ["#2563eb", "#16a34a", "#d97706", "#dc2626", "#7c3aed", "#0891b2"]
STYLE = """<style>
text { font: 13px system-ui, sans-serif; fill: #1f2937 } .faint { fill: #6b7280 }
.grid { stroke: #d1d5db } .title { font-weight: 600; font-size: 15px }
@media (prefers-color-scheme: dark) {
text { fill: #e5e7eb } .faint { fill: #9ca3af } .grid { stroke: #374151 } }
</style>"""
WIDTH, LEFT, RIGHT, TOP, BOTTOM = 760, 70, 20, 76, 60


def told(milliseconds):
    if milliseconds >= 1000:
        return f"{milliseconds / 1000:g} s"
    return f"{milliseconds:g} ms" if milliseconds >= 1 else f"{milliseconds * 1000:g} µs"


def decades(values):
    low = 10 ** math.floor(math.log10(min(values)))
    high = 10 ** math.ceil(math.log10(max(values)))
    return low, max(high, low * 10)


def scale(low, high, start, end):
    """From a value to a place, by its logarithm."""
    return lambda value: start + (end - start) * math.log(value / low) / math.log(high / low)


def frame(title, names, height, body):
    x, keys = LEFT, []
    for index, name in enumerate(names):
        keys.append(f'<rect x="{x}" y="40" width="12" height="12" fill="{COLORS[index]}"/>'
                    f'<text x="{x + 18}" y="51">{escape(name)}</text>')
        x += 42 + 7.2 * len(name)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
            f'aria-label="{escape(title)}">{STYLE}\n'
            f'<text class="title" x="{LEFT}" y="24">{escape(title)}</text>\n'
            + "\n".join(keys) + "\n" + "\n".join(body) + "\n</svg>\n")


def grid(low, high, y):
    lines, value = [], low
    while value <= high * 1.0001:
        lines.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(value):.1f}" '
                     f'y2="{y(value):.1f}"/><text class="faint" x="{LEFT - 8}" y="{y(value) + 4:.1f}" '
                     f'text-anchor="end">{told(value)}</text>')
        value *= 10
    return lines


def lines(title, points, series, below, height=380):
    """`series` maps a name to milliseconds, one for each of the `points` along x."""
    low, high = decades([value for values in series.values() for value in values])
    y = scale(low, high, height - BOTTOM, TOP)
    step = (WIDTH - LEFT - RIGHT) / len(points)
    xs = [LEFT + step * (index + 0.5) for index in range(len(points))]
    body = grid(low, high, y)
    for index, values in enumerate(series.values()):
        path = " ".join(f"{a:.1f},{y(value):.1f}" for a, value in zip(xs, values))
        body.append(f'<polyline points="{path}" fill="none" stroke="{COLORS[index]}" '
                    'stroke-width="2.5"/>')
        body += [f'<circle cx="{a:.1f}" cy="{y(value):.1f}" r="4" fill="{COLORS[index]}"/>'
                 for a, value in zip(xs, values)]
    body += [f'<text x="{a:.1f}" y="{height - 24}" text-anchor="middle">{escape(str(point))}</text>'
             for a, point in zip(xs, points)]
    body.append(f'<text class="faint" x="{LEFT}" y="{height - 6}">{escape(below)}; the scale of times is logarithmic</text>')
    return frame(title, list(series), height, body)


def bars(title, groups, series, below, height=380):
    """`series` maps a name to milliseconds, one for each of the `groups`."""
    low, high = decades([value for values in series.values() for value in values])
    y = scale(low, high, height - BOTTOM, TOP)
    step = (WIDTH - LEFT - RIGHT) / len(groups)
    width = step * 0.8 / len(series)
    body = grid(low, high, y)
    for index, values in enumerate(series.values()):
        for group, value in enumerate(values):
            x = LEFT + step * (group + 0.1) + width * index
            body.append(f'<rect x="{x:.1f}" y="{y(value):.1f}" width="{width - 2:.1f}" '
                        f'height="{height - BOTTOM - y(value):.1f}" fill="{COLORS[index]}"/>')
    for group, name in enumerate(groups):
        body += [f'<text x="{LEFT + step * (group + 0.5):.1f}" y="{height - BOTTOM + 16 * (row + 1)}" '
                 f'text-anchor="middle">{escape(part)}</text>'
                 for row, part in enumerate(name.split(", "))]
    body.append(f'<text class="faint" x="{LEFT}" y="{height - 6}">{escape(below)}; the scale of times is logarithmic</text>')
    return frame(title, list(series), height, body)
