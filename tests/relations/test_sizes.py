"""Which parameters are legal, and what is said when they are not; torch decides."""

import random

import pytest
import torch
import torch.nn.functional as F

from segviz.relations import (
    CONVOLUTION,
    TRANSPOSED_CONVOLUTION,
    convolution,
    convolution_size,
    pair,
    transposed_convolution,
)
from segviz.relations.sizes import Operation, Rule

pytestmark = pytest.mark.usefixtures("one_thread")


def torch_output_size(function, input_size, kernel_size, **settings):
    """(rows, columns) of torch's output, or None where torch refuses."""
    try:
        output = function(
            torch.zeros(1, 1, *input_size, dtype=torch.float64),
            torch.zeros(1, 1, *kernel_size, dtype=torch.float64),
            **settings,
        )
    except RuntimeError:
        return None
    return tuple(output.shape[2:])


def our_output_size(function, input_size, kernel_size, **settings):
    try:
        return function(input_size, kernel_size, **settings).sizes["output"]
    except ValueError:
        return None


@pytest.mark.parametrize(
    ("torchs", "ours", "names"),
    [
        (F.conv2d, convolution, ("stride", "padding", "dilation")),
        (
            F.conv_transpose2d,
            transposed_convolution,
            ("stride", "padding", "output_padding", "dilation"),
        ),
    ],
)
def test_legal_is_what_torch_accepts(torchs, ours, names):
    dice = random.Random(3)
    lowest = {"stride": 0, "padding": -1, "output_padding": -1, "dilation": 0}

    def both(least, most):
        # mostly sensible values, so that legal and illegal sets are both common
        return tuple(dice.randint(least + (dice.random() < 0.9), most) for _ in range(2))

    legal = illegal = 0
    while min(legal, illegal) < 1000:
        sizes = both(0, 6), both(0, 4)
        settings = {name: both(lowest[name], 4 if name == "padding" else 3) for name in names}
        expected = torch_output_size(torchs, *sizes, **settings)
        assert our_output_size(ours, *sizes, **settings) == expected, (sizes, settings)
        legal, illegal = legal + (expected is not None), illegal + (expected is None)


def test_the_sentence_says_what_was_given_and_the_nearest_legal_value():
    with pytest.raises(ValueError) as refusal:
        transposed_convolution(2, 3, stride=2, padding=9)
    sentence = str(refusal.value)
    assert "padding 9" in sentence and "-13 cells" in sentence
    # (2 - 1) * 2 - 2 p + 2 + 0 + 1 >= 1 holds up to p = 2
    assert "nearest legal padding is 2" in sentence


def test_the_larger_of_stride_and_dilation_bounds_output_padding():
    transposed_convolution(2, 3, stride=1, dilation=2, output_padding=1)
    with pytest.raises(ValueError, match="nearest legal output_padding is 1"):
        transposed_convolution(2, 3, stride=2, output_padding=2)


@pytest.mark.parametrize("value", [2.0, True, "2", None, (1, 2, 3), (1,), (1, 2.5)])
def test_a_parameter_is_one_integer_or_two(value):
    with pytest.raises(ValueError, match="stride is"):
        pair(value, "stride")


@pytest.mark.parametrize("given", [-(10**9), 10**9])
def test_the_nearest_legal_value_of_a_huge_one_is_found_at_once(given):
    if given < 0:
        with pytest.raises(ValueError, match="nearest legal stride is 1"):
            convolution(4, 1, stride=given)
    else:
        with pytest.raises(ValueError, match="nearest legal kernel_size is 4"):
            convolution(4, given)
        with pytest.raises(ValueError, match="nearest legal padding is 2"):
            transposed_convolution(2, 3, stride=2, padding=given)


@pytest.mark.parametrize("seed", range(40))
def test_the_nearest_legal_value_is_the_nearest_of_all(seed):
    dice = random.Random(seed)
    values = {
        name: dice.randint(1, 6)
        for name in ("input_size", "kernel_size", "stride", "dilation", "padding", "output_padding")
    }
    for name, given in values.items():
        others = {other: value for other, value in values.items() if other != name}
        legal = [v for v in range(200) if TRANSPOSED_CONVOLUTION.legal(**others, **{name: v})]
        if legal and given not in legal:
            nearest = min(legal, key=lambda v: abs(v - given))
            assert TRANSPOSED_CONVOLUTION.nearest(name, **values) == nearest


def test_the_sentence_names_the_axis_where_they_differ():
    with pytest.raises(ValueError, match="^For the columns: a convolution with input_size 4"):
        convolution((9, 4), (2, 5))


@pytest.mark.parametrize("value", [5.5, "5", None, True])
def test_a_size_takes_whole_numbers_only(value):
    with pytest.raises(ValueError, match="give a whole number"):
        convolution_size(value, 3)


def test_formula_and_size_are_one_expression():
    values = dict(input_size=4, kernel_size=3, stride=2, padding=1, dilation=1)
    assert CONVOLUTION.size(**values) == 2
    assert CONVOLUTION.size.filled(**values) == "⌊(4 + 2·1 − 1·(3 − 1) − 1) / 2⌋ + 1"
    assert TRANSPOSED_CONVOLUTION.size.in_words() == (
        "(input − 1)·stride − 2·padding + dilation·(kernel − 1) + output_padding + 1"
    )


def test_the_only_legal_value_is_found_and_a_choice_is_called_by_its_name():
    told = Rule("padding", lambda pad, padding: (pad == 0) | (padding == 5), "padding must be 5")
    operation = Operation("padding", None, told, words={"pad": ("by numbers", "same")})
    for given in (0, 4, 6, 99):
        with pytest.raises(ValueError) as refusal:
            operation.check(pad=1, padding=given)
        assert str(refusal.value) == (
            f"padding with pad 'same', padding {given}: padding must be 5."
            " The nearest legal padding is 5."
        )
