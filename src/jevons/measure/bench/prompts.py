"""What an endpoint is asked: the bundled synthetic prompts, or a user's own as lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jevons.core.errors import BadInput, TableError

MOST_PROMPTS = 100_000
BROKEN_SHOWN = 8  # line numbers named in an error


@dataclass(frozen=True, slots=True)
class Prompt:
    """The messages of one chat request, and where they come from."""

    messages: tuple[tuple[str, str], ...]  # (role, text)
    kind: str = ""
    bundled: bool = False

    @property
    def text(self) -> str:
        """What the user says, without the roles."""
        return "\n".join(text for role, text in self.messages if role != "system")


def bundled() -> list[Prompt]:
    """The synthetic prompts of the table."""
    from jevons.world import catalog

    return [Prompt((("user", row["prompt"]),), row["kind"], True) for row in catalog.table("bench_prompts")]


def read(path: Path) -> list[Prompt]:
    """A user's prompts, one JSON object a line: ``{"prompt": text}``, or ``{"messages": [{"role", "content"}]}``.

    Errors: TableError where the file cannot be read, holds nothing, or has broken lines, each named by its number.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as trouble:
        raise TableError(path.name, None, None, str(trouble)[:60], "name a file of JSON lines, UTF-8") from None
    asked = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if not 0 < len(asked) <= MOST_PROMPTS:
        raise TableError(path.name, None, None, f"{len(asked)} prompts", f"give from 1 to {MOST_PROMPTS:,} lines")
    found = [(number, _prompt(line)) for number, line in asked]
    broken = [(number, what) for number, what in found if isinstance(what, str)]
    if broken:
        raise _broken(path, broken)
    return [what for _, what in found if isinstance(what, Prompt)]


def numbered(prompts: Sequence[Prompt], count: int, mark: str) -> list[Prompt]:
    """``count`` prompts in turn. Bundled ones begin with a mark of their own, so that no prefix cache answers them."""
    chosen = [prompts[i % len(prompts)] for i in range(count)]
    return [_marked(p, f"[{mark}-{i}] ") if p.bundled else p for i, p in enumerate(chosen)]


def _marked(prompt: Prompt, mark: str) -> Prompt:
    (role, text), *rest = prompt.messages
    return Prompt(((role, mark + text), *rest), prompt.kind, True)


def _prompt(line: str) -> Prompt | str:
    """The prompt of a line, or in words what is wrong with it."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return "no JSON"
    if not isinstance(found, dict):
        return "no JSON object"
    kind = found.get("kind") if isinstance(found.get("kind"), str) else ""
    if isinstance(found.get("prompt"), str) and found["prompt"].strip():
        return Prompt((("user", found["prompt"]),), kind or "")
    messages = _messages(found.get("messages"))
    return Prompt(messages, kind or "") if messages else "neither 'prompt' nor 'messages' with text"


def _messages(found: Any) -> tuple[tuple[str, str], ...]:
    """(role, text) of a list of messages; empty where one of them is not so."""
    if not isinstance(found, list) or not all(isinstance(m, dict) for m in found):
        return ()
    pairs = [(m.get("role"), m.get("content")) for m in found]
    return tuple(pairs) if all(isinstance(word, str) and word.strip() for pair in pairs for word in pair) else ()


def _broken(path: Path, broken: Sequence[tuple[int, str]]) -> BadInput:
    named = "; ".join(f"line {number}: {what}" for number, what in broken[:BROKEN_SHOWN])
    more = f"; and {len(broken) - BROKEN_SHOWN} more" if len(broken) > BROKEN_SHOWN else ""
    return TableError(path.name, broken[0][0], None, f"{len(broken)} broken lines" if len(broken) > 1 else broken[0][1],
                      f"mend {named}{more}")  # fmt: skip
