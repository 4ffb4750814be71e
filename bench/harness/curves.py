"""How time and memory grow with the number of files: an SVG of lines, both axes logarithmic."""

import math
import statistics

from harness.picture import _line, _number, _text

_WIDTH, _HEIGHT, _LEFT, _TOP, _GAP = 360, 300, 70, 60, 110
_COLOURS = ("#2a7f4f", "#b5452c", "#2f5fa8", "#a8792f", "#7b4fa8", "#555555", "#1f8f9f")
_MIB = 1 << 20


def cases_of(scenario):
    """Those whose points make curves: trees of several sizes, each variant measured by itself."""
    return [case for case in scenario["cases"]
            if case.get("files") and not case["comparisons"] and case["samples"]]


def points(scenario, field, together, unit):
    """variant -> [(files, value)]"""
    lines = {}
    for case in sorted(cases_of(scenario), key=lambda case: case["files"]):
        for name in case["commands"]:
            values = [s[field] * unit for s in case["samples"] if s["variant"] == name]
            if values:
                lines.setdefault(name, []).append((case["files"], together(values)))
    return lines


class Axis:
    """From a power of ten to a power of ten."""

    def __init__(self, values, begin, end):
        self.low = math.floor(math.log10(min(values)))
        self.high = max(math.ceil(math.log10(max(values))), self.low + 1)
        self.begin, self.end = begin, end

    def at(self, value):
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.begin + share * (self.end - self.begin)

    def ticks(self):
        return [10.0 ** power for power in range(self.low, self.high + 1)]


def _panel(lines, left, title, unit):
    right, bottom = left + _WIDTH, _TOP + _HEIGHT
    across = Axis([files for some in lines.values() for files, _ in some], left, right)
    up = Axis([value for some in lines.values() for _, value in some], bottom, _TOP)
    parts = [_text(left, _TOP - 12, title, 'font-weight="bold"')]
    for tick in across.ticks():
        parts.append(_line(across.at(tick), _TOP, across.at(tick), bottom, "#ddd"))
        parts.append(_text(across.at(tick), bottom + 16, f"{tick:,.0f}", 'text-anchor="middle"'))
    for tick in up.ticks():
        parts.append(_line(left, up.at(tick), right, up.at(tick), "#ddd"))
        parts.append(_text(left - 6, up.at(tick) + 4, f"{_number(tick)} {unit}",
                           'text-anchor="end"'))
    for (name, some), colour in zip(lines.items(), _COLOURS):
        path = " ".join(f"{across.at(files):.1f},{up.at(value):.1f}" for files, value in some)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for files, value in some:
            parts.append(f'<circle cx="{across.at(files):.1f}" cy="{up.at(value):.1f}" r="3" '
                         f'fill="{colour}"><title>{name}, {files} files: {value:.3g} {unit}'
                         '</title></circle>')
    return parts


def draw(scenario):
    times = points(scenario, "wall", statistics.median, 1)
    memory = points(scenario, "peak_rss", max, 1 / _MIB)
    second = _LEFT + _WIDTH + _GAP
    width, legend = second + _WIDTH + 30, _TOP + _HEIGHT + 44
    height = legend + 20 * ((len(times) + 3) // 4) + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        _text(12, 22, f"{scenario['title']}, by number of files",
              'font-size="15" font-weight="bold"'),
        *_panel(times, _LEFT, "Time, median", "s"),
        *_panel(memory, second, "Peak memory", "MiB"),
    ]
    for i, (name, colour) in enumerate(zip(times, _COLOURS)):
        x, y = _LEFT + 200 * (i % 4), legend + 20 * (i // 4)
        parts.append(_line(x, y, x + 24, y, colour, 'stroke-width="3"'))
        parts.append(_text(x + 30, y + 4, name))
    return "\n".join([*parts, "</svg>"]) + "\n"


def draw_all(results):
    """scenario's name -> its picture, of those that have one"""
    return {scenario["name"]: draw(scenario) for scenario in results["scenarios"]
            if cases_of(scenario)}
