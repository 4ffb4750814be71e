"""The ratios as an SVG bar chart: bars to the right of 1 mean that copyfile is faster."""

import math
from xml.sax.saxutils import escape

_LEFT, _WIDTH, _RIGHT = 330, 560, 70  # labels, bars, numbers
_ROW, _BAR, _HEAD = 22, 13, 30
_TOP = 46
_COLOURS = {"met": "#2a7f4f", "missed": "#b5452c", "plain": "#7b8794"}


class Scale:
    """Logarithmic: twice as fast and half as fast are as far from 1. What is beyond 1/32 and 64
    ends at the edge; its number is written beside it."""

    def __init__(self, values):
        self.low = max(math.floor(math.log2(min([0.5, *values]))), -5)
        self.high = min(math.ceil(math.log2(max([4, *values]))), 6)

    def x(self, ratio):
        share = (math.log2(ratio) - self.low) / (self.high - self.low)
        return _LEFT + min(max(share, 0), 1) * _WIDTH

    def ticks(self):
        return [2.0 ** power for power in range(self.low, self.high + 1)]


def _text(x, y, text, extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" {extra}>{escape(text)}</text>'


def _line(x1, y1, x2, y2, colour, extra=""):
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
            f'stroke="{colour}" {extra}/>')


def _number(value):
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def _goals(case):
    """peer -> its goal on a ratio"""
    return {goal["peer"]: goal for goal in case["goals"] if goal["peer"]}


def _bar(scale, y, peer, one, goal):
    ratio = one["ratio_of_medians"]
    state = "plain" if goal is None else "met" if goal["met"] else "missed"
    begin, end = sorted((scale.x(1), scale.x(ratio)))
    middle = y + _BAR / 2
    parts = [
        _text(_LEFT - 8, y + _BAR - 2, f"against {peer}", 'text-anchor="end"'),
        f'<rect x="{begin:.1f}" y="{y:.1f}" width="{max(end - begin, 1):.1f}" height="{_BAR}" '
        f'fill="{_COLOURS[state]}"><title>{escape(peer)}: {ratio:.2f}</title></rect>',
        _line(scale.x(one["low_ratio"]), middle, scale.x(one["high_ratio"]), middle, "#222"),
    ]
    if goal is not None:
        at = scale.x(goal["limit"])
        parts.append(_line(at, y - 3, at, y + _BAR + 3, "#111", 'stroke-width="2"'))
    right = max(end, scale.x(one["high_ratio"]), scale.x(goal["limit"]) if goal else 0)
    return parts + [_text(right + 6, y + _BAR - 2, _number(ratio), 'font-weight="bold"')]


def _rows(results, scale):
    y, parts = _TOP + 8, []
    for scenario in results["scenarios"]:
        for case in scenario["cases"]:
            if not case["comparisons"]:
                continue  # curves.py draws those
            title = f"{scenario['title']}: {case['work']} ({case['place']}, {case['cache']})"
            parts.append(_text(12, y + 14, title, 'font-weight="bold"'))
            y += _HEAD - 8
            goals = _goals(case)
            for peer, one in case["comparisons"].items():
                parts += _bar(scale, y, peer, one, goals.get(peer))
                y += _ROW
            y += 8
    return y, parts


def draw(results):
    comparisons = [one for scenario in results["scenarios"] for case in scenario["cases"]
                   for one in case["comparisons"].values()]
    scale = Scale([one[field] for one in comparisons
                   for field in ("ratio_of_medians", "low_ratio", "high_ratio")])
    bottom, rows = _rows(results, scale)
    grid = []
    for ratio in scale.ticks():
        grid.append(_line(scale.x(ratio), _TOP, scale.x(ratio), bottom,
                          "#555" if ratio == 1 else "#ddd"))
        grid.append(_text(scale.x(ratio), bottom + 16, _number(ratio), 'text-anchor="middle"'))
    width, height = _LEFT + _WIDTH + _RIGHT, bottom + 30
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        _text(12, 20, "How many times faster copyfile is (ratio of medians)",
              'font-size="15" font-weight="bold"'),
        _text(12, 37, "thick mark: the goal; thin line: quartiles of the paired ratios; "
              "green: goal reached, red: missed, grey: no goal", 'fill="#555"'),
    ]
    return "\n".join([*head, *grid, *rows, "</svg>"]) + "\n"
