import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jevons.core.errors import BadInput, Contradiction, TableError
from jevons.core.units import JOULES_PER_KWH
from jevons.estimate.request import request
from jevons.estimate.server import distribution as d
from jevons.estimate.server.lengths import lengths_of
from jevons.estimate.server.shape import context_of, context_seen, served
from jevons.estimate.serving import latency, serving
from jevons.world import models
from means import needs

MODELS = ("llama-3.1-8b", "gpt-oss-20b", "deepseek-v3", "gemma-3-27b", "mistral-7b-v0.1", "jamba-v0.1")
counts = st.floats(1.0, 4000.0)


def joules(activity, **rows):
    return float(activity.where(component="accelerator", **rows).total()[0]) * JOULES_PER_KWH


def cost(model="llama-3.1-8b", on="h100", n=8, **asked):
    return serving(model, on, n, batch=8, draws=0, **asked)


def shape(name):
    return served(models.find(name).architecture)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(MODELS), counts, counts, st.floats(0, 1))
def test_a_distribution_of_one_point_gives_what_its_numbers_give(model, taken, made, part):
    numbers = lengths_of(taken, made, part * taken)
    point = lengths_of(None, None, lengths={"input_tokens": [taken] * 3, "output_tokens": [made] * 3, "cached_tokens": [part * taken] * 3})
    of = shape(model)
    (context, new, before), (its_context, its_new, its_before) = point.as_read(of), numbers.as_read(of)
    assert new == pytest.approx(its_new, abs=1e-6)
    seen = [float(context_seen(of, c)) for c in (context, before + new / 2, its_context, its_before + its_new / 2)]
    assert seen[:2] == pytest.approx(seen[2:], abs=1e-6)
    assert (point.context, point.cached_share) == pytest.approx((numbers.context, numbers.cached_share))


def test_a_spread_of_nothing_is_the_mean():
    assert joules(cost(input_tokens="500 sd 0", output_tokens="300 sd 0")) == pytest.approx(joules(cost(input_tokens=500, output_tokens=300)))


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(MODELS), st.floats(0, 1e5))
def test_the_context_of_what_was_seen_is_the_context(model, context):
    of = shape(model)
    if of.window_share < 1 or context <= of.window:
        assert float(context_of(of, context_seen(of, context))) == pytest.approx(context)


@settings(max_examples=40, deadline=None)
@given(st.floats(10, 1e5), st.floats(0, 3))
def test_a_lognormal_keeps_its_mean_and_its_standard_deviation(mean, ratio):
    found = d.lognormal(mean, ratio * mean)
    assert found.mean == pytest.approx(mean, rel=1e-6)
    assert found.points**2 @ found.weights == pytest.approx(mean**2 * (1 + ratio**2), rel=2e-3)


def test_percentiles_are_met_where_they_were_given():
    found = d.percentiles({50: 300, 90: 1200, 99: 4000})
    assert found.quantile(np.array([0.5, 0.9])) == pytest.approx([300, 1200], rel=0.06)


# ---- which way it goes


def test_prompts_that_spread_cost_more_prefill_and_leave_the_reading_of_a_full_cache_as_it_is():
    even, uneven = (cost(input_tokens=t, output_tokens=300) for t in (8000, "8000 sd 6000"))
    assert joules(uneven, stage="prefill") > 1.02 * joules(even, stage="prefill")
    assert joules(uneven, stage="decode") == pytest.approx(joules(even, stage="decode"), rel=2e-3)


def test_answers_that_spread_read_more_cache():
    even, uneven = (cost(input_tokens=200, output_tokens=t) for t in (4000, "4000 sd 4000"))
    assert joules(uneven, stage="decode") > 1.01 * joules(even, stage="decode")
    assert joules(uneven, stage="prefill") == pytest.approx(joules(even, stage="prefill"), rel=3e-3)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(counts, counts), min_size=2, max_size=8))
def test_without_a_window_spread_answers_never_read_less_than_the_mean_and_with_one_spread_prompts_never_more(pairs):
    full, windowed = shape("llama-3.1-8b"), shape("mistral-7b-v0.1")
    made = [o for _, o in pairs]
    same_prompt = lengths_of(None, None, lengths=[(500.0, o) for o in made])
    assert same_prompt.as_read(full)[0] >= 500 + np.mean(made) / 2 - 1e-6
    same_answer = lengths_of(None, None, lengths=[(i * 4, 100.0) for i, _ in pairs])
    assert context_seen(windowed, same_answer.as_read(windowed)[0]) <= context_seen(windowed, np.mean([i * 4 for i, _ in pairs]) + 50) + 1e-6


def test_long_prompts_with_long_answers_read_more_than_long_prompts_with_short_ones():
    together = cost(lengths=[(200, 100), (6000, 1000)])
    crossed = cost(lengths=[(200, 1000), (6000, 100)])
    assert joules(together, stage="decode") > joules(crossed, stage="decode")


def test_what_comes_first_in_a_sample_does_not_matter():
    pairs = [(100, 30), (4000, 900), (700, 200)]
    assert joules(cost(lengths=pairs)) == pytest.approx(joules(cost(lengths=pairs[::-1])))


def test_a_sample_serves_as_many_tokens_as_its_mean():
    found = cost(lengths=[(100, 30), (300, 50)], requests=10)
    assert {k: float(np.squeeze(v)) for k, v in found.served.items()} == {"request": 10, "token": 2400, "input token": 2000, "output token": 400}


def test_a_rate_and_a_latency_take_a_distribution_too():
    asked = {"input_tokens": "500 sd 400", "output_tokens": "p50 200, p90 800"}
    month = serving("llama-3.1-8b", "h100", 1, request_rate=2, hours=10, draws=0, **asked)
    assert float(np.squeeze(month.served["request"])) == pytest.approx(72_000)
    assert latency("llama-3.1-8b", "h100", 1, batch=8, **asked).first_token_s > 0


def test_the_distribution_is_told_among_the_assumptions():
    (note,) = [a for a in cost(input_tokens="500 sd 400", output_tokens=300).assumptions if a.what == "lengths of requests"]
    assert "input_tokens: mean 500" in note.value
    assert "p99" in note.value


def test_requests_to_an_api_are_the_sum_of_their_sample(tmp_path):
    file = tmp_path / "log.csv"
    file.write_text("input_tokens,output_tokens,cached_tokens\n1000,200,800\n50,10,0\n", encoding="utf-8")
    told = request("openai", "gpt-4o", lengths=file, requests=2)
    one, other = request("openai", "gpt-4o", 1000, 200, cached_tokens=800), request("openai", "gpt-4o", 50, 10)
    assert told.total()[0] == pytest.approx(one.total()[0] + other.total()[0])
    assert float(np.squeeze(told.served["token"])) == pytest.approx(1260)


# ---- bad input


@pytest.mark.parametrize(("asked", "words"), [
    ({"input_tokens": "about 500", "output_tokens": 3}, "500 sd 400"),
    ({"input_tokens": "p50 300", "output_tokens": 3}, "two percentiles"),
    ({"input_tokens": "p50 300, p90 200", "output_tokens": 3}, "do not fall"),
    ({"input_tokens": "p50 300, q90 200", "output_tokens": 3}, "500 sd 400"),
    ({"input_tokens": "0 sd 5", "output_tokens": 3}, "above 0"),
    ({"input_tokens": "-5 sd 5", "output_tokens": 3}, "input_tokens"),
    ({"input_tokens": "500 sd 400", "output_tokens": 3, "output_spread": 2}, "leave it out"),
    ({"input_tokens": "500 sd 400", "output_tokens": [3, 4]}, "scenarios"),
    ({"input_tokens": 5, "lengths": [(3, 4)]}, "leave it out"),
    ({"lengths": [(3, 0)]}, "at least 1 token"),
    ({"lengths": [3, 4]}, "pairs"),
    ({"lengths": {"input_tokens": [3, 4], "output_tokens": [1]}}, "as many answers"),
    ({"lengths": "nowhere.csv"}, "exists"),
    ({"input_tokens": "60k sd 60k", "output_tokens": 3000, "model": "llama-3-8b"}, "made for at most 8192"),
])  # fmt: skip
def test_lengths_that_cannot_be_are_refused(asked, words):
    with pytest.raises((BadInput, Contradiction), match=words):
        cost(**asked)


@pytest.mark.parametrize(("text", "row", "column"), [
    ("input_tokens,output_tokens\n5,3\n5,many\n", 3, "output_tokens"),
    ("input_tokens,output_tokens\n-5,3\n", 2, "input_tokens"),
    ("input_tokens\n5\n", 1, "output_tokens"),
    ("input_tokens,output_tokens\n", None, None),
])  # fmt: skip
def test_a_broken_row_of_lengths_is_named(tmp_path, text, row, column):
    file = tmp_path / "lengths.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(TableError) as trouble:
        cost(lengths=file)
    assert (trouble.value.row, trouble.value.column) == (row, column)


def test_a_file_of_lines_holds_objects_or_pairs_and_may_be_gzipped(tmp_path):
    plain, packed = tmp_path / "log.jsonl", tmp_path / "log.jsonl.gz"
    plain.write_text('{"input_tokens": 100, "output_tokens": 50, "user": "a"}\n\n[9000, 400]\n', encoding="utf-8")
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    expected = joules(cost(lengths=[(100, 50), (9000, 400)]))
    assert joules(cost(lengths=plain)) == pytest.approx(expected)
    assert joules(cost(lengths=packed)) == pytest.approx(expected)


@pytest.mark.parametrize(("text", "row", "column"), [
    ("[5, 3]\n{broken\n", 2, None),
    ("[5, 3]\n\n[5]\n", 3, None),
    ('{"input_tokens": 5}\n', 1, "output_tokens"),
    ('[5, 3]\n{"input_tokens": 5, "output_tokens": null}\n', 2, "output_tokens"),
    ('[5, 3]\n{"input_tokens": 5, "output_tokens": 3, "cached_tokens": 2}\n', 2, "cached_tokens"),
    ("", None, None),
])  # fmt: skip
def test_a_broken_line_of_lengths_is_named(tmp_path, text, row, column):
    file = tmp_path / "lengths.jsonl"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(TableError) as trouble:
        cost(lengths=file)
    assert (trouble.value.row, trouble.value.column) == (row, column)


def test_rare_requests_beyond_the_limit_of_a_model_are_cut_and_said():
    found = cost("llama-3-8b", input_tokens="1500 sd 1500", output_tokens=300)
    assert any(a.what == "longest requests" for a in found.assumptions)


def test_a_data_frame_is_read_by_its_columns():
    frame = needs("pandas").DataFrame({"user": ["a", "b"], "output_tokens": [50, 400], "input_tokens": [100, 9000]})
    assert joules(cost(lengths=frame)) == pytest.approx(joules(cost(lengths=[(100, 50), (9000, 400)])))
