"""Single operators: what mixes whole maps, what nobody knows, functional calls and control flow."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import nn

from segviz import receptive_field


class Call(nn.Module):
    """A function as a network; `inner` is a layer that it may use."""

    def __init__(self, function, inner=None):
        super().__init__()
        self.function, self.inner = function, inner

    def forward(self, *inputs):
        return self.function(*inputs, self.inner) if self.inner else self.function(*inputs)


def field_of(function, size=(8, 12), channels=4, inner=None):
    return receptive_field(Call(function, inner), size, channels=channels).output


def sees(field, *unit):
    """Rows and columns of the cells that reach a unit, as ranges: (first, last), (first, last)."""
    cells = field.cells(*unit)
    rows, columns = np.flatnonzero(cells.any(1)), np.flatnonzero(cells.any(0))
    assert cells[np.ix_(rows, columns)].all()
    return (rows[0], rows[-1]), (columns[0], columns[-1])


WHOLE = ((0, 7), (0, 11))

MIXERS = {
    "adaptive pooling to 1": nn.AdaptiveAvgPool2d(1),
    "adaptive max-pooling to 1": nn.AdaptiveMaxPool2d(1),
    "mean over rows and columns": Call(lambda x: x.mean((2, 3))),
    "maximum over all": Call(lambda x: x.amax()),
    "linear over flattened space": nn.Sequential(nn.Flatten(), nn.Linear(4 * 96, 5)),
    "squeeze and excite": torchvision.ops.SqueezeExcitation(4, 2),
    "group norm": nn.GroupNorm(2, 4),
    "instance norm": nn.InstanceNorm2d(4),
    "batch norm without running statistics": nn.BatchNorm2d(4, track_running_stats=False),
    "layer norm over the map": nn.LayerNorm((4, 8, 12)),
    "softmax over the map": Call(lambda x: x.flatten(2).softmax(-1).view_as(x)),
    "attention": Call(lambda x: F.scaled_dot_product_attention(*[x.flatten(2).mT] * 3)),
    "self-attention": Call(
        lambda x, layer: layer(*[x.flatten(2).mT] * 3)[0],
        nn.MultiheadAttention(4, 2, batch_first=True),
    ),
    "a transformer's encoder": Call(
        lambda x, layer: layer(x.flatten(2).mT),
        nn.TransformerEncoderLayer(4, 2, 8, batch_first=True),
    ),
    "einsum over the map": Call(lambda x: torch.einsum("bchw,bdhw->bcd", x, x)),
    "a norm of the map": Call(lambda x: x / x.norm()),
    "standardised": Call(lambda x: (x - x.mean()) / x.std()),
    "non-local": Call(
        lambda x: x + ((x.flatten(2).mT @ x.flatten(2)).softmax(-1) @ x.flatten(2).mT).mT.view_as(x)
    ),
}


@pytest.mark.parametrize("name", MIXERS)
def test_what_mixes_the_whole_map_makes_the_whole_image_the_field_and_is_named(name):
    network = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), MIXERS[name])
    field = receptive_field(network, (8, 12)).output
    assert field.known and field.exact and field.whole_image
    assert field.size == (8, 12)
    assert any(mixer.startswith("1 (") or mixer.startswith("1.") for mixer in field.mixers)
    first = (0,) * len(field.positions)
    assert sees(field, *first) == WHOLE
    assert field.box(*first) == (0, 0, 8, 12)


def test_along_one_axis_only_that_axis_is_mixed():
    field = field_of(lambda x: x + x.mean(2, keepdim=True))
    assert sees(field, 3, 5) == ((0, 7), (5, 5))
    assert field.size == (8, 1)
    assert not field.whole_image


def test_what_the_field_would_be_without_what_mixed_the_whole_map():
    network = nn.Sequential(nn.Conv2d(3, 4, 5, 2, padding=2), MIXERS["squeeze and excite"])
    network.append(nn.Conv2d(4, 4, 3))
    field = receptive_field(network, (20, 26)).output
    assert field.whole_image
    assert field.local == ((9, 9), (2, 2), (2, 2))
    assert receptive_field(network[:1], (20, 26)).output.local is None


NORMS_THAT_MIX_NOTHING = {
    "batch norm": nn.BatchNorm2d(4),
    "frozen batch norm": torchvision.ops.FrozenBatchNorm2d(4),
    "layer norm over channels": torchvision.models.convnext.LayerNorm2d(4),
    "local response": nn.LocalResponseNorm(3),
    "unit length": Call(lambda x: F.normalize(x)),
    "softmax over channels": nn.Softmax2d(),
    "dropout": nn.Dropout2d(),
    "argmax": Call(lambda x: x.argmax(1, keepdim=True)),
    "sorted by a threshold": Call(lambda x: torch.where(x > x.new_zeros(()), x, -x)),
    "gated": Call(lambda x: F.glu(x, 1)),
    "squared": Call(lambda x: torch.addcmul(x, x, x).clamp_(0, 6).pow(2)),
    "channels by a list": Call(lambda x: x[:, [3, 1, 0]]),
    "channels by known indices": Call(
        lambda x: x.index_select(1, torch.arange(3, -1, -1, device=x.device))
    ),
    "a linear layer on channels": Call(
        lambda x, layer: layer(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2), nn.Linear(4, 6)
    ),
    "stacked": Call(lambda x: torch.stack([x, x.flip(1)], 2).flatten(1, 2)),
    "rows and columns flattened and back": Call(lambda x: x.flatten(2).view_as(x)),
    "in another type": Call(lambda x: x.to(torch.float64).cpu()),
}


@pytest.mark.parametrize("name", NORMS_THAT_MIX_NOTHING)
def test_what_treats_every_place_by_itself(name):
    network = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), NORMS_THAT_MIX_NOTHING[name])
    field = receptive_field(network, (8, 12)).output
    assert field.known, field.unknown
    assert field.size == (3, 3) and field.padding == (1, 1) and field.uniform
    assert field.mixers == () and not field.whole_image
    assert sees(field, 4, 0) == ((3, 5), (0, 1))


def test_channels_that_stayed_apart_are_kept_apart():
    def forward(x, conv):
        left, right = x.chunk(2, 1)
        left, right = torch.cat([conv(left), right], 1).split([2, 2], 1)
        return right  # which never went through the convolution

    field = field_of(forward, inner=nn.Conv2d(2, 2, 5, padding=2))
    assert field.size == (1, 1)


def test_grouped_convolutions_see_only_their_group():
    class Grouped(nn.Module):
        def __init__(self):
            super().__init__()
            self.wide = nn.Conv2d(2, 2, 5, padding=2)
            self.grouped = nn.Conv2d(4, 4, 1, groups=2)

        def forward(self, x):
            x = torch.cat([self.wide(x[:, :2]), x[:, 2:]], 1)
            return self.grouped(x).chunk(2, 1)

    outputs = receptive_field(Grouped(), (9, 9), channels=4).outputs
    assert [field.size for field in outputs.values()] == [(5, 5), (1, 1)]


def test_a_flip_moves_the_field_the_other_way():
    field = field_of(lambda x: x.flip(3))
    assert field.stride == (1, -1)
    assert sees(field, 2, 3) == ((2, 2), (8, 8))


def test_a_roll_wraps_and_its_boxes_end_with_the_image():
    field = field_of(lambda x: x.roll((2, -1), (2, 3)))
    assert sees(field, 0, 11) == ((6, 6), (0, 0))
    assert not field.continues


def test_a_map_that_was_turned_keeps_its_rows_and_columns():
    network = nn.Sequential(Call(lambda x: x.transpose(2, 3)), nn.Conv2d(4, 4, (3, 1)))
    field = receptive_field(network, (8, 12), channels=4).output
    assert field.shape == (1, 4, 10, 8)
    assert field.dims == (3, 2) and field.positions == (8, 10)
    assert field.size == (1, 3)  # the kernel's rows lie along the image's columns
    assert sees(field, 5, 2) == ((5, 5), (2, 4))


def test_channels_may_come_last():
    field = field_of(lambda x: x.permute(0, 2, 3, 1))
    assert field.dims == (1, 2) and field.positions == (8, 12)


def test_windows_of_attention_see_their_window():
    def windows(x):
        n, c, h, w = x.shape
        tokens = x.view(n, c, h // 4, 4, w // 3, 3).permute(0, 2, 4, 3, 5, 1).reshape(-1, 12, c)
        tokens = F.scaled_dot_product_attention(tokens, tokens, tokens)
        back = tokens.view(n, h // 4, w // 3, 4, 3, c).permute(0, 5, 1, 3, 2, 4)
        return back.reshape(n, c, h, w)

    field = field_of(windows)
    assert sees(field, 5, 4) == ((4, 7), (3, 5))
    assert field.size == (4, 3)
    assert not field.uniform and not field.whole_image and field.mixers


def test_unpooling_may_put_a_value_anywhere_in_its_window():
    def segnet(x):
        small, indices = F.max_pool2d(x, 2, return_indices=True)
        return F.max_unpool2d(small, indices, 2)

    field = field_of(segnet)
    assert sees(field, 5, 4) == ((4, 5), (4, 5))


def test_what_is_written_over_is_seen_no_more():
    def forward(x):
        canvas = torch.zeros_like(x)
        canvas.copy_(x.roll(3, 2))
        canvas[:, :, 2:5] = x[:, :, 2:5]
        return canvas

    field = field_of(forward)
    assert sees(field, 3, 7) == ((3, 3), (7, 7))
    assert sees(field, 5, 7) == ((2, 2), (7, 7))


def test_a_view_sees_what_was_written_into_its_base():
    def forward(x):
        base = x.new_zeros(1, 4, 8, 12)
        view = base[:, :, ::2]
        base += x
        return view

    field = field_of(forward)
    assert sees(field, 3, 7) == ((6, 6), (7, 7))


def test_control_flow_on_shapes_and_functional_calls():
    class Loop(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(4, 4, 3, 3))

        def forward(self, x):
            while x.shape[2] > 6:
                x = F.relu(F.conv2d(x, self.weight), inplace=True)
            return x if x.shape[3] % 2 else F.avg_pool2d(x, 2)

    field = receptive_field(Loop(), (11, 14), channels=4).output
    assert field.positions == (2, 4)
    assert field.size == (8, 8) and field.stride == (2, 2)


def test_an_output_that_does_not_depend_on_the_image():
    field = field_of(lambda x: torch.ones_like(x))
    assert field.known and field.size is None
    assert not field.cells(1, 2).any()
    assert field.coverage == 0
    assert "does not depend" in repr(field)


# What nobody knows


class Sampled(nn.Module):
    def forward(self, x):
        grid = x.mean(1)[..., None].expand(-1, -1, -1, 2)
        return F.grid_sample(x, grid, align_corners=False)


UNKNOWN = {
    "grid_sampler_2d": Sampled(),
    "deform_conv2d": Call(
        lambda x: torchvision.ops.deform_conv2d(
            x, x.new_zeros(1, 18, 6, 10), x.new_zeros(4, 4, 3, 3)
        )
    ),
    "sort": Call(lambda x: x.sort(2)[0]),
    "cumsum": Call(lambda x: x.cumsum(3)),
    "scatter": Call(lambda x: x.scatter(2, x.long().clamp(0, 3), x)),
    "convolution": Call(lambda x: F.conv2d(x, x[:, :, :3, :3].expand(4, -1, -1, -1))),
    "index": Call(lambda x: x[:, :, x[0, 0, 0].long()]),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_an_operator_that_is_not_known_is_named_with_its_module_and_all_after_it_is_unknown(name):
    network = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), UNKNOWN[name], nn.Conv2d(4, 4, 1))
    field = receptive_field(network, (8, 12))
    assert field["0"].size == (3, 3)
    assert len(field.unknown) == 1
    kind = type(UNKNOWN[name]).__name__
    assert field.unknown[0].startswith(f"{name} in 1 ({kind}) (")
    for unknown in (field["1"], field["2"], field.output):
        assert not unknown.known and unknown.unknown == field.unknown[0]
        assert unknown.size is unknown.stride is unknown.padding is unknown.uniform is None
        with pytest.raises(ValueError, match=name):
            unknown.cells(0, 0)
    assert field.unknown[0] in repr(field)


def test_a_library_s_own_operator_is_not_known():
    library = torch.library.Library("segviz_test", "DEF")
    library.define("blur(Tensor x) -> Tensor")
    library.impl("blur", lambda x: x.clone(), "CompositeExplicitAutograd")
    field = field_of(lambda x: torch.ops.segviz_test.blur(x))
    assert field.unknown.startswith("blur in the model")
    library._destroy()


def test_an_operator_that_is_not_known_does_no_harm_to_what_does_not_use_it():
    class Beside(nn.Module):
        def forward(self, x):
            x.sort(2)
            torch.ones(4).cumsum(0)
            return F.avg_pool2d(x, 2)

    field = receptive_field(Beside(), (8, 12), channels=4)
    assert field.unknown == [] and field.output.size == (2, 2)
