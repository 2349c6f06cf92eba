"""No file needs, by any road of imports, a file that needs it: those inside functions count too."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

SRC = Path(__file__).resolve().parents[2] / "src"
MODULES = {".".join(f.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__"): f for f in (SRC / "jevons").rglob("*.py")}


def needed(name: str) -> set[str]:
    """The modules of ours that a module imports, but for what only the type checker reads."""
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    guarded = [n for n in ast.walk(tree) if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.unparse(n.test)]
    unread = {id(n) for branch in guarded for statement in branch.body for n in ast.walk(statement)}
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and id(node) not in unread:
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and id(node) not in unread:
            whole = f"{node.module}."
            found |= {whole + a.name if whole + a.name in MODULES else str(node.module) for a in node.names}
    return (found & set(MODULES)) - {name}


def test_no_imports_run_in_a_circle():
    asked = {name: needed(name) for name in MODULES}
    assert sum(map(len, asked.values())) > len(MODULES)
    assert list(TopologicalSorter(asked).static_order())  # raises CycleError, naming the modules
