"""The results as JSON and as Markdown."""

import json
import os
import statistics


FORMAT = 1  # of results.json; a file of another one is neither merged nor shown


class OtherFormat(Exception):
    pass


def load(path):
    with open(path) as file:
        results = json.load(file)
    if results.get("format") != FORMAT:
        raise OtherFormat(f"{path} was written by another version of bench/run: remove it")
    return results


def save(path, text):
    """All or nothing, as a copy should be."""
    with open(path + ".new", "w") as file:
        file.write(text)
    os.replace(path + ".new", path)


def as_json(results):
    return json.dumps(results, indent=1) + "\n"


def merge(old, new):
    """The new results, and of the old ones those scenarios that did not run again."""
    scenarios = {s["name"]: s for s in old["scenarios"]} | {s["name"]: s for s in new["scenarios"]}
    order = [s["name"] for s in old["scenarios"]]
    order += [name for name in (s["name"] for s in new["scenarios"]) if name not in order]
    return new | {"scenarios": [scenarios[name] for name in order]}


def seconds(time):
    return f"{time * 1000:.2f} ms" if time < 1 else f"{time:.3f} s"


def _amount(value, unit):
    if unit == "times":
        return f"{value:.2f}"
    if unit == "s":
        return seconds(value)
    number = f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return f"{number} {unit}".strip()


def goal_rows(results):
    """One row for each goal: work, place, what, measured, goal, reached."""
    for scenario in results["scenarios"]:
        for case in scenario["cases"]:
            for goal in case["goals"]:
                yield [
                    case["work"], case["place"], goal["text"],
                    _amount(goal["measured"], goal["unit"]),
                    ("≥ " if goal["at_least"] else "≤ ") + _amount(goal["limit"], goal["unit"]),
                    "yes" if goal["met"] else "**no**",
                ]


def table(head, rows):
    lines = ["| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows]]
    return "\n".join(lines) + "\n"


def goal_table(results):
    return table(["work", "where", "what", "measured", "goal", "reached"], goal_rows(results))


def peer_table(case):
    rows = []
    for peer, one in case["comparisons"].items():
        rows.append([
            f"`{case['commands'][peer]}`", str(one["pairs"]),
            seconds(one["subject_median"]), seconds(one["peer_median"]),
            f"**{one['ratio_of_medians']:.2f}**", f"{one['median_ratio']:.2f}",
            f"{one['low_ratio']:.2f} to {one['high_ratio']:.2f}",
            f"{one['min_ratio']:.2f} to {one['max_ratio']:.2f}",
        ])
    return table(["compared with", "pairs", "copyfile", "peer", "ratio of medians",
                  "median of paired ratios", "quartiles", "extremes"], rows)


def cost_table(case):
    """Of a case in which nothing was compared: what each variant cost by itself."""
    rows = []
    for name, command in case["commands"].items():
        samples = [sample for sample in case["samples"] if sample["variant"] == name]
        if samples:
            wall, user, system = (statistics.median(sample[field] for sample in samples)
                                  for field in ("wall", "user", "system"))
            rows.append([f"`{command}`", str(len(samples)), seconds(wall), seconds(user),
                         seconds(system), f"{max(s['peak_rss'] for s in samples) / 2**20:.1f} MiB"])
    return table(["command", "samples", "median time", "user", "system", "peak memory"], rows)


def figures(case):
    return peer_table(case) if case["comparisons"] else cost_table(case)


def _case(case):
    text = f"### {case['name']}: {case['work']}\n\n"
    text += f"{case['place']}, {case['cache']}; `{case['commands'][case['subject']]}`"
    if case["processes_per_sample"] > 1:
        text += f"; a sample is the median of {case['processes_per_sample']} processes"
    text += "\n\n" + figures(case)
    if case["notes"]:
        text += "\n" + "".join(f"- {note}\n" for note in case["notes"])
    return text + "\n"


def _scenario(scenario):
    text = f"## {scenario['title']}\n\nGoal: {scenario['goal']}. "
    text += f"Bound by: {scenario['bound']}.\n\n"
    text += f"Run {scenario['date']}, {scenario['copyfile']}, commit {scenario['commit']}; "
    text += f"others used {scenario['busy']:.0%} of the processors before it began.\n\n"
    if scenario["problem"]:
        text += f"**Not complete: {scenario['problem']}**\n\n"
    return text + "".join(_case(case) for case in scenario["cases"])


def machine_line(results):
    about = results["machine"]
    return (f"{about['processor']}, {about['cores']} cores, {about['memory_gib']} GiB, "
            f"{about['system']}, Linux {about['kernel']}")


def peers_line(results):
    return "; ".join(results["peers"].values())


def warning(results):
    if not results["quick"]:
        return ""
    return "**A quick run: small files, few pairs. It shows that all works, it measures nothing.**"


def markdown(results):
    parts = ["# copyfile and its peers\n", machine_line(results) + ".\n",
             "Peers: " + peers_line(results) + ".\n", warning(results),
             "A ratio above 1 means that copyfile is faster.\n", goal_table(results),
             "![ratios](results.svg)\n"]
    parts += [_scenario(scenario) for scenario in results["scenarios"]]
    return "\n".join(part for part in parts if part)
