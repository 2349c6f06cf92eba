"""Names as people type them: what is matched, how it is said, and when it is refused."""

from __future__ import annotations

import pytest

from jevons.core.errors import UnknownName
from jevons.world import models
from jevons.world.catalog import table
from jevons.world.lookup import Match, nearest, normalise, resolve, word_score

REGIONS = [
    "aws/us-east-1",
    "aws/us-east-2",
    "aws/us-gov-east-1",
    "aws/eu-west-1",
    "gcp/us-east1",
    "gcp/europe-west1",
]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("h100 sxm", "nvidia-h100-sxm5-80gb"),
        ("H100", "nvidia-h100-sxm5-80gb"),
        ("NVIDIA H100 80GB HBM3", "nvidia-h100-sxm5-80gb"),
        ("A100-80", "nvidia-a100-sxm4-80gb"),
        ("A100-80GB", "nvidia-a100-sxm4-80gb"),
        ("A100-40GB", "nvidia-a100-sxm4-40gb"),
        ("NVIDIA A100 40GB", "nvidia-a100-sxm4-40gb"),
        ("NVIDIA A100-SXM4-40GB", "nvidia-a100-sxm4-40gb"),
        ("V100", "nvidia-v100-sxm2-32gb"),
        ("Tesla V100-SXM2-16GB", "nvidia-v100-sxm2-16gb"),
        ("TPUv3", "google-tpu-v3"),
        ("TPU v4", "google-tpu-v4"),
        ("MI250X", "amd-mi250x"),
        ("H800", "nvidia-h800-sxm5-80gb"),
        ("rtx4090", "nvidia-rtx-4090"),
        ("NVIDIA GeForce RTX 3090 Ti", "nvidia-rtx-3090-ti"),
        ("trn2", "aws-trainium2"),
        ("gaudi 3", "intel-gaudi3"),
        ("b200", "nvidia-b200-sxm-180gb"),
        ("H200 NVL", "nvidia-h200-nvl-141gb"),
        ("5090", "nvidia-rtx-5090"),
        ("5070 ti", "nvidia-rtx-5070-ti"),
        ("rtx pro 6000", "nvidia-rtx-pro-6000-blackwell"),
        ("dgx spark", "nvidia-gb10"),
        ("m4 max", "apple-m4-max"),
        ("m5", "apple-m5"),
        ("strix halo", "amd-ryzen-ai-max-395"),
        ("ironwood", "google-tpu-v7"),
        ("mi355x", "amd-mi355x"),
        ("NVIDIA GeForce RTX 3060", "nvidia-rtx-3060-12gb"),
        ("NVIDIA RTX PRO 6000 Blackwell Server Edition", "nvidia-rtx-pro-6000-blackwell"),
        ("NVIDIA GH200 480GB", "nvidia-gh200-144gb"),
        ("NVIDIA A30", "nvidia-a30"),
        ("jetson thor", "nvidia-jetson-agx-thor-128gb"),
        ("NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition", "nvidia-rtx-pro-6000-blackwell-max-q"),
    ],
)
def test_a_name_in_use_finds_its_accelerator(typed, meant):
    row, match = table("accelerators").find(typed)
    assert (row["id"], match.id) == (meant, meant)


@pytest.mark.parametrize(("typed", "meant"), [("us-east-1", "aws/us-east-1"), ("US East 2", "aws/us-east-2"),
                                              ("us-east1", "gcp/us-east1"), ("europe-west1", "gcp/europe-west1")])  # fmt: skip
def test_a_cloud_region_needs_no_provider(typed, meant):
    assert resolve(typed, REGIONS, kind="cloud region").id == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("EPYC 7742", "amd-epyc-7742"),
        ("xeon platinum 8580", "intel-xeon-platinum-8580"),
        ("AMD EPYC 9654 96-Core Processor", "amd-epyc-9654"),
        ("Intel(R) Xeon(R) 6980P", "intel-xeon-6980p"),
        ("Intel(R) Xeon(R) Platinum 8580 CPU @ 2.00GHz", "intel-xeon-platinum-8580"),
    ],
)
def test_a_processor_needs_no_maker(typed, meant):
    assert table("cpus").find(typed)[1].id == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("gpt oss 120b", "gpt-oss-120b"),
        ("llama 4 maverick", "llama-4-maverick"),
        ("qwen3 next", "qwen3-next-80b-a3b"),
        ("deepseek v3.2", "deepseek-v3.2"),
        ("deepseek v3.1", "deepseek-v3"),
        ("GLM 4.6", "glm-4.5"),
        ("minimax m2", "minimax-m2"),
        ("mistral small 3.2", "mistral-small-24b"),
        ("kimi k2 thinking", "kimi-k2"),
        ("granite 4", "granite-4.0-h-small"),
        ("gemma 3 4b", "gemma-3-4b"),
        ("llama 3.1 8", "llama-3.1-8b"),
    ],
)
def test_a_name_in_use_finds_its_model(typed, meant):
    assert table("models").find(typed)[0]["id"] == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("gpt2", "GPT-2 Small"),
        ("openai-community/gpt2-xl", "GPT-2 XL"),
        ("google-bert/bert-base-uncased", "BERT base (uncased)"),
        ("google-bert/bert-base-cased", "BERT base (cased)"),
        ("BAAI/bge-large-en-v1.5", "BERT large (uncased)"),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "Qwen2.5 7B"),
        ("deepseek-r1:70b", "Llama 3.3 70B"),
        ("deepseek-r1:671b", "DeepSeek-R1"),
        ("Qwen/Qwen2.5-7B-Instruct-GPTQ-Int4", "Qwen2.5 7B"),
        ("Qwen/Qwen3-8B-Base", "Qwen3 8B"),
        ("unsloth/Qwen3-14B-unsloth-bnb-4bit", "Qwen3 14B"),
        ("TheBloke/Llama-2-13B-chat-GGUF", "Llama 2 13B"),
        ("mlx-community/Llama-3.2-3B-Instruct-4bit", "Llama 3.2 3B"),
        ("mistralai/Mixtral-8x7B-Instruct-v0.1", "Mixtral 8x7B"),
        ("allenai/OLMo-2-1124-7B", "OLMo 2 7B"),
        ("phi4:14b", "Phi-4"),
    ],
)
def test_a_repository_or_a_tag_finds_its_model(typed, meant):
    assert models.find(typed).name == meant


def test_a_model_taken_for_another_of_its_shape_is_said():
    (said,) = models.find("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B").assumptions
    assert (said.what, said.value) == ("model", "Qwen2.5 7B")


@pytest.mark.parametrize("typed", ["kimi k3", "bert-large-cased", "microsoft/deberta-v3-base", "grok-2"])
def test_a_model_of_another_shape_is_refused(typed):
    with pytest.raises(UnknownName):
        models.find(typed)


def test_the_nearest_names_begin_with_the_one_typed():
    with pytest.raises(UnknownName) as refused:
        table("models").find("gemma3")
    assert all(name.startswith("gemma-3-") for name in refused.value.nearest)


@pytest.mark.parametrize("typed", ["gemma 4", "gpt 4", "llama 5 70b", "deepseek v4"])
def test_another_version_is_refused_though_its_number_is_a_size_of_one_that_is_held(typed):
    with pytest.raises(UnknownName):
        table("models").find(typed)


@pytest.mark.parametrize(("held", "typed"), [("accelerators", "Jetson Nano"), ("edge_boards", "jetson-nano"),
                                             ("cpus", "Intel(R) Xeon(R) Processor @ 2.20GHz")])  # fmt: skip
def test_a_product_that_no_table_holds_is_refused(held, typed):
    with pytest.raises(UnknownName):
        table(held).find(typed)


def test_the_id_itself_is_exact_and_says_no_more():
    match = resolve("amd-mi250x", ["amd-mi250", "amd-mi250x"])
    assert match == Match("amd-mi250x", 1.0, "exact")
    assert match.exact


def test_a_processor_with_another_last_letter_is_another_processor():
    with pytest.raises(UnknownName):
        resolve("i9-13900K", ["intel-core-i9-13900e", "intel-core-i9-13900t"])


def test_an_alias_goes_before_the_words_and_is_named():
    match = resolve("Big One", ["big-one-8", "other"], {"big one": "other"})
    assert match.id == "other"
    assert not match.exact
    assert "big one" in match.how


def test_an_alias_of_another_table_is_not_followed():
    with pytest.raises(UnknownName):
        resolve("zzz", ["amd-mi250x"], {"zzz": "not-in-this-table"})


def test_a_match_by_words_says_what_was_found_in_what():
    match = resolve("a6000", ["nvidia-rtx-a6000", "nvidia-rtx-a5000"])
    assert "a6000" in match.how
    assert "nvidia-rtx-a6000" in match.how
    assert 0.75 <= match.score < 1


@pytest.mark.parametrize(
    "typed", ["h9000", "", "  ", "banana", "rtx 2080 super", "i9-13900K", "quadro", "tpu v5", "nvidia"]
)
def test_what_is_unknown_or_ambiguous_is_refused_with_three_nearest(typed):
    with pytest.raises(UnknownName) as refusal:
        table("accelerators").find(typed)
    assert len(refusal.value.nearest) == 3
    assert all(name in str(refusal.value) for name in refusal.value.nearest)


def test_the_nearest_of_a_name_that_does_not_exist_resemble_it():
    with pytest.raises(UnknownName) as refusal:
        table("accelerators").find("h9000")
    assert all(name.startswith("nvidia-h") for name in refusal.value.nearest)


def test_an_ambiguous_name_offers_the_products_it_could_mean():
    with pytest.raises(UnknownName) as refusal:
        resolve(
            "v100",
            ["nvidia-v100-sxm2-16gb", "nvidia-v100-sxm2-32gb", "nvidia-t4", "amd-mi50"],
            kind="accelerator",
        )
    assert set(refusal.value.nearest[:2]) == {"nvidia-v100-sxm2-16gb", "nvidia-v100-sxm2-32gb"}
    assert refusal.value.kind == "accelerator"


def test_another_number_is_another_product():
    assert word_score("h100", "nvidia-h200") < 0.5 < word_score("h200", "nvidia-h200")


def test_a_catalogue_without_rows_refuses_too():
    with pytest.raises(UnknownName, match="nothing comes near"):
        resolve("h100", [])


def test_spelling_is_a_matter_of_letters_and_digits():
    assert normalise("A100-SXM 80GB") == normalise("a100_sxm80gb")
    assert nearest("nvidia h100", ["amd-mi50", "nvidia-h100"], n=1) == ["nvidia-h100"]


def test_every_alias_points_to_a_row_and_no_spelling_has_two_meanings():
    seen: dict[tuple[str, str], str] = {}
    for row in table("aliases"):
        assert row["id"] in table(row["table"]).index, row
        key = (row["table"], normalise(row["alias"]))
        assert seen.setdefault(key, row["id"]) == row["id"], row
    assert len(seen) > 150


def test_every_row_is_found_by_its_own_id_and_by_its_name():
    for name in ("accelerators", "servers"):
        rows = table(name)
        assert all(rows.find(row["id"])[1].exact for row in rows)
    accelerators = table("accelerators")
    strays = [row["name"] for row in accelerators if not _finds(row)]
    assert not strays


def _finds(row) -> bool:
    try:
        return table("accelerators").find(row["name"])[1].id == row["id"]
    except UnknownName:
        return False


@pytest.mark.parametrize(("name", "found"), [
    ("meta-llama/Llama-3.1-70B-Instruct", "Llama 3.1 70B"), ("google/gemma-3-27b-it", "Gemma 3 27B (text)"),
    ("mistralai/Mistral-7B-Instruct-v0.3", "Mistral 7B v0.3"), ("openai/whisper-large-v3", "Whisper Large v3"),
])  # fmt: skip
def test_a_repository_on_the_hub_is_its_model_and_it_is_said(name, found):
    from jevons.world import models

    model = models.find(name)
    assert model.name == found
    assert any("without its maker" in a.why for a in model.assumptions)


def test_a_repository_of_no_known_model_names_the_nearest_and_how_to_pass_a_config():
    from jevons.world import models

    with pytest.raises(UnknownName, match=r"nearest: .*config\.json"):
        models.find("meta-llama/Llama-9-70B-Instruct")


def test_a_short_word_that_differs_is_another_product():
    assert word_score("titan rtx", "nvidia-gtx-titan") < 0.5
    with pytest.raises(UnknownName):
        table("accelerators").find("titan rtx")
    assert table("accelerators").find("gtx titan")[0]["id"] == "nvidia-gtx-titan"
