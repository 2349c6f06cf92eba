"""Run the Python of a page, block by block in one namespace, and compare or rewrite the output printed below it.

    python docs/run_pages.py            say which pages print something else than they show
    python docs/run_pages.py --write    put what they print now in place of what they show

A ``text`` block that follows a ``python`` block is what that block prints. A page runs in a folder of its own.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = re.compile(r"^```python\n(.*?)^```\n", re.DOTALL | re.MULTILINE)
OUTPUT = re.compile(r"\n*```text\n(.*?)```\n", re.DOTALL)
RUNNER = """
import contextlib, io, json, sys
said, space = [], {"__name__": "__main__"}
for number, block in enumerate(json.load(sys.stdin), start=1):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(block, f"block {number}", "exec"), space)
    said.append(out.getvalue())
print(json.dumps(said))
"""


def pages() -> list[Path]:
    """Every page that holds Python to run."""
    listed = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [p for p in listed if "reference" not in p.parts and PYTHON.search(p.read_text(encoding="utf-8"))]


def blocks(text: str) -> list[str]:
    """The Python of a page."""
    return PYTHON.findall(text)


def shown(text: str) -> list[str | None]:
    """What the page shows below each block; None where it shows nothing."""
    found = (OUTPUT.match(text, block.end()) for block in PYTHON.finditer(text))
    return [match[1] if match else None for match in found]


def run(text: str) -> list[str]:
    """What each block prints; RuntimeError with the traceback where one fails."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([sys.executable, "-c", RUNNER], input=json.dumps(blocks(text)), cwd=folder,
                              capture_output=True, text=True, check=False)  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr)
    said: list[str] = json.loads(done.stdout.splitlines()[-1])
    return said


def rewritten(text: str, said: list[str]) -> str:
    """The page with what was said in place of what it showed, where it showed something."""
    out, at = [], 0
    for block, words in zip(PYTHON.finditer(text), said, strict=True):
        match = OUTPUT.match(text, block.end())
        if match:
            out += [text[at : match.start(1)], words]
            at = match.end(1)
    return "".join(out) + text[at:]


def main(write: bool) -> int:
    """Every page in turn; how many show something else than they print."""
    differing = 0
    for page in pages():
        text = page.read_text(encoding="utf-8")
        new = rewritten(text, run(text))
        if new != text:
            differing += 1
            print(page.relative_to(ROOT), "rewritten" if write else "shows something else than it prints")
            if write:
                page.write_text(new, encoding="utf-8")
    return 0 if write else differing


if __name__ == "__main__":
    sys.exit(main("--write" in sys.argv[1:]))
