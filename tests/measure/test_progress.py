"""How far a command has come is read from its bar or its words, and what tells of a part is not taken for the whole."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

import jevons
from jevons.core.errors import BadInput
from jevons.measure.live_report import LiveReport
from jevons.measure.progress import Following, Progress
from means import means_missing

TQDM = " {0}%|███▋      | {0}/{1} [00:12<00:21,  3.1it/s]"


def told(*lines, **options):
    """What is known once each line was written, and then nothing more."""
    progress = Progress(**options)
    for line in lines:
        progress.read(line)
    progress.read("")
    return progress


@pytest.mark.parametrize(
    ("line", "expected"),
    [("\r" + TQDM.format(37, 100), (37, 100)), ("Training:  37%|███▋ | 37/100 [1:00:12<2:00:21,  3.1it/s]", (37, 100)),
     ("37/100 [00:12<?, ?it/s]", (37, 100)), (" 12%|█▎ | 1.20M/10.0M [00:01<00:08, 1.1MB/s]", (1.2e6, 1e7)),
     ("\x1b[1m37/100\x1b[0m \x1b[32m━━━━━━━\x1b[0m\x1b[37m━━━━━━━\x1b[0m \x1b[1m4s\x1b[0m 71ms/step - loss: 0.3", (37, 100)),
     (" 37/100 [=======>......................] - ETA: 3s - loss: 0.1", (37, 100)), ("\b\b\b\b37/100 ━━━━ 3s", (37, 100))],
)  # fmt: skip
def test_bars_are_read_as_they_are_drawn(line, expected):
    assert told(line).now == pytest.approx(expected)


@pytest.mark.parametrize(
    "line",
    ["2026/11/28 12:00:00 started", "Epoch 1/3", "loss 37/100", "see http://host/37/100 [here]", "accuracy 1/2 [0.5]",
     "[37/100] compiling", "37/100", "1.2.3/4.5.6 [00:12<00:21]", "Epoch 3/9 ━━━━━╸ 37/100 0:00:01"],
)  # fmt: skip
def test_other_fractions_are_no_bar(line):
    assert told(line).now is None


def test_a_real_bar_is_followed_to_its_end():
    try:
        from tqdm import tqdm
    except ImportError:
        means_missing("tqdm is not installed")
    drawn, progress, seen = io.StringIO(), Progress(), []
    for _ in tqdm(range(40), file=drawn, mininterval=0):
        progress.read(drawn.getvalue())
        drawn.seek(0), drawn.truncate()
        seen.append(progress.now)
    progress.read(drawn.getvalue())
    assert progress.now == (40, 40)
    assert [now[0] for now in seen if now] == sorted(now[0] for now in seen if now)


@given(st.lists(st.integers(1, 80), max_size=60))
def test_however_the_text_is_cut_no_number_is_read_by_half(cuts):
    text = "\r".join(TQDM.format(done, 1000) for done in (7, 68, 123, 777)) + "\n"
    progress, at, seen = Progress(), 0, []
    for cut in [*cuts, len(text)]:
        progress.read(text[at : at + cut])
        at += cut
        seen.append(progress.now)
    assert {now for now in seen if now} <= {(7, 1000), (68, 1000), (123, 1000), (777, 1000)}
    progress.read(text[at:])
    assert progress.now == (777, 1000)


def test_a_pattern_of_ones_own_is_not_read_before_its_number_is_whole():
    progress = Progress(r"step (\d+) of (\d+)")
    progress.read("step 37 of 10")
    assert progress.now is None
    progress.read("00\n")
    assert progress.now == (37, 1000)
    assert told("step 38 of 1,000\n", pattern=r"step (\d+) of ([\d,]+)").now == (38, 1000)


def test_one_group_is_what_is_done_and_the_total_is_given():
    assert told("iter=250 loss=2.1\n", pattern=r"iter=(\d+)", total="1k").now == (250, 1000)


def test_two_streams_do_not_mend_each_others_lines():
    progress = Progress(r"step (\d+)/(\d+)")
    progress.read("step 3/1", 0)
    progress.read("0\n", 1)
    assert progress.now is None


def test_a_bar_beside_one_that_is_not_full_is_passed_over():
    lines = [TQDM.format(10, 100), TQDM.format(3, 7), TQDM.format(7, 7), TQDM.format(0, 7)]
    assert told(*(line + "\r" for line in lines)).now == (10, 100)


def test_a_bar_after_one_that_is_full_is_other_work():
    progress = told(*(line + "\n" for line in (TQDM.format(2, 2), TQDM.format(1, 500))))
    assert (progress.now, progress.works) == ((1, 500), 2)


def test_a_bar_that_begins_again_tells_of_a_part_and_nothing_is_foreseen():
    progress = told(*(line + "\n" for line in (TQDM.format(99, 100), TQDM.format(100, 100), TQDM.format(1, 100))))
    assert progress.again
    assert progress.now is None


def test_with_its_total_given_laps_add_up():
    lines = [TQDM.format(done, 100) + "\n" for done in (50, 100, 30, 100, 10)]
    assert told(*lines, total=300).now == (210, 300)


def test_with_a_total_given_a_bar_that_is_no_part_of_it_is_passed_over():
    assert told(TQDM.format(3, 7) + "\n", TQDM.format(30, 100) + "\n", total=300).now == (30, 300)


@pytest.mark.parametrize(
    ("options", "mend"),
    [({"pattern": "(("}, "regular expression"), ({"pattern": "no group"}, "two groups"), ({"pattern": "(1)(2)(3)"}, "two groups"),
     ({"pattern": r"(\d+)"}, "say the work in all"), ({"total": "0"}, "total"), ({"total": "many"}, "total")],
)  # fmt: skip
def test_what_tells_no_progress_is_refused(options, mend):
    with pytest.raises(BadInput, match=mend):
        Progress(**options)


def test_a_line_without_end_stays_small():
    progress = Progress()
    for _ in range(100):
        progress.read("x" * 10_000)
    assert len(progress._open[0]) <= 4096


@pytest.mark.parametrize("pattern", ["bar", r"(\d+)/(\d+)"])
def test_a_number_that_is_none_is_passed_over(pattern):
    assert told("1.2.3/4 [00:12<00:21]\n" if pattern == "bar" else "", pattern=pattern).now is None


# -- the report --------------------------------------------------------------------------------------------------------


class Used:
    """A run of 100 W whose clock is set by hand."""

    started_s, ended_s, energy_kwh = 0.0, 0.0, 0.0

    @property
    def activity(self):
        row = {"amount": self.energy_kwh or 1e-9, "boundary": "server", "method": "counter"}
        return jevons.core.activity.Activity.of([row])


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("jevons.measure.live_report.time.monotonic", lambda: now[0])
    monkeypatch.setattr("jevons.measure.live_report.time.time", lambda: now[0])
    return now


def at(clock, second, used):
    clock[0] = used.ended_s = float(second)
    used.energy_kwh = 100 * second / 3.6e6


SITE = jevons.site("France", pue=1.0, intensity="100 g/kWh")


def test_the_end_and_the_total_are_foreseen_from_a_bar(clock):
    used, lines = Used(), [""]
    report = LiveReport(used, SITE)
    following = Following(report, Progress(), lambda: {0: lines.pop()})
    for second in range(1, 41):
        at(clock, second, used)
        lines.append(TQDM.format(second, 100) + "\r")
        following.look()
    assert report.eta_s.best == pytest.approx(60)
    assert report.eta_s.low <= 60 <= report.eta_s.high
    assert report.projected.best("energy") * 3.6e6 == pytest.approx(100 * 100, rel=1e-6)


def test_a_run_that_goes_on_from_a_checkpoint_is_not_taken_for_a_fast_one(clock):
    used, lines = Used(), [""]
    report = LiveReport(used, SITE)
    following = Following(report, Progress(), lambda: {0: lines.pop()})
    for second in range(30, 60):
        at(clock, second, used)
        lines.append(TQDM.format(500 + second, 1000) + "\r")
        following.look()
    assert report.eta_s.best == pytest.approx(1000 - 559)


def test_what_was_foreseen_is_taken_back_where_the_bar_begins_again(clock):
    used, lines = Used(), [""]
    report = LiveReport(used, SITE)
    following = Following(report, Progress(), lambda: {0: lines.pop() if lines else ""})
    for second in range(1, 101):
        at(clock, second, used)
        lines.append(TQDM.format(second, 100) + "\r")
        following.look()
    assert report.eta_s.best == 0
    lines.append(TQDM.format(1, 100) + "\r")
    at(clock, 102, used)
    following.look()
    following.look()
    assert (report.eta_s, report.projected) == (None, None)
