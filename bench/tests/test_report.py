import json
import unittest
import xml.etree.ElementTree

from harness import curves, docs, picture, report
from harness.model import Case, CaseResult, variant
from tests.support import ScratchTest


def case_result():
    case = Case("ext4", "2048 MiB file", "ext4, loop image in memory", "warm", "/secret/source",
                "/secret/copy", 1 << 31,
                subject=variant("copyfile", "{copyfile} --reflink=never {src} {dst}"),
                peers=[variant("cp", "cp {src} {dst}", "sync {dst}"),
                       variant("loop", "{cfr_loop} {src} {dst} {ranges}")],
                verify=lambda: None)
    result = CaseResult(case, samples=[{"variant": "cp", "wall": 2.0}],
                        pairs={"cp": [(1.0, 2.0), (1.0, 2.2)], "loop": [(1.0, 0.5)] * 2})
    result.goal_ratio("cp", 1.7, "throughput against cp")
    result.goal_at_most(80, 64, "MiB", "growth")
    result.notes.append("a note")
    return result


def results(quick=False, name="second-copy"):
    return {
        "format": report.FORMAT,
        "machine": {"kernel": "6.18", "architecture": "x86_64", "processor": "CPU", "cores": 2,
                    "memory_gib": 23.5, "system": "Debian"},
        "peers": {"cp": "cp 9.1"}, "quick": quick,
        "scenarios": [{"name": name, "title": "Second <copy>", "goal": "fast", "bound": "memory",
                       "date": "2026-01-01", "busy": 0.0, "commit": "abc", "copyfile": "copyfile 1",
                       "problem": "", "cases": [case_result().as_json()]}],
    }


class Json(unittest.TestCase):
    def test_every_sample_is_kept(self):
        case = json.loads(report.as_json(results()))["scenarios"][0]["cases"][0]
        self.assertEqual(case["samples"], [{"variant": "cp", "wall": 2.0}])

    def test_no_path_of_the_machine(self):
        text = report.as_json(results())
        self.assertNotIn("/secret", text)
        self.assertIn("cp SRC DST && sync DST", text)
        self.assertIn("cfr_loop SRC DST RANGES", text)

    def test_merge_replaces_what_ran_again(self):
        old, new = results(name="a"), results(name="b")
        old["scenarios"] += results(name="b")["scenarios"]
        new["scenarios"][0]["commit"] = "new"
        merged = report.merge(old, new)["scenarios"]
        self.assertEqual([(s["name"], s["commit"]) for s in merged], [("a", "abc"), ("b", "new")])


class Load(ScratchTest):
    def test_what_was_written_is_read(self):
        path = self.file("results.json", report.as_json(results()).encode())
        self.assertEqual(report.load(path), results())

    def test_other_format_is_refused(self):
        path = self.file("results.json", b'{"format": 0}')
        with self.assertRaises(report.OtherFormat):
            report.load(path)


class Markdown(unittest.TestCase):
    def test_goals(self):
        rows = list(report.goal_rows(results()))
        self.assertEqual(rows[0][3:], ["2.10", "≥ 1.70", "yes"])
        self.assertEqual(rows[1][3:], ["80 MiB", "≤ 64 MiB", "**no**"])

    def test_peers(self):
        text = report.markdown(results())
        self.assertIn("| `cp SRC DST && sync DST` | 2 | 1.000 s | 2.100 s | **2.10** |", text)
        self.assertIn("- a note", text)

    def test_quick_run_says_that_it_measures_nothing(self):
        self.assertIn("measures nothing", report.markdown(results(quick=True)))
        self.assertNotIn("measures nothing", report.markdown(results()))


class Picture(unittest.TestCase):
    def setUp(self):
        svg = xml.etree.ElementTree.fromstring(picture.draw(results()))
        self.all = {kind: svg.findall("{http://www.w3.org/2000/svg}" + kind)
                    for kind in ("rect", "line", "text")}

    def test_a_bar_for_each_peer(self):
        bars = self.all["rect"][1:]
        self.assertEqual([bar.get("fill") for bar in bars], ["#2a7f4f", "#7b8794"])

    def test_a_mark_for_the_goal(self):
        marks = [line for line in self.all["line"] if line.get("stroke-width") == "2"]
        self.assertEqual(len(marks), 1)
        self.assertAlmostEqual(float(marks[0].get("x1")), picture.Scale([2.1, 0.5]).x(1.7), 0)

    def test_faster_is_right_of_one_and_slower_left(self):
        scale = picture.Scale([2.1, 0.5])
        fast, slow = self.all["rect"][1:]
        self.assertAlmostEqual(float(fast.get("x")), scale.x(1), 0)
        self.assertAlmostEqual(float(slow.get("x")) + float(slow.get("width")), scale.x(1), 0)


def survey(sizes=(1000, 100000)):
    """Results of a scenario that compares nothing."""
    cases = []
    for files in sizes:
        case = Case(f"{files} files", f"{files} files", "xfs", "warm", "/secret/source",
                    "/secret/copy", files * 1024, files=files,
                    subject=variant("copyfile", "{copyfile} -a {src} {dst}"),
                    peers=[variant("cp", "cp -a {src} {dst}")], verify=lambda: None)
        samples = [{"variant": name, "wall": files * cost, "user": 0.0, "system": files * cost,
                    "peak_rss": 3 << 20} for name, cost in (("copyfile", 1e-5), ("cp", 3e-5))]
        cases.append(CaseResult(case, samples=samples).as_json())
    made = results(name="tree-scale")
    made["scenarios"][0]["cases"] = cases
    return made


class Curves(unittest.TestCase):
    def setUp(self):
        self.svg = xml.etree.ElementTree.fromstring(curves.draw_all(survey())["tree-scale"])

    def find(self, kind):
        return self.svg.findall("{http://www.w3.org/2000/svg}" + kind)

    def test_a_line_for_each_variant_in_both_panels(self):
        lines = self.find("polyline")
        self.assertEqual(len(lines), 4)
        self.assertEqual([len(line.get("points").split()) for line in lines], [2] * 4)

    def test_more_is_to_the_right_and_up(self):
        (x1, y1), (x2, y2) = [map(float, point.split(","))
                              for point in self.find("polyline")[0].get("points").split()]
        self.assertLess(x1, x2)
        self.assertGreater(y1, y2)

    def test_only_what_was_measured_by_itself_makes_curves(self):
        self.assertEqual(curves.draw_all(results()), {})

    def test_costs_are_in_the_report(self):
        text = report.markdown(survey())
        self.assertIn("| `cp -a SRC DST` | 1 | 30.00 ms | 0.00 ms | 30.00 ms | 3.0 MiB |", text)
        self.assertIn("performance-tree-scale.svg", docs.section(survey()))
        xml.etree.ElementTree.fromstring(picture.draw(survey()))


class Docs(unittest.TestCase):
    def test_only_what_is_between_the_markers_changes(self):
        text = f"before\n{docs.BEGIN}\nold\n{docs.END}\nafter\n"
        new = docs.between_markers(text, docs.section(results()))
        self.assertTrue(new.startswith(f"before\n{docs.BEGIN}\n"))
        self.assertTrue(new.endswith(f"{docs.END}\nafter\n"))
        self.assertNotIn("old", new)
        self.assertIn("throughput against cp", new)

    def test_lost_markers_are_told(self):
        with self.assertRaises(docs.NotUpdated):
            docs.between_markers("no markers", "new")

    def test_quick_run_is_refused(self):
        with self.assertRaisesRegex(docs.NotUpdated, "quick"):
            docs.update("/nowhere", results(quick=True))
