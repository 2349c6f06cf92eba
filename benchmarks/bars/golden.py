"""Golden rows: published arithmetic that must come out, counted from the tests that hold it."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

from benchmarks.bars.bar import Bar, Limit

SECTION = "Golden rows (exact arithmetic, not accuracy): tests passed"
ROOT = Path(__file__).resolve().parents[2]
GROUPS: Mapping[str, str] = {  # name -> pattern of "file::test[row]", the first that fits
    "LLMCarbon: five operational deltas, one embodied, to 0.01 pp": r"test_compat_llmcarbon::test_its_(five_)?(operational|embodied)_delta",
    "Strubell's rows within 0.5 % (the smallest 2 %)": r"strubell",
    "BLOOM 24.69 / 14.6 / 11.2 t within 1 %, double count flagged": r"test_golden::.*bloom",
    "GPT-3 water, 0.708 + 4.731 million L": r"gpt.?3.*(litre|site)|test_water::.*gpt3",
    "wet-bulb families and formulas of water": r"test_water::test_a_published_number",
    "published rows: hours × power × PUE × intensity within 3 %": r"within_3_percent",
    "recorded runs and cards": r"test_golden::",
    "embodied: H100, B200, A100-40 and ACT by their methods": r"test_embodied::.*(published|method)",
}
FILES = ("tests/golden", "tests/estimate/compat/test_compat_llmcarbon.py", "tests/estimate/compat/test_compat_formulas.py",
         "tests/world/test_water.py", "tests/world/test_embodied.py")  # fmt: skip


def bars() -> list[Bar]:
    """One row a group, and their sum."""
    outcomes = grouped(run([name for name in FILES if (ROOT / name).exists()]))
    rows = [bar(name, found) for name, found in outcomes.items() if found]
    everything = {test: result for found in outcomes.values() for test, result in found.items()}
    return [*rows, bar("all golden tests", everything)]


def run(files: list[str]) -> dict[str, str]:
    """Outcome of each test of some files: passed, failed or skipped, by "file::test"."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", *files, f"--junitxml={report}"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if not report.exists() or done.returncode not in (0, 1):  # 1: a test failed, which is counted
            raise RuntimeError(f"the golden tests did not run:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return {f"{c.get('classname', '').rpartition('.')[2]}::{c.get('name')}": outcome(c)
                for c in ElementTree.parse(report).iter("testcase")}  # fmt: skip


def outcome(case: ElementTree.Element) -> str:
    """What became of one test case."""
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    return "skipped" if case.find("skipped") is not None else "passed"


def grouped(outcomes: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Tests by the first group whose pattern fits; those of no group are left out."""
    found: dict[str, dict[str, str]] = {name: {} for name in GROUPS}
    for test, result in outcomes.items():
        name = next((name for name, pattern in GROUPS.items() if re.search(pattern, test, re.IGNORECASE)), None)
        if name:
            found[name][test] = result
    return found


def bar(name: str, found: Mapping[str, str]) -> Bar:
    """Passed of those that ran; a test skipped for want of evaluation data counts as neither, and is named."""
    ran = {test: result for test, result in found.items() if result != "skipped"}
    passed = sum(result == "passed" for result in ran.values())
    other = [f"{test} {result}" for test, result in found.items() if result != "passed"]
    must = Limit(low=len(ran)) if ran else None
    return Bar(SECTION, name, len(ran), passed, "of", must=must, note="; ".join(other[:6]), proof=True)
