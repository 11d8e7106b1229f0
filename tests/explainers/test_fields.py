"""What the explainer of fields shows, against gradients taken by hand."""

import io
import re
from base64 import b64decode

import numpy as np
import pytest
import torch
from contract import ExplainerContract
from PIL import Image
from torch import nn

import segviz
from segviz.networks_explained.fields import fields_explainer
from segviz.networks_explained.panel import NOT_READ
from segviz.networks_explained.watched import PLACES

pytestmark = pytest.mark.usefixtures("one_thread")

SIZE = (24, 36)


class Gridded(nn.Module):
    """Holes, a stride, and a branch that sees another region."""

    def __init__(self):
        super().__init__()
        self.spread = nn.Conv2d(3, 4, 3, padding=3, dilation=3)
        self.shrunk = nn.Conv2d(4, 4, (3, 2), stride=2)
        self.wide = nn.Conv2d(4, 4, (1, 7), padding=(0, 3))
        self.tall = nn.Conv2d(4, 4, (7, 1), padding=(3, 0))

    def forward(self, x):
        x = self.shrunk(torch.tanh(self.spread(x)))
        return self.wide(x) + self.tall(x)


def network(seed=0):
    torch.manual_seed(seed)
    return Gridded().double()


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(5).integers(0, 256, (*SIZE, 3), np.uint8)


def gradient(model, image, name, row, column):
    """By hand: absolute, summed over colours, float64 (rows, columns)."""
    batch = torch.tensor(image / 127.5 - 1).permute(2, 0, 1)[None].requires_grad_()
    kept = {}
    modules = dict(model.named_modules())
    handle = modules[name].register_forward_hook(lambda m, i, o: kept.update(out=o))
    model(batch)
    handle.remove()
    kept["out"][0, :, row, column].sum().backward()
    return batch.grad[0].abs().sum(0).numpy()


def overlay(board):
    """The pixels of a board's overlay, uint8 (rows, columns, 4)."""
    return np.asarray(Image.open(io.BytesIO(b64decode(board.overlay.split(",")[1]))))


def explainer_of(image, *names):
    models = {name: network(n) for n, name in enumerate(names)}
    return models, fields_explainer(models if len(names) > 1 else models[names[0]], image)


class TestFields(ExplainerContract):
    rounds = 60  # of 4·7·7·2 states
    model = network()
    picture = np.random.default_rng(5).integers(0, 256, (*SIZE, 3), np.uint8)
    explainer = fields_explainer(model, picture)

    def judge(self, scene, settings):
        names = list(scene["layers_1"].texts)
        name = names[settings["layer"]]
        unit = re.search(r"unit \[(\d+), (\d+)\]", scene["tiles_1"].title)
        row, column = map(int, unit.groups())
        effect = gradient(self.model, self.picture, "" if name == "output" else name, row, column)
        self.check_theory(overlay(scene["tiles_1"]), effect > 0)
        self.check_heat(overlay(scene["strength_1"]), effect, settings["scale"])
        place = settings["row"] * PLACES + settings["column"]
        assert scene["units_1"].roles().ravel()[place] == "class-2"
        pixels = int(re.search(r"; ([\d,]+) pixels? reach", scene["units_1"].says[place])[1])
        assert pixels == (effect > 0).sum()
        lit = np.zeros(scene["tiles_1"].numbers.size, bool)
        taps = scene.relation.column("units_1") == place
        lit[scene.relation.column("tiles_1")[taps]] = True
        np.testing.assert_array_equal(lit.reshape(16, 16), tiles_of(effect > 0))
        self.check_tiles(scene["tiles_1"])

    def check_tiles(self, board):
        """The sentences name every pixel once, in the tile that it lights."""
        for n, sentence in enumerate(board.says):
            first, last, left, right = map(int, re.findall(r"\d+", sentence)[:4])
            pixels = np.zeros(SIZE, bool)
            pixels[first : last + 1, left : right + 1] = True
            tile = np.flatnonzero(tiles_of(pixels))
            assert tile.tolist() == [n] and pixels.sum() == TILE_PIXELS.ravel()[n]

    def check_theory(self, pixels, reached):
        """Where nothing is read it is dark; but for the frame, all else is left as it is."""
        scale = pixels.shape[0] // SIZE[0]
        dark = pixels[..., 3] == round(255 * NOT_READ)
        middles = dark[scale // 2 :: scale, scale // 2 :: scale]
        np.testing.assert_array_equal(middles, ~reached)

    def check_heat(self, pixels, effect, scale):
        """The brighter a pixel, the stronger its effect; equal effects are equally bright."""
        brightness = pixels[..., :3].astype(int).sum(-1)
        assert brightness.shape == effect.shape
        assert brightness[np.unravel_index(effect.argmax(), effect.shape)] == brightness.max()
        assert (brightness[effect == 0] == brightness.min()).all()
        order = np.argsort(effect, axis=None)
        assert (np.diff(brightness.ravel()[order]) >= 0).all()
        share = effect / effect.max()
        middle = share[(brightness > brightness.min()) & (brightness < brightness.max())]
        if scale == "linear" and middle.size:
            assert middle.min() > 0.01  # a hundredth is one of 32 levels at the most


TILE_PIXELS = np.zeros((16, 16), int)
for _row, _column in np.ndindex(SIZE):
    TILE_PIXELS[_row * 16 // SIZE[0], _column * 16 // SIZE[1]] += 1


def tiles_of(reached):
    """Which of 16×16 parts of the image have a pixel that is reached."""
    tiles = np.zeros((16, 16), bool)
    for row, column in np.argwhere(reached):
        tiles[row * 16 // SIZE[0], column * 16 // SIZE[1]] = True
    return tiles


def test_several_networks_have_a_row_and_a_slider_each(image):
    models, explainer = explainer_of(image, "one", "two", "three")
    explorer = segviz.explain.fields(models, image, layer_2=0, row=0)
    names = [p.name for p in explainer.parameters]
    assert names == ["layer_1", "layer_2", "layer_3", "row", "column", "scale"]
    scene = explorer.scene
    for number, model in enumerate(models.values(), start=1):
        layer = {1: "", 2: "spread", 3: ""}[number]
        unit = tuple(map(int, re.findall(r"\d+", scene[f"tiles_{number}"].title.split("unit")[1])))
        effect = gradient(model, image, layer, *unit)
        TestFields().check_theory(overlay(scene[f"tiles_{number}"]), effect > 0)
        board = f"units_{number}"
        taps = scene.relation.column(board) == 3
        assert taps.any()
        others = [n for n in scene.relation.sizes if n[-1] != str(number)]
        assert all((scene.relation.column(name)[taps] == -1).all() for name in others)


def test_layers_are_those_that_change_the_field_and_can_be_named(image):
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2))
    texts = segviz.explain.fields(model, image).scene["layers_1"].texts
    assert texts == ("0", "3")  # the output is what 3 returns
    named = segviz.explain.fields(model, image, layers=["2", "3"])
    assert named.scene["layers_1"].texts == ("2", "3")
    with pytest.raises(KeyError, match="No module called '7'"):
        segviz.explain.fields(model, image, layers=["7"])


def test_a_long_network_shows_as_many_layers_as_there_is_room_for(image):
    model = nn.Sequential(*[nn.Conv2d(3, 3, 3, padding=1) for _ in range(40)])
    texts = segviz.explain.fields(model, image).scene["layers_1"].texts
    assert len(texts) == 13 and texts[0] == "0" and texts[-1] == "39"


@pytest.mark.parametrize(
    ("image", "channels"),
    [
        (np.zeros((20, 30), np.uint8), 3),  # grey for colours
        (np.zeros((20, 30, 3), np.uint8), 1),  # colours for grey
        (Image.new("RGB", (30, 20)), 3),
        (torch.randn(3, 20, 30), 3),  # normalised
        (torch.rand(1, 3, 20, 30), 3),
    ],
    ids=["grey", "colour to grey", "PIL", "normalised", "batch of one"],
)
def test_images_of_all_kinds(image, channels):
    model = nn.Conv2d(channels, 2, 3)
    assert segviz.explain.fields(model, image).scene["tiles_1"].image.startswith("data:image/")


def test_a_network_without_gradients_says_so(image):
    model = nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU())
    nn.init.zeros_(model[0].weight)
    nn.init.constant_(model[0].bias, -1.0)
    scene = segviz.explain.fields(model, image, layers=["1"]).scene
    assert "all ReLUs on the way are off" in scene["strength_1"].says[0]


@pytest.mark.parametrize(
    ("model", "image", "error", "sentence"),
    [
        ("UNet", None, TypeError, "give a torch.nn.Module"),
        ({}, None, ValueError, "0 networks: give one"),
        (nn.Conv2d(3, 2, 3), np.zeros(7), ValueError, "give an array"),
        (nn.Conv2d(3, 2, 3), torch.zeros(2, 3, 9, 9), ValueError, "give one image"),
        (
            nn.Sequential(nn.Flatten(), nn.Linear(3 * 224 * 224, 3)),
            None,
            ValueError,
            "no layer that is a map",
        ),
    ],
)
def test_what_cannot_be_shown_is_said_in_a_sentence(model, image, error, sentence):
    with pytest.raises(error, match=sentence):
        segviz.explain.fields(model, image)


def test_the_model_is_left_as_it_was(image):
    model = network().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    segviz.explain.fields(model, image)
    assert model.training and all(p.grad is None for p in model.parameters())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert not any(module._forward_hooks for module in model.modules())
