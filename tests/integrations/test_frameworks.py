"""Each framework's callback, on the real package where it is installed (else skipped, saying so)."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from jevons import measure
from jevons.core.errors import MissingExtra, UnknownName
from jevons.integrations.outcome import begun, known, outcome, tell, tracked
from means import means_missing
from measure.steady import Steady

SOURCE = str(Path(__file__).resolve().parents[2] / "src")


@pytest.fixture(autouse=True)
def own_place(tmp_path, monkeypatch):
    monkeypatch.setenv("JEVONS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.setenv("CODECARBON_COUNTRY_ISO_CODE", "FRA")


def needed(*names):
    """The packages by these names, or a skip that names the one that is missing."""
    found = []
    for name in names:
        try:
            found.append(importlib.import_module(name))
        except ImportError:
            means_missing(f"{name} is not installed")
    return found


def steady():
    return {"sensors": [Steady(watts=1000.0)]}


def stages(run):
    return {stage: float(amount[0]) for stage, amount in run.activity.by("stage").items()}


# -- the numbers that are logged -----------------------------------------------------------------------------------


def test_an_outcome_is_energy_carbon_with_its_interval_and_the_measured_share():
    with measure.start(**steady()) as run:
        time.sleep(0.1)
    found = outcome(run, "France")
    assert list(found) == ["energy_kwh", "facility_kwh", "co2e_g", "co2e_g_low", "co2e_g_high", "water_l", "measured_share"]
    assert found["co2e_g_low"] <= found["co2e_g"] <= found["co2e_g_high"]
    assert found["facility_kwh"] > found["energy_kwh"] == run.energy_kwh
    assert found["measured_share"] == pytest.approx(found["energy_kwh"] / found["facility_kwh"])


def test_a_logger_that_fails_is_told_and_stops_nobody(caplog):
    def broken(numbers):
        raise OSError("no server")

    run = measure.start(**steady())
    tell(run, "France", broken)
    assert "OSError: no server" in caplog.text
    assert run.id in caplog.text


def test_a_place_that_nobody_knows_is_an_error_before_the_work():
    with pytest.raises(UnknownName, match="Atlantis"):
        known("Atlantis")
    with pytest.raises(UnknownName, match="Atlantis"), tracked(print, "Atlantis", **steady()):
        pytest.fail("the work began")


def test_what_an_interrupted_training_left_running_is_ended_by_the_next():
    first = begun(None, steady())
    with begun(first, steady()) as second:
        assert first.over
        assert not second.over


def test_numbers_are_logged_also_when_the_work_fails():
    kept = []

    def fails():
        with tracked(kept.append, "France", **steady()):
            time.sleep(0.05)
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        fails()
    assert kept[0]["energy_kwh"] > 0


@pytest.mark.parametrize("name", ["hf_trainer", "lightning", "keras", "ray", "mlflow"])
def test_a_framework_that_is_not_installed_is_named_with_what_brings_it(name, monkeypatch):
    for package in ("transformers", "lightning", "lightning.pytorch", "pytorch_lightning", "keras", "keras.callbacks", "ray", "mlflow"):
        monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, f"jevons.integrations.{name}", raising=False)
    with pytest.raises(MissingExtra, match="pip install 'jevons"):
        importlib.import_module(f"jevons.integrations.{name}")


# -- Hugging Face --------------------------------------------------------------------------------------------------


def trained(callback, folder, *others):
    """A tiny model trained for two epochs with the real Trainer."""
    torch, transformers, _ = needed("torch", "transformers", "accelerate")

    class Line(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.line = torch.nn.Linear(4, 1)

        def forward(self, x=None, labels=None):
            found = self.line(x).squeeze(-1)
            return {"loss": ((found - labels) ** 2).mean(), "logits": found}

    rows = [{"x": torch.randn(4), "labels": torch.tensor(1.0)} for _ in range(32)]
    options = transformers.TrainingArguments(output_dir=str(folder), num_train_epochs=2, report_to=[], use_cpu=True,
                                             save_strategy="no", disable_tqdm=True)  # fmt: skip
    trainer = transformers.Trainer(Line(), options, train_dataset=rows, callbacks=[callback, *others])
    trainer.train()
    return trainer


@pytest.mark.frameworks
def test_codecarbons_own_callback_runs_unmodified_on_the_drop_in(tmp_path, monkeypatch):
    needed("torch", "transformers", "accelerate")
    from transformers.integrations import CodeCarbonCallback

    from jevons.integrations import codecarbon

    monkeypatch.setitem(sys.modules, "codecarbon", None)
    codecarbon.stand_in()
    callback = CodeCarbonCallback()
    trained(callback, tmp_path / "out")
    assert type(callback.tracker) is codecarbon.EmissionsTracker
    assert callback.tracker.final_emissions > 0
    assert "FRA" in (tmp_path / "out" / "emissions.csv").read_text()


@pytest.mark.frameworks
def test_the_trainer_keeps_the_numbers_with_its_own(tmp_path, monkeypatch):
    needed("torch", "transformers", "accelerate")
    from jevons.integrations.hf_trainer import JevonsCallback

    monkeypatch.setattr("jevons.measure.live_report.TICK_S", 0.0)
    callback = JevonsCallback("France", live={"site": "France"}, **steady())
    trainer = trained(callback, tmp_path / "out")
    last = trainer.state.log_history[-1]
    assert last["energy_kwh"] == pytest.approx(callback.run.energy_kwh)
    assert last["step"] == trainer.state.global_step
    assert stages(callback.run)["epoch"] > 0
    assert (callback.run.report.ticks[-1].done, callback.run.report.total) == (last["step"], last["step"])


@pytest.mark.frameworks
def test_a_training_interrupted_and_begun_again_is_measured_by_one_run_that_windows_of_others_do_not_stop(tmp_path):
    needed("torch", "transformers", "accelerate")
    from transformers import TrainerCallback

    from jevons.integrations.hf_trainer import JevonsCallback

    class Rude(TrainerCallback):
        """Opens a window that nobody closes; its first training is interrupted."""

        runs = []

        def on_epoch_begin(self, *args, **rest):
            self.runs.append(callback.run)
            callback.run.begin("never closed")
            if len(self.runs) == 1:
                raise KeyboardInterrupt

    callback = JevonsCallback("France", **steady())
    with pytest.raises(KeyboardInterrupt):
        trained(callback, tmp_path / "out", Rude())
    assert not callback.run.over
    trained(callback, tmp_path / "out", Rude())
    assert all(run.over for run in Rude.runs)
    assert Rude.runs[0] is not callback.run


# -- Lightning and Keras ---------------------------------------------------------------------------------------------


@pytest.mark.frameworks
def test_lightning_tells_epochs_from_validations_and_logs(tmp_path, monkeypatch):
    torch, lightning = needed("torch", "lightning")
    from lightning.pytorch.loggers import CSVLogger

    from jevons.integrations.lightning import JevonsCallback

    class Line(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.line = torch.nn.Linear(4, 1)

        def training_step(self, batch, _):
            return self.line(batch[0]).mean()

        def validation_step(self, batch, _):
            time.sleep(0.01)

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), 0.1)

    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.randn(16, 4)), batch_size=8)
    monkeypatch.setattr("jevons.measure.live_report.TICK_S", 0.0)
    callback, logger = JevonsCallback("France", live={"site": "France"}, **steady()), CSVLogger(tmp_path)
    seen = []
    original = measure.start

    def kept(**options):
        seen.append(original(**options))
        return seen[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measure, "start", kept)
        trainer = lightning.Trainer(max_epochs=2, accelerator="cpu", logger=logger, callbacks=[callback],
                                    enable_progress_bar=False, enable_model_summary=False, enable_checkpointing=False)  # fmt: skip
        trainer.fit(Line(), data, data)
    assert {"epoch", "epoch/validation", "validation"} <= set(stages(seen[0]))
    assert (seen[0].report.ticks[-1].done, seen[0].report.total) == (4, 4)
    assert "co2e_g" in Path(logger.log_dir, "metrics.csv").read_text()


@pytest.mark.frameworks
@pytest.mark.parametrize("trouble", [ValueError, KeyboardInterrupt])
def test_lightning_ends_and_logs_a_fit_that_fails(tmp_path, trouble):
    torch, lightning = needed("torch", "lightning")
    from lightning.pytorch.loggers import CSVLogger

    from jevons.integrations.lightning import JevonsCallback

    class Fails(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.line = torch.nn.Linear(4, 1)

        def training_step(self, batch, _):
            seen.append(callback.run)
            raise trouble("in the middle")

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), 0.1)

    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.randn(16, 4)), batch_size=8)
    seen, callback, logger = [], JevonsCallback("France", **steady()), CSVLogger(tmp_path)
    trainer = lightning.Trainer(max_epochs=1, accelerator="cpu", logger=logger, callbacks=[callback],
                                enable_progress_bar=False, enable_model_summary=False, enable_checkpointing=False)  # fmt: skip
    with pytest.raises((trouble, SystemExit)):
        trainer.fit(Fails(), data)
    assert seen[0].over
    assert "co2e_g" in Path(logger.log_dir, "metrics.csv").read_text()


@pytest.mark.frameworks
def test_keras_has_the_energy_in_its_history(monkeypatch):
    needed("torch", "keras")
    import keras
    import numpy as np

    from jevons.integrations.keras import JevonsCallback

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    monkeypatch.setattr("jevons.measure.live_report.TICK_S", 0.0)
    callback = JevonsCallback("France", live={"site": "France"}, **steady())
    history = model.fit(np.zeros((8, 4)), np.zeros(8), epochs=2, verbose=0, callbacks=[callback]).history
    first, second = history["energy_kwh"]
    assert 0 < first < second <= callback.outcome["energy_kwh"]
    assert callback.outcome["co2e_g"] > 0
    assert (callback.run.report.ticks[-1].done, callback.run.report.total) == (2, 2)


# -- several processes -----------------------------------------------------------------------------------------------


DDP = """
import json, os, sys, time
import torch.distributed as dist
sys.path[:0] = {paths!r}
from measure.steady import Steady
from jevons.integrations import ddp
dist.init_process_group("gloo", init_method="file://{file}", rank=int(sys.argv[1]), world_size=2)
with ddp.track(sensors=[Steady(watts=1000.0)]) as run:
    dist.barrier(); time.sleep(0.3); dist.barrier()
print(json.dumps([run is not None, float(ddp.gathered(run).total()[0]), sorted(set(ddp.gathered(run).text["host"]))]))
"""


@pytest.mark.frameworks
def test_two_ranks_of_one_node_have_one_sampler_and_know_the_same_total(tmp_path):
    needed("torch")
    code = DDP.format(paths=[SOURCE, str(Path(__file__).parents[1])], file=tmp_path / "meet")
    ranks = [subprocess.Popen([sys.executable, "-c", code, str(r)], env={**os.environ, "LOCAL_RANK": str(r)}, text=True,
                              stdout=subprocess.PIPE) for r in range(2)]  # fmt: skip
    (first, total, hosts), (second, same, _) = (json.loads(rank.communicate(timeout=120)[0].splitlines()[-1]) for rank in ranks)
    assert (first, second) == (True, False)
    assert total == same
    assert 0.3 <= total * 3600 < 120.0
    assert len(hosts) == 1


@pytest.mark.parametrize(("name", "rank", "samples"), [("LOCAL_RANK", "0", True), ("SLURM_LOCALID", "3", False), ("NONE", "1", True)])
def test_the_first_process_of_a_node_is_the_sampler(monkeypatch, name, rank, samples):
    from jevons.integrations import ddp

    for variable in ddp.LOCAL_RANK:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv(name, rank)
    assert ddp.is_sampler() is samples
    with ddp.track(**steady()) as run:
        assert (run is not None) is samples


@pytest.mark.frameworks
def test_ray_measures_every_node_once(tmp_path):
    (ray,) = needed("ray")
    from jevons.integrations.ray import track

    workers = {"env_vars": {"PYTHONPATH": SOURCE, "JEVONS_HOME": str(tmp_path)}}
    with tempfile.TemporaryDirectory(prefix="r") as short:  # its sockets allow 107 letters
        ray.init(num_cpus=1, include_dashboard=False, _temp_dir=short, runtime_env=workers)
        try:
            with track(period_s=0.2) as cluster:
                ray.get(ray.remote(num_cpus=1)(lambda: time.sleep(0.6)).remote())
            assert len(cluster.samplers) == 1
            assert float(cluster.activity.total()[0]) > 0
            assert len(set(cluster.activity.text["host"])) == 1
        finally:
            ray.shutdown()


# -- experiment trackers ---------------------------------------------------------------------------------------------


def test_mlflow_has_the_metrics_on_the_run_that_was_active(tmp_path):
    (mlflow,) = needed("mlflow")
    from jevons.integrations.mlflow import log, track

    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    mlflow.set_tracking_uri((tmp_path / "mlruns").as_uri())
    with mlflow.start_run() as active, track("France", **steady()) as run:
        time.sleep(0.05)
        log(run, "France", step=1)
    found = mlflow.get_run(active.info.run_id).data
    assert found.metrics["energy_kwh"] == pytest.approx(run.energy_kwh)
    assert found.metrics["co2e_g"] > 0
    assert found.tags["jevons.run"] == run.id


def test_wandb_offline_has_the_numbers_in_its_summary(tmp_path):
    (wandb,) = needed("wandb")
    from jevons.integrations.wandb import log, track

    with wandb.init(mode="offline", dir=tmp_path, project="p", settings=wandb.Settings(silent=True)) as board:
        with track(board, "France", **steady()) as run:
            time.sleep(0.05)
            log(board, run, "France", step=1)
        assert board.summary["jevons/energy_kwh"] == pytest.approx(run.energy_kwh)
        assert board.summary["jevons/run"] == run.id


@pytest.mark.frameworks
def test_tensorboard_has_the_scalars(tmp_path):
    needed("torch", "tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from torch.utils.tensorboard import SummaryWriter

    from jevons.integrations.tensorboard import log, track

    with SummaryWriter(tmp_path / "tb") as writer, track(writer, "France", **steady()) as run:
        time.sleep(0.05)
        log(writer, run, 7, "France")
    events = EventAccumulator(str(tmp_path / "tb")).Reload()
    assert [e.step for e in events.Scalars("jevons/energy_kwh")] == [7]
    assert events.Scalars("jevons/total/energy_kwh")[0].value == pytest.approx(run.energy_kwh, rel=1e-6)


def test_a_writer_of_any_make_will_do():
    from jevons.integrations.tensorboard import log

    class Kept(dict):
        def add_scalar(self, name, value, step):
            self[name] = step

    kept = Kept()
    with measure.start(**steady()) as run:
        time.sleep(0.05)
        log(kept, run, 3, "France")
    assert kept["jevons/co2e_g"] == 3


# -- notebooks -------------------------------------------------------------------------------------------------------


def test_a_cell_is_run_and_says_what_it_used():
    needed("IPython")
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "jevons.integrations.jupyter")
    badge = shell.run_cell_magic("jevons", "France", "import time; time.sleep(0.3); answer = 42")
    assert shell.user_ns["answer"] == 42
    assert "CO2e" in repr(badge)
    assert repr(badge).split(" · ")[0] in badge._repr_html_()


@pytest.mark.parametrize("code", ["1 / 0", "raise KeyboardInterrupt", "1 +"])
def test_a_cell_that_fails_fails_its_magic_too_so_that_no_later_cell_runs_on_it(code):
    needed("IPython")
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "jevons.integrations.jupyter")
    with pytest.raises((ZeroDivisionError, KeyboardInterrupt, SyntaxError)):
        shell.run_cell_magic("jevons", "France", f"import time; time.sleep(0.1)\n{code}\n")


def test_a_place_of_a_cell_that_nobody_knows_is_told_before_the_cell_runs():
    needed("IPython")
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "jevons.integrations.jupyter")
    with pytest.raises(UnknownName, match="Atlantis"):
        shell.run_cell_magic("jevons", "Atlantis", "ran = True")
    assert "ran" not in shell.user_ns


def test_a_cell_too_short_to_be_measured_says_so():
    from jevons.integrations.jupyter import badge

    with measure.start(sensors=[]) as run:
        pass
    assert repr(badge(run, "")) == "too short to be measured"
