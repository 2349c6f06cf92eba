"""sacct: a job's energy once, however its steps, arrays and missing values are written; hours where there is no energy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jevons import account
from jevons.account.readers.lines import Line
from jevons.account.readers.slurm_words import allocated, amount, duration_s, gigabytes, memory_gb, node_count
from jevons.core.errors import BadInput, TableError

COLUMNS = ("JobID", "JobIDRaw", "JobName", "User", "Account", "Partition", "State", "NodeList", "NNodes", "NCPUS", "ReqMem",
           "Start", "End", "ElapsedRaw", "AllocTRES", "TRESUsageInTot", "ConsumedEnergyRaw", "ConsumedEnergy")  # fmt: skip
JOB = {"JobID": "101", "JobIDRaw": "101", "User": "ada", "Account": "vision", "State": "COMPLETED", "NNodes": "1", "NCPUS": "8",
       "Start": "2026-03-01T08:00:00", "End": "2026-03-01T09:00:00", "ElapsedRaw": "3600", "AllocTRES": "cpu=8,mem=64G,node=1",
       "ConsumedEnergyRaw": "3600000"}  # fmt: skip


def written(tmp_path, *rows, columns=COLUMNS, trailing=False):
    file = tmp_path / "sacct.txt"
    end = "|" if trailing else ""
    lines = ["|".join(columns) + end, *("|".join(str(row.get(c, "")) for c in columns) + end for row in rows)]
    file.write_text("\n".join(lines) + "\n")
    return file


def job(**changes):
    return {**JOB, **changes}


def kwh(activity):
    return float(activity.total()[0])


@pytest.mark.parametrize("trailing", [False, True], ids=["-P", "-p"])
def test_a_job_becomes_its_energy(tmp_path, trailing):
    activity = account.read(written(tmp_path, job(), trailing=trailing))
    assert kwh(activity) == pytest.approx(1.0)
    assert set(activity.text["owner"]) == {"ada"}
    assert activity.served["job"][0] == 1


def test_steps_are_never_added_to_their_job(tmp_path):
    steps = [job(JobID=f"101.{s}", JobIDRaw=f"101.{s}", User="") for s in ("batch", "extern", "0")]
    assert kwh(account.read(written(tmp_path, job(), *steps))) == pytest.approx(1.0)


def test_a_job_whose_own_line_has_no_energy_takes_that_of_steps_that_do_not_lie_in_one_another(tmp_path):
    rows = [job(ConsumedEnergyRaw=""), job(JobID="101.extern", JobIDRaw="101.extern", ConsumedEnergyRaw="3600000"),
            job(JobID="101.batch", JobIDRaw="101.batch", ConsumedEnergyRaw="3500000"),
            job(JobID="101.0", JobIDRaw="101.0", ConsumedEnergyRaw="1000000", Start="2026-03-01T08:10:00", ElapsedRaw="600")]  # fmt: skip
    activity = account.read(written(tmp_path, *rows))
    assert kwh(activity) == pytest.approx(1.0)
    assert any("from their steps" in a.value for a in activity.assumptions)


def test_steps_one_after_another_add_up_where_no_wider_one_stands(tmp_path):
    rows = [job(JobID=f"101.{i}", JobIDRaw=f"101.{i}", Start=f"2026-03-01T{8 + i:02}:00:00", ConsumedEnergyRaw="3600000")
            for i in range(3)]  # fmt: skip
    assert kwh(account.read(written(tmp_path, *rows))) == pytest.approx(3.0)


@pytest.mark.parametrize("word", ["", "0", "4294967294", "18446744073709551614", "18446744073709551615"])
def test_a_missing_energy_is_hours_to_be_modelled_and_never_a_number(tmp_path, word):
    activity = account.read(written(tmp_path, job(ConsumedEnergyRaw=word)))
    assert kwh(activity) == 0.0
    assert float(activity.total("device_hours")[0]) == pytest.approx(8.0)
    assert any(a.what == "jobs without energy" for a in activity.assumptions)


@pytest.mark.parametrize("word", ["16.00E", "17179869184.00G", "16384P", "0.02Z"])
def test_the_abbreviated_missing_value_is_missing_too(tmp_path, word):
    assert kwh(account.read(written(tmp_path, job(ConsumedEnergyRaw="", ConsumedEnergy=word)))) == 0.0


def test_energy_is_also_found_abbreviated_and_among_the_resources(tmp_path):
    assert kwh(account.read(written(tmp_path, job(ConsumedEnergyRaw="", ConsumedEnergy="3.60M")))) == pytest.approx(1.0)
    used = job(ConsumedEnergyRaw="", TRESUsageInTot="cpu=00:59:00,energy=7200000,mem=1M")
    assert kwh(account.read(written(tmp_path, used))) == pytest.approx(2.0)


def test_energy_no_node_can_draw_is_taken_as_missing_and_told(tmp_path):
    activity = account.read(written(tmp_path, job(ConsumedEnergyRaw="3600000000")))
    assert kwh(activity) == 0.0
    assert any("above what a node can draw" in a.what for a in activity.assumptions)


def test_elements_of_an_array_are_jobs_of_their_own_and_those_that_wait_are_left_out(tmp_path):
    rows = [job(JobID="101_1", JobIDRaw="102"), job(JobID="101_2", JobIDRaw="103"),
            job(JobID="101_[3-9%2]", JobIDRaw="101", Start="Unknown", End="Unknown", ElapsedRaw="0", State="PENDING")]  # fmt: skip
    activity = account.read(written(tmp_path, *rows))
    assert kwh(activity) == pytest.approx(2.0)
    assert set(activity.text["job"]) == {"101_1", "101_2"}
    assert any(a.what == "jobs that have not begun" for a in activity.assumptions)


@pytest.mark.parametrize("end", ["Unknown", "None", ""])
def test_a_job_that_still_runs_lasts_as_long_as_it_has(tmp_path, end):
    activity = account.read(written(tmp_path, job(End=end, State="RUNNING", ConsumedEnergyRaw="")))
    assert activity.end_s[0] - activity.start_s[0] == 3600


def test_a_running_job_without_its_elapsed_time_is_refused(tmp_path):
    with pytest.raises(TableError, match="column End: 'Unknown' will not do; it still runs"):
        account.read(written(tmp_path, job(End="Unknown", ElapsedRaw="")))


def test_gpus_by_name_and_in_all_are_counted_once(tmp_path):
    tres = "billing=8,cpu=8,gres/gpu=4,gres/gpu:a100=3,gres/gpu:h100=1,mem=64G,node=1"
    hours = account.read(written(tmp_path, job(AllocTRES=tres))).by("flow", "device_hours")
    assert {k: float(v[0]) for k, v in hours.items()} == {"device_hours/nvidia-a100-sxm4-80gb": 3.0,
                                                          "device_hours/nvidia-h100-sxm5-80gb": 1.0}  # fmt: skip


def test_gpus_without_a_name_take_the_one_that_is_given(tmp_path):
    file = written(tmp_path, job(AllocTRES="cpu=8,gres/gpu=2,mem=64G,node=1"))
    assert "device_hours/gpu" in set(account.read(file).text["flow"])
    assert "device_hours/nvidia-h100-sxm5-80gb" in set(account.read(file, gpu="h100").text["flow"])


GA4HPC = """JobID|JobName|Submit|Elapsed|Partition|NNodes|NCPUS|TotalCPU|CPUTime|ReqMem|MaxRSS|WorkDir|State|Account|AllocTRES
7|run|2022-05-01T10:00:00|12:02:00|cpu|1|8|2-00:08:00|4-00:16:00|6760Mc||/home/x|COMPLETED|BIO|billing=8,cpu=8,node=1
7.batch|batch|2022-05-01T10:00:00|12:02:00||1|8|2-00:08:00|4-00:16:00|6760Mc|1000K||COMPLETED|BIO|cpu=8,node=1
8|run|2022-05-01T10:00:00|01:00:00|cpu|2|64|00:00.500|2-16:00:00|250Gn||/home/x|FAILED|BIO|billing=64,cpu=64,node=2
"""


def test_a_log_without_start_and_energy_is_hours_memory_and_load_and_undated(tmp_path):
    (tmp_path / "log.txt").write_text(GA4HPC)
    activity = account.read(tmp_path / "log.txt")
    assert [r["amount"] for r in activity.rows()] == pytest.approx([8 * (12 + 2 / 60), 64.0])
    assert [float(w) for w in activity.text["memory_gb"]] == pytest.approx([8 * 6760 * 1.048576e-3, 500 * 1.073741824], rel=1e-4)
    assert [float(w) for w in activity.text["core_load"]] == pytest.approx([0.5, 0.5 / (64 * 3600)], rel=1e-4)
    assert activity.start_s[0] != activity.start_s[0]
    assert any(a.what == "jobs without dates" for a in activity.assumptions)
    kwh_of = account.modelled(activity, cpu="epyc 7763").rows()
    hours, memory = 12 + 2 / 60, 8 * 6760 * 1.048576e-3
    assert kwh_of[0]["amount"] == pytest.approx(hours * (8 * 280 / 64 * 0.5 + memory * 0.3725) / 1000, rel=1e-4)


def test_a_job_without_start_ends_at_its_end(tmp_path):
    columns = tuple(c for c in COLUMNS if c != "Start")
    activity = account.read(written(tmp_path, job(), columns=columns))
    assert activity.end_s[0] == account.read(written(tmp_path, job())).end_s[0]


def test_energy_of_undated_steps_is_that_of_the_widest(tmp_path):
    rows = [job(ConsumedEnergyRaw=""), *(job(JobID=f"101.{s}", JobIDRaw=f"101.{s}", ConsumedEnergyRaw=e)
                                         for s, e in (("batch", 3500000), ("extern", 3600000), ("0", 1000000)))]  # fmt: skip
    columns = tuple(c for c in COLUMNS if c not in ("Start", "End"))
    assert kwh(account.read(written(tmp_path, *rows, columns=columns))) == pytest.approx(1.0)


def test_a_line_that_stands_twice_counts_once_and_a_requeued_job_twice(tmp_path):
    again = job(Start="2026-03-01T12:00:00")
    activity = account.read(written(tmp_path, job(), job(), again))
    assert kwh(activity) == pytest.approx(2.0)
    assert any(a.what == "lines that stand twice" for a in activity.assumptions)


def test_an_hour_that_autumn_repeats_leaves_no_job_a_negative_time(tmp_path):
    row = job(Start="2026-10-25T02:50:00", End="2026-10-25T02:10:00", ElapsedRaw="1200")
    activity = account.read(written(tmp_path, row), zone="Europe/Berlin")
    assert activity.end_s[0] - activity.start_s[0] == 1200


@pytest.mark.parametrize(("word", "seconds"), [("01:02", 62), ("00:01.500", 1.5), ("01:00:00", 3600), ("4-00:16:00", 346560),
                                               ("1-02:03:04.25", 93784.25)])  # fmt: skip
def test_durations_are_read_as_sacct_writes_them(word, seconds):
    assert duration_s(word) == seconds


@pytest.mark.parametrize(("word", "gb", "each"), [("64G", 64 * 1.073741824, ""), ("250Gn", 250 * 1.073741824, "n"),
                                                  ("6760Mc", 6760 * 1.048576e-3, "c"), ("2T", 2 * 1099.511627776, ""),
                                                  ("1.50G", 1.5 * 1.073741824, "")])  # fmt: skip
def test_memory_is_read_as_slurm_writes_it(word, gb, each):
    assert gigabytes(word) == (pytest.approx(gb), each)


def test_memory_asked_for_a_node_or_a_core_is_multiplied_out():
    line = Line("f", 2, {"ReqMem": "4Gn", "Per": "2Gc"})
    assert memory_gb(line, "ReqMem", nodes=3, cores=8) == pytest.approx(12 * 1.073741824)
    assert memory_gb(line, "Per", nodes=3, cores=8) == pytest.approx(16 * 1.073741824)


@pytest.mark.parametrize(("words", "nodes"), [("n1", 1), ("gpu[01-03,07],login1", 5), ("r[1-2]n[1-4]", 8), ("a[0-999999999999]", 10**12)])
def test_a_list_of_nodes_is_counted_without_being_spelt_out(words, nodes):
    assert node_count(words) == nodes


@pytest.mark.parametrize("words", ["n[1-", "n[a-b]", "n]"])
def test_a_broken_list_of_nodes_is_refused(words):
    with pytest.raises(ValueError, match=r".*"):
        node_count(words)


@given(st.floats(0.01, 999), st.sampled_from(["", "K", "M", "G", "T"]))
def test_abbreviated_numbers_are_thousands(number, suffix):
    shown = f"{number:.2f}{suffix}"
    assert amount(shown) == pytest.approx(float(f"{number:.2f}") * 1000 ** " KMGT".index(suffix or " "))


def test_resources_that_cannot_be_read_are_named_by_row_and_column():
    with pytest.raises(TableError, match="sacct.txt, row 7, column AllocTRES.*give cpu=<number>"):
        allocated(Line("sacct.txt", 7, {"AllocTRES": "cpu=many"}), "AllocTRES")


@pytest.mark.parametrize(("column", "word", "mend"), [("Start", "soon", "give a date"), ("ElapsedRaw", "long", "give seconds"),
                                                      ("ConsumedEnergyRaw", "hot", "give joules")])  # fmt: skip
def test_a_word_that_is_no_value_is_refused_with_its_column(tmp_path, column, word, mend):
    with pytest.raises(TableError, match=f"row 2, column {column}.*{mend}"):
        account.read(written(tmp_path, job(**{column: word})))


def test_a_boundary_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(BadInput, match="chip, server, facility"):
        account.read(written(tmp_path, job()), boundary="rack")


def test_a_job_run_twice_through_the_reader_has_the_same_run(tmp_path):
    file = written(tmp_path, job())
    assert set(account.read(file).text["run"]) == set(account.read(file).text["run"]) == {"slurm-101"}
