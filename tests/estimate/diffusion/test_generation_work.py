from dataclasses import replace

import numpy as np
import pytest

from jevons.core.errors import BadInput, UnknownName
from jevons.estimate.diffusion import work as w
from jevons.estimate.diffusion.unet import unet_parameters, unet_work
from jevons.world import catalog
from jevons.world.diffusion import DiffusionModel, find

FLUX, SD35 = find("flux.1-dev")[0], find("stable-diffusion-3.5-large")[0]
WAN, COG = find("wan2.1-t2v-14b")[0], find("cogvideox1.5-5b")[0]
EVERY = [DiffusionModel.from_row(row) for row in catalog.table("diffusion_models")]
TRANSFORMERS = [m for m in EVERY if not m.unet_channels]
UNETS = [m for m in EVERY if m.unet_channels]


@pytest.mark.parametrize(
    ("model", "height", "width", "frames", "tokens"),
    [
        (FLUX, 1024, 1024, 1, 64 * 64),
        (WAN, 480, 832, 81, 21 * 30 * 52),
        (COG, 768, 1360, 81, 11 * 48 * 85),  # 21 latent frames, two a token
        (find("sana1.5-1.6b-1024px")[0], 1024, 1024, 1, 32 * 32),
        (find("hunyuanvideo")[0], 720, 1280, 129, 33 * 45 * 80),
        (find("ltx-video")[0], 512, 704, 161, 21 * 16 * 22),
    ],
)
def test_a_latent_has_as_many_tokens_as_patches(model, height, width, frames, tokens):
    assert w.latent_tokens(model, height, width, frames) == tokens


def test_tokens_of_an_edge_that_does_not_divide_are_rounded_up():
    assert w.latent_tokens(FLUX, 1030, 1024, 1) == 65 * 64


def test_a_pass_counts_every_matrix_twice_for_every_token():
    per_token = 57 * 12 * 3072**2
    assert w.linear_flops(FLUX, 4096) == pytest.approx(2 * per_token * (4096 + 512))


def test_text_that_is_only_looked_at_costs_two_projections_a_block():
    h = WAN.hidden
    text = 40 * 512 * 2 * h**2
    image = 40 * 1000 * (4 * h**2 + 2 * h * 13824 + 2 * h**2)
    assert w.linear_flops(WAN, 1000) == pytest.approx(2 * (text + image))


def test_attention_grows_with_the_square_of_tokens_and_linear_attention_does_not():
    sana = find("sana1.5-1.6b-1024px")[0]
    assert w.attention_flops(COG, 80_000) / w.attention_flops(COG, 40_000) == pytest.approx(4, rel=0.02)
    assert w.attention_flops(sana, 2048) / w.attention_flops(sana, 1024) == pytest.approx(2)


@pytest.mark.parametrize(("change", "more"), [
    ({"linear_attention": True}, w.LINEAR + w.CONVOLVED * FLUX.ffn_hidden / FLUX.hidden),
    ({"gated": True}, (w.GATED_ACTIVATION - w.ACTIVATION) * FLUX.ffn_hidden / FLUX.hidden),
    ({"conditioning": "cross"}, w.CROSS), ({"skip_layers": 3}, w.SKIP), ({"rotary": False}, -w.ROTARY), ({"qk_norm": False}, -w.NORM),
])  # fmt: skip
def test_each_kernel_that_is_no_matrix_product_moves_widths_of_its_own(change, more):
    assert w.unfused_widths(replace(FLUX, **change)) - w.unfused_widths(FLUX) == pytest.approx(more)


def test_a_decoder_that_gives_squares_of_pixels_works_on_as_many_fewer():
    assert w.decode_flops(replace(FLUX, decoder_patch=2), 1024, 1024, 1) == pytest.approx(w.decode_flops(FLUX, 1024, 1024, 1) / 4)


def test_text_is_held_whole_on_every_gpu_where_it_does_not_divide_among_them():
    assert w.held_text(FLUX, np.array([1, 2, 8])).tolist() == [512, 512, 512]
    assert w.held_text(SD35, np.array([1, 2, 8])).tolist() == [333, 666, 2664]


def test_guidance_doubles_the_work_of_a_step_and_batch_multiplies_it():
    once, twice = (w.work(SD35, 1, 1024, 1024, 1, p) for p in (1, 2))
    assert twice.linear_flops == pytest.approx(2 * once.linear_flops)
    assert twice.calls == once.calls  # one call on a doubled batch
    assert w.work(SD35, 4, 1024, 1024, 1, 1).attention_flops == pytest.approx(4 * once.attention_flops)


def test_guidance_in_two_calls_launches_twice_as_many_kernels():
    assert w.work(WAN, 1, 480, 832, 81, 2).calls == pytest.approx(2 * w.work(WAN, 1, 480, 832, 81, 1).calls)


def test_a_single_gpu_sends_nothing():
    alone, split = (w.work(FLUX, 1, 1024, 1024, 1, 1, u, r) for u, r in ((1, 1), (2, 4)))
    assert alone.exchange_bytes == alone.ring_bytes == 0
    assert split.exchange_bytes > 0
    assert split.ring_bytes > split.exchange_bytes


def test_decoding_grows_with_pixels_and_nearly_with_frames():
    assert w.decode_flops(FLUX, 2048, 1024, 1) == pytest.approx(2 * w.decode_flops(FLUX, 1024, 1024, 1))
    assert w.decode_flops(WAN, 480, 832, 161) / w.decode_flops(WAN, 480, 832, 81) == pytest.approx(2, rel=0.02)


def test_the_image_decoder_of_stable_diffusion_takes_some_ten_tflop_at_a_megapixel():
    assert w.decode_flops(FLUX, 1024, 1024, 1) == pytest.approx(9.4e12, rel=0.02)


@pytest.mark.parametrize("model", TRANSFORMERS, ids=lambda m: m.id)
def test_weights_of_the_blocks_make_most_of_the_published_parameters_and_no_more(model):
    weights = model.layers * w.block_weights(model) + model.double_layers * w.block_weights(model)
    weights += (4 * model.layers * (model.conditioning == "cross") + 4 * model.dual_layers + 2 * model.skip_layers) * model.hidden**2
    shared = 2 if model.id == "wan2.2-t2v-a14b" else 1  # two transformers take turns
    assert 0.54 < shared * weights / model.parameters < 1.12  # modulation by the time step has the rest, once a step


@pytest.mark.parametrize("model", EVERY, ids=lambda m: m.id)
def test_usual_sizes_divide_into_patches(model):
    side = model.downsample * model.patch
    assert model.height % side == model.width % side == 0
    assert (model.frames - 1) % model.downsample_time == 0


def test_a_model_is_known_by_its_name_on_the_hub():
    assert find("Tencent-Hunyuan/HunyuanDiT-v1.2-Diffusers")[0].id == "hunyuandit-v1.2"
    assert find("Efficient-Large-Model/SANA1.5_4.8B_1024px_diffusers")[0].id == "sana1.5-4.8b-1024px"


def test_an_unknown_model_names_the_three_nearest_and_how_to_pass_a_row():
    with pytest.raises(UnknownName, match=r"flux\.1-dev.*diffusion_models\.csv") as trouble:
        find("flux.9-dev")
    assert len(trouble.value.nearest) == 3


def test_a_row_of_ones_own_is_read_from_a_mapping():
    row = {f: getattr(FLUX, f) for f in FLUX.__dataclass_fields__} | {"id": "mine", "layers": 20, "double_layers": 0}
    mine, notes = find(row)
    assert (mine.id, mine.layers, notes) == ("mine", 20, ())


@pytest.mark.parametrize(
    ("change", "said"),
    [({"layers": 0}, "above 0"), ({"output": "song"}, "image, video"), ({"heads": 7}, "divide hidden"),
     ({"hidden": float("nan")}, "number"), ({"decoder_channels": ""}, "fill this column"), ({"steps": "many"}, "number")],
)  # fmt: skip
def test_a_shape_that_cannot_exist_is_refused(change, said):
    row = {f: getattr(FLUX, f) for f in FLUX.__dataclass_fields__} | change
    with pytest.raises(BadInput, match=said):
        find(row)


def test_a_gated_ffn_has_three_matrices():
    assert w.block_weights(replace(FLUX, gated=True)) - w.block_weights(FLUX) == FLUX.hidden * FLUX.ffn_hidden


@pytest.mark.parametrize("model", UNETS, ids=lambda m: m.id)
def test_the_pieces_of_a_unet_make_most_of_its_published_parameters_and_no_more(model):
    assert 0.85 < unet_parameters(model) / model.parameters < 1


def test_one_evaluation_of_stable_diffusion_1_takes_what_a_profiler_counted():
    """1.680 TFLOP for two at 512 × 512 (TensorRT profile, 2.539 for the decoder); text and time step are left out here."""
    model = find("sd-1.5")[0]
    done = unet_work(model, 1, 512, 512, 2)
    assert done.linear_flops + done.attention_flops == pytest.approx(1.680e12, rel=0.06)
    assert done.decode_flops == pytest.approx(2.539e12, rel=0.1)


def test_a_unet_has_a_quarter_of_the_work_at_half_the_side():
    model = find("sdxl")[0]
    large, small = (unet_work(model, 1, s, s, 1) for s in (1024, 512))
    assert large.linear_flops == pytest.approx(4 * small.linear_flops)
    assert large.attention_flops > 10 * small.attention_flops
    assert large.calls == small.calls
