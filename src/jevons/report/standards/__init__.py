"""Footprints in the words of standards: one file a standard, each a function of Footprints that the face selected.

``ghg`` (GHG Protocol), ``esrs`` (CSRD, ESRS E1), ``sci`` (ISO/IEC 21031), ``annex_xi`` (EU AI Act), ``boamps``,
``ai_energy_score``, ``focus``, ``eed`` (data centres, EU database). The Hugging Face block stands in ``jevons.report.card``.
"""

from jevons.report.standards import focus
from jevons.report.standards.ai_energy_score import ai_energy_score
from jevons.report.standards.annex_xi import annex_xi, annex_xi_record
from jevons.report.standards.boamps import boamps
from jevons.report.standards.eed import eed
from jevons.report.standards.esrs import markdown as esrs_text
from jevons.report.standards.esrs import statement as esrs_statement
from jevons.report.standards.esrs import table as esrs_table
from jevons.report.standards.ghg import statement as ghg_statement
from jevons.report.standards.ghg_text import markdown as ghg_text
from jevons.report.standards.sci import sci
from jevons.report.standards.scopes import Boundary, Sides

__all__ = ["Boundary", "Sides", "ai_energy_score", "annex_xi", "annex_xi_record", "boamps", "eed", "esrs_statement", "esrs_table",
           "esrs_text", "focus", "ghg_statement", "ghg_text", "sci"]  # fmt: skip
