"""Serving, API requests, edge boards and generated images from the command line."""

from __future__ import annotations

import pytest

LINES = {
    "serving": "--model llama-3.1-70b --on h100 --n 4 --batch 32 --input-tokens 500 --output-tokens 300",
    "request": "--provider openai --model gpt-4o --input-tokens 500 --output-tokens 300",
    "edge": "--model llama-3.2-1b --on jetson-orin-nano --input-tokens 100 --output-tokens 100",
    "generation": "--model flux.1-dev --on h100 --images 10 --steps 28",
}


@pytest.mark.parametrize("kind", LINES)
def test_an_inference_is_estimated_kept_and_computed_again_to_the_last_bit(jevons, tmp_path, kind):
    kept = tmp_path / "r.json"
    said = jevons(f"estimate {kind} {LINES[kind]} --at France --json --save {kept}")
    assert said.code == 0, said.err
    climate = said.json["footprint"]["indicators"]["climate"]
    assert climate["low"] < climate["best"] < climate["high"]
    assert jevons(f"rerun {kept} --json").json["identical"]


@pytest.mark.parametrize(
    ("line", "words"),
    [("serving --model llama-3.1-70b --on h100 --n 1 --batch 3200 --input-tokens 500 --output-tokens 300", "GB a device"),
     ("request --provider openai --model gpt-9 --input-tokens 5 --output-tokens 3", "nearest: gpt-3.5-turbo"),
     ("request --provider openai --model gpt-4o --input-tokens -5 --output-tokens 3", "input_tokens: -5 will not do"),
     ("edge --model llama-3.2-1b --on nokia --input-tokens 1 --output-tokens 1", "edge board: 'nokia' will not do"),
     ("generation --model flux.1-dev --on h100 --images 1 --steps 0", "steps")],
)  # fmt: skip
def test_bad_input_names_the_field_and_the_mend(jevons, line, words):
    said = jevons(f"estimate {line}")
    assert said.code == 2
    assert words in said.err
