"""``jevons report``: papers to hand in, made from kept results, specs, files of other tools, or runs of the ledger."""

from __future__ import annotations

from functools import partial

import typer

from jevons.cli import show
from jevons.cli.report import forms, statements
from jevons.cli.report import options as o
from jevons.cli.report.from_ledger import period_of
from jevons.cli.report.sources import footprints_of, selected, sides_of, single
from jevons.cli.writing import Paper

report_app = typer.Typer(no_args_is_help=True, help="Papers to hand in: standards, pages, tables, an assurance pack.")
paper = partial(report_app.command, cls=Paper)
OPERATIONAL = "operational control"


@paper()
def ghg(results: o.Results, contracts: o.Contracts = None, approach: o.Approach = OPERATIONAL, share: o.Share = "1",
        tenure: o.Tenure = "owned", organisation: o.Organisation = "", period: o.Period = "", credits: o.Credits = 0.0,
        strict: o.Strict = False, at: o.At = "", year: o.Year = None, out: o.Out = None) -> None:  # fmt: skip
    """GHG Protocol: scopes 1, 2 and 3, location- and market-based side by side. JSON, or by --out .md, .html, .pdf.

    jevons report ghg a.json service:b.json --contracts contracts.csv --period 2025
    """
    chosen, bounds = selected(results, at, year, tenure), statements.boundary(approach, share)
    sides, matching = sides_of(chosen, contracts, bounds, strict)
    statements.statement(sides, bounds, matching, {"organisation": organisation, "period": period or period_of(results), "credits_t": credits}, out)


@paper()
def esrs(results: o.Results, contracts: o.Contracts = None, approach: o.Approach = OPERATIONAL, tenure: o.Tenure = "owned",
         organisation: o.Organisation = "", period: o.Period = "", credits: o.Credits = 0.0, removals: o.Removals = 0.0,
         revenue: o.Revenue = None, currency: o.Currency = "EUR", strict: o.Strict = False, at: o.At = "",
         year: o.Year = None, out: o.Out = None) -> None:  # fmt: skip
    """CSRD, ESRS E1: datapoints of E1-5, E1-6 and E1-7. JSON, or by --out .md, .csv.

    jevons report esrs a.json --contracts contracts.csv --revenue 12e6
    """
    chosen, bounds = selected(results, at, year, tenure), statements.boundary(approach, "1")
    sides, matching = sides_of(chosen, contracts, bounds, strict)
    said = {"organisation": organisation, "period": period or period_of(results), "credits_t": credits, "removals_t": removals}
    statements.datapoints(sides, bounds, matching, {**said, "revenue": revenue, "currency": currency}, out)


@paper()
def contracts(results: o.Results, ledger: o.Ledger, strict: o.Strict = False, at: o.At = "", year: o.Year = None,
              out: o.Out = None) -> None:  # fmt: skip
    """How a contract ledger covers the electricity (JSON); --out after.csv writes the ledger with what was claimed.

    jevons report contracts a.json --contracts contracts.csv --out contracts-after.csv
    """
    _, matching = sides_of(selected(results, at, year), ledger, statements.boundary(OPERATIONAL, "1"), strict)
    forms.leave(statements.covered(matching, ledger, out), out, "contracts")


@paper()
def sci(result: o.Result, per: o.Per = "", at: o.At = "", year: o.Year = None, out: o.Out = None) -> None:
    """Software Carbon Intensity, ISO/IEC 21031:2024 (JSON).

    jevons report sci a.json --per "1k tokens"
    """
    from jevons.report.standards import sci as rate

    one = single(result, at, year)
    location = one.footprint(accounting="location", indicators=one.indicators)  # no market instrument counts
    forms.leave(show.as_text(rate(location, per)), out, "SCI")


@paper(name="annex-xi")
def annex_xi(result: o.Result, model: o.Model = "", flop: o.Flop = None, days: o.Days = None, at: o.At = "",
             year: o.Year = None, out: o.Out = None) -> None:  # fmt: skip
    """EU AI Act, Annex XI, section 1, point 2 (d) and (e): a paragraph, or the points into a .json.

    jevons report annex-xi a.json --days 18
    """
    forms.leave(forms.annex_xi(single(result, at, year), model, flop, days, out), out, "Annex XI")


@paper()
def boamps(result: o.Result, country: o.Country = "", task: o.Family = "", stage: o.Stage = "",
           infrastructure: o.Infrastructure = "onPremise", devices: o.Devices = None, publisher: o.Publisher = "",
           at: o.At = "", year: o.Year = None, out: o.Out = None) -> None:  # fmt: skip
    """BoAmps: the open report of an AI task's energy (JSON).

    jevons report boamps a.json --task "text generation"
    """
    one = single(result, at, year)
    said = {"family": task, "stage": stage or forms.stage_of(one), "country": country or forms.country_of(one)}
    forms.leave(forms.boamps(one, {**said, "infrastructure": infrastructure, "devices": devices}, publisher), out, "BoAmps")


@paper(name="hf-card")
def hf_card(result: o.Result, hardware: o.Hardware = "", training: o.Training = "", section: o.Section = False, at: o.At = "",
            year: o.Year = None, out: o.Out = None) -> None:  # fmt: skip
    """Hugging Face: co2_eq_emissions in grams, and the section of a model card.

    jevons report hf-card a.json --section
    """
    forms.leave(forms.card(single(result, at, year), hardware, training, section), out, "card")


@paper(name="ai-energy-score")
def ai_energy_score(result: o.Result, task: o.Task = "text generation", model: o.Model = "", params: o.Params = None,
                    batch: o.Batch = None, at: o.At = "", year: o.Year = None, out: o.Out = None) -> None:  # fmt: skip
    """AI Energy Score: GPU energy in Wh, and why it may not stand beside the leaderboard (JSON).

    jevons report ai-energy-score s.json --params 8
    """
    from jevons.report.standards import ai_energy_score as score

    one = single(result, at, year)
    told = score(one.footprint(), task, model or forms.model_of(one), params, batch or forms.argument(one, "batch"))
    forms.leave(show.as_text(told), out, "AI Energy Score")


@paper()
def focus(results: o.Results, bill: o.Bill = None, at: o.At = "", year: o.Year = None, out: o.Out = None) -> None:
    """FOCUS: our columns (x_...) with the keys of a cloud bill, or beside the bill itself (CSV).

    jevons report focus a.json --bill bill.csv --out bill-with-footprint.csv
    """
    forms.leave(forms.focus(footprints_of(results, at, year), bill), out, "FOCUS columns")


@paper()
def assurance(results: o.Results, contracts: o.Contracts = None, approach: o.Approach = OPERATIONAL, share: o.Share = "1",
              tenure: o.Tenure = "owned", organisation: o.Organisation = "", period: o.Period = "", credits: o.Credits = 0.0,
              strict: o.Strict = False, at: o.At = "", year: o.Year = None, out: o.Out = None) -> None:  # fmt: skip
    """A zip for who checks the figures: every line with its evidence, completeness, inputs, hashes.

    jevons report assurance a.json --contracts contracts.csv --out pack.zip
    """
    chosen, bounds = selected(results, at, year, tenure), statements.boundary(approach, share)
    sides, matching = sides_of(chosen, contracts, bounds, strict)
    said = {"organisation": organisation, "period": period or period_of(results), "credits_t": credits}
    forms.leave(statements.pack(chosen, sides, bounds, matching, said, contracts), out, "assurance pack")


@paper()
def check(pack: o.Pack) -> None:
    """Whether an assurance pack is as it was made: exit code 1 and the files that are not."""
    wrong = statements.checked(pack)
    print("\n".join(wrong) or f"{pack}: every file is as its manifest states")
    raise typer.Exit(1 if wrong else 0)


@paper()
def html(results: o.Results, at: o.At = "", year: o.Year = None, out: o.Out = None) -> None:
    """The page with its plots: one file, no script, light and dark."""
    forms.leave(forms.page(selected(results, at, year)), out, "page")


@paper()
def pdf(results: o.Results, by: o.By = "", at: o.At = "", year: o.Year = None, out: o.Out = None) -> None:
    """The same as PDF, by Chromium where it is installed, else a shorter one by typst."""
    made, maker = forms.pdf(selected(results, at, year), by)
    show.say(f"PDF made by {maker}")
    forms.leave(made, out, "PDF")


@paper()
def csv(results: o.Results, at: o.At = "", year: o.Year = None, out: o.Out = None) -> None:
    """Rows: one a datum, with source and bounds (CSV). Cells that a spreadsheet would run are quoted."""
    forms.leave(forms.table(footprints_of(results, at, year), "csv"), out, "rows")


@paper()
def parquet(results: o.Results, at: o.At = "", year: o.Year = None, out: o.Out = None) -> None:
    """The same rows as Parquet."""
    forms.leave(forms.table(footprints_of(results, at, year), "parquet"), out, "rows")


@paper(name="json")
def as_json(results: o.Results, at: o.At = "", year: o.Year = None, out: o.Out = None) -> None:
    """The same rows as JSON."""
    forms.leave(forms.table(footprints_of(results, at, year), "json"), out, "rows")


@paper()
def brightway(result: o.Result, at: o.At = "", year: o.Year = None, out: o.Out = None) -> None:
    """The inventory before any factor, as Brightway reads it (CSV): link background processes of your own.

    jevons report brightway a.json --out inventory.csv
    """
    forms.leave(forms.inventory(single(result, at, year), "brightway"), out, "inventory")


@paper()
def openlca(result: o.Result, at: o.At = "", year: o.Year = None, out: o.Out = None) -> None:
    """The same as a zip of JSON-LD that openLCA imports.

    jevons report openlca a.json --out inventory.zip
    """
    forms.leave(forms.inventory(single(result, at, year), "openlca"), out, "inventory")


@paper()
def eed(readings: o.Readings, computers: o.Computers, reused: o.Reused = None, contracts: o.Contracts = None, water: o.Water = None,
        potable: o.Potable = None, backup: o.Backup = None, installed: o.Installed = None, name: o.Name = "", zone: o.Zone = "UTC",
        at: o.At = "", year: o.Year = None, out: o.Out = None) -> None:  # fmt: skip
    """Data centre figures for the European database, (EU) 2024/1364: energy, water, PUE, WUE, ERF, REF (JSON).

    jevons report eed meters.csv --it Main/UPS --water 5200 --contracts contracts.csv --at France
    """
    from jevons.cli.report import eed

    stated = {"water_m3": water, "potable_m3": potable, "backup_kwh": backup, "installed_kw": installed}
    found = eed.told(readings, zone, {"computers": computers, "reused": reused or ()}, year, at, contracts, stated)
    forms.leave(show.as_text(eed.record(*found, name, forms.tables())), out, "data centre figures")
