"""``jevons lifecycle``: the example is the BLOOM table, and files name their own faults."""

from __future__ import annotations

import pytest

ESTIMATED = """
lifecycle: small
site: {name: France, year: 2023}
phases:
  final training: {what: pre-training, estimate: training, model: llama-2-7b, tokens: 1B, on: a100, n: 8, draws: 0}
  data: [{what: corpus, estimate: storage, terabytes: 4, months: 12, draws: 0}]
  fine-tuning: [{what: chat, spec: tune.yaml}]
"""
TUNE = "estimate: fine-tuning\nmodel: llama-3-8b\ntokens: 2M\non: h100\ndraws: 0\nsite: Germany\n"


def test_the_example_prints_the_table_of_bloom_and_ends_in_a_finding(jevons, root):
    said = jevons(f"lifecycle {root}/examples/specs/bloom-lifecycle.yaml --table")
    assert said.code == 1
    for words in ("computing       433.2 MWh   24.69 t", "GPUs                    –   3.636 t", "alone: 180.5 MWh, 10.29 t",
                  "counted twice: final training/infrastructure", "travel (not stated by the authors)", "3.96 Wh"):  # fmt: skip
        assert " ".join(words.split()) in " ".join(said.out.split())
    assert "1,163,032 against 1,163,088" in said.out


def test_the_same_as_data_holds_parts_overlaps_deviations_choices_and_splits(jevons, root):
    told = jevons(f"lifecycle {root}/examples/specs/bloom-lifecycle.yaml --choices --splits --json").json
    assert [p["part"] for p in told["parts"]] == ["computing", "idle", "infrastructure", "API", "servers", "GPUs"]
    assert told["without_overlap"]["climate"] == pytest.approx(46_552, rel=1e-3)
    assert all(abs(b["deviation"]) < 0.01 for b in told["published"])
    assert len(told["findings"]) == 3
    assert told["choices"][0]["option"].startswith("50, 30, 20 %")
    assert {s["split"] for s in told["splits"]} >= {"meta-ai-capacity", "meta-lm-carbon"}


def test_estimates_are_carried_out_as_parts_each_at_its_own_place(jevons, tmp_path):
    (tmp_path / "small.yaml").write_text(ESTIMATED)
    (tmp_path / "tune.yaml").write_text(TUNE)
    said = jevons("lifecycle small.yaml --json")
    assert said.code == 0, said.err
    parts = {p["part"]: p for p in said.json["parts"]}
    assert parts["chat"]["site"] == "Germany"
    assert parts["pre-training"]["site"] == "France"
    assert sum(p["climate"] for p in parts.values()) == pytest.approx(said.json["total"]["climate"]["best"])
    assert said.json["not_counted"]["hardware"].startswith("counted only within")


@pytest.mark.parametrize(
    ("text", "words"),
    [("phases: {data: [{what: a, enrgy: 5}]}", "did you mean 'energy'"), ("[1, 2]", "give a mapping with phases"),
     ("phases: {data: [{what: a, estimate: training, spec: b.yaml}]}", "not both"), ("phases: [", "line|row"),
     ("phases: {data: [{what: a, spec: none.yaml}]}", "can be read"), ("x: !!python/object/apply:os.system [ls]", "could not determine a constructor"),
     ("phases: {data: [{what: a, energy: 5}, {what: b, energy: 5, includes: [a]}]}", "overlaps: report")],
)  # fmt: skip
def test_a_bad_file_ends_in_exit_code_2_with_the_mend(jevons, tmp_path, text, words):
    import re

    (tmp_path / "bad.yaml").write_text(text)
    said = jevons("lifecycle bad.yaml")
    assert said.code == 2
    assert re.search(words, said.err), said.err


def test_a_file_that_is_not_there_is_named(jevons):
    assert "none.yaml" in jevons("lifecycle none.yaml").err


def test_a_meter_that_holds_two_others_is_told_alone_once(jevons, tmp_path):
    (tmp_path / "m.yaml").write_text("overlaps: report\nsite: France\nphases:\n  final training:\n"
                                     "    - {what: a, energy: 5 kWh, component: gpu}\n    - {what: b, energy: 5 kWh, component: cpu}\n"
                                     "    - {what: all, energy: 12 kWh, component: all}\n")  # fmt: skip
    said = jevons("lifecycle m.yaml --table")
    assert said.out.count("counted twice") == 2
    assert said.out.count("final training/all alone") == 1
