"""What `receptive_field` takes, what it returns, and how that reads."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import torch
from torch import nn

import segviz
from segviz import receptive_field
from segviz.fields import NetworkField


class Small(nn.Module):
    """Two convolutions, a ReLU that is used twice, and two outputs."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, (3, 5), stride=2, padding=(1, 0))
        self.relu = nn.ReLU()
        self.body = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 2, 1))

    def forward(self, x):
        first = self.relu(self.stem(x))
        second = self.relu(self.body(first))
        return {"mask": second, "early": [first]}


@pytest.fixture
def field():
    return receptive_field(Small(), (20, 27))


def test_every_module_is_found_by_its_name(field):
    assert isinstance(field, NetworkField)
    assert list(field) == ["stem", "relu", "body.0", "body.1", "body"] and len(field) == 5
    assert field.input_size == (20, 27)
    stem = field["stem"]
    assert (stem.kind, stem.shape, stem.positions) == ("Conv2d", (1, 4, 10, 12), (10, 12))
    assert stem.size == (3, 5) and stem.stride == (2, 2) and stem.padding == (1, 0)
    assert field["body"].size == (7, 9)


def test_a_module_that_is_called_twice_has_two_fields(field):
    assert [call.size for call in field.calls("relu")] == [(3, 5), (7, 9)]
    assert field["relu"].size == (7, 9)


def test_outputs_by_their_keys(field):
    assert list(field.outputs) == ["mask", "early.0"]
    assert field.output is field.outputs["mask"] is field["[mask]"]
    assert field.outputs["early.0"].size == (3, 5)
    assert list(receptive_field(nn.ReLU(), 4).outputs) == [""]


def test_a_name_that_is_not_there_gets_near_ones(field):
    with pytest.raises(KeyError, match="Did you mean 'body.1'"):
        field["body.l"]


def test_boxes_and_cells_of_a_unit(field):
    stem = field["stem"]
    assert stem.box(0, 3) == (-1, 6, 2, 11) and stem.box(0, 3).size == (3, 5)
    assert stem.box(0, 3, clipped=True) == (0, 6, 2, 11)
    assert stem.center(0, 3) == (0, 8)
    cells = stem.cells(0, 3)
    assert cells.shape == (20, 27) and cells.dtype == bool
    assert cells[:2, 6:11].all() and cells.sum() == 10
    ((rows, columns),) = stem.products(0, 3)
    assert rows.tolist() == [0, 1] and columns.tolist() == [6, 7, 8, 9, 10]
    assert stem.coverage_of(0, 3) == stem.coverage == 1


def test_a_unit_that_is_not_there_is_told_what_there_is(field):
    for unit in ((10, 0), (0, -1), (1,), (1, 2, 3)):
        with pytest.raises(IndexError, match="give 0 to 9 and 0 to 11"):
            field["stem"].box(*unit)


def test_a_cell_that_sees_only_padding_has_an_empty_box():
    field = receptive_field(nn.Conv2d(1, 1, 1, padding=1), (5, 6)).output
    assert field.box(0, 2, clipped=True).size == (0, 0)
    assert not field.cells(0, 2).any() and field.coverage_of(0, 2) == 0
    assert field.box(0, 2) == (-1, 1, 0, 2)  # as if the image went on


def test_a_cell_that_nothing_ever_reaches_has_no_box():
    field = receptive_field(nn.ConvTranspose2d(1, 1, 1, stride=2), (5, 6)).output
    assert field.box(0, 1).size == field.box(0, 1, clipped=True).size == (0, 0)
    assert field.size_range == ((0, 1), (0, 1)) and not field.uniform


class Cross(nn.Module):
    def __init__(self):
        super().__init__()
        self.wide = nn.Conv2d(2, 2, (1, 7), padding=(0, 3))
        self.high = nn.Conv2d(2, 2, (7, 1), padding=(3, 0))

    def forward(self, x):
        return self.wide(x) + self.high(x)


def test_branches_that_differ_between_the_axes_reach_a_union_of_products():
    field = receptive_field(Cross(), (15, 17)).output
    assert field.size == (7, 7) and field.exact
    assert len(field.products(7, 8)) == 2
    cells = field.cells(7, 8)
    assert cells.sum() == 13 and cells[7, 5:12].all() and cells[4:11, 8].all()
    assert field.coverage == 13 / 49


class ManyBranches(nn.Module):
    """One row and column more on each side: no product holds another."""

    def __init__(self, count):
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Conv2d(1, 1, (2 * i + 1, 2 * (count - i) + 1), padding=(i, count - i))
            for i in range(count)
        )

    def forward(self, x):
        return sum(branch(x) for branch in self.branches)


def test_too_many_different_branches_are_only_bounded_and_said_to_be():
    few = receptive_field(ManyBranches(30), (70, 72)).output
    assert few.exact and len(few.products(35, 36)) == 30
    many = receptive_field(ManyBranches(40), (90, 92)).output
    assert not many.exact and many.size == (79, 81)
    reached = np.zeros((90, 92), bool)
    for i in range(40):
        reached[45 - i : 46 + i, 46 - (40 - i) : 47 + (40 - i)] = True
    cells = many.cells(45, 46)
    assert cells[reached].all() and cells.sum() > reached.sum()
    assert "at most" in repr(many)


# Tables


class Cells(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.rows = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        if tag == "tr":
            self.rows.append([])

    def handle_data(self, data):
        if self.rows:
            self.rows[-1].append(data)


def test_the_table_has_a_line_for_every_module(field):
    lines = repr(field).splitlines()
    assert lines[0] == "Receptive fields on an input of 20 x 27"
    table = {line.split()[0]: re.split(r"  +", line) for line in lines[4:]}
    assert table["stem"][1:] == ["Conv2d", "10 x 12", "3 x 5", "2", "1 x 0", "100%"]
    assert set(field) <= set(table)


def test_the_html_table_says_the_same(field):
    rows = Cells(field._repr_html_()).rows
    assert rows[0][:4] == ["module", "class", "positions", "size"]
    assert rows[1][:7] == ["stem", "Conv2d", "10 x 12", "3 x 5", "2", "1 x 0", "100%"]


def test_names_are_escaped_in_html():
    network = nn.Sequential()
    network.add_module("<b>&", nn.Conv2d(1, 1, 3))
    assert "&lt;b&gt;&amp;" in receptive_field(network, 9)._repr_html_()


def test_a_large_network_is_shown_no_deeper_than_one_can_read():
    def block():
        return nn.Sequential(*(nn.Conv2d(1, 1, 3, padding=1) for _ in range(3)))

    network = nn.Sequential(*(block() for _ in range(20)))
    field = receptive_field(network, 9)
    assert len(repr(field).splitlines()) < 30
    assert "60 more modules" in repr(field)
    assert len(field.table().splitlines()) > 80


def test_the_table_of_one_field(field):
    assert "padding    1 x 0" in repr(field["stem"]).splitlines()


def test_to_dict_holds_numbers_that_json_can_hold(field):
    everything = json.loads(json.dumps(field.to_dict()))
    assert everything["input_size"] == [20, 27] and everything["unknown"] == []
    stem = everything["modules"]["stem"]
    assert stem["size"] == [3, 5] and stem["padding"] == [1, 0] and stem["positions"] == [10, 12]
    assert stem["uniform"] is True and stem["whole_image"] is False
    assert set(everything["modules"]) == set(field)
    mixed = receptive_field(nn.AdaptiveAvgPool2d(1), (4, 5)).to_dict()
    assert mixed["outputs"][""]["mixers"] == ["the model (AdaptiveAvgPool2d)"]
    local = receptive_field(nn.Sequential(nn.Conv2d(4, 4, 3), nn.GroupNorm(1, 4)), 9).to_dict()
    assert local["outputs"][""]["local"] == {"size": [3, 3], "stride": [1, 1], "padding": [0, 0]}


# What it takes


def test_the_network_is_left_as_it_was():
    network = Small().train()
    network.body.eval()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    receptive_field(network, 32)
    assert network.training and network.stem.training and not network.body[0].training
    assert all(torch.equal(before[n], tensor) for n, tensor in network.state_dict().items())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in network.modules())
    assert all(parameter.device.type == "cpu" for parameter in network.parameters())


def test_it_is_left_as_it_was_when_it_fails():
    network = nn.Sequential(nn.Conv2d(3, 4, 9), nn.Conv2d(4, 4, 9)).train()
    with pytest.raises(
        ValueError, match=r"does not run on an input of the shape \(1, 3, 10, 10\): in 1"
    ):
        receptive_field(network, 10)
    assert network.training and not any(m._forward_hooks for m in network.modules())


def test_one_number_stands_for_both_sides():
    network = nn.Conv2d(5, 1, 3)
    assert receptive_field(network, 9).input_size == (9, 9)


@pytest.mark.parametrize("size", [0, (3, -1), (3, 4, 5), "large", None, (3.5, 4)])
def test_a_size_that_is_none_is_refused_in_a_sentence(size):
    with pytest.raises(ValueError, match="give two positive whole numbers"):
        receptive_field(nn.Conv2d(3, 1, 3), size)


def test_channels_are_those_of_the_first_layer_or_given():
    assert receptive_field(nn.Conv2d(7, 1, 3), 9).output.shape == (1, 1, 7, 7)
    assert receptive_field(nn.ReLU(), 9).output.shape == (1, 3, 9, 9)
    assert receptive_field(nn.ReLU(), 9, channels=2).output.shape == (1, 2, 9, 9)
    with pytest.raises(ValueError, match="channels"):
        receptive_field(nn.Conv2d(7, 1, 3), 9, channels=2)


def test_a_model_in_half_precision_gets_an_image_in_half_precision():
    assert receptive_field(nn.Conv2d(3, 1, 3).half(), 9).output.size == (3, 3)


class Guided(nn.Module):
    """Takes more than an image."""

    def forward(self, image, guide, scale=1, *, mask=None):
        return image[:, :, 1:] * guide * scale if mask is None else image + mask


def test_more_inputs_are_given_as_an_example():
    image, guide = torch.rand(1, 3, 9, 11), torch.rand(1, 1, 8, 11)
    field = receptive_field(Guided(), (9, 11), example_inputs=(image, guide, 2)).output
    assert field.shape == (1, 3, 8, 11) and field.box(0, 0) == (1, 0, 2, 1)
    keywords = {"image": image, "guide": guide, "mask": torch.rand(9, 11)}
    assert receptive_field(Guided(), example_inputs=keywords).output.size == (1, 1)
    assert receptive_field(nn.ReLU(), example_inputs=image[0]).output.positions == (9, 11)


def test_examples_that_do_not_fit_are_refused_in_a_sentence():
    with pytest.raises(ValueError, match="Give one of them"):
        receptive_field(Guided(), 9, example_inputs=torch.rand(1, 3, 9, 11))
    with pytest.raises(ValueError, match="first of example_inputs is the image"):
        receptive_field(Guided(), example_inputs=(3,))
    with pytest.raises(ValueError, match="channels or example_inputs"):
        receptive_field(Guided(), example_inputs=torch.rand(1, 3, 9, 11), channels=3)
    with pytest.raises(TypeError, match="give a torch.nn.Module"):
        receptive_field(torch.relu, 9)


def test_a_path_that_depends_on_the_numbers_is_said_to_differ_from_image_to_image():
    class Depends(nn.Module):
        def forward(self, x):
            return x if x.mean() > 0 else -x

    with pytest.raises(ValueError, match="looks at the numbers in a tensor"):
        receptive_field(Depends(), 9)


def test_both_functions_are_found_in_the_package():
    assert segviz.receptive_field is receptive_field
    assert segviz.effective_receptive_field is segviz.fields.effective_receptive_field
    assert {"receptive_field", "effective_receptive_field", "fields"} <= set(dir(segviz))


def test_tokens_are_counted_one_by_one():
    class Patches(nn.Module):
        def __init__(self):
            super().__init__()
            self.project = nn.Conv2d(3, 4, 4, stride=4)
            self.start = nn.Parameter(torch.zeros(1, 1, 4))

        def forward(self, x):
            tokens = self.project(x).flatten(2).mT
            return torch.cat([self.start, tokens], 1)

    field = receptive_field(Patches(), (8, 12)).output
    assert field.positions == (7,) and not field.on_map
    assert not field.cells(0).any()  # the token that stands in front sees nothing
    assert field.box(5) == (4, 4, 8, 8)
    assert np.flatnonzero(field.cells(5).any(1)).tolist() == [4, 5, 6, 7]
    assert field.stride is None and field.size == (4, 4)
