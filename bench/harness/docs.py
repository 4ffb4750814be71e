"""Writes the results of a run into docs/performance.md, between two markers."""

import os

from harness import curves, picture, report

BEGIN = "<!-- bench/run --update-docs writes from here -->"
END = "<!-- to here -->"


class NotUpdated(Exception):
    pass


def between_markers(text, new):
    begin, end = text.find(BEGIN), text.find(END)
    if begin < 0 or end < begin:
        raise NotUpdated("docs/performance.md has lost the markers of its table")
    return text[:begin + len(BEGIN)] + "\n\n" + new.strip() + "\n\n" + text[end:]


def section(results):
    runs = sorted({f"{s['date']} ({s['commit']})" for s in results["scenarios"]})
    parts = [f"{report.machine_line(results)}. Runs: {', '.join(runs)}.",
             f"Peers: {report.peers_line(results)}.",
             report.goal_table(results),
             "![How many times faster copyfile is than each peer](performance.svg)"]
    for scenario in results["scenarios"]:
        parts.append(f"### {scenario['title']}\n\nBound by: {scenario['bound']}.")
        for case in scenario["cases"]:
            parts.append(f"{case['work']}; {case['place']}; {case['cache']}:\n\n"
                         + report.figures(case))
        if curves.cases_of(scenario):
            parts.append(f"![{scenario['title']}](performance-{scenario['name']}.svg)")
    return "\n\n".join(part.strip() for part in parts)


def update(root, results):
    if results["quick"]:
        raise NotUpdated("these are the results of a quick run, which measures nothing")
    page = os.path.join(root, "docs", "performance.md")
    with open(page) as file:
        text = file.read()
    report.save(page, between_markers(text, section(results)))
    report.save(os.path.join(root, "docs", "performance.svg"), picture.draw(results))
    for name, drawing in curves.draw_all(results).items():
        report.save(os.path.join(root, "docs", f"performance-{name}.svg"), drawing)
