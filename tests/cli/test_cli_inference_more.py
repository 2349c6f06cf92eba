import json

import pytest

SPAN = {"attributes": {"gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 500,
                       "gen_ai.usage.output_tokens": 300}, "start_time": "2025-06-01T00:00:00Z"}  # fmt: skip


@pytest.fixture
def spans(tmp_path):
    file = tmp_path / "spans.jsonl"
    file.write_text(f"{json.dumps(SPAN)}\nbroken\n{json.dumps({'attributes': {}})}\n", encoding="utf-8")
    return file


def test_traces_are_priced_and_what_was_left_out_is_said(jevons, spans):
    said = jevons(f"traces {spans} --at us-east-1")
    assert said.json["indicators"]["energy"]["best"] > 0
    assert "left out: 2 (1)" in said.err
    assert "1 spans tell of no request" in said.err


def test_the_spans_are_copied_with_their_footprint(jevons, spans, tmp_path):
    said = jevons(f"traces {spans} --at us-east-1 --write {tmp_path / 'out.jsonl'}")
    first, _ = (json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines())
    assert first["attributes"]["jevons.gen_ai.client.energy"] == pytest.approx(said.json["indicators"]["energy"]["best"] * 3.6e6, rel=0.05)


@pytest.mark.parametrize(("more", "words"), [("--metrics", "histogram"), ("--metrics --write x.jsonl", "only read"), ("--at Atlantis", "Atlantis")])
def test_what_cannot_be_is_refused_in_one_line(jevons, spans, more, words):
    said = jevons(f"traces {spans} {more}")
    assert said.code == 2
    assert words in said.err


@pytest.mark.parametrize("line", [
    "speech --model whisper-small --on a100 --seconds 60", "one-pass --model bert-base --on a100 --items 10",
    "serving --model qwen2.5-vl-7b --on h100 --n 1 --input-tokens 50 --output-tokens '300 sd 200' --images 1 --image-size 640x480",
])  # fmt: skip
def test_speech_one_pass_and_pictures_are_asked_for_like_the_rest(jevons, line):
    assert jevons(f"estimate {line} --at Ireland --draws 50").json["footprint"]["indicators"]["climate"]["best"] > 0


FRONT = "estimate frontier --model llama-3.1-8b --on h100 --n 1 --input-tokens 500 --output-tokens 300"


def test_the_frontier_is_told_as_json_as_a_table_and_drawn(jevons, tmp_path):
    points = jevons(f"{FRONT} --batches 1,8 --json").json["points"]
    assert [p["batch"] for p in points] == [1, 8]
    assert points[0]["energy_per_output_token_j"] > points[1]["energy_per_output_token_j"]
    said = jevons(f"{FRONT} --table --report {tmp_path / 'f.svg'}")
    assert "ms/token" in said.out
    assert (tmp_path / "f.svg").read_text().count("<circle") == 9


@pytest.mark.parametrize(("more", "words"), [("--batches 1,many", "commas"), ("--report f.png", ".svg"), ("--batches 0", "batch")])
def test_a_frontier_that_cannot_be_is_refused(jevons, more, words):
    said = jevons(f"{FRONT} {more}")
    assert said.code == 2
    assert words in said.err
