"""``jevons calibrate edge``: what a reader is told of the pack."""

from __future__ import annotations

import random


def written(path, pairs=14):
    """Prompts of a board at 5 W, 0.1 s ahead, 4 ms a token read and 0.12 s a token made; one reading below zero, one of zero."""
    draw, lines = random.Random(3), ["pair,phase,model,task,input_tokens,output_tokens,latency_s,energy_j"]
    for i in range(pairs):
        n, made = draw.randint(30, 700), draw.randint(40, 250)
        for phase, o in (("prefill", 1), ("total", made)):
            seconds = (0.1 + 0.004 * n + 0.12 * (o - 1)) * draw.gauss(1, 0.02)
            joules = {0: 0.0, 3: -1.5}.get(len(lines) - 1, 5 * seconds)
            lines.append(f"{i},{phase},qwen2.5-0.5b,conv,{n},{o},{seconds},{joules}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_the_table_is_words_and_names_the_lines_left_out(jevons, tmp_path):
    written(tmp_path / "board.csv")
    said = jevons("calibrate edge board.csv --on raspberry-pi-5 --save board.json --table")
    assert said.code == 0, said.err
    for text in ("qwen2.5-0.5b", "left out: zero reading", "1 (lines 2)", "left out: reading below zero", "1 (lines 5)",
                 "of runs left out of the fit"):  # fmt: skip
        assert text in said.out
    assert not set("{}'") & set(said.out)
    whole = jevons("calibrate edge board.csv --on raspberry-pi-5 --json").json
    assert whole["left_out"] == {"zero reading": [2], "reading below zero": [5]}
    assert whole["mape_left_out"] < 0.1
