"""Random small networks, and what reaches their outputs by brute force.

Brute force: one cell of the image at a time is made NaN (all at once, as one batch), and wherever a
NaN comes out, that cell has reached. Three operators do not hand on a NaN faithfully and are given
a hand: interpolation multiplies NaN by weights of zero, too; un-pooling forgets that the place of a
maximum could have been another; boolean masks do not keep it.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

LARGEST = 22  # cells along an axis


class Interpolate(nn.Module):
    def __init__(self, **options):
        super().__init__()
        self.options = options

    def forward(self, x):
        if x.is_meta:
            return F.interpolate(x, **self.options)
        reached = x.isnan()
        # random weights, so that negative ones of the cubic kernel cancel nothing
        marks = reached.to(x.dtype) * (1 + torch.rand(x.shape, dtype=x.dtype))
        reached = F.interpolate(marks, **self.options).abs() > 1e-9
        out = F.interpolate(x.nan_to_num(0.5), **self.options)
        if self.options.get("antialias") and out.shape[3] == 1:
            # torch (2.14, on the CPU) then fills all rows with the first
            raise RuntimeError("antialias to a single column")
        return out.masked_fill(reached, torch.nan)

    def extra_repr(self):
        return ", ".join(f"{name}={value}" for name, value in self.options.items())


class PoolAndUnpool(nn.Module):
    """As SegNet does it: down by a max-pooling, a layer there, and up to where the maxima were."""

    def __init__(self, kernel_size, stride, padding, inner):
        super().__init__()
        self.geometry = {"kernel_size": kernel_size, "stride": stride, "padding": padding}
        self.inner = inner

    def forward(self, x):
        small, indices = F.max_pool2d(x, **self.geometry, return_indices=True)
        small = self.inner(small)
        size = x.shape[-2:]
        if x.is_meta:
            return F.max_unpool2d(small, indices, **self.geometry, output_size=size)
        channels = small.shape[1]
        kernel = torch.ones(channels, 1, *self.geometry["kernel_size"], dtype=x.dtype)
        marks = small.isnan().to(x.dtype)
        spread = F.conv_transpose2d(marks, kernel, stride=self.geometry["stride"], groups=channels)
        (up, left), (rows, columns) = self.geometry["padding"], size
        spread = F.pad(spread, (0, columns + left, 0, rows + up))  # it is as large as is needed
        reached = spread[:, :, up : up + rows, left : left + columns] > 0
        out = F.max_unpool2d(small.nan_to_num(0.5), indices, **self.geometry, output_size=size)
        return out.masked_fill(reached, torch.nan)


class Do(nn.Module):
    """A function as a module, with words for it."""

    def __init__(self, words, function):
        super().__init__()
        self.words, self.function = words, function

    def forward(self, x):
        return self.function(x)

    def extra_repr(self):
        return self.words


class Branches(nn.Module):
    """Branches whose results are cropped to a common size and joined."""

    def __init__(self, join, *branches):
        super().__init__()
        self.join, self.branches = join, nn.ModuleList(branches)

    def forward(self, x):
        results = [branch(x) for branch in self.branches]
        rows, columns = (min(r.shape[dim] for r in results) for dim in (2, 3))
        results = [result[:, :, :rows, :columns] for result in results]
        return JOINS[self.join](results)

    def extra_repr(self):
        return self.join


class SomeChannels(nn.Module):
    """Some channels go through a layer, the others stay, as in ShuffleNet; then they are mixed."""

    def __init__(self, inner, channels, shuffle):
        super().__init__()
        self.inner, self.channels, self.shuffle = inner, channels, shuffle

    def forward(self, x):
        some, rest = x.split([self.channels, x.shape[1] - self.channels], dim=1)
        x = torch.cat([self.inner(some), rest], dim=1)
        return F.channel_shuffle(x, self.shuffle) if self.shuffle > 1 else x


class SqueezeExcite(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(x.mean((2, 3), keepdim=True))


class WriteIn(nn.Module):
    """A canvas is filled piece by piece, in place."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        canvas = torch.zeros_like(x)
        canvas[:, :, 1:] = x[:, :, :-1]
        canvas[:, ::2, :, 1:] += self.inner(x)[:, ::2, :, 1:]
        canvas[:, :1].relu_()
        return canvas


class Tokens(nn.Module):
    """Attention inside of windows: the map becomes lists of tokens and a map again."""

    def __init__(self, window):
        super().__init__()
        self.window = window

    def forward(self, x):
        a, b = self.window
        n, c, h, w = x.shape
        x = x.view(n, c, h // a, a, w // b, b).permute(0, 2, 4, 3, 5, 1)
        tokens = x.reshape(-1, a * b, c)
        tokens = tokens + (tokens @ tokens.transpose(1, 2)).softmax(-1) @ tokens
        x = tokens.view(n, h // a, w // b, a, b, c).permute(0, 5, 1, 3, 2, 4)
        return x.reshape(n, c, h, w)


JOINS = {
    "add": lambda results: sum(results[1:], results[0]),
    "multiply": lambda results: torch.stack(results).prod(0),
    "maximum": lambda results: torch.stack(results).amax(0),
    "concatenate": lambda results: torch.cat(results, 1),
}
CHANNELS = 4


def random_graph(seed: int, most_layers: int = 8, among=None) -> tuple[nn.Sequential, tuple]:
    """A network of 4 channels in and out (several of them at least), and the size of its image."""
    draw = np.random.default_rng(seed)
    size = (int(draw.integers(5, 14)), int(draw.integers(5, 14)))
    shape, layers = size, []
    for _ in range(int(draw.integers(1, most_layers + 1))):
        layer, shape = _layer(draw, shape, among or LAYERS)
        layers.append(layer)
    network = nn.Sequential(*layers).double().eval()
    torch.manual_seed(seed)
    for parameter in network.parameters():
        nn.init.uniform_(parameter, 0.1, 1)
    return network, size


def brute_force(network: nn.Module, size: tuple[int, int]) -> np.ndarray:
    """Which cells of the image reach each unit: bool (rows, columns, image rows, image columns)."""
    rows, columns = size
    cells = rows * columns
    torch.manual_seed(0)
    images = torch.rand(cells, CHANNELS, rows, columns, dtype=torch.float64)
    images = images[:1].repeat(cells, 1, 1, 1)
    cell = torch.arange(cells)
    images[cell, :, cell // columns, cell % columns] = torch.nan
    with torch.no_grad():
        reached = network(images).isnan().any(1)  # (cells, rows, columns of the output)
    return reached.permute(1, 2, 0).reshape(*reached.shape[1:], rows, columns).numpy()


def _layer(draw, shape, among):
    """A layer that can be applied to a map of this shape, and the shape of what it returns."""
    while True:
        make = among[draw.integers(len(among))]
        layer = make(draw, shape)
        if layer is None:
            continue
        try:
            with torch.no_grad():
                value = layer.double().eval()(torch.rand(1, CHANNELS, *shape).double())
        except RuntimeError:  # torch refuses these parameters at this size
            continue
        result = value.shape
        if not value.isfinite().all():  # the maximum of a window that lies in the padding
            continue
        if result[1] == CHANNELS and min(result[2:]) >= 1 and max(result[2:]) <= LARGEST:
            return layer, tuple(result[2:])


def _pair(draw, low, high):
    return tuple(int(draw.integers(low, high + 1)) for _ in range(2))


def conv(draw, shape):
    mode = draw.choice(["zeros"] * 5 + ["reflect", "replicate", "circular"])
    return nn.Conv2d(
        CHANNELS,
        CHANNELS,
        _pair(draw, 1, 4),
        stride=_pair(draw, 1, 2),
        padding=_pair(draw, 0, 2),
        dilation=_pair(draw, 1, 3),
        groups=int(draw.choice([1, 1, 2, 4])),
        padding_mode=str(mode),
    )


def transposed_conv(draw, shape):
    return nn.ConvTranspose2d(
        CHANNELS,
        CHANNELS,
        _pair(draw, 1, 4),
        stride=_pair(draw, 1, 3),
        padding=_pair(draw, 0, 2),
        output_padding=_pair(draw, 0, 1),
        dilation=_pair(draw, 1, 2),
        groups=int(draw.choice([1, 1, 2, 4])),
    )


def pool(draw, shape):
    kernel_size, stride = _pair(draw, 1, 4), _pair(draw, 1, 3)
    padding = tuple(int(draw.integers(0, kernel // 2 + 1)) for kernel in kernel_size)
    ceil = bool(draw.integers(2))
    if draw.integers(2):
        return nn.AvgPool2d(kernel_size, stride, padding, ceil_mode=ceil)
    return nn.MaxPool2d(kernel_size, stride, padding, _pair(draw, 1, 2), ceil_mode=ceil)


def adaptive_pool(draw, shape):
    kind = [nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d][draw.integers(2)]
    return kind(_pair(draw, 2, 9))


def interpolate(draw, shape):
    mode = str(draw.choice(["nearest", "nearest-exact", "bilinear", "bicubic", "area"]))
    options = {"mode": mode}
    if draw.integers(2):
        options["size"] = _pair(draw, 2, 18)
    else:
        options["scale_factor"] = tuple(
            float(s) for s in draw.choice([0.5, 1.5, 2, 3, 1.3, 0.7], 2)
        )
    if mode in ("bilinear", "bicubic"):
        options["align_corners"] = bool(draw.integers(2))
        if not options["align_corners"]:
            options["antialias"] = bool(draw.integers(2))
    return Interpolate(**options)


def crop(draw, shape):
    top, left = _pair(draw, 0, 2)
    step = _pair(draw, 1, 2)
    words = f"[{top}::{step[0]}, {left}::{step[1]}]"
    return Do(words, lambda x: x[:, :, top :: step[0], left :: step[1]])


def pad(draw, shape):
    around = tuple(int(n) for n in draw.integers(-1, 4, 4))
    mode = str(draw.choice(["constant", "constant", "reflect", "replicate", "circular"]))
    if mode != "constant":
        around = tuple(map(abs, around))
    return Do(f"pad {around} {mode}", lambda x: F.pad(x, around, mode=mode))


def flip_or_roll(draw, shape):
    dim = int(draw.integers(2, 4))
    if draw.integers(2):
        return Do(f"flip {dim}", lambda x: x.flip(dim))
    return Do(f"roll {dim}", lambda x: x.roll(2, dim))


def along_steps(draw, shape):
    """Enlarged by whole numbers, cropped, padded: what treats every place alike."""
    kind = draw.integers(4)
    scale = tuple(float(s) for s in draw.integers(1, 4, 2))
    if kind == 0:
        return Interpolate(mode="nearest", scale_factor=scale)
    if kind == 1:
        return Interpolate(mode="bilinear", scale_factor=scale, align_corners=False)
    if kind == 2:
        around = tuple(int(n) for n in draw.integers(-1, 3, 4))
        return Do(f"pad {around}", lambda x: F.pad(x, around))
    top, left = _pair(draw, 0, 2)
    return Do(f"[{top}::2, {left}:]", lambda x: x[:, :, top::2, left:])


def shuffle_pixels(draw, shape):
    if draw.integers(2):
        return Do("pixels up and down", lambda x: F.pixel_unshuffle(F.pixel_shuffle(x, 2), 2))
    spread = nn.Conv2d(CHANNELS, 4 * CHANNELS, (1, 2), groups=2)
    return nn.Sequential(spread, nn.PixelShuffle(2))


def transpose_and_back(draw, shape):
    inner, _ = _layer(draw, shape[::-1], [conv, pool])
    turn = Do("transpose", lambda x: x.transpose(2, 3))
    return nn.Sequential(turn, inner, Do("transpose", lambda x: x.transpose(2, 3)))


def channels_last(draw, shape):
    norm = nn.LayerNorm(CHANNELS)
    return nn.Sequential(
        Do("channels last", lambda x: x.permute(0, 2, 3, 1)),
        norm,
        nn.Linear(CHANNELS, CHANNELS),
        Do("channels first", lambda x: x.permute(0, 3, 1, 2)),
    )


def pointwise(draw, shape):
    choices = [nn.LeakyReLU(0.1), nn.GELU(), nn.Hardswish(), nn.BatchNorm2d(CHANNELS), nn.PReLU()]
    return choices[draw.integers(len(choices))]


def write_in(draw, shape):
    return WriteIn(nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1))


def pool_and_unpool(draw, shape):
    kernel_size = _pair(draw, 2, 3)
    padding = tuple(int(draw.integers(0, kernel // 2 + 1)) for kernel in kernel_size)
    return PoolAndUnpool(kernel_size, _pair(draw, 2, 3), padding, nn.Conv2d(CHANNELS, CHANNELS, 1))


def windows_of_tokens(draw, shape):
    divisors = [[n for n in range(1, 5) if side % n == 0] for side in shape]
    return Tokens(tuple(int(draw.choice(choice)) for choice in divisors))


def some_channels(draw, shape):
    inner = nn.Sequential(nn.Conv2d(2, 2, 3, padding=1), nn.LeakyReLU())
    return SomeChannels(inner, 2, int(draw.choice([1, 2])))


def branches(draw, shape):
    few = [conv, pool, transposed_conv, pointwise, crop, some_channels]
    parts = []
    for _ in range(int(draw.integers(2, 4))):
        own, part = shape, []
        for _ in range(int(draw.integers(0, 3))):
            layer, own = _layer(draw, own, few)
            part.append(layer)
        parts.append(nn.Sequential(*part))
    join = str(draw.choice([*JOINS]))
    joined = Branches(join, *parts)
    if join != "concatenate":
        return joined
    groups = int(draw.choice([1, 2, 4]))
    return nn.Sequential(joined, nn.Conv2d(CHANNELS * len(parts), CHANNELS, 1, groups=groups))


def along_one_axis(draw, shape):
    dim = int(draw.integers(2, 4))
    return Do(f"+ mean over {dim}", lambda x: x + x.mean(dim, keepdim=True))


def over_the_whole_map(draw, shape):
    choices = [SqueezeExcite(), nn.GroupNorm(2, CHANNELS), nn.InstanceNorm2d(CHANNELS)]
    return choices[draw.integers(len(choices))]


LAYERS = (
    [conv] * 6
    + [pool] * 3
    + [transposed_conv] * 3
    + [branches] * 5
    + [interpolate] * 3
    + [crop, pad, pointwise, flip_or_roll, shuffle_pixels, transpose_and_back, channels_last]
    + [adaptive_pool, write_in, pool_and_unpool, windows_of_tokens, some_channels, along_one_axis]
)
LAYERS_WITH_GLOBAL = [*LAYERS, over_the_whole_map, over_the_whole_map]
