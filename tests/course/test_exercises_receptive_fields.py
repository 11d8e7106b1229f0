"""The exercises of notebook 10: right answers pass, usual mistakes are called by their name."""

import pytest
import torch
from torch import nn

import segviz
from exercises import receptive_fields as exercises

BY_HAND = [3, 5, 6, 10, 14]


def recurrence(layers):
    size, step = 1, 1
    for kernel, stride, dilation in layers:
        size += (kernel - 1) * dilation * step
        step *= stride
    return size, step


def covers(sizes, pixels):
    for name, size in sizes.items():
        if min(size) >= pixels:
            return name
    return "none"


def test_the_reference_is_what_the_library_finds_and_gradients_confirm():
    layers = [(3, 1, 1), (3, 2, 1), (2, 2, 1), (3, 1, 3)]
    network = nn.Sequential(*[nn.Conv2d(1, 1, k, s, dilation=d) for k, s, d in layers])
    field = segviz.receptive_field(network, (64, 64))
    assert field.verify(network)
    size, step = exercises.field_of(layers)
    assert field.output.size == (size, size) and field.output.stride == (step, step)


def test_the_part_that_is_read_is_what_a_gradient_reaches(capsys):
    gridded = nn.Sequential(*[nn.Conv2d(1, 1, 3, dilation=2) for _ in range(3)])
    for layer in gridded:
        nn.init.ones_(layer.weight)
    image = torch.zeros(1, 1, 13, 13, requires_grad=True)
    gridded(image).sum().backward()
    exercises.holes(int((image.grad > 0).sum()))
    assert capsys.readouterr().out.startswith("✓ Right")


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        (exercises.fields_by_hand, BY_HAND),
        (exercises.recurrence, recurrence),
        (exercises.first_that_covers, covers),
        (exercises.holes, 49),
    ],
)
def test_right_answers_pass(exercise, answer, capsys):
    exercise(answer)
    assert capsys.readouterr().out.startswith("✓ Right")


def stride_first(layers):
    size, step = 1, 1
    for kernel, stride, dilation in layers:
        step *= stride
        size += (kernel - 1) * dilation * step
    return size, step


def covers_rows(sizes, pixels):
    return next((name for name, size in sizes.items() if size[0] >= pixels), "none")


def covers_strictly(sizes, pixels):
    return next((name for name, size in sizes.items() if min(size) > pixels), "none")


@pytest.mark.parametrize(
    ("exercise", "answer", "named"),
    [
        (exercises.fields_by_hand, [3, 5, 6, 8, 10], "2 pixels of the image"),
        (exercises.fields_by_hand, [3, 5, 7, 11, 15], "from the next one on"),
        (exercises.fields_by_hand, [3, 5, 5, 9, 13], "window is 2 cells"),
        (exercises.fields_by_hand, [3, 3, 2, 3, 3], "Not yet"),
        (exercises.recurrence, stride_first, "own stride"),
        (exercises.recurrence, lambda all: recurrence([(k, s, 1) for k, s, _ in all]), "dilation"),
        (exercises.recurrence, lambda layers: recurrence(layers)[0], "Not yet"),
        (exercises.first_that_covers, covers_rows, "columns"),
        (exercises.first_that_covers, covers_strictly, "exactly"),
        (exercises.holes, 7, "has two"),
        (exercises.holes, 169, "Not every pixel"),
    ],
)
def test_usual_mistakes_are_called_by_their_name(exercise, answer, named, capsys):
    exercise(answer)
    said = capsys.readouterr().out
    assert said.startswith("✗") and named in said.splitlines()[0]
