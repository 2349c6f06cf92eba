"""The three calibrations are found in one place."""

from __future__ import annotations

import pytest

from jevons.core.errors import BadInput
from jevons.estimate.calibrate import calibrate_edge, calibrate_serving, calibrate_training


@pytest.mark.parametrize(("calibrate", "column"), [
    (calibrate_training, "step_s"), (calibrate_serving, "energy_per_output_token_j"), (calibrate_edge, "latency_s"),
])  # fmt: skip
def test_a_calibration_without_rows_names_the_columns_to_give(calibrate, column, tmp_path):
    with pytest.raises(BadInput, match=column):
        calibrate(tmp_path / "absent.csv")
