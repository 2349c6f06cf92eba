"""``jevons report``: papers to hand in, made from kept results, specs, or files of other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jevons.cli import report_forms as forms
from jevons.cli import show
from jevons.cli.report_sources import footprints_of, selected, sides_of

report_app = typer.Typer(no_args_is_help=True, help="Papers to hand in: standards, pages, tables, an assurance pack.")
Results = Annotated[list[str], typer.Argument(metavar="RESULT...", show_default=False, help=(
    "Kept results, specs, files that account.read knows, or 'ledger:project=search'. 'service:' or 'leased:' before one says how its machines are held."))]  # fmt: skip
Result = Annotated[str, typer.Argument(metavar="RESULT", help="A kept result, a spec, or a file that account.read knows.", show_default=False)]
Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write here.", show_default=False)]
At = Annotated[str, typer.Option("--at", metavar="SITE", help="Where the files of other tools ran.", show_default=False)]
Year = Annotated[int | None, typer.Option("--year", metavar="YEAR", help="When they ran, where they do not say.", show_default=False)]
Contracts = Annotated[Path | None, typer.Option("--contracts", metavar="FILE", help="Contract ledger (.csv, .toml), for the market side.", show_default=False)]
Approach = Annotated[str, typer.Option("--approach", metavar="HOW", help="operational control, financial control, equity share.")]
Share = Annotated[str, typer.Option("--share", metavar="SHARE", help="Equity in the machines, 0 to 1 or '40 %'; with equity share.")]
Tenure = Annotated[str, typer.Option("--tenure", metavar="WORD", help="How the machines are held: owned, leased, service.")]
Organisation = Annotated[str, typer.Option("--organisation", metavar="NAME", help="Who reports.", show_default=False)]
Period = Annotated[str, typer.Option("--period", metavar="TEXT", help="What is reported: 2025.", show_default=False)]
Credits = Annotated[float, typer.Option("--credits", metavar="TONNES", help="Carbon credits cancelled: shown apart, never netted.")]
Strict = Annotated[bool, typer.Option("--strict", help="Refuse to stand in for a residual mix that is not given.")]
Model = Annotated[str, typer.Option("--model", metavar="NAME", help="The model, where the result does not name it.", show_default=False)]


@report_app.command()
def ghg(results: Results, contracts: Contracts = None, approach: Approach = "operational control", share: Share = "1",
        tenure: Tenure = "owned", organisation: Organisation = "", period: Period = "", credits: Credits = 0.0,
        strict: Strict = False, at: At = "", year: Year = None, out: Out = None) -> None:  # fmt: skip
    """GHG Protocol: scopes 1, 2 and 3, location- and market-based side by side. JSON, or by --out .md, .html, .pdf.

    jevons report ghg a.json service:b.json --contracts contracts.csv --period 2025
    """
    chosen, bounds = selected(results, at, year, tenure), forms.boundary(approach, share)
    sides, matching = sides_of(chosen, contracts, bounds, strict)
    forms.statement(sides, bounds, matching, {"organisation": organisation, "period": period, "credits_t": credits}, out)


@report_app.command()
def esrs(results: Results, contracts: Contracts = None, approach: Approach = "operational control",
         tenure: Tenure = "owned", organisation: Organisation = "", period: Period = "", credits: Credits = 0.0,
         removals: Annotated[float, typer.Option(metavar="TONNES", help="Removals: told in E1-7, never netted.")] = 0.0,
         revenue: Annotated[float | None, typer.Option(metavar="AMOUNT", help="Net revenue, for the intensities.", show_default=False)] = None,
         currency: Annotated[str, typer.Option(metavar="CODE", help="Of the revenue.")] = "EUR",
         strict: Strict = False, at: At = "", year: Year = None, out: Out = None) -> None:  # fmt: skip
    """CSRD, ESRS E1: datapoints of E1-5, E1-6 and E1-7 (JSON).

    jevons report esrs a.json --contracts contracts.csv --revenue 12e6
    """
    chosen, bounds = selected(results, at, year, tenure), forms.boundary(approach, "1")
    sides, matching = sides_of(chosen, contracts, bounds, strict)
    said = {"organisation": organisation, "period": period, "credits_t": credits, "removals_t": removals}
    forms.datapoints(sides, bounds, matching, {**said, "revenue": revenue, "currency": currency}, out)


@report_app.command()
def contracts(results: Results, ledger: Annotated[Path, typer.Option("--contracts", metavar="FILE", help="Contract ledger (.csv, .toml).", show_default=False)],
              strict: Strict = False, at: At = "", year: Year = None, out: Out = None) -> None:  # fmt: skip
    """How a contract ledger covers the electricity: scores, uses, what is left (JSON). --out after.csv writes the ledger with what was claimed.

    jevons report contracts a.json --contracts contracts.csv --out contracts-after.csv
    """
    _, matching = sides_of(selected(results, at, year), ledger, forms.boundary("operational control", "1"), strict)
    forms.leave(forms.covered(matching, ledger, out), out, "contracts")


@report_app.command()
def sci(result: Result, per: Annotated[str, typer.Option(metavar="UNIT", help="Functional unit R: '1k tokens'; without it the rate is null.", show_default=False)] = "",
        at: At = "", year: Year = None, out: Out = None) -> None:  # fmt: skip
    """Software Carbon Intensity, ISO/IEC 21031:2024 (JSON).

    jevons report sci a.json --per "1k tokens"
    """
    from jevons.report.standards import sci as rate

    location = selected([result], at, year)[0].footprint(accounting="location")  # no market instrument counts
    forms.leave(show.as_text(rate(location, per)), out, "SCI")


@report_app.command(name="annex-xi")
def annex_xi(result: Result, model: Model = "", at: At = "", year: Year = None,
             flop: Annotated[float | None, typer.Option(metavar="FLOP", help="Operations of the training: 3.8e25.", show_default=False)] = None,
             days: Annotated[float | None, typer.Option(metavar="DAYS", help="How long it trained.", show_default=False)] = None,
             out: Out = None) -> None:  # fmt: skip
    """EU AI Act, Annex XI, section 1, point 2 (d) and (e): a paragraph, or the points into a .json."""
    from jevons.report.standards import annex_xi as paragraph
    from jevons.report.standards import annex_xi_record

    one = selected([result], at, year)[0]
    said = one.footprint(), model or forms.model_of(one) or "the model", flop, days
    as_points = out is not None and out.suffix.lower() == ".json"
    forms.leave(show.as_text(annex_xi_record(*said)) if as_points else paragraph(*said), out, "Annex XI")


@report_app.command()
def boamps(result: Result, country: Annotated[str, typer.Option(metavar="NAME", help="Where it ran; by default the site's country.", show_default=False)] = "",
           task: Annotated[str, typer.Option(metavar="FAMILY", help="What the task is: 'text generation'.", show_default=False)] = "",
           stage: Annotated[str, typer.Option(metavar="STAGE", help="training, finetuning, inference; by default the result's.", show_default=False)] = "",
           infrastructure: Annotated[str, typer.Option(metavar="KIND", help="publicCloud, privateCloud, onPremise, other.")] = "onPremise",
           devices: Annotated[int | None, typer.Option(metavar="COUNT", help="How many accelerators or machines.", show_default=False)] = None,
           publisher: Annotated[str, typer.Option(metavar="NAME", help="Who publishes it.", show_default=False)] = "",
           at: At = "", year: Year = None, out: Out = None) -> None:  # fmt: skip
    """BoAmps: the open report of an AI task's energy (JSON).

    jevons report boamps a.json --task "text generation"
    """
    one = selected([result], at, year)[0]
    said = {"family": task, "stage": stage or forms.stage_of(one), "country": country or forms.country_of(one)}
    forms.leave(forms.boamps(one, {**said, "infrastructure": infrastructure, "devices": devices}, publisher), out, "BoAmps")


@report_app.command(name="hf-card")
def hf_card(result: Result, at: At = "", year: Year = None, out: Out = None,
            hardware: Annotated[str, typer.Option(metavar="NAME", help="By default the result's.", show_default=False)] = "",
            whole: Annotated[bool, typer.Option("--section", help="The section on environmental impact too.")] = False) -> None:  # fmt: skip
    """Hugging Face: co2_eq_emissions in grams, and the section of a model card."""
    forms.leave(forms.card(selected([result], at, year)[0], hardware, whole), out, "card")


@report_app.command(name="ai-energy-score")
def ai_energy_score(result: Result, at: At = "", year: Year = None, out: Out = None, model: Model = "",
                    task: Annotated[str, typer.Option(metavar="TASK", help="One of the project's tasks.")] = "text generation",
                    params: Annotated[float | None, typer.Option(metavar="BILLION", help="Parameters, for the class.", show_default=False)] = None,
                    batch: Annotated[float | None, typer.Option(metavar="COUNT", help="By default the result's.", show_default=False)] = None) -> None:  # fmt: skip
    """AI Energy Score: GPU energy in Wh, and why it may not stand beside the leaderboard (JSON)."""
    from jevons.report.standards import ai_energy_score as score

    one = selected([result], at, year)[0]
    told = score(one.footprint(), task, model or forms.model_of(one), params, batch or forms.argument(one, "batch"))
    forms.leave(show.as_text(told), out, "AI Energy Score")


@report_app.command()
def focus(results: Results, at: At = "", year: Year = None, out: Out = None,
          bill: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="A FOCUS bill to stand beside.", show_default=False)] = None) -> None:  # fmt: skip
    """FOCUS: our columns (x_...) with the keys of a cloud bill, or beside the bill itself (CSV)."""
    forms.leave(forms.focus(footprints_of(results, at, year), bill), out, "FOCUS columns")


@report_app.command()
def assurance(results: Results, contracts: Contracts = None, approach: Approach = "operational control", share: Share = "1",
              tenure: Tenure = "owned", organisation: Organisation = "", period: Period = "", credits: Credits = 0.0,
              strict: Strict = False, at: At = "", year: Year = None, out: Out = None) -> None:  # fmt: skip
    """A zip for who checks the figures: every line with its evidence, completeness, inputs, hashes.

    jevons report assurance a.json --contracts contracts.csv --out pack.zip
    """
    chosen, bounds = selected(results, at, year, tenure), forms.boundary(approach, share)
    sides, matching = sides_of(chosen, contracts, bounds, strict)
    said = {"organisation": organisation, "period": period, "credits_t": credits}
    forms.leave(forms.pack(chosen, sides, bounds, matching, said, contracts), out, "assurance pack")


@report_app.command()
def check(pack: Annotated[Path, typer.Argument(metavar="PACK.zip", help="A pack of 'jevons report assurance'.", show_default=False)]) -> None:
    """Whether an assurance pack is as it was made: exit code 1 and the files that are not."""
    wrong = forms.checked(pack)
    print("\n".join(wrong) or f"{pack}: every file is as its manifest states")
    raise typer.Exit(1 if wrong else 0)


@report_app.command()
def html(results: Results, at: At = "", year: Year = None, out: Out = None) -> None:
    """The page with its plots: one file, no script, light and dark."""
    forms.leave(forms.page(footprints_of(results, at, year)), out, "page")


@report_app.command()
def pdf(results: Results, at: At = "", year: Year = None, out: Out = None,
        by: Annotated[str, typer.Option(metavar="MAKER", help="chromium or typst; by default the first that is there.", show_default=False)] = "") -> None:  # fmt: skip
    """The same as PDF, by Chromium where it is installed, else a shorter one by typst."""
    made, maker = forms.pdf(footprints_of(results, at, year), by)
    show.say(f"PDF made by {maker}")
    forms.leave(made, out, "PDF")


@report_app.command()
def csv(results: Results, at: At = "", year: Year = None, out: Out = None) -> None:
    """Rows: one a datum, with source and bounds (CSV). Cells that a spreadsheet would run are quoted."""
    forms.leave(forms.table(footprints_of(results, at, year), "csv"), out, "rows")


@report_app.command()
def parquet(results: Results, at: At = "", year: Year = None, out: Out = None) -> None:
    """The same rows as Parquet."""
    forms.leave(forms.table(footprints_of(results, at, year), "parquet"), out, "rows")


@report_app.command(name="json")
def as_json(results: Results, at: At = "", year: Year = None, out: Out = None) -> None:
    """The same rows as JSON."""
    forms.leave(forms.table(footprints_of(results, at, year), "json"), out, "rows")
