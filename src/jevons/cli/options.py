"""Options as rows: a command takes groups of them, so that each stands in one place."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer


class Row(NamedTuple):
    """One option. ``kind``: text (a quantity stays text, units and all), or the type it is read as."""

    help: str
    metavar: str | None = None
    kind: type = str


Group = Mapping[str, Row]
WHAT, WHERE, QUESTION, OUTPUT = "What runs", "Where it runs", "What the numbers are for", "What comes out"

COUNT, POWER, ENERGY, TIME, SHARE = "COUNT", "WATTS", "ENERGY", "TIME", "SHARE"

MODEL: Group = {
    "model": Row("A model of the table (llama-2-7b), or the path of a config.json.", "NAME"),
    "params": Row("Parameters, where the model is not in the table: 7B.", COUNT),
    "active": Row("Parameters each token meets (mixture of experts): 37B.", COUNT),
    "tokens": Row("Tokens trained on: 2T, 300B, 366e9.", COUNT),
}
HARDWARE: Group = {
    "on": Row("Accelerator: a100, h100-sxm, tpu-v4.", "DEVICE"),
    "n": Row("How many of them.", COUNT),
}
STEP: Group = {
    "precision": Row("Number format of the matrix products: bf16, fp16, fp8.", "FORMAT"),
    "batch": Row("Sequences in one step; turns on the step-time engine.", COUNT),
    "sequence": Row("Tokens in a sequence.", COUNT),
    "goodput": Row("Share of the device-hours that advance the training.", SHARE),
    "power": Row("Mean power a device, host included: '400 W'.", POWER),
    "start": Row("When it starts, UTC: 2026-03-11T06:00, for a grid by the hour.", "DATE"),
    "calibration": Row("A pack of `jevons calibrate training`.", "PACK.json"),
}
WORK: Group = {"flops": Row("The work itself, where tokens do not say it: 3e24.", "FLOP")}
SPEED: Group = {
    "mfu": Row("Model FLOP utilisation while steps run, where you know it: 0.42.", SHARE),
    "earlier_run": Row("A finished run of the same stack: 'device_hours=368640,params=13B,tokens=2T'.", "KEY=VALUE,..."),
}
LAYOUT: Group = {
    "tensor": Row("Tensor-parallel devices.", COUNT, int),
    "pipeline": Row("Pipeline stages.", COUNT, int),
    "data": Row("Data-parallel replicas.", COUNT, int),
    "expert": Row("Expert-parallel devices.", COUNT, int),
    "micro_batch": Row("Sequences in a micro-batch.", COUNT, int),
    "interleave": Row("Model chunks a pipeline stage.", COUNT, int),
    "recompute": Row("Activations recomputed: none, selective, full.", "HOW"),
    "sharding": Row("States split over replicas: none, zero1, zero2, zero3.", "HOW"),
    "expert_overlap": Row("Share of the exchange between experts that the work hides: 1 with DualPipe.", SHARE, float),
    "sequence_parallel": Row("Split activations along the sequence too.", None, bool),
}
RECORDED: Group = {
    "hours": Row("Wall-clock time of a run that is over: '118 days'. Plain arithmetic from here on.", TIME),
    "device_hours": Row("Device-hours of a run that is over.", TIME),
    "energy": Row("Energy a run took: '433 MWh'.", ENERGY),
    "boundary": Row("What the meter saw: chip, server, facility.", "WHAT"),
    "includes_pue": Row("The energy or power given includes the facility's overhead.", None, bool),
    "start": Row("When it started, UTC: 2022-03-11.", "DATE"),
}
ADAPT: Group = {
    "method": Row("full, lora or qlora.", "HOW"),
    "adapter_params": Row("Parameters of the adapter: 40M.", COUNT),
    "epochs": Row("Passes over the tokens.", COUNT),
    "teacher": Row("Distil from this model: its forward passes are counted.", "NAME"),
}
GENERIC: Group = {
    "hours": Row("How long it runs: 12, '3 days'.", TIME),
    "cpu": Row("Processor: 'epyc 7763'.", "NAME"),
    "cores": Row("Cores used.", COUNT),
    "core_power": Row("Watts a core, where the processor is not in the table.", POWER),
    "on": Row("Accelerator: a100, rtx-4090.", "DEVICE"),
    "n": Row("How many accelerators.", COUNT),
    "usage": Row("Load of cores and accelerators, 0 to 1.", SHARE),
    "memory": Row("Memory held: 64, '512 GB'.", "GB"),
    "repeats": Row("How often it is run.", COUNT),
}
TRIALS: Group = {"multiplier": Row("The whole development over the final run: 2.7.", "RATIO")}
STORAGE: Group = {
    "terabytes": Row("How much is kept: 40, '500 GB'.", "TB"),
    "months": Row("For how long: 12, '2 years'.", TIME),
    "medium": Row("hdd, ssd or dram.", "NAME"),
    "replicas": Row("Copies kept.", COUNT),
}
TRANSFER: Group = {
    "gigabytes": Row("How much is moved: 800, '3 TB'.", "GB"),
    "network": Row("average shares out the whole network, marginal counts what one GB more changes.", "KIND"),
    "what": Row("A network of the table.", "NAME"),
}
SERVING: Group = {
    "precision": Row("Format of the weights: bf16, fp8, int8, int4, fp4, mxfp4.", "FORMAT"),
    "batch": Row("Requests in flight a replica.", COUNT),
    "request_rate": Row("Requests a second of the deployment; the batch follows.", "PER SECOND"),
    "input_tokens": Row("Tokens of a prompt: 500, '500 sd 400', 'p50 300, p90 1200'.", COUNT),
    "output_tokens": Row("Tokens of an answer, as those of a prompt.", COUNT),
    "cached_tokens": Row("Of the prompt, already in the cache.", COUNT),
    "reasoning_tokens": Row("Of the answer, spent on reasoning.", COUNT),
    "lengths": Row("Requests as they were: input_tokens and output_tokens of each.", "FILE.csv or .jsonl"),
    "tensor": Row("Devices a replica is spread over.", COUNT, int),
    "expert_spread": Row("Replicas that hold one copy of the routed experts together.", COUNT, int),
    "requests": Row("How many requests.", COUNT),
    "hours": Row("How long the deployment is kept, idle time included.", TIME),
    "busy": Row("Share of the time with work; the rest idles.", SHARE),
    "slo_s_per_token": Row("Slowest time between tokens that will do.", "SECONDS"),
    "max_batch": Row("Most requests in flight a replica.", COUNT),
    "images": Row("Images of a request, on top of its prompt.", COUNT),
    "image_size": Row("Pixels of an image: 1024x768.", "WIDTHxHEIGHT"),
    "image_tokens": Row("Tokens an image becomes, where you know.", COUNT),
    "videos": Row("Videos of a request.", COUNT),
    "frames": Row("Frames taken of a video.", COUNT),
    "cache_precision": Row("Format of the key-value cache: bf16, fp8.", "FORMAT"),
    "power_limit": Row("Cap set on each accelerator: '400 W'.", POWER),
    "host_w": Row("Power of the host, a device: '150 W'.", POWER),
    "training": Row("The training behind the model, a spec, shared out over its requests.", "SPEC"),
    "lifetime_requests": Row("Requests it answers in its life: 1e12.", COUNT),
    "requests_per_user_month": Row("Requests a user makes a month, for figures a user-month.", COUNT),
    "calibration": Row("A pack of `jevons calibrate serving`.", "PACK.json"),
}
FRONTIER: Group = {
    name: SERVING[name] for name in ("precision", "input_tokens", "output_tokens", "cached_tokens", "lengths", "tensor",
                                     "expert_spread", "images", "image_size", "cache_precision", "power_limit")
}  # fmt: skip
REQUEST: Group = {
    "provider": Row("Who answers: openai, anthropic, google, mistral.", "NAME"),
    "model": Row("The model as the provider names it.", "NAME"),
    "input_tokens": Row("Tokens of a prompt: 500, '500 sd 400', 'p50 300, p90 1200'.", COUNT),
    "output_tokens": Row("Tokens of an answer, as those of a prompt.", COUNT),
    "cached_tokens": Row("Of the prompt, already in the cache.", COUNT),
    "reasoning_tokens": Row("Of the answer, spent on reasoning.", COUNT),
    "lengths": Row("Requests as they were: input_tokens and output_tokens of each.", "FILE.csv or .jsonl"),
    "requests": Row("How many requests.", COUNT),
    "images": Row("Images of a request, where the provider's count of tokens does not hold them.", COUNT),
    "image_size": Row("Pixels of an image: 1024x768.", "WIDTHxHEIGHT"),
    "image_tokens": Row("Tokens an image becomes, where you know.", COUNT),
    "videos": Row("Videos of a request, likewise.", COUNT),
    "frames": Row("Frames taken of a video.", COUNT),
    "sound": Row("Sound of a request, likewise: '60 s'.", TIME),
    "seen_tokens": Row("Of the prompt, those that images, video or sound became, where the count holds them.", COUNT),
    "deployment": Row("How it is served, where you know: on=h100,together=8,batch=32,params=176B,active=22B.", "NAME=VALUE,..."),
}
EDGE: Group = {
    "model": Row("A model of the table (llama-3.2-1b), or a config.json.", "NAME"),
    "on": Row("Board or phone: jetson-orin-nano, rk3588.", "BOARD"),
    "input_tokens": Row("Tokens of a prompt: 500, '500 sd 400', 'p50 300, p90 1200'.", COUNT),
    "output_tokens": Row("Tokens of an answer, as those of a prompt.", COUNT),
    "lengths": Row("Prompts as they were: input_tokens and output_tokens of each.", "FILE.csv or .jsonl"),
    "requests": Row("How many prompts.", COUNT),
    "precision": Row("Format of the weights: bf16, int8, int4.", "FORMAT"),
    "display": Row("The display: a row of edge_peripherals, or its watts.", "NAME or WATTS"),
    "camera": Row("The camera, likewise.", "NAME or WATTS"),
    "power_supply": Row("The supply: a row, or its efficiency.", "NAME or SHARE"),
    "radio": Row("What data move over: a row, or J a bit.", "NAME"),
    "moved_gb": Row("Data moved a prompt.", "GB"),
    "session_hours": Row("How long the device is awake for all this; its waiting is counted.", TIME),
    "use_hours_per_day": Row("Hours of use a day over which its making is spread; say --life too.", "HOURS"),
    "calibration": Row("A pack of `jevons calibrate edge`.", "PACK.json"),
}
ONE_PASS: Group = {
    "model": Row("An encoder, a classifier, any model of the table (bert-base), or a config.json.", "NAME"),
    "on": Row("Accelerator: h100, a100.", "DEVICE"),
    "n": Row("How many of them, each alone.", COUNT),
    "items": Row("How many texts.", COUNT),
    "tokens": Row("Or how many tokens in all: 1B.", COUNT),
    "length": Row("Tokens of a text.", COUNT),
    "batch": Row("Texts at once.", COUNT),
}
SPEECH: Group = {
    "model": Row("Whisper of the table (whisper-large-v3), or a config.json.", "NAME"),
    "on": Row("Accelerator: h100, a100.", "DEVICE"),
    "n": Row("How many of them, each alone.", COUNT),
    "seconds": Row("How much speech: '1 h', 90.", TIME),
    "tokens_per_s": Row("Tokens written a second of speech.", COUNT),
    "batch": Row("Windows of 30 s at once.", COUNT),
}
GENERATION: Group = {
    "model": Row("Image or video model of the table: flux.1-dev.", "NAME"),
    "params": Row("Parameters of its transformer, where it is not in the table: 8B.", COUNT),
    "on": Row("Accelerator: h100, b200.", "DEVICE"),
    "n": Row("How many of them.", COUNT),
    "images": Row("How many images.", COUNT),
    "videos": Row("How many videos.", COUNT),
    "height": Row("Pixels.", COUNT),
    "width": Row("Pixels.", COUNT),
    "frames": Row("Of a video.", COUNT),
    "steps": Row("Denoising steps.", COUNT),
    "guidance": Row("Scale; at 1 or below a step is evaluated once.", "NUMBER"),
    "batch": Row("Outputs made at once.", COUNT),
    "parallel": Row("GPUs that make one batch together.", COUNT),
    "busy": Row("Share of the time with work; the rest idles.", SHARE),
}
SPEC: Group = {"spec": Row("The spec, as an option.", "FILE", Path)}
SITE: Group = {
    "at": Row("Cloud region (us-central1), country (France), US state (Iowa) or subregion (CAMX).", "SITE"),
    "year": Row("When it runs: software and grid of that year.", "YEAR", int),
    "pue": Row("Facility energy over IT energy.", "RATIO"),
    "wue": Row("On-site water per IT kWh: '0.2 L/kWh'.", "L/KWH"),
    "intensity": Row("Carbon intensity in place of the table's: '57 g/kWh'.", "G/KWH"),
    "market_intensity": Row("Intensity of the contracts, for --accounting market.", "G/KWH"),
    "electricity_price": Row("Price of electricity: '0.12 USD/kWh'.", "USD/KWH"),
    "device_price": Row("Rent of a device-hour: '2.5 USD/h'.", "USD/H"),
    "life": Row("Years over which hardware is written off.", "YEARS"),
    "utilisation": Row("Share of its life in which hardware is in use.", SHARE),
    "series": Row("Hourly intensities, g/kWh, for a run with a start.", "FILE.csv"),
    "wet_bulb": Row("Of the climate, where an evaporative tower cools: 18.", "°C"),
    "tower": Row("fixed-approach, fixed-cold-water or less-thirsty.", "KIND"),
    "strict": Row("Refuse to fall back to the mean of the world.", None, bool),
}
STUDY: Group = {
    "accounting": Row("location or market.", "KIND"),
    "grid": Row("average or marginal.", "KIND"),
    "scope": Row("lifecycle or direct.", "KIND"),
    "indicators": Row("Only these, comma between: energy,climate.", "NAMES"),
    "cutoffs": Row("Leave out, comma between: cost,water_scarcity.", "NAMES"),
}
DRAWS: Group = {
    "draws": Row("Draws behind the interval; 0 for best estimates alone.", COUNT, int),
    "seed": Row("Seed of the draws.", "NUMBER", int),
}
MEASURED: Group = {
    "at": Row("Where it runs: cloud region, country, US subregion.", "SITE"),
    "scope": Row("Whose energy: machine, process or cgroup.", "WHOSE"),
    "pid": Row("A process that runs already, with all it starts.", "PID", int),
    "container": Row("A container or batch job, by its id.", "ID"),
    "also": Row("Model these too, with a wide band: disk, nic (both: disk,nic). jevons doctor says what is counted anyway.", "WHAT"),
    "period": Row("Between samples (1).", "SECONDS", float),
    "save": Row("Keep the result (JSON).", "FILE.json", Path),
}
WATCHED: Group = {
    "live": Row("Price it as it goes, and say every ten seconds how it stands.", None, bool),
    "listen": Row("Serve a page, and metrics for Prometheus: 127.0.0.1:9877.", "HOST:PORT"),
    "grid": Row("Who tells the intensity of the hour: electricity-maps, entsoe, uk, or a CSV file. Nobody is asked otherwise.", "WHO"),
    "zone": Row("Its zone: FR, 10YFR-RTE------C.", "ZONE"),
    "budget": Row("The most it may use: '5 kg', '2 kWh', '100 L'. A warning once it is spent.", "AMOUNT"),
    "stop": Row("End it once the budget is spent: SIGTERM, and SIGKILL a minute later.", None, bool),
}
COMMANDED: Group = {
    "progress": Row("Foresee end and total from what the command writes: 'bar' (tqdm, Keras), or a pattern with the groups done "
                    "and in all: 'step (\\d+)/(\\d+)'.", "PATTERN"),
    "total": Row("The work in all, where the output does not say it, or only of an epoch: 3000.", COUNT),
}  # fmt: skip
FORM: Group = {
    "json": Row("JSON, as when piped.", None, bool),
    "table": Row("Tables, even into a pipe.", None, bool),
}
PER: Group = {"per": Row("Show the figures for so much served: '1k tokens', 'request', 'user-month'.", "AMOUNT")}
FILES: Group = {
    "save": Row("Keep the result (JSON): rerun, explain and compare read it.", "FILE.json", Path),
    "report": Row("Write a page (.html), a model-card section (.md) or an LCA inventory for Brightway (.csv).", "FILE", Path),
}
PANELS = {
    WHAT: (MEASURED, SPEC, MODEL, HARDWARE, WORK, SPEED, STEP, LAYOUT, RECORDED, ADAPT, GENERIC, TRIALS, STORAGE, TRANSFER, SERVING, REQUEST, EDGE, GENERATION,
           ONE_PASS, SPEECH, FRONTIER),
    WHERE: (SITE,), QUESTION: (STUDY, DRAWS), OUTPUT: (PER, COMMANDED, WATCHED, FORM, FILES),
}  # fmt: skip


def taking(*groups: Group) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command that accepts keywords the options of these groups, after the parameters of its own."""

    def with_options(command: Callable[..., None]) -> Callable[..., None]:
        own = [p for p in inspect.signature(command, eval_str=True).parameters.values() if p.kind is not p.VAR_KEYWORD]
        rows = {name: (row, _panel(group)) for group in groups for name, row in group.items()}
        asked = [_parameter(name, row, panel) for name, (row, panel) in rows.items()]
        command.__signature__ = inspect.Signature([*own, *asked])  # type: ignore[attr-defined]
        return command

    return with_options


def _panel(group: Group) -> str:
    return next(name for name, groups in PANELS.items() if any(group is g for g in groups))


def _parameter(name: str, row: Row, panel: str) -> inspect.Parameter:
    flag = "--" + name.replace("_", "-")
    option = typer.Option(flag, help=row.help, metavar=row.metavar, rich_help_panel=panel, show_default=False)
    wanted: Any = bool if row.kind is bool else row.kind | None
    default = False if row.kind is bool else None
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[wanted, option])


def chosen(given: Mapping[str, Any], *groups: Group) -> dict[str, Any]:
    """What was given of some groups, numbers as numbers; what was not asked for is absent."""
    return {name: number_or_text(given[name]) for group in groups for name in group
            if given.get(name) is not None and given[name] is not False}  # fmt: skip


def number_or_text(value: Any) -> Any:
    """A bare number as a number, so that the doors see what a Python caller would give; anything else as it is."""
    if not isinstance(value, str):
        return value
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value
