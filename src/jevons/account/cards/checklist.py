"""What a card should let its reader know: artefacts and transparency, as the studies of shared models ask for them.

The audit of code models (an exploratory study on sharing and energy use of code language models: 27 % of 293 papers
share artefacts, 40 % of these nothing of their energy) asks for hardware, time and artefacts; the essay on bridging
ethics and environment for location, generality, and who can afford to use it; the Hub for its own fields.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from jevons.account.cards.parse import Card

SHARING, BRIDGING, HUB = "sharing and energy use of code language models", "bridging the gap", "Hugging Face Hub"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to be told: what, by whom it is asked for, keys of the front matter and words of the body that tell it."""

    what: str
    asked_by: str
    keys: tuple[str, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Told:
    """Whether a card tells an item, and on which line (0: it does not)."""

    what: str
    asked_by: str
    line: int

    @property
    def present(self) -> bool:
        """Whether it is told."""
        return self.line > 0


NUMBER = r"[^\n]{0,60}?\d"
AMOUNT = r"(?<![\w,.])\d[\d,.]{0,15}\s{0,3}"
ITEMS = (
    Item("emissions", HUB, ("co2_eq_emissions.emissions", "co2_eq_emissions"), r"(?:CO\s*[2₂]|carbon emitted|emissions)" + NUMBER),
    Item("how they were found", HUB, ("co2_eq_emissions.source",), r"code ?carbon|jevons|impact calculator|eco2ai|carbontracker|green algorithms"),
    Item("location", BRIDGING, ("co2_eq_emissions.geographical_location",), r"(?:compute region|cloud region|location|data ?cent(?:re|er))\W+\w"),
    Item("hardware", SHARING, ("co2_eq_emissions.hardware_used",), r"\b(?:[AHVPTL]\d{1,4}0?|TPU|RTX|MI\d{3}|GPU)\b"),
    Item("time", SHARING, (), r"(?:hours? used|training time|trained for|gpu[- ]hours?|epochs?)" + NUMBER + r"|" + AMOUNT + r"(?:gpu[- ]?)?(?:hours|days)\b"),
    Item("energy", SHARING, (), AMOUNT + r"[kMG]?Wh\b"),
    Item("kind of training", HUB, ("co2_eq_emissions.training_type", "base_model"), r"fine-?tun|pre-?train"),
    Item("experiments before the final run", SHARING, (), r"(?:experiment|hyper-?parameter search|failed runs|development)" + NUMBER),
    Item("model it stands on", SHARING, ("base_model",), r"(?:fine-?tuned|distilled|adapted|initiali[sz]ed) (?:version )?(?:of|from)|from scratch"),
    Item("data", SHARING, ("datasets",), r"training data|data ?sets?\b"),
    Item("code", SHARING, (), r"github\.com/|gitlab\.com/|source code"),
    Item("licence", SHARING, ("license",), r"\blicen[cs]e"),
    Item("quality", SHARING, ("model-index", "metrics"), r"(?:accuracy|f1|rouge|bleu|perplexity|benchmark|evaluation)"),
    Item("generality", BRIDGING, (), r"limitation|intended use|out[- ]of[- ]scope|generali[sz]"),
    Item("bias and risks", BRIDGING, (), r"\bbias|\brisk"),
    Item("cost of using it", BRIDGING, (), r"(?:inference|serving|memory|VRAM|latency)" + NUMBER + r"|quanti[sz]ed"),
)  # fmt: skip


def checklist(card: Card) -> list[Told]:
    """Each item, and the line on which the card tells it."""
    return [Told(item.what, item.asked_by, _line(card, item)) for item in ITEMS]


def _line(card: Card, item: Item) -> int:
    for key in item.keys:
        spot = card.spots.get(key)
        if spot is not None and card.text[spot.start : spot.end].strip(" '\"\n\r") not in ("", "null", "~", "[]", "{}"):
            return spot.line
    found = re.search(item.words, _said(card.body), re.IGNORECASE)
    return card.line_of(card.body_start + found.start()) if found else 0


def _said(body: str) -> str:
    """The body with the template's own blanks taken out, character for character."""
    return re.sub(r"^.*\[More Information Needed\].*$", lambda m: " " * len(m[0]), body, flags=re.MULTILINE)
