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
    "serving --model deepseek-v3 --on h100 --n 64 --tensor 1 --expert-spread 64 --precision fp8 --batch 32 --input-tokens 500 --output-tokens 300",
    "request --provider google --model gemini-2.5-flash --input-tokens 50 --output-tokens 300 --images 1 --image-size 640x480 --sound '60 s'",
    "request --provider openai --model gpt-4o --input-tokens 900 --output-tokens 300 --seen-tokens 765",
    "edge --model llama-3.2-1b --on jetson-orin-nano --input-tokens '200 sd 150' --output-tokens 'p50 60, p90 200'",
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


CHAT = "estimate serving --model meta-llama/Llama-3.1-8B-Instruct --on h100 --n 1 --batch 16 --input-tokens 500 --output-tokens 300 --at Ireland"


def test_figures_are_shown_for_so_much_served_and_the_whole_is_kept(jevons, tmp_path):
    said = jevons(f"{CHAT} --requests 1000 --per '1k tokens' --save {tmp_path / 'a.json'}").json
    whole = said["footprint"]["indicators"]["energy"]["best"]
    assert said["per"]["1k tokens"]["energy"]["best"] == pytest.approx(whole / 800)
    assert "per 1k tokens" in jevons(f"{CHAT} --per '1k tokens' --table").out
    assert jevons(f"rerun {tmp_path / 'a.json'}").json["identical"] is True


def test_training_is_shared_out_where_its_spec_is_named(jevons, tmp_path):
    (tmp_path / "t.yaml").write_text("estimate: training\nmodel: llama-3.1-8b\ntokens: 15T\non: h100\nn: 1024\n")
    found = jevons(f"{CHAT} --training {tmp_path / 't.yaml'} --lifetime-requests 1e10 --save {tmp_path / 'a.json'}").json["footprint"]
    assert any(stage.startswith("training (amortised)") for stage in found["by_stage"]["climate"])
    (tmp_path / "t.yaml").unlink()
    assert jevons(f"rerun {tmp_path / 'a.json'}").json["identical"] is True


@pytest.mark.parametrize(("line", "words"), [
    (f"{CHAT} --per smile", "request, token"), (CHAT.replace("--on h100", "--on 4xh100"), "n=4"),
    (f"{CHAT} --training nowhere.yaml --lifetime-requests 5", "nowhere.yaml"),
    ("estimate request --provider ours --model big --deployment h100 --input-tokens 5 --output-tokens 5", "on=h100"),
    ("estimate request --provider ours --model big --deployment on=h100,foo=3 --input-tokens 5 --output-tokens 5", "foo"),
])  # fmt: skip
def test_what_is_meant_otherwise_is_said_in_one_line(jevons, line, words):
    said = jevons(line)
    assert said.code == 2
    assert words in said.err
    assert said.err.count("\n") == 1


def test_a_board_is_asked_for_whole(jevons):
    line = "estimate edge --model phi-2 --on jetson-orin-nano --precision int4 --input-tokens 200 --output-tokens 200 --at Germany"
    long, short = (jevons(f"{line} --use-hours-per-day 4 --life {years}").json["footprint"]["by_stage"]["climate"]["manufacture"]["best"] for years in (10, 5))
    assert short == pytest.approx(2 * long)


def test_an_api_deployment_is_stated_in_a_line(jevons):
    line = "estimate request --provider ours --model big --deployment on=h100,together=8,batch=32,params=176B,active=22B --input-tokens 1200 --output-tokens 350"
    assert jevons(f"{line} --at Sweden").json["footprint"]["indicators"]["energy"]["best"] > 0


def test_prompts_of_a_board_are_read_from_a_file_and_a_broken_line_is_named(jevons, tmp_path):
    file = tmp_path / "prompts.jsonl"
    file.write_text('[100, 50]\n{"input_tokens": 400, "output_tokens": 200}\n', encoding="utf-8")
    asked = f"estimate edge --model llama-3.2-1b --on jetson-orin-nano --lengths {file} --at Germany"
    assert jevons(asked).json["activity"]["served"]["input token"]["best"] == 250
    file.write_text("[100, 50]\n[100\n", encoding="utf-8")
    said = jevons(asked)
    assert said.code == 2
    assert "prompts.jsonl, row 2" in said.err
