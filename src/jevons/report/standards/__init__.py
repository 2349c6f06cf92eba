"""Footprints in the words of standards: one file a standard, each a function of Footprints that the face selected.

``ghg`` (GHG Protocol), ``esrs`` (CSRD, ESRS E1), ``sci`` (ISO/IEC 21031), ``annex_xi`` (EU AI Act), ``boamps``,
``ai_energy_score``, ``focus``. The Hugging Face block stands in ``jevons.report.card``.
"""

from jevons.report.standards.ai_energy_score import ai_energy_score
from jevons.report.standards.annex_xi import annex_xi, annex_xi_record
from jevons.report.standards.boamps import boamps
from jevons.report.standards.ghg import ghg_lines
from jevons.report.standards.sci import sci

__all__ = ["ai_energy_score", "annex_xi", "annex_xi_record", "boamps", "ghg_lines", "sci"]
