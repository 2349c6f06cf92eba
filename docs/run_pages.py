"""Run what a page shows, and compare or rewrite the output printed below it.

    python docs/run_pages.py                   say which pages print something else than they show
    python docs/run_pages.py --write           put what they print now in place of what they show
    python docs/run_pages.py [--write] PAGE    the same of the pages named alone

A page runs in a folder of its own, in this order: ``title="name"`` blocks are written to files; ``python`` blocks run in
one namespace, and a ``text`` block that follows one is what it prints; a ``console`` block is one command and its output
(none shown: any).
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE_WIDTH = "84"
PERSONAL = ("JEVONS_SETTINGS", "JEVONS_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "FORCE_COLOR", "TTY_COMPATIBLE")
FILE = re.compile(r'^```\w+ title="([\w.-]+)"\n(.*?)^```\n', re.DOTALL | re.MULTILINE)
PYTHON = re.compile(r"^```python\n(.*?)^```\n", re.DOTALL | re.MULTILINE)
PRINTED = re.compile(r"\n*```text\n(.*?)```\n", re.DOTALL)
CONSOLE = re.compile(r"^```console\n\$ (.*?)\n(.*?)^```\n", re.DOTALL | re.MULTILINE)
RUNNER = """
import contextlib, io, json, sys
said, space = [], {"__name__": "__main__"}
for number, block in enumerate(json.load(sys.stdin), start=1):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(block, f"block {number}", "exec"), space)
    said.append(out.getvalue())
print(json.dumps(said))
"""


def pages(named: Sequence[str] = ()) -> list[Path]:
    """Every page that has something to run; of those named, where any is."""
    listed = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    texts = {p: p.read_text(encoding="utf-8") for p in listed if "reference" not in p.parts}
    asked = {Path(name).resolve() for name in named}
    return [p for p, text in texts.items() if (PYTHON.search(text) or CONSOLE.search(text)) and (p in asked or not asked)]


def commands(text: str) -> list[str]:
    """The commands of a page's console blocks."""
    return [command for command, _ in CONSOLE.findall(text)]


def rewritten(text: str) -> str:
    """The page as it would stand if it showed what it prints now; RuntimeError where something on it fails."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in FILE.findall(text):
            Path(folder, name).write_text(content, encoding="utf-8")
        spans = _python(text, folder) + _console(text, folder)
    out, at = [], 0
    for start, end, said in sorted(spans):
        out += [text[at:start], said]
        at = end
    return "".join(out) + text[at:]


def _python(text: str, folder: str) -> list[tuple[int, int, str]]:
    """(start, end, output) of each text block that follows a python block."""
    found = list(PYTHON.finditer(text))
    if not found:
        return []
    code = json.dumps([block[1] for block in found])
    done = _run([sys.executable, "-c", RUNNER], folder, code)
    said = json.loads(done.stdout.splitlines()[-1])
    shown = [PRINTED.match(text, block.end()) for block in found]
    return [(m.start(1), m.end(1), _trimmed(words)) for m, words in zip(shown, said, strict=True) if m]


def _console(text: str, folder: str) -> list[tuple[int, int, str]]:
    """(start, end, output) of each console block."""
    spans = []
    for block in CONSOLE.finditer(text):
        program, *rest = shlex.split(block[1])
        if program != "jevons":
            raise RuntimeError(f"$ {block[1]}: only jevons is run here; show other commands in a bash block")
        done = _run([sys.executable, "-m", "jevons", *rest], folder)
        if block[2]:
            spans.append((block.start(2), block.end(2), _trimmed(done.stdout)))
    return spans


def _run(command: list[str], folder: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    bare = {k: v for k, v in os.environ.items() if k not in PERSONAL}
    env = {**bare, "COLUMNS": PAGE_WIDTH, "OMP_NUM_THREADS": "1", "HOME": folder, "PYTHONUTF8": "1"}
    done = subprocess.run(command, input=stdin, cwd=folder, env=env, capture_output=True, text=True,
                          encoding="utf-8", check=False)  # fmt: skip
    if (done.returncode and "Traceback" in done.stderr) or done.returncode not in (0, 1):
        raise RuntimeError(f"{shlex.join(command[1:])}\n{done.stderr}")
    return done


def _trimmed(said: str) -> str:
    return "\n".join(line.rstrip() for line in said.rstrip().splitlines()) + "\n"


def main(write: bool, named: Sequence[str] = ()) -> int:
    """Every page in turn, or those named; how many show something else than they print."""
    differing = 0
    for page in pages(named):
        text = page.read_text(encoding="utf-8")
        new = rewritten(text)
        if new != text:
            differing += 1
            print(page.relative_to(ROOT), "rewritten" if write else "shows something else than it prints")
            if write:
                page.write_text(new, encoding="utf-8")
    return 0 if write else differing


if __name__ == "__main__":
    sys.exit(main("--write" in sys.argv[1:], [word for word in sys.argv[1:] if word != "--write"]))
