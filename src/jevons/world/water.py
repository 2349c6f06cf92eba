"""Water of a site that discloses none (wet-bulb formulas of evaporative cooling) and of the electricity it draws.

On-site water is per IT kWh, water at power plants per facility kWh; the two are never multiplied by the same thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jevons.core.errors import BadInput

WUE_FLOOR_L_PER_KWH = 0.05


def wue_less_thirsty(wet_bulb_f: Any, cycles: Any = 6.0) -> Any:
    """On-site litres per IT kWh of a cooling tower, from the wet bulb and the cycles of concentration.

        WUE = S / (S - 1) · (6e-5 Tw³ - 0.01 Tw² + 0.61 Tw - 10.4),  at least 0.05

    Parameters
    ----------
    wet_bulb_f : wet-bulb temperature Tw in °F, float or array. The cubic is meant for roughly 30 to 90 °F.
    cycles : cycles of concentration S above 1; the code uses 6, the paper 3 to 10.

    Reference: Li, Yang, Islam, Ren, Making AI Less Thirsty, arXiv 2304.03271 and its code (less-thirsty-code).
    """
    import numpy as np

    if np.any(np.asarray(cycles) <= 1):
        raise BadInput("cycles", cycles, "give cycles of concentration above 1, for instance 6")
    evaporated = 6e-5 * wet_bulb_f**3 - 0.01 * wet_bulb_f**2 + 0.61 * wet_bulb_f - 10.4
    return np.maximum(cycles / (cycles - 1.0) * evaporated, WUE_FLOOR_L_PER_KWH)


def wue_fixed_approach(wet_bulb_f: Any) -> Any:
    """On-site litres per IT kWh of a tower that keeps a fixed approach to the wet bulb (°F, float or array).

        WUE = -0.0001896 Tw² + 0.03095 Tw + 0.4442

    Reference: Shumba et al., Water Efficiency Dataset for African Data Centers, arXiv 2412.03716.
    """
    return -0.0001896 * wet_bulb_f**2 + 0.03095 * wet_bulb_f + 0.4442


def wue_fixed_cold_water(wet_bulb_f: Any) -> Any:
    """On-site litres per IT kWh of a tower that keeps a fixed cold-water temperature (wet bulb °F, float or array).

        WUE = 0.0005112 Tw² - 0.04982 Tw + 2.387

    Reference: Shumba et al., Water Efficiency Dataset for African Data Centers, arXiv 2412.03716.
    """
    return 0.0005112 * wet_bulb_f**2 - 0.04982 * wet_bulb_f + 2.387


def wet_bulb_c(dry_bulb_c: Any, relative_humidity: Any, pressure_hpa: Any = 1013.25) -> Any:
    """Wet-bulb temperature in °C from dry bulb (°C), relative humidity (share, 0 to 1) and pressure (hPa).

    Solves the psychrometer equation by bisection, floats and arrays alike (they broadcast):

        RH es(T) = es(Tw) - 0.00066 (1 + 0.00115 Tw) P (T - Tw)        es(T) = 6.112 exp(17.67 T / (T + 243.5)) hPa

    For -40 to 60 °C above ice-free bulbs. References: Bolton 1980, Mon. Weather Rev. 108, 1046-1053 (es); the
    coefficient of the ventilated psychrometer. Error: BadInput for a humidity outside 0 to 1.
    """
    import numpy as np

    share = _humidity(relative_humidity)
    dry = np.asarray(dry_bulb_c, dtype=float)
    low, high = np.broadcast_arrays(dry - 50.0, dry, share)[0:2]
    vapour = share * saturation_hpa(dry)
    for _ in range(50):
        middle = (low + high) / 2.0
        excess = saturation_hpa(middle) - 0.00066 * (1 + 0.00115 * middle) * pressure_hpa * (dry - middle) - vapour
        low, high = np.where(excess < 0, middle, low), np.where(excess < 0, high, middle)
    return (low + high) / 2.0


def saturation_hpa(temperature_c: Any) -> Any:
    """Saturation vapour pressure over water in hPa: 6.112 exp(17.67 T / (T + 243.5)), T in °C (Bolton 1980)."""
    import numpy as np

    return 6.112 * np.exp(17.67 * temperature_c / (temperature_c + 243.5))


def wet_bulb_stull_c(dry_bulb_c: Any, relative_humidity: Any) -> Any:
    """Wet-bulb temperature in °C at sea level by a closed fit; humidity as a share (0 to 1), floats or arrays.

        Tw = T atan(0.151977 (RH + 8.313659)^½) + atan(T + RH) - atan(RH - 1.676331)
             + 0.00391838 RH^1.5 atan(0.023101 RH) - 4.686035        (RH in percent)

    Stated for 5 to 99 % and -20 to 50 °C, except cold and dry together, with errors of -1.0 to +0.65 °C.
    Reference: Stull 2011, J. Appl. Meteorol. Climatol. 50, 2267-2269, doi:10.1175/JAMC-D-11-0143.1, equation 1.
    """
    import numpy as np

    percent = 100.0 * _humidity(relative_humidity)
    return (
        dry_bulb_c * np.arctan(0.151977 * np.sqrt(percent + 8.313659))
        + np.arctan(dry_bulb_c + percent)
        - np.arctan(percent - 1.676331)
        + 0.00391838 * percent**1.5 * np.arctan(0.023101 * percent)
        - 4.686035
    )


def _humidity(share: Any) -> Any:
    import numpy as np

    given = np.asarray(share, dtype=float)
    if not np.all((given >= 0) & (given <= 1)):
        raise BadInput("relative_humidity", share, "give a share between 0 and 1 (60 % is 0.6)")
    return given


def ewif(mix: Mapping[str, Any], per_fuel: Mapping[str, float]) -> Any:
    """Litres consumed at power plants per kWh generated: Σ share of a fuel · its litres per kWh.

    ``mix``: fuel → share of generation (float or array). ``per_fuel``: fuel → L/kWh; KeyError for a fuel of the mix
    that has a share and no value. Reference: Macknick et al. 2012, ERL 7 045802 (the values, table water_fuel).
    """
    return sum(share * per_fuel[fuel] for fuel, share in mix.items())


def operational_l(it_energy_kwh: Any, wue_l_per_kwh: Any, pue: Any, ewif_l_per_kwh: Any) -> tuple[Any, Any]:
    """Litres on site and off site: W_on = e · WUE, W_off = e · PUE · EWIF, e being IT energy in kWh.

    Reference: Li et al., arXiv 2304.03271 v5. On-site water is not multiplied by the PUE.
    """
    return it_energy_kwh * wue_l_per_kwh, it_energy_kwh * pue * ewif_l_per_kwh
