"""The explorer without a browser: its traits, its refusals, what it sends, and its stills."""

import json
from dataclasses import replace
from itertools import product
from xml.etree import ElementTree

import ipywidgets
import pytest
import torch

import segviz
from segviz.explain import transposed_convolution
from segviz.explainers.explainer import Explainer, NumberGrid, Parameter, Single
from segviz.explainers.transposed_convolution import TRANSPOSED
from segviz.explorer import Explorer
from segviz.relations.sizes import Operation, Rule
from segviz.scenes import frame

PATTERN = tuple(tuple(range(row, row + 5)) for row in range(5))
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def explorer():
    return transposed_convolution()


@pytest.fixture
def sent(explorer, monkeypatch):
    """The messages that the stage sends to the browser."""
    messages = []
    monkeypatch.setattr(explorer._stage, "send", messages.append)
    return messages


def heard(explorer, **message):
    explorer._stage._handle_custom_msg(message, [])


def frame_text(bundle, key):
    """All that a frame of a bundle is made of."""
    return "".join(bundle["pool"][name] for part in bundle["frames"][key] for name in part)


def test_parameters_are_traits_that_others_can_observe(explorer):
    seen = []
    explorer.observe(lambda change: seen.append((change.name, change.old, change.new)), "stride")
    explorer.stride = 3
    assert seen == [("stride", 1, 3)]
    text = ipywidgets.IntText()
    ipywidgets.link((explorer, "stride"), (text, "value"))
    text.value = 2
    assert explorer.stride == 2 and "stride=2" in explorer.scene.call


def test_a_pair_stands_for_rows_and_columns(explorer):
    explorer.stride = (2, 1)
    assert explorer.stride == (2, 1)
    assert explorer.scene["output"].numbers.shape == (5, 4)
    explorer.stride = (2, 2)
    assert explorer.stride == 2


def test_numbers_bring_their_size(explorer):
    explorer.kernel = [[1, 2, 3], [4, 5, 6]]
    assert explorer.kernel_size == (2, 3)
    explorer.input_size = 3
    assert explorer.input == [[2, 1, 3], [4, 4, 1], [1, 3, 2]]


def test_several_at_once_need_only_be_legal_together(explorer):
    explorer.set(stride=3, output_padding=2)
    explorer.set(stride=1, output_padding=0)
    assert explorer.scene.call.endswith("stride=1, padding=0, output_padding=0, dilation=1)")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (dict(padding=2), ["padding 2", "nearest legal padding is 1"]),
        (dict(output_padding=1), ["output_padding 1", "nearest legal output_padding is 0"]),
        (dict(stride=4), ["stride is 4", "1 to 3", "nearest legal value here is 3"]),
        (dict(stride=0), ["stride is 0", "nearest legal value here is 1"]),
        (dict(input=[[1] * 6] * 2), ["input_size is 6", "2 to 5"]),
        (dict(stride=1.5), ["stride is 1.5", "integer"]),
        (dict(kernel=[[1, 2], [3]]), ["kernel is", "equally long rows"]),
        (dict(padding=12), ["padding is 12", "nearest legal value here is 1"]),
        (dict(padding=(0, 9)), ["For the columns", "padding 9", "nearest legal padding is 1"]),
        (dict(input=[[1e308, 1], [1, 1]]), ["input holds 1e+308", "999999"]),
        (dict(input=[[1j, 1], [1, 1]]), ["input is", "grid of numbers"]),
    ],
)
def test_a_refusal_is_a_sentence_and_changes_nothing(explorer, settings, words):
    before = explorer.scene
    with pytest.raises(ValueError) as refusal:
        explorer.set(**settings)
    assert all(word in str(refusal.value) for word in words), refusal.value
    with pytest.raises(ValueError):
        transposed_convolution(**settings)
    assert explorer.scene == before


def test_an_unknown_parameter_is_named_with_those_there_are(explorer):
    with pytest.raises(ValueError, match="no parameter strid. The parameters are .*stride"):
        explorer.set(strid=2)


def test_sentences_and_typing_have_the_digits_that_cells_round_away():
    scene = transposed_convolution([[1234.5, 1], [1, 1]], [[2]]).scene
    assert scene["output"].says[0].startswith("output[0, 0] = 1234.5·2 = 2469 ")
    assert json.loads(frame(scene)["input:keys"][0])["typed"][0] == "1234.5"


def test_a_learnable_weight_will_do_as_a_kernel():
    weight = torch.nn.Conv2d(1, 1, (2, 3)).weight[0, 0]
    assert transposed_convolution(kernel=weight).kernel_size == (2, 3)
    assert segviz.conv_matrix(weight, (4, 5)).shape == (9, 20)


def test_assigning_an_illegal_value_raises_and_keeps_the_old_one(explorer):
    with pytest.raises(ValueError, match="nearest legal padding is 1"):
        explorer.padding = 5
    assert explorer.padding == 0


def test_first_display_carries_the_start_and_its_neighbours_within_400_kb(explorer):
    state = json.dumps(explorer._stage.get_state(), default=str)
    assert len(state) <= 400_000
    frames = explorer._stage.eager["frames"]
    assert explorer.key(explorer.values) in frames
    assert "0:0,0,2,2,3,3,2,2,1,1,0,0,0,0" in frames  # stride 2, one step away


def test_of_very_many_neighbours_only_the_nearest_are_drawn_before_the_first_display():
    drawn = []

    def draw(**settings):
        drawn.append(settings)
        return TRANSPOSED.draw([[1, 2], [3, 4]], [[1]])

    many = (Single("one", "one", 1, 90, 40), Single("two", "two", 1, 3, 2))
    explorer = Explorer(Explainer("many", "Many states.", draw, many))
    keys = set(explorer._stage.eager["frames"])
    assert len(drawn) < 35
    assert {"0:40,40,2,2", "0:41,41,2,2", "0:39,39,2,2", "0:40,40,3,3", "0:40,40,1,1"} <= keys
    assert not keys & {"0:90,90,2,2", "0:1,1,2,2"}


def test_a_slider_moved_in_the_browser_reaches_python(explorer):
    explorer._stage.state = [0, 0, 4, 4, 3, 3, 2, 2, 1, 1, 0, 0, 0, 0]
    assert (explorer.input_size, explorer.stride) == (4, 2)
    assert explorer.key(explorer.values) in {
        **explorer._stage.eager["frames"],
        **explorer._stage.now["frames"],
    }


def test_frames_are_sent_when_the_browser_asks(explorer, sent):
    key = "0:0,0,3,3,2,2,2,2,1,1,0,0,1,1"
    heard(explorer, want=[key, "99:0,0,2,2,3,3,1,1,1,1,0,0,0,0"])
    (message,) = sent
    assert list(message["bundle"]["frames"]) == [key]  # that of other numbers is gone
    assert "stride=2, padding=1" in frame_text(message["bundle"], key)


def test_a_typed_number_changes_the_picture(explorer, sent):
    heard(explorer, edit=dict(grid="kernel", cell=5, width=3, text=" -2,5 "))
    assert sent == [{"tell": ""}]
    assert explorer.kernel == [[1, 4, 1], [1, 4, -2.5], [3, 3, 1]]
    assert explorer._stage.version == 1
    key = explorer.key(explorer.values)
    assert "-2.5" in frame_text(explorer._stage.now, key)
    assert "-2.5" in frame_text(explorer._stage.eager, key)


def test_numbers_can_be_reset_to_those_it_was_opened_with(sent):
    explorer = transposed_convolution(kernel=[[7, 8], [9, 10]], stride=2)
    heard(explorer, edit=dict(grid="kernel", cell=1, width=2, text="5"))
    explorer.set(input=[[1, 2], [3, 4]], padding=1)
    heard(explorer, reset=True)
    assert explorer.kernel == [[7, 8], [9, 10]] and explorer.input == [[2, 1], [4, 4]]
    assert explorer.padding == 1 and explorer.stride == 2  # the sliders stay where they are
    assert explorer.key(explorer.values) in explorer._stage.now["frames"]
    assert "kernel[0, 1] = 8" in frame_text(explorer._stage.now, explorer.key(explorer.values))


@pytest.mark.parametrize("text", ["abc", "", "1+1", "nan", "inf", "1e9", "1,000", "1_0", "-"])
def test_a_typed_non_number_is_refused_with_a_sentence(explorer, sent, text):
    before = explorer.scene
    heard(explorer, edit=dict(grid="input", cell=1, width=2, text=text))
    assert sent[0]["tell"].endswith(".") and text in sent[0]["tell"]
    assert explorer.scene == before


def test_limits_reach_every_legal_state_and_no_other(explorer):
    explainer = explorer.explainer
    limits, parameters = explainer.limits, explainer.parameters
    reached = [{}]
    for parameter in parameters:
        grown = []
        for state in reached:
            row = tuple(state[p.name] - p.first for p in parameters[: len(state)])
            least, most = limits[parameter.name][row]
            grown += [{**state, parameter.name: value} for value in range(least, most + 1)]
        reached = grown
    assert all(explainer.operation.legal(**state) for state in reached)
    ranges = [p.values for p in parameters]
    names = [p.name for p in parameters]
    legal = sum(
        bool(explainer.operation.legal(**dict(zip(names, values, strict=True))))
        for values in product(*ranges)
    )
    assert len(reached) == legal


def test_where_no_widget_can_be_shown_there_is_a_picture(explorer, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    explorer._ipython_display_()
    widget, still = shown
    assert "application/vnd.jupyter.widget-view+json" in widget
    assert "conv_transpose2d" in widget["text/plain"]
    picture = ElementTree.fromstring(still["image/svg+xml"])
    assert picture.get("id") == explorer._stage.still
    assert picture.find(f"{SVG}title").text == "Transposed convolution"
    assert "2×2" in picture.find(f"{SVG}desc").text


def test_what_follows_moves_to_what_is_legal_and_the_rest_is_refused():
    def fits(kernel_size, padding, **_):
        return padding == kernel_size // 2

    same = Rule("padding", fits, "padding must be half of kernel_size")
    explainer = replace(
        TRANSPOSED,
        parameters=(
            Parameter("kernel_size", "kernel size", 1, 5, 1),
            Parameter("padding", "padding", 0, 3, 0, follows=True),
        ),
        grids=(
            NumberGrid("input", "", ((1, 2, 3), (4, 5, 6))),
            NumberGrid("kernel", "kernel_size", PATTERN),
        ),
        operation=Operation("padding", None, same),
    )
    explorer = Explorer(explainer, kernel_size=3)
    assert explorer.padding == 1
    explorer.kernel_size = (5, 2)
    assert explorer.padding == (2, 1)
    assert explorer.key(explorer.values) in explorer._stage.now["frames"]
    with pytest.raises(ValueError, match="nearest legal padding is 1"):
        explorer.set(kernel_size=3, padding=0)
    assert "0:1,1,0,0" in Explorer(explainer)._stage.eager["frames"]
    assert "0:2,2,1,1" in Explorer(explainer)._stage.eager["frames"]  # where a slider leads to
