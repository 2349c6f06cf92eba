"""CodeCarbon's trackers on jevons' meter: the same calls, columns and file; bad values are errors at construction."""

from __future__ import annotations

import csv
import json
import logging
import math
import os
import signal
import subprocess
import sys
import time

import pytest

from jevons import account
from jevons.account.readers.codecarbon import COLUMNS
from jevons.core.errors import BadInput, UnknownName
from jevons.integrations import codecarbon
from jevons.integrations.codecarbon import EmissionsTracker, OfflineEmissionsTracker, track_emissions
from jevons.integrations.codecarbon_options import OPTIONS
from means import means_missing
from measure.steady import Steady, until

FORCED = {"force_carbon_intensity_g_co2e_kwh": 360.0}


@pytest.fixture(autouse=True)
def own_place(tmp_path, monkeypatch):
    monkeypatch.setenv("JEVONS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("jevons.measure.begin.sensors_found", lambda **_: [Steady(watts=1000.0)])


def rows(folder, name="emissions.csv"):
    with (folder / name).open(newline="") as handle:
        return list(csv.DictReader(handle))


def child(code, folder, **options):
    lead = "from jevons.integrations.codecarbon import EmissionsTracker\nimport os, sys, time\n"
    env = {**os.environ, "JEVONS_HOME": str(folder / "home")}
    return subprocess.Popen([sys.executable, "-c", lead + code], cwd=folder, env=env, stderr=subprocess.PIPE, text=True, **options)


# -- what it measures --------------------------------------------------------------------------------------------


def test_energy_emissions_and_power_belong_together():
    tracker = EmissionsTracker(**FORCED)
    tracker.start()
    time.sleep(0.2)
    emissions = tracker.stop()
    data = tracker.final_emissions_data
    assert emissions == tracker.final_emissions == data.emissions
    assert data.emissions == pytest.approx(data.energy_consumed * 0.36)
    assert data.emissions_rate == pytest.approx(data.emissions / data.duration)
    assert data.cpu_energy == pytest.approx(data.energy_consumed)
    assert data.cpu_energy * 3.6e6 == pytest.approx(tracker._run.sensors[0].joules, rel=1e-5)
    assert data.cpu_power == pytest.approx(data.cpu_energy * 3.6e6 / data.duration)


def test_the_duration_is_that_of_the_energy_also_where_starting_took_long(monkeypatch):
    from jevons import measure

    started = measure.start

    def slowly(**options):
        run = started(**options)
        time.sleep(0.5)
        return run

    monkeypatch.setattr(measure, "start", slowly)
    tracker = EmissionsTracker(**FORCED)
    tracker.start()
    tracker.stop()
    assert tracker.final_emissions_data.duration >= 0.5


def test_energies_hold_the_pue_and_powers_do_not():
    with EmissionsTracker(pue=1.5, wue=2.0, **FORCED) as tracker:
        time.sleep(0.2)
    data = tracker.final_emissions_data
    assert data.cpu_energy == pytest.approx(data.energy_consumed)
    assert data.energy_consumed == pytest.approx(1.5 * data.cpu_power * data.duration / 3.6e6)
    assert data.water_consumed == pytest.approx(2.0 * data.energy_consumed / 1.5)


def test_nothing_used_is_nothing_emitted(monkeypatch):
    monkeypatch.setattr("jevons.measure.begin.sensors_found", lambda **_: [])
    with EmissionsTracker(**FORCED) as tracker:
        pass
    assert tracker.final_emissions == 0.0
    assert tracker.final_emissions_data.energy_consumed == 0.0


def test_a_task_is_what_was_used_between_its_start_and_its_stop(tmp_path):
    tracker = EmissionsTracker(experiment_name="grid", **FORCED)
    tracker.start_task("load/once")
    time.sleep(0.2)
    task = tracker.stop_task()
    time.sleep(0.2)
    tracker.stop()
    assert task.cpu_power == pytest.approx(task.cpu_energy * 3.6e6 / task.duration)
    assert 1000 * 0.2 <= task.energy_consumed * 3.6e6 <= tracker.final_emissions_data.energy_consumed * 3.6e6 - 1000 * 0.2
    (row,) = rows(tmp_path, f"emissions_grid_{tracker.run_id}.csv")
    assert row["task_name"] == "load/once"
    assert float(row["energy_consumed"]) == task.energy_consumed


def test_a_task_named_twice_is_kept_twice():
    with EmissionsTracker(**FORCED) as tracker:
        for _ in range(2):
            tracker.start_task("fit")
            assert tracker.stop_task() is not None
    assert len(tracker._tasks) == 2


def test_forced_powers_are_modelled_as_given(monkeypatch):
    monkeypatch.setattr("jevons.measure.discover.look", lambda: [])
    began = time.monotonic()
    with EmissionsTracker(force_ram_power=20, force_cpu_power=95, **FORCED) as tracker:
        time.sleep(0.2)
        notes = {m.component: m.note for m in tracker._run.meters}
    assert notes == {"processor": "TDP 95 W given", "memory": "20 W given"}
    assert 20 * 0.2 <= tracker.final_emissions_data.ram_energy * 3.6e6 <= 20 * (time.monotonic() - began)


def test_gpu_ids_alone_are_to_be_seen_while_sensors_are_looked_for(monkeypatch, caplog):
    seen = []
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")
    monkeypatch.setattr("jevons.measure.discover.look", lambda: seen.append(os.environ["CUDA_VISIBLE_DEVICES"]) or [])
    with EmissionsTracker(gpu_ids=[0, 2], **FORCED):
        pass
    assert seen == ["0,2"]
    assert "gpu_ids='0,2' names no GPU that can be read here" in caplog.text
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "7"


# -- where ---------------------------------------------------------------------------------------------------------


def test_an_unknown_location_is_the_world_average_and_that_is_said(caplog):
    with EmissionsTracker() as tracker:
        time.sleep(0.1)
    data = tracker.final_emissions_data
    assert "world average" in caplog.text
    assert (data.country_name, data.country_iso_code) == ("World", "WLD")
    assert 380 < 1000 * data.emissions / data.energy_consumed < 580


def test_a_country_is_priced_by_its_own_grid_and_nothing_is_warned_of(caplog):
    with OfflineEmissionsTracker(country_iso_code="FRA") as tracker:
        time.sleep(0.1)
    data = tracker.final_emissions_data
    assert (data.country_name, data.on_cloud) == ("France", "N")
    assert 10 < 1000 * data.emissions / data.energy_consumed < 120
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []


def test_a_cloud_region_tells_its_country():
    with OfflineEmissionsTracker(cloud_provider="aws", cloud_region="eu-west-3") as tracker:
        time.sleep(0.05)
    data = tracker.final_emissions_data
    assert (data.cloud_provider, data.cloud_region, data.country_iso_code, data.on_cloud) == ("aws", "eu-west-3", "FRA", "Y")


def test_a_region_that_no_table_knows_is_said_and_never_another_country(caplog):
    tracker = OfflineEmissionsTracker(country_iso_code="USA", region="georgia")
    assert tracker._place.iso3 == "USA"
    assert "the whole country is used" in caplog.text


def test_the_environment_and_the_configuration_file_are_read(tmp_path, monkeypatch):
    (tmp_path / ".codecarbon.config").write_text("[codecarbon]\nproject_name = from-file\npue = 1.3\norganization_id = o\n")
    monkeypatch.setenv("CODECARBON_COUNTRY_ISO_CODE", "FRA")
    monkeypatch.setenv("CODECARBON_PUE", "1.1")
    options = EmissionsTracker(project_name=None).options
    assert (options.project_name, options.country_iso_code, options.pue) == ("from-file", "FRA", 1.1)


# -- bad values ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [("pue", -1), ("pue", math.nan), ("pue", 0.5), ("pue", "abc"), ("pue", math.inf), ("pue", True), ("wue", -1),
     ("measure_power_secs", 0), ("measure_power_secs", -1), ("measure_power_secs", "soon"),
     ("country_iso_code", "XXX"), ("country_iso_code", "fr"), ("country_iso_code", "FR"), ("country_iso_code", "France"),
     ("country_iso_code", 33), ("country_2letter_iso_code", "FRA"), ("cloud_provider", "aws"), ("cloud_region", "eu-west-3"),
     ("output_dir", "nowhere"), ("output_file", ""), ("tracking_mode", "cluster"), ("on_csv_write", "replace"),
     ("log_level", "loud"), ("log_level", 7), ("api_call_interval", 0), ("save_to_file", "perhaps"), ("gpu_ids", [1.5]),
     ("gpu_ids", [-1]), ("gpu_ids", 3), ("output_methods", ["fax"]), ("output_methods", ["api"]), ("save_to_api", True),
     ("save_to_prometheus", True), ("save_to_logfire", True), ("emissions_endpoint", "http://localhost"),
     ("save_to_logger", True), ("output_handlers", [3]), ("force_cpu_power", -5), ("force_ram_power", "much"),
     ("force_carbon_intensity_g_co2e_kwh", -1), ("force_carbon_intensity_g_co2e_kwh", math.nan)],
)  # fmt: skip
def test_a_bad_value_is_an_error_that_names_its_keyword(name, value):
    with pytest.raises(BadInput, match=f"^({name}|cloud_region|logging_logger)"):
        EmissionsTracker(**{name: value})


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda *args: False)
    with pytest.raises(BadInput, match="output_dir: .* name a folder that can be written"):
        EmissionsTracker(output_dir=str(tmp_path))


def test_an_unknown_keyword_is_an_error_with_the_nearest():
    with pytest.raises(UnknownName, match="no keyword of that name; nearest: project_name"):
        EmissionsTracker(projectname="x")


def test_an_unknown_cloud_region_is_an_error():
    with pytest.raises(UnknownName):
        EmissionsTracker(cloud_provider="aws", cloud_region="mars-1")


def test_offline_without_a_place_is_an_error_before_the_function_runs():
    with pytest.raises(BadInput, match="offline needs a place"):
        track_emissions(offline=True)


# -- the file --------------------------------------------------------------------------------------------------------


def test_the_row_has_the_38_columns_in_their_order(tmp_path):
    with EmissionsTracker(**FORCED):
        pass
    assert tuple(rows(tmp_path)[0]) == COLUMNS


def test_what_it_writes_is_what_the_reader_reads(tmp_path):
    with EmissionsTracker(country_iso_code="FRA", pue=1.2) as tracker:
        time.sleep(0.1)
        tracker.flush()
    activity = account.read(tmp_path / "emissions.csv")
    assert len(rows(tmp_path)) == 2
    assert float(activity.total()[0]) == pytest.approx(tracker.final_emissions_data.energy_consumed)
    assert (set(activity.text["site"]), set(activity.text["boundary"])) == ({"FRA"}, {"facility"})


def test_update_keeps_one_row_a_run_and_other_runs_untouched(tmp_path):
    for _ in range(2):
        with EmissionsTracker(on_csv_write="update", **FORCED) as tracker:
            tracker.flush()
            tracker.flush()
    found = rows(tmp_path)
    assert len(found) == 2
    assert found[1]["run_id"] == str(tracker.run_id)
    assert float(found[1]["duration"]) == tracker.final_emissions_data.duration


def test_a_file_with_other_columns_is_put_aside(tmp_path):
    for n in range(2):
        (tmp_path / "emissions.csv").write_text(f"timestamp,emissions\n{n},1\n")
        with EmissionsTracker(**FORCED):
            pass
    assert (tmp_path / "emissions.csv.bak").read_text().endswith("0,1\n")
    assert (tmp_path / "emissions.csv_0.bak").read_text().endswith("1,1\n")
    assert tuple(rows(tmp_path)[0]) == COLUMNS


def test_a_torn_last_line_spoils_no_row_after_it(tmp_path):
    with EmissionsTracker(**FORCED):
        pass
    file = tmp_path / "emissions.csv"
    file.write_text(file.read_text().rstrip("\n")[:-20])
    with EmissionsTracker(**FORCED) as tracker:
        pass
    assert rows(tmp_path)[-1]["run_id"] == str(tracker.run_id)


def test_writers_at_once_corrupt_nothing(tmp_path):
    code = ("from pathlib import Path\nfrom jevons.integrations.codecarbon_output import EmissionsCsv, EmissionsData\n"
            "values = [str(os.getpid())] * 3 + ['e', 1.0] + [0.5] * 26\n"
            "data = EmissionsData(*values)\n"
            "for n in range(20): EmissionsCsv(Path('.'), 'emissions.csv', sys.argv[1]).out(data, data)\n")  # fmt: skip
    modes = ["append"] * 4 + ["update"] * 2
    for done in [child(code.replace("sys.argv[1]", repr(mode)), tmp_path) for mode in modes]:
        assert done.wait(60) == 0, done.stderr.read()
    found = rows(tmp_path)
    assert len(found) == 4 * 20 + 2
    assert all(None not in row and None not in row.values() for row in found)


def test_no_file_is_written_where_none_is_wanted(tmp_path):
    with EmissionsTracker(save_to_file=False, **FORCED):
        pass
    assert not (tmp_path / "emissions.csv").exists()


def test_handlers_get_the_total_and_what_was_added():
    class Kept:
        def __init__(self):
            self.calls = []

        def out(self, total, delta):
            self.calls.append((total.energy_consumed, delta.energy_consumed))

        def live_out(self, total, delta):
            self.calls.append("live")

        def exit(self):
            self.calls.append("exit")

    kept = Kept()
    with EmissionsTracker(output_handlers=[kept], measure_power_secs=0.05, api_call_interval=1, **FORCED) as tracker:
        until(lambda: "live" in kept.calls)
        tracker.flush()
        time.sleep(0.05)
    assert kept.calls[-1] == "exit"
    totals = [call for call in kept.calls if isinstance(call, tuple)]
    assert sum(delta for _, delta in totals) == pytest.approx(totals[-1][0])


def test_a_logger_gets_the_row_where_it_is_asked_for():
    class Kept:
        def out(self, total, delta):
            self.row = json.loads(total.toJSON())

    kept = Kept()
    with EmissionsTracker(output_methods="logger", logging_logger=kept, project_name="p", **FORCED):
        pass
    assert kept.row["project_name"] == "p"


def test_a_block_and_a_function_can_be_tasks(tmp_path):
    tracker = EmissionsTracker(**FORCED)

    @codecarbon.track_task_emissions(tracker=tracker)
    def fit():
        return "fitted"

    with codecarbon.TaskEmissionsTracker("load", tracker=tracker):
        time.sleep(0.05)
    assert fit() == "fitted"
    tracker.stop()
    assert [row["task_name"] for row in rows(tmp_path, f"emissions_base_{tracker.run_id}.csv")] == ["load", "fit"]


def test_the_hardware_is_told_before_and_while_it_is_measured():
    tracker = EmissionsTracker(**FORCED)
    before = tracker.get_detected_hardware()
    with tracker:
        assert tracker.get_detected_hardware() == before
    assert before["cpu_count"] == os.cpu_count()
    assert before["ram_total_size"] > 0


# -- it never stops the work -------------------------------------------------------------------------------------------


def test_a_folder_that_vanishes_is_told_and_the_figure_stays(tmp_path, caplog):
    folder = tmp_path / "out"
    folder.mkdir()
    tracker = EmissionsTracker(output_dir=folder, **FORCED)
    tracker.start()
    time.sleep(0.05)
    folder.rmdir()
    assert tracker.stop() > 0
    assert "in the journal of run" in caplog.text


def test_a_handler_that_fails_keeps_none_from_the_next(tmp_path, caplog):
    class Broken:
        def out(self, total, delta):
            raise RuntimeError("no line")

    with EmissionsTracker(output_handlers=[Broken()], **FORCED):
        pass
    assert "RuntimeError: no line" in caplog.text
    assert len(rows(tmp_path)) == 1


def test_a_home_that_cannot_be_written_is_said_and_the_run_is_measured(tmp_path, monkeypatch, caplog):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("JEVONS_HOME", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "spare"))
    with EmissionsTracker(**FORCED) as tracker:
        time.sleep(0.05)
    assert tracker.final_emissions > 0
    assert "JEVONS_HOME" in caplog.text
    assert list((tmp_path / "spare").rglob("*.jsonl"))


def test_a_sensor_that_fails_at_the_start_leaves_the_work_alone(monkeypatch, caplog):
    class Broken(Steady):
        def read(self):
            raise OSError("gone")

    monkeypatch.setattr("jevons.measure.begin.sensors_found", lambda **_: [Broken(1.0)])
    with EmissionsTracker(**FORCED) as tracker:
        tracker.start_task("fit")
        assert tracker.stop_task() is None
    assert tracker.final_emissions is None
    assert "nothing is measured" in caplog.text


def test_the_process_mode_measures_the_process_alone(tmp_path):
    if not os.path.exists("/proc/stat"):
        means_missing("this platform has no /proc to tell processes by")
    with EmissionsTracker(tracking_mode="process", **FORCED) as tracker:
        time.sleep(0.3)
    assert set(tracker._run.activity.text["share"]) <= {"process"}
    assert rows(tmp_path)[0]["tracking_mode"] == "process"


def test_calls_out_of_turn_do_no_harm(caplog):
    tracker = EmissionsTracker(**FORCED)
    assert tracker.stop() is None
    assert tracker.flush() is None
    assert tracker.stop_task() is None
    tracker.start()
    tracker.start()
    assert tracker.stop() == tracker.stop()
    assert "started already" in caplog.text


def test_the_functions_result_and_its_exception_pass_through(tmp_path):
    @track_emissions(project_name="p", **FORCED)
    def half(x):
        return x / 2

    @track_emissions
    def fails():
        raise KeyError("mine")

    assert half(4) == 2
    with pytest.raises(KeyError, match="mine"):
        fails()
    assert [row["project_name"] for row in rows(tmp_path)] == ["p", "codecarbon"]


@pytest.mark.parametrize("end", ["sys.exit(3)", "raise RuntimeError('mine')", ""])
def test_an_end_without_stop_still_writes_the_row(tmp_path, end):
    done = child(f"EmissionsTracker(country_iso_code='FRA').start()\ntime.sleep(0.3)\n{end}", tmp_path)
    done.wait(60)
    assert len(rows(tmp_path)) == 1


def test_a_kill_leaves_the_journal(tmp_path):
    done = child("EmissionsTracker().start()\nprint('on', flush=True)\ntime.sleep(60)", tmp_path, stdout=subprocess.PIPE)
    assert done.stdout.readline() == "on\n"
    time.sleep(0.3)
    done.send_signal(signal.SIGTERM)
    assert done.wait(60) == -signal.SIGTERM
    (journal,) = (tmp_path / "home" / "journal").glob("*.jsonl")
    assert json.loads(journal.read_text().splitlines()[-1])["kind"] == "closed"


def test_a_forked_child_writes_no_second_row(tmp_path):
    if not hasattr(os, "fork"):
        means_missing("this platform does not fork")
    code = "t = EmissionsTracker(country_iso_code='FRA'); t.start(); time.sleep(0.2)\nif os.fork() == 0: sys.exit(t.stop())\nos.wait(); t.stop()"
    assert child(code, tmp_path).wait(60) == 0
    assert len(rows(tmp_path)) == 1


def test_no_socket_is_opened(tmp_path):
    code = ("def watch(event, args):\n    if event.startswith('socket.connect') or event == 'socket.getaddrinfo': os._exit(9)\n"
            "sys.addaudithook(watch)\nwith EmissionsTracker(electricitymaps_api_token='t'): time.sleep(0.1)\n")  # fmt: skip
    done = child(code, tmp_path)
    assert done.wait(60) == 0
    assert "annual mean" in done.stderr.read()


# -- beside the real package ---------------------------------------------------------------------------------------------


@pytest.fixture
def upstream():
    try:
        import codecarbon as package
    except ImportError:

        means_missing("codecarbon is not installed, so its interface cannot be compared")
    return package


def test_every_keyword_of_the_package_is_known_in_its_place(upstream):
    import inspect

    base = [n for n in inspect.signature(upstream.EmissionsTracker.__init__).parameters if n != "self"]
    offline = inspect.signature(upstream.OfflineEmissionsTracker.__init__).parameters
    assert list(OPTIONS)[: len(base)] == base
    assert {n for n, p in offline.items() if p.kind is p.KEYWORD_ONLY} <= set(OPTIONS)
    assert set(inspect.signature(upstream.track_emissions).parameters) <= {*OPTIONS, "fn", "offline"}


def test_its_public_methods_and_fields_are_ours(upstream):
    import dataclasses

    from codecarbon.output_methods.emissions_data import EmissionsData, TaskEmissionsData

    from jevons.integrations.codecarbon_output import TASK_COLUMNS

    public = {n for n in dir(upstream.EmissionsTracker) if not n.startswith("_")} - {"service_shutdown"}
    assert public <= set(dir(EmissionsTracker))
    assert [f.name for f in dataclasses.fields(EmissionsData)] == [f.name for f in dataclasses.fields(codecarbon.EmissionsData)]
    assert {f.name for f in dataclasses.fields(TaskEmissionsData)} == set(TASK_COLUMNS)
    assert {m.name for m in upstream.OutputMethod} == {m.name for m in codecarbon.OutputMethod}


def test_it_appends_to_our_file_and_we_to_its(upstream, tmp_path):
    with EmissionsTracker(country_iso_code="FRA"):
        pass
    with upstream.OfflineEmissionsTracker(country_iso_code="FRA", log_level="critical"):
        time.sleep(0.1)
    with EmissionsTracker(country_iso_code="FRA"):
        pass
    assert ["jevons" in row["codecarbon_version"] for row in rows(tmp_path)] == [True, False, True]
    assert list(tmp_path.glob("*.bak")) == []


def test_the_hardware_it_tells_has_the_packages_words(upstream):
    theirs = upstream.OfflineEmissionsTracker(country_iso_code="FRA", log_level="critical", save_to_file=False).get_detected_hardware()
    ours = EmissionsTracker(**FORCED).get_detected_hardware()
    assert set(ours) == set(theirs)
    assert ours["cpu_count"] == theirs["cpu_count"]
    assert ours["ram_total_size"] == pytest.approx(theirs["ram_total_size"], rel=0.01)


# -- what projects take from inside ------------------------------------------------------------------------------------


def test_the_inner_totals_that_projects_read_are_those_of_the_row():
    tracker = EmissionsTracker(**FORCED, save_to_file=False)
    assert not hasattr(tracker, "_total_energy")  # nothing is measured yet
    tracker.start()
    time.sleep(0.2)
    tracker._measure_power_and_energy()
    assert tracker._total_energy.kWh > 0
    tracker.stop()
    data = tracker._prepare_emissions_data()
    assert data == tracker.final_emissions_data
    assert tracker._total_energy.kWh == tracker._total_energy.kwh == data.energy_consumed
    assert (tracker._total_cpu_energy.kWh, tracker._total_gpu_energy.kWh) == (data.cpu_energy, data.gpu_energy)
    assert tracker._total_ram_energy.kWh == data.ram_energy
    assert tracker._total_emissions == data.emissions


def test_a_row_handed_to_the_outputs_by_a_project_arrives(tmp_path):
    tracker = EmissionsTracker(**FORCED)
    tracker.start()
    time.sleep(0.1)
    tracker._persist_data(tracker._prepare_emissions_data())
    assert len(rows(tmp_path)) == 1
    tracker.stop()
    assert len(rows(tmp_path)) == 2


def test_an_inner_part_that_is_not_here_says_what_to_read():
    with pytest.raises(AttributeError, match=r"_hardware: .* read tracker.final_emissions_data"):
        EmissionsTracker(**FORCED)._hardware  # noqa: B018


def test_tasks_are_read_from_inside_as_examples_do():
    with EmissionsTracker(**FORCED, save_to_file=False) as tracker:
        tracker.start_task("load")
        time.sleep(0.05)
        tracker.stop_task()
    ((name, task),) = tracker._tasks.items()
    assert (name, task.task_name) == ("load", "load")
    assert task.emissions_data.emissions == task.emissions > 0


def test_a_signal_may_be_bound_to_its_shutdown(tmp_path):
    code = ("import signal\ntracker = EmissionsTracker(country_iso_code='FRA')\nsignal.signal(signal.SIGUSR1, tracker.service_shutdown)\n"
            "tracker.start()\ntime.sleep(0.2)\nos.kill(os.getpid(), signal.SIGUSR1)\nprint(tracker.final_emissions)")  # fmt: skip
    done = child(code, tmp_path, stdout=subprocess.PIPE)
    out, _ = done.communicate(timeout=60)
    assert float(out) > 0
    assert len(rows(tmp_path)) == 1


def test_the_stand_in_answers_for_the_packages_modules_too(tmp_path):
    code = ("import jevons.integrations.codecarbon as ours\nours.stand_in()\n"
            "from codecarbon.emissions_tracker import TaskEmissionsTracker, track_task_emissions\n"
            "from codecarbon.output import EmissionsData, LoggerOutput\nfrom codecarbon.external.logger import logger\n"
            "import codecarbon.emissions_tracker\nprint(logger.name, EmissionsData is ours.EmissionsData)")  # fmt: skip
    out, err = child(code, tmp_path, stdout=subprocess.PIPE).communicate(timeout=60)
    assert (out, err) == ("codecarbon True\n", "")


@pytest.mark.parametrize("name", ["HTTPOutput", "PrometheusOutput", "BoAmpsOutput", "BaseEmissionsTracker"])
def test_a_name_of_the_package_without_counterpart_says_what_to_use(name):
    with pytest.raises(ImportError, match=f"jevons has no {name}: "):
        getattr(codecarbon, name)
    with pytest.raises(AttributeError):
        codecarbon.NoSuchName  # noqa: B018


def test_a_logger_output_writes_each_row(caplog):
    caplog.set_level(logging.INFO)
    output = codecarbon.LoggerOutput(logging.getLogger("mine"))
    with EmissionsTracker(**FORCED, save_to_file=False, save_to_logger=True, logging_logger=output):
        pass
    (record,) = [r for r in caplog.records if r.name == "mine"]
    assert json.loads(record.message)["project_name"] == "codecarbon"


@pytest.mark.parametrize(("option", "why"), [({"allow_multiple_runs": False}, "share the machine"), ({"rapl_prefer_psys": True}, "psys"),
                                             ({"rapl_include_dram": True}, "memory is counted"), ({"metadata": {"a": 1}}, "BoAmps")])  # fmt: skip
def test_what_has_no_effect_here_is_said(caplog, option, why):
    EmissionsTracker(**FORCED, **option)
    assert any(f"{next(iter(option))} has no effect" in r.message and why in r.message for r in caplog.records)


def test_its_logger_is_the_one_projects_silence(caplog):
    logging.getLogger("codecarbon").disabled = True
    try:
        EmissionsTracker(**FORCED, rapl_prefer_psys=True)
    finally:
        logging.getLogger("codecarbon").disabled = False
    assert caplog.records == []


def test_handlers_are_told_at_codecarbons_own_pace(monkeypatch):
    paces = []
    monkeypatch.setattr(EmissionsTracker, "_live", lambda self, every_s: paces.append(every_s))
    handler = type("Handler", (), {"out": lambda *row: None})()
    for options in ({}, {"measure_power_secs": 2.0}, {"measure_power_secs": 2.0, "api_call_interval": 3}):
        with EmissionsTracker(**FORCED, **options, output_handlers=[handler], save_to_file=False):
            pass
    until(lambda: len(paces) == 3)
    assert sorted(paces) == [6.0, 16.0, 120.0]
