"""Requests to an API: what they consume, from the tokens of the reply."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import jevons
from counted_calls import calls
from jevons.core.errors import BadInput, Contradiction, UnknownName
from jevons.core.uncertain import interval
from jevons.estimate.api.replica import choice, closed_shape, spread_experts
from jevons.estimate.api.tariff import bounds, tariff
from jevons.estimate.request import request
from jevons.world import catalog
from jevons.world.deployments import deployment, from_row, stated

ASKED = ("openai", "gpt-4o", 500, 300)


def kwh(*asked, **options):
    return float(request(*asked, draws=0, **options).total()[0])


# ---- what a request consumes


def test_a_request_is_charged_for_prompt_answer_host_idle_time_and_hardware():
    run = request(*ASKED)
    assert set(run.text["stage"]) == {"prefill", "decode", "idle"}
    assert set(run.text["component"]) == {"accelerator", "host", "accelerator manufacture", "host manufacture"}
    assert run.total("device_hours")[0] > 0


def test_longer_prompts_and_longer_answers_cost_more():
    assert kwh("openai", "gpt-4o", 5000, 300) > kwh(*ASKED)
    assert kwh("openai", "gpt-4o", 500, 600) > 1.9 * kwh("openai", "gpt-4o", 500, 300) - kwh("openai", "gpt-4o", 500, 0)


def test_a_prompt_token_costs_less_than_a_token_of_output():
    assert kwh("openai", "gpt-4o", 800, 300) - kwh(*ASKED) < kwh("openai", "gpt-4o", 500, 600) - kwh(*ASKED)


def test_a_cached_prompt_costs_less_than_a_new_one_and_more_than_none():
    assert kwh("openai", "gpt-4o", 100, 300) < kwh("openai", "gpt-4o", 8000, 300, cached_tokens=7900) < kwh("openai", "gpt-4o", 8000, 300)


def test_reasoning_is_reported_apart_and_costs_as_tokens_of_output_do():
    run = request("openai", "gpt-5", 500, 1500, reasoning_tokens=1200, draws=0)
    assert run.where(tokens="reasoning").total()[0] > run.where(tokens="output").total()[0] > 0
    assert run.total()[0] == pytest.approx(kwh("openai", "gpt-5", 500, 1500))


def test_many_requests_cost_as_many_times_one():
    assert kwh(*ASKED, requests=1000) == pytest.approx(1000 * kwh(*ASKED))


def test_requests_of_many_sizes_sum_to_the_sum_of_each():
    together = request("openai", "gpt-4o", np.array([500.0, 90.0]), np.array([300.0, 7.0]), summed=True)
    apart = request(*ASKED) + request("openai", "gpt-4o", 90, 7)
    assert together.total() == pytest.approx(apart.total())
    assert together.served["token"] == pytest.approx(apart.served["token"])


def test_an_embedding_has_a_prompt_and_no_answer():
    assert "decode" not in set(request("openai", "text-embedding-3-small", 500, 0).text["stage"])


def test_a_year_dates_the_rows_so_that_the_grid_of_that_year_prices_them():
    assert jevons.footprint(request(*ASKED, year=2023), at="FRA").explain().lines[0].year == 2023


def test_every_row_of_the_table_gives_an_estimate_with_its_interval():
    for row in catalog.table("api_deployments"):
        name = "llama-3.1-8b" if row["model"] == "*" else row["model"]
        low, high = interval(request(row["provider"], name, 500, 300).total(), 0.1, 0.9)
        assert 0 < low < kwh(row["provider"], name, 500, 300) < high, row["id"]


def test_the_interval_of_a_closed_model_is_wide_and_its_tier_says_guess():
    run = request(*ASKED)
    low, high = interval(run.total(), 0.1, 0.9)
    assert set(run.text["tier"]) == {"guess"}
    assert high / low > 4


def test_a_provider_that_published_its_deployment_has_a_narrower_interval():
    low, high = interval(request("deepseek", "deepseek-chat", 500, 300).total(), 0.1, 0.9)
    assert high / low < 4
    assert "deepseek-inference" in request("deepseek", "deepseek-chat", 500, 300).sources


def test_what_was_assumed_of_the_deployment_stands_in_the_result():
    said = " ".join(str(a) for a in request("openai", "gpt-4o-2024-08-06", 500, 300).assumptions)
    assert "'gpt-4o-2024-08-06' is taken for 'gpt-4o'" in said
    assert "300B parameters" in said


def test_the_same_seed_gives_the_same_draws_for_any_size():
    first, second = request(*ASKED), request("openai", "gpt-4o", 1000, 600)
    assert np.corrcoef(first.total()[1:], second.total()[1:])[0, 1] > 0.99
    assert (request(*ASKED).total() == first.total()).all()


# ---- names


@pytest.mark.parametrize(
    ("provider", "model", "found"),
    [
        ("openai", "gpt-4o-mini-2024-07-18", "gpt-4o-mini"),
        ("azure", "gpt-4o", "gpt-4o"),
        ("google_genai", "models/gemini-2.5-flash", "gemini-2.5-flash"),
        ("anthropic", "claude-sonnet-4-5-20250929", "claude-sonnet-4.5"),
        ("mistral", "mistral-large-latest", "mistral-large"),
        ("openrouter", "openai/gpt-4o", "gpt-4o"),
    ],
)
def test_a_name_is_found_under_its_dates_variants_and_paths(provider, model, found):
    assert deployment(provider, model).name == found


@pytest.mark.parametrize(
    ("provider", "model", "found"),
    [
        ("together", "meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo", "llama-3.1-8b"),
        ("huggingface", "Qwen/Qwen3-235B-A22B-Instruct-2507", "qwen3-235b-a22b"),
        ("openai", "gpt-oss-120b", "gpt-oss-120b"),
        ("deepseek", "deepseek-chat", "deepseek-v3"),
    ],
)
def test_an_open_model_is_estimated_with_its_exact_architecture(provider, model, found):
    assert deployment(provider, model).model == found


def test_a_provider_without_a_row_names_the_nearest_and_how_to_state_a_deployment():
    with pytest.raises(UnknownName, match=r"no provider of that name; nearest: mistral.*pass deployment="):
        request("mistrall ai labs", "x", 1, 1)


def test_a_model_without_a_row_names_the_three_nearest():
    with pytest.raises(UnknownName) as caught:
        request("openai", "gpt-9", 1, 1)
    assert len(caught.value.nearest) == 3


# ---- a deployment that the user states


def test_a_stated_deployment_serves_any_provider_and_model():
    run = request("my cluster", "llama-3.1-8b", 500, 300, deployment={"on": "h100", "batch": 32, "together": 1, "context": 800,
                                                                     "utilisation": 0.9, "precision": "bf16"})  # fmt: skip
    assert set(run.text["tier"]) == {"physics"}
    assert {w for w in run.text["device"] if w} == {"nvidia-h100-sxm5-80gb"}


@pytest.mark.parametrize(("taken", "made", "cached"), [(500, 300, 0), (2000, 300, 1500), (300, 1500, 0)])
def test_a_stated_deployment_gives_what_serving_gives_at_the_same_load(taken, made, cached):
    from jevons.estimate.serving import serving

    given = {"on": "h100", "batch": 32, "together": 4, "context": taken + made / 2, "utilisation": 1.0, "precision": "bf16"}
    ours = request("mine", "llama-3.1-70b", taken, made, cached_tokens=cached, deployment=given, draws=0)
    theirs = serving("llama-3.1-70b", "h100", 4, batch=32, input_tokens=taken, output_tokens=made, cached_tokens=cached, draws=0)
    assert float(ours.total()[0]) == pytest.approx(float(theirs.total()[0]), rel=0.01)
    assert float(ours.total("device_hours")[0]) == pytest.approx(float(theirs.total("device_hours")[0]), rel=0.01)


def test_a_larger_batch_costs_less_a_request():
    def at(batch):
        return kwh("mine", "llama-3.1-70b", 500, 300, deployment={"on": "h100", "batch": batch, "together": 4})

    assert at(4) > 2 * at(32)


def test_a_model_known_by_its_counts_is_estimated_too():
    assert kwh("mine", "secret", 500, 300, deployment={"on": "h100", "params": "70B"}) > kwh(
        "mine", "secret", 500, 300, deployment={"on": "h100", "params": "7B"})  # fmt: skip


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"batch": 4}, "name its accelerator"),
        ({"on": "h100", "btach": 4}, "say some of"),
        ({"on": "h100", "utilisation": 1.5}, "share of time with work"),
        ({"on": "h100", "batch": 0}, "batch"),
        ({"on": "h100", "params": 0}, "positive count"),
        ({"on": "h100", "batch": (1, 2)}, "5 %, best, 95 %"),
    ],
)
def test_a_deployment_that_cannot_be_names_the_field(given, said):
    with pytest.raises(BadInput, match=said):
        request("mine", "llama-3.1-8b", 500, 300, deployment=given)


# ---- bad input


@pytest.mark.parametrize("field", ["input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens", "requests"])
@pytest.mark.parametrize("value", [-1, float("nan"), None])
def test_a_count_that_is_none_is_refused_by_name(field, value):
    given = {"input_tokens": 5, "output_tokens": 5, field: value}
    with pytest.raises(BadInput, match=field):
        request("openai", "gpt-4o", **given)


def test_more_cached_tokens_than_input_contradict_each_other():
    with pytest.raises(Contradiction, match="part of input_tokens"):
        request("openai", "gpt-4o", 10, 5, cached_tokens=11)


def test_more_reasoning_tokens_than_output_contradict_each_other():
    with pytest.raises(Contradiction, match="part of output_tokens"):
        request("openai", "gpt-4o", 10, 5, reasoning_tokens=6)


def test_a_request_without_a_token_is_none():
    with pytest.raises(BadInput, match="at least one token"):
        request("openai", "gpt-4o", 0, 0)


# ---- the parts


def test_the_first_option_has_half_of_the_draws_and_the_best_estimate():
    from jevons.core.uncertain import Draws

    taken = choice(3, Draws(1000), "option")
    assert taken[0] == 0
    assert [int((taken[1:] == i).sum()) for i in range(3)] == [500, 250, 250]


def test_experts_spread_over_replicas_leave_a_token_its_parameters():
    from jevons.core.uncertain import Draws

    shape = closed_shape(deployment("openai", "gpt-5"), Draws(100))
    spread = spread_experts(shape, np.array(4.0))
    assert spread.active_params_b == pytest.approx(shape.active_params_b)
    assert (spread.expert_params_b < shape.expert_params_b).all()


def test_a_row_added_by_an_overlay_is_used(tmp_path: Path):
    row = {**catalog.table("api_deployments").index["openai-gpt-4o"], "id": "openai-gpt-4o", "batch_low": "1", "batch": "1", "batch_high": "1", "source": "own measurement"}
    (tmp_path / "api_deployments.csv").write_text(",".join(row) + "\n" + ",".join(f'"{v}"' for v in row.values()) + "\n")
    before = kwh(*ASKED)
    catalog.overlay(tmp_path)
    try:
        assert kwh(*ASKED) > 5 * before
    finally:
        catalog.overlay(None)
    assert kwh(*ASKED) == before


def test_the_table_has_the_columns_of_its_schema_and_known_sources():
    for name in ("api_deployments", "api_anchors", "api_providers"):
        columns = [row["column"] for row in catalog.table("schema") if row["table"] == name]
        for row in catalog.table(name):
            assert list(row) == columns
            assert all(s in catalog.table("sources").index for s in row["source"].split(";")), row["id"]


def test_every_span_of_the_table_holds_its_best_and_its_models_exist():
    for row in catalog.table("api_deployments"):
        found = from_row(row)
        assert (found.params_b is None) == (row["open_model"] != "")
        assert row["open_model"] in ("", "*") or row["open_model"] in catalog.table("models").index
        assert all(device in catalog.table("accelerators").index for device in found.devices), row["id"]


def test_a_stated_value_is_certain():
    span = stated({"on": "h100", "batch": 16}, "llama-3.1-8b").batch
    assert span.low == span.best == span.high == 16


# ---- the tariff


def test_the_tariff_gives_what_pricing_the_request_gives():
    site = jevons.site("FRA", year=2024)
    by_tariff = tariff("openai", "gpt-4o", site, draws=200).price(500, 300, 100, 50)
    priced = jevons.footprint(request("openai", "gpt-4o", 500, 300, cached_tokens=100, reasoning_tokens=50, draws=200), at=site)
    for indicator in priced.indicators:
        assert by_tariff[indicator] == pytest.approx(priced.total(indicator))
    plain = tariff("openai", "gpt-4o", site, draws=200).best(500, 300, 100, 50)
    assert plain == pytest.approx({i: priced.best(i) for i in priced.indicators})
    assert bounds(by_tariff["climate"]) == pytest.approx(priced.interval("climate", 0.1, 0.9))


# ---- cost


def test_a_hundred_thousand_requests_call_what_ten_call():
    def cost(n):
        random = np.random.default_rng(0)
        taken, made = random.integers(1, 5000, n).astype(float), random.integers(1, 2000, n).astype(float)
        return calls(lambda: request("openai", "gpt-4o", taken, made, draws=0).total())

    assert cost(10) == cost(100_000)
    assert calls(lambda: request(*ASKED)) < 1000  # a table lookup, not a search
