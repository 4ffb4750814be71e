"""One file a scenario; the order here is the order of runs and reports."""

import importlib

_MODULES = ("second_copy", "cold", "reflink", "scattered", "adjacent", "sparse", "small",
            "batch", "source_stall", "digest", "tree_copy", "tree_ordered", "tree_reflink",
            "tree_cold", "tree_resume", "tree_scale", "store_add", "store_large",
            "store_verify", "store_get", "store_lookup", "target_copy", "target_io", "target_latency",
            "target_sessions")


def load():
    """name -> scenario"""
    found = [importlib.import_module(f"scenarios.{name}").SCENARIO for name in _MODULES]
    return {scenario.name: scenario for scenario in found}
