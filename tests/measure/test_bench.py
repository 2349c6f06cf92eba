"""Driving an endpoint: its load, its steady state, its energy, and what goes wrong on the way."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from contextlib import suppress

import pytest
from steady import Steady
from tiny_server import Handler, served

from jevons.core.errors import BadInput, TableError
from jevons.estimate.server import validate as validate_serving
from jevons.measure.bench import bench
from jevons.measure.bench import export as bench_export
from jevons.measure.bench import pacing as bench_load
from jevons.measure.bench import plot as bench_plot
from jevons.measure.bench import prompts as bench_prompts
from jevons.measure.bench.client import Exchange, ask, endpoint
from jevons.measure.bench.prompts import Prompt
from jevons.measure.bench.window import Series, mark_frontier, measured, share_curve, steady
from jevons.measure.sensor import MISSING, Meter, Reading

S = 1_000_000_000
GPU = Meter("gpu-0", "accelerator", "chip", "counter", "nvml", note="NVIDIA H100 80GB HBM3, counter")
CPU = Meter("cpu-0", "processor", "chip", "counter", "rapl")
HELLO = Prompt((("user", "hello"),))


@pytest.fixture(scope="module")
def url():
    with served() as address:
        yield address


def run(url, sensors=None, **asked):
    wanted = {"model": "tiny", "requests": 20, "concurrency": (1, 4), "max_tokens": 24, "period_s": 0.005, **asked}
    return bench.serve(bench.Plan(url, **wanted), [Steady(50.0)] if sensors is None else sensors)


def exchange(asked_s, first_s, end_s, tokens=10, given=100, trouble=""):
    """An answer whose pieces come evenly from its first token to its end."""
    pieces = [int((first_s + (end_s - first_s) * i / (tokens - 1)) * S) for i in range(tokens)]
    return Exchange(HELLO, int(asked_s * S), int(end_s * S), pieces, ["x"], given, tokens, not trouble, trouble)


def constant(watts, until_s, meter=CPU, step_s=0.1):
    """The samples of a meter under constant power."""
    times = [i * step_s for i in range(int(until_s / step_s) + 2)]
    return Series([meter], [[Reading(meter.device, int(t * watts * 1e6), int(t * S))] for t in times])


ONE_BY_ONE = [exchange(i, i + 0.4, i + 1.0) for i in range(10)]


# ---- the steady state


def test_the_window_of_a_closed_loop_opens_when_all_are_answering_and_closes_when_the_first_place_stays_empty():
    pairs = [exchange(i // 2, i // 2 + 0.4, i // 2 + 1.0) for i in range(10)]
    assert steady(pairs, 2, "closed") == (int(0.4 * S), 4 * S)


def test_poisson_arrivals_are_steady_after_the_longest_stay_until_the_last_arrival():
    assert steady([exchange(i / 2, i / 2 + 0.1, i / 2 + 1.0) for i in range(20)], 8, "poisson") == (S, int(9.5 * S))


def test_arrivals_that_stay_longer_than_they_come_have_no_steady_state():
    level = measured([exchange(i / 10, i, i + 5) for i in range(10)], 99, "poisson", constant(50, 20))
    assert level.energy_per_request_j is None
    assert "lower the rate" in level.notes[0]


def test_energy_outside_the_window_is_cut():
    level = measured(ONE_BY_ONE, 1, "closed", constant(50, 100))
    assert level.window_s == pytest.approx(8.6)
    assert sum(level.energy_j.values()) == pytest.approx(50 * 8.6)


def test_one_in_flight_pays_for_its_prompt_until_the_first_token_and_for_its_answer_after():
    level = measured(ONE_BY_ONE, 1, "closed", constant(50, 100))
    assert level.prompt_energy_per_input_token_j == pytest.approx(8 * 0.4 * 50 / 900)
    assert level.answer_energy_per_output_token_j == pytest.approx(9 * 0.6 * 50 / level.output_tokens)


def test_the_shares_of_all_requests_and_of_empty_moments_add_up_to_the_energy_of_the_window():
    some = [exchange(a, a + 0.3, a + b) for a, b in [(0.0, 2.0), (0.5, 1.0), (1.0, 3.0), (5.0, 1.0), (5.5, 2.5)]]
    window, series = (0, 9 * S), constant(80, 10)
    moments, shared, nobody_j = share_curve(some, window, series)
    paid = sum(float(shared[moments == e.ended_ns][0] - shared[moments == e.asked_ns][0]) for e in some)
    assert paid + nobody_j == pytest.approx(80 * 9)
    assert nobody_j == pytest.approx(80 * (1.0 + 1.0))


def test_two_in_flight_share_equally():
    both = [exchange(0, 0.5, 4), exchange(0, 0.5, 4)]
    _, shared, _ = share_curve(both, (0, 4 * S), constant(10, 5))
    assert shared[-1] == pytest.approx(20.0)


def test_a_failed_request_takes_its_share_and_gives_no_token():
    pairs = [exchange(i // 2, i // 2 + 0.4, i // 2 + 1.0, trouble="cut" if i % 2 else "") for i in range(20)]
    level = measured(pairs, 2, "closed", constant(50, 20))
    assert level.failed == {"cut": 10}
    answers_j = level.answer_energy_per_output_token_j * level.output_tokens
    prompts_j = level.prompt_energy_per_input_token_j * level.input_tokens
    assert answers_j + prompts_j < 0.6 * sum(level.energy_j.values())


def test_components_are_kept_apart():
    both = Series([GPU, CPU], [[Reading("gpu-0", int(t * 3e7), int(t * S / 10)), Reading("cpu-0", int(t * 1e6), int(t * S / 10))]
                               for t in range(110)])  # fmt: skip
    level = measured(ONE_BY_ONE, 1, "closed", both)
    assert level.energy_j["accelerator"] == pytest.approx(300 * 8.6)
    assert level.energy_j["processor"] == pytest.approx(10 * 8.6)
    assert level.accelerator_j == level.energy_j["accelerator"]


def test_a_meter_that_stands_still_is_no_energy_of_zero():
    level = measured(ONE_BY_ONE, 1, "closed", constant(0, 20))
    assert level.energy_per_output_token_j is None
    assert level.notes == ["no energy was seen of processor in the window: left out, not taken for zero"]


def test_a_window_with_few_readings_has_no_energy():
    level = measured(ONE_BY_ONE, 1, "closed", constant(50, 20, step_s=5))
    assert level.energy_j == {}
    assert "too short for the sensors" in level.notes[0]


def test_readings_that_failed_are_counted():
    series = constant(50, 1)
    series.add([Reading("cpu-0", 10**9, 20 * S, MISSING)])
    assert series.troubles == {"cpu-0: missing": 1}


def test_a_level_that_another_beats_in_energy_and_time_is_off_the_frontier():
    levels = [measured([exchange(i, i + 0.4, i + 1.0, tokens=n) for i in range(10)], 1, "closed", constant(w, 20))
              for n, w in [(10, 50), (20, 50), (40, 400)]]  # fmt: skip
    mark_frontier(levels)
    assert [level.on_frontier for level in levels] == [False, True, True]


# ---- load


def remembered(latency_s, trouble=""):
    """A stand-in for the endpoint: answers after a while and remembers how many were in flight."""
    flying, most = 0, [0]

    async def send(prompt, asked_ns):
        nonlocal flying
        flying += 1
        most.append(max(most[-1], flying))
        await asyncio.sleep(latency_s)
        flying -= 1
        return Exchange(prompt, asked_ns, time.monotonic_ns(), [time.monotonic_ns()], trouble=trouble)

    return send, most


def test_a_closed_loop_keeps_as_many_in_flight_as_asked_and_sends_each_prompt_once():
    send, most = remembered(0.002)
    done = asyncio.run(bench_load.closed(send, [HELLO] * 30, 5))
    assert (len(done), most[-1]) == (30, 5)


def test_poisson_arrivals_come_at_their_rate_and_never_more_are_in_flight_than_allowed():
    send, most = remembered(0.02)
    done = asyncio.run(bench_load.poisson(send, [HELLO] * 100, 3, 400.0, seed=1))
    span_s = (max(e.asked_ns for e in done) - min(e.asked_ns for e in done)) / S
    assert len(done) == 100
    assert most[-1] == 3
    assert 0.15 < span_s < 0.5


def test_an_endpoint_that_only_fails_is_given_up():
    send, _ = remembered(0.0, "HTTP 500")
    assert len(asyncio.run(bench_load.closed(send, [HELLO] * 1000, 4))) < 20
    assert len(asyncio.run(bench_load.poisson(send, [HELLO] * 1000, 4, 1e4, 0))) < 50


# ---- a real endpoint


def test_a_served_model_is_measured_at_each_level(url):
    found = run(url)
    assert [level.concurrency for level in found.levels] == [1, 4]
    for level in found.levels:
        assert level.failed == {}
        assert level.power_w == pytest.approx(50, rel=0.01)
        assert level.energy_per_output_token_j == pytest.approx(50 / level.tokens_per_s, rel=0.01)
        assert 0 < level.ttft_s["median"] <= level.ttft_s["p99"]
        assert 0 < level.s_per_token["median"] <= level.s_per_token["p99"]
    assert found.levels[1].in_flight == pytest.approx(4, rel=0.1)
    assert found.levels[0].lengths["output_mean"] == 24
    assert (found.method, found.levels[0].notes) == ("counter", [])


def test_what_was_metered_can_be_priced(url):
    import jevons

    found = run(url, concurrency=(2,))
    activity = found.activity
    (level,) = found.levels
    assert float(activity.total()[0]) * 3.6e6 == pytest.approx(sum(level.energy_j.values()), rel=1e-6)
    per_request = jevons.footprint(activity, jevons.site("France", pue=1.0)).per("request")
    assert per_request.best("energy") * 3.6e6 == pytest.approx(level.energy_per_request_j, rel=1e-6)


def test_without_usage_the_pieces_are_counted_and_it_is_said(url):
    (level,) = run(url, model="tiny-silent", concurrency=(2,)).levels
    assert level.lengths["output_mean"] == 24
    assert level.input_tokens is None
    assert level.prompt_energy_per_input_token_j is None
    assert "20 answers came without usage" in level.notes[0]


@pytest.mark.parametrize(("model", "why"), [
    ("tiny-cut", "the connection was cut before the answer was whole"),
    ("tiny-error", "an error in the middle of the stream: the engine died"),
])  # fmt: skip
def test_streams_that_break_are_counted_by_what_broke_them(model, why):
    with served() as address:
        (level,) = run(address, model=model, concurrency=(2,)).levels
    ((said, count),) = level.failed.items()
    assert said == why
    assert 5 <= count <= 8
    assert level.energy_per_output_token_j > 0


def test_a_server_that_falls_over_is_given_up_and_its_words_are_kept():
    with served() as address:
        (level,) = run(address, model="tiny-full", concurrency=(2,), requests=100).levels
    assert level.failed == {"HTTP 500: out of memory": level.sent}
    assert level.sent < 20
    assert "no request succeeded" in level.notes
    assert any("given up after" in note for note in level.notes)


def test_a_slow_endpoint_is_waited_for_no_longer_than_asked(url):
    with pytest.raises(BadInput, match=r"no whole answer within 0.3 s"):  # which takes five
        run(url, model="tiny-slow", timeout_s=0.3)


def test_an_endpoint_that_is_down_is_said_at_once():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(BadInput, match="connection refused.*start the server"):
        run(f"http://127.0.0.1:{port}/v1")


def test_a_model_that_the_endpoint_does_not_have_is_refused_in_its_words(url):
    with pytest.raises(BadInput, match="HTTP 404: the model 'gpt-9' does not exist"):
        run(url, model="gpt-9")


def answered(data):
    """The exchange with a server that says these bytes and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as door:

        def mumble():
            connection, _ = door.accept()
            with connection, suppress(OSError):
                connection.recv(65536)
                connection.sendall(data)

        threading.Thread(target=mumble, daemon=True).start()
        to = endpoint(f"http://127.0.0.1:{door.getsockname()[1]}/v1")
        return asyncio.run(ask(to, "m", HELLO, 5, 2.0))


OK = b"HTTP/1.1 200 OK\r\n"
PIECE = b'data: {"choices": [{"delta": {"content": "a"}}]}\n\n'
DONE = b"data: [DONE]\n\n"


@pytest.mark.parametrize(("data", "why"), [
    (b"", "the connection was cut"), (b"SSH-2.0-nothing\r\n", "no HTTP"), (b"x" * (3 << 20), "no HTTP"),
    (OK + b"content-type: application/json\r\n\r\n{}", "not streamed"), (OK + b"\r\n" + PIECE, "the stream ended"),
    (OK + b"\r\n" + DONE, "without text"), (OK + b"\r\ndata: oops\n\n", "no HTTP with"),
    (OK + b"\r\ndata: " + b"[" * 100_000 + b"\n\n", "no HTTP with"), (OK + b'\r\ndata: {"choices": [7]}\n\n', "no HTTP with"),
    (OK + b"transfer-encoding: chunked\r\n\r\nffffffffff\r\n", "no HTTP with"), (OK + b"a: b\r\n" * 300 + b"\r\n", "no HTTP with"),
    (OK + b"transfer-encoding: chunked\r\n\r\n40\r\ndata:", "the connection was cut"),
    (b"HTTP/1.1 503 Busy\r\ncontent-length: 8\r\n\r\nbusy\xffnow", "HTTP 503: busy"),
])  # fmt: skip
def test_whatever_an_endpoint_says_ends_in_words_and_never_in_an_error(data, why):
    assert why in answered(data).trouble


def test_a_plain_body_without_usage_is_followed_to_its_end():
    found = answered(OK + b"\r\n: a comment\n\n" + PIECE * 3 + DONE)
    assert (found.trouble, found.tokens, found.input_tokens) == ("", 3, None)


def test_no_two_bundled_prompts_sent_begin_alike_so_that_no_prefix_cache_answers():
    with served() as address:
        run(address, requests=45, concurrency=(2, 3), max_tokens=1)
        texts = [body["messages"][0]["content"] for body in Handler.bodies]
    assert len(texts) == 91
    assert len({text[:12] for text in texts}) == 91


def test_the_key_is_sent_and_never_shown():
    with served() as address:
        found = run(address, key="secret-word", concurrency=(1,))
        assert set(Handler.headers_seen) == {"Bearer secret-word"}
    assert "secret-word" not in repr(found.plan)


def test_an_endpoint_elsewhere_has_no_energy_of_this_machine(url):
    found = bench._sensors(endpoint("http://gpu-box.example/v1"), bench.Plan("http://gpu-box.example/v1", "m"), None)
    assert found[0] == []
    assert "gpu-box.example is not known to be this machine" in found[1][0]


def test_modelled_energy_is_declared(url):
    class Model(Steady):
        @property
        def meters(self):
            return [Meter("steady", "processor", "chip", "modelled", "model")]

    found = run(url, [Model(50.0)], concurrency=(1,))
    assert found.method == "modelled"
    assert "modelled, not measured: steady (no counter was found)" in found.notes
    assert bench_export.quality(found, found.levels[0]) == "energy modelled"


def test_own_prompts_that_are_repeated_are_told_of(url):
    found = run(url, prompts=(HELLO, Prompt((("user", "good day"),))), concurrency=(1,))
    assert "2 prompts were asked more than once" in found.notes[-1]


# ---- bad plans


@pytest.mark.parametrize(("asked", "why"), [
    ({"requests": 2}, "requests"), ({"requests": 10**7}, "requests"), ({"requests": 8, "concurrency": (4,)}, "from 9 requests on"),
    ({"concurrency": ()}, "concurrency"), ({"concurrency": (0,)}, "concurrency"), ({"concurrency": (2, 2)}, "each once"),
    ({"concurrency": (5000,)}, "concurrency"), ({"max_tokens": 0}, "max_tokens"), ({"timeout_s": float("nan")}, "timeout_s"),
    ({"arrivals": "burst"}, "closed, poisson"), ({"arrivals": "poisson"}, "rate"), ({"rate": 3.0}, "a rate is for"),
    ({"arrivals": "poisson", "rate": -1.0}, "rate"), ({"model": " "}, "model"), ({"period_s": 0}, "period_s"),
])  # fmt: skip
def test_a_plan_that_cannot_be_run_is_refused(asked, why):
    with pytest.raises(BadInput, match=why):
        bench.Plan("http://127.0.0.1:1/v1", **{"model": "m", **asked})


@pytest.mark.parametrize("url", ["", "127.0.0.1:8000", "ftp://here/v1", "http://", "http://a:99999/v1", "http://a/v1 x"])
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(BadInput, match="give an address such as"):
        endpoint(url)


def test_a_chat_address_is_taken_as_it_is():
    assert endpoint("https://host/api/v1/chat/completions").url == "https://host:443/api/v1/chat/completions"
    assert endpoint("http://host:11434/v1/").path == "/v1/chat/completions"


# ---- prompts


def test_prompts_are_read_from_lines_of_json(tmp_path):
    file = tmp_path / "mine.jsonl"
    lines = [{"prompt": "one", "kind": "short"}, {"messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "two"}]}]
    file.write_text("\n\n".join(json.dumps(line) for line in lines))
    one, two = bench_prompts.read(file)
    assert (one.text, one.kind) == ("one", "short")
    assert two.messages == (("system", "be brief"), ("user", "two"))


def test_every_broken_line_is_named_by_its_number(tmp_path):
    file = tmp_path / "mine.jsonl"
    file.write_text('{"prompt": "fine"}\n{"prompt": \n\n[1]\n{"prompt": ""}\n{"messages": [{"role": "user"}]}\n')
    with pytest.raises(TableError) as refused:
        bench_prompts.read(file)
    for said in ("mine.jsonl, row 2", "4 broken lines", "line 2: no JSON", "line 4: no JSON object", "line 5: neither", "line 6: neither"):
        assert said in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfe\xff"])
def test_a_file_without_prompts_is_refused(tmp_path, content):
    (tmp_path / "p.jsonl").write_bytes(content)
    with pytest.raises(TableError, match=r"p\.jsonl"):
        bench_prompts.read(tmp_path / "p.jsonl")


def test_the_bundled_prompts_differ_and_hold_short_and_long_ones():
    texts = [prompt.text for prompt in bench_prompts.bundled()]
    assert len(set(texts)) == len(texts) >= 30
    assert min(map(len, texts)) < 80
    assert max(map(len, texts)) > 2000


# ---- exports


def test_validate_serving_reads_our_rows_back(url):
    found = run(url, [Gpu(300.0)], concurrency=(1, 4))
    deployed = bench_export.Deployment(model="llama-3.1-8b", precision="bf16")
    rows = [{k: "" if v is None else str(v) for k, v in row.items()} for row in bench_export.mlenergy(found, deployed)]
    assert validate_serving.recognise(bench_export.MLENERGY)
    prediction = validate_serving.predict([dict.fromkeys(bench_export.MLENERGY, "") | row for row in rows])
    assert prediction.left_out == {}
    observed = prediction.targets["energy_per_output_token"].observed
    assert observed == pytest.approx([level.energy_per_output_token_j for level in found.levels])


class Gpu(Steady):
    """A steady accelerator."""

    @property
    def meters(self):
        return [Meter("steady", "accelerator", "chip", "counter", "nvml", note="NVIDIA H100 80GB HBM3, counter")]


def test_melodis_rows_are_requests_in_kwh(url):
    found = run(url, [Gpu(300.0)], concurrency=(1,))
    rows = bench_export.melodi(found)
    assert set(rows[0]) <= set(bench_export.MELODI)
    assert len(rows) >= 15
    for row in rows:
        assert row["energy_consumption_llm_total"] * 3.6e6 == pytest.approx(300 * row["total_duration"] / S, rel=0.05)
        assert row["energy_consumption_llm_gpu"] == pytest.approx(row["energy_consumption_llm_total"])
    header, first = bench_export.as_csv(bench_export.MELODI, rows[:1]).splitlines()[:2]
    assert header.startswith("model_name,created_at,total_duration")
    assert first.startswith("tiny,20")


def test_the_energy_score_is_marked_as_not_official_and_says_what_differs(url):
    found = run(url, [Gpu(300.0)], concurrency=(1,))
    score = bench_export.energy_score(found, bench_export.Deployment())
    assert score["official"] is False
    assert score["stars"] is None
    assert score["gpu_energy_wh_per_1000_queries"] == pytest.approx(found.levels[0].energy_per_request_j / 3.6)
    assert "one run, not ten" in score["differs"]
    assert not any("hardware" in word for word in score["differs"])


def test_the_energy_score_needs_one_query_at_a_time(url):
    with pytest.raises(BadInput, match="one query at a time"):
        bench_export.energy_score(run(url, concurrency=(2,)), bench_export.Deployment())


# ---- the drawing


def test_the_frontier_is_drawn_with_a_dot_a_level(url):
    import xml.etree.ElementTree as ET

    found = run(url)
    found.plan = bench.Plan(url, "a<b>&c", requests=20, concurrency=(1, 4))
    drawing = ET.fromstring(bench_plot.svg(found))
    assert len([shape for shape in drawing.iter() if shape.tag.endswith("circle")]) == 2
    assert "a<b>&c" in drawing.attrib["aria-label"]


def test_without_energy_there_is_nothing_to_draw_and_the_page_says_so(url):
    found = run(url, [], concurrency=(1,))
    assert found.method == "none"
    with pytest.raises(BadInput, match="nothing to draw: no energy: this machine offers no sensor"):
        bench_plot.svg(found)
    assert "there is no frontier to draw" in bench_plot.page(found, [(("a",), [["1"]])])


@pytest.mark.parametrize(("top", "marks"), [(1.0, 6), (0.037, 5), (7.3, 5), (12000, 4)])
def test_ticks_are_round_and_reach_over_the_greatest_value(top, marks):
    found = bench_plot.ticks(top)
    assert found[0] == 0
    assert found[-2] < top <= found[-1] * (1 + 1e-9)
    assert marks - 2 <= len(found) <= 8
