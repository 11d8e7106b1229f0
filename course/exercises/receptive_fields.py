"""Exercises of notebook 10."""

from segviz.classroom import check, check_value, exercise
from segviz.relations import FIELD

# kernel size, stride, dilation of every layer: two convolutions, a pooling, two convolutions
STACK = [(3, 1, 1), (3, 1, 1), (2, 2, 1), (3, 1, 1), (3, 1, 1)]


@exercise("10.1")
def fields_by_hand(answer):
    """The field after every layer of STACK."""
    return check_value(
        answer,
        _sizes(STACK),
        hints=[
            "Every layer adds (kernel − 1) · dilation · step. The step is 1 until the pooling has"
            " halved the map; after it, neighbours lie 2 pixels apart.",
            "3, 5, then the pooling adds (2 − 1) · 1 = 1; each of the last two adds 2 · 2 = 4.",
        ],
        mistakes={
            "After the pooling a step to the neighbour is 2 pixels of the image, not 1.": _sizes(
                [(kernel, 1, dilation) for kernel, _, dilation in STACK]
            ),
            "The stride of a layer counts from the next one on, not for itself.": [3, 5, 7, 11, 15],
            "The pooling widens the field as well: its window is 2 cells wide.": _sizes(
                [(1, 2, 1) if stride == 2 else (kernel, stride, 1) for kernel, stride, _ in STACK]
            ),
        },
    )


def _sizes(stack) -> list[int]:
    return [field_of(stack[:count])[0] for count in range(1, len(stack) + 1)]


def field_of(layers):
    """(field, step) after layers of (kernel size, stride, dilation)."""
    size, step = 1, 1
    for kernel_size, stride, dilation in layers:
        # field_size + (kernel_size - 1) * dilation * step
        size = FIELD(field_size=size, kernel_size=kernel_size, dilation=dilation, step=step)
        step *= stride
    return size, step


@exercise("10.2")
def recurrence(stub):
    """field_of(layers) -> (field, step)"""

    def without_dilation(layers):
        return field_of([(kernel, stride, 1) for kernel, stride, _ in layers])

    def stride_too_early(layers):
        size, step = 1, 1
        for kernel_size, stride, dilation in layers:
            step *= stride
            size += (kernel_size - 1) * dilation * step
        return size, step

    return check(
        stub,
        field_of,
        (STACK,),
        ([(7, 2, 1), (3, 2, 1), (3, 1, 2)],),
        ([(3, 1, 1), (3, 1, 2), (3, 1, 5), (2, 3, 1)],),
        ([],),
        hints=[
            "Walk through the layers with two numbers, both 1 at first: the field, and how many"
            " pixels of the image lie between neighbours of the map (the step).",
            "size += (kernel_size - 1) * dilation * step, and then step *= stride.",
        ],
        mistakes={
            "The dilation spreads the taps: it belongs into the product.": without_dilation,
            "Multiply the step after the field has grown: a layer's own stride does not move the"
            " taps of its own kernel.": stride_too_early,
        },
    )


def covering_layer(sizes, pixels):
    """The first layer whose field has at least so many rows and columns, or "none"."""
    return next((name for name, size in sizes.items() if min(size) >= pixels), "none")


@exercise("10.3")
def first_that_covers(stub):
    """first_that_covers(sizes, pixels): sizes is {layer: (rows, columns)} in order."""

    def only_rows(sizes, pixels):
        return next((name for name, size in sizes.items() if size[0] >= pixels), "none")

    def too_strict(sizes, pixels):
        return next((name for name, size in sizes.items() if min(size) > pixels), "none")

    shallow = {"conv1": (7, 7), "pool": (11, 11), "layer1": (43, 43), "layer2": (99, 99)}
    uneven = {"a": (120, 15), "b": (130, 100), "c": (200, 300)}
    return check(
        stub,
        covering_layer,
        (shallow, 40),
        (shallow, 99),
        (shallow, 100),
        (uneven, 100),
        hints=[
            "A square object of that many pixels fits into a field whose rows and columns are both"
            " at least as many.",
            'for name, size in sizes.items(): if min(size) >= pixels: return name … and "none" at'
            " the end.",
        ],
        mistakes={
            "Look at the columns too.": only_rows,
            "A field of exactly that many pixels does cover the object.": too_strict,
        },
    )


@exercise("10.4")
def holes(answer):
    """How many pixels of its box a unit reads after three 3×3 convolutions, all at rate 2."""
    span, _ = field_of([(3, 1, 2)] * 3)
    used = len({2 * (a + b + c) for a in (-1, 0, 1) for b in (-1, 0, 1) for c in (-1, 0, 1)})
    return check_value(
        answer,
        used**2,
        hints=[
            "Along one axis the box is 13 wide. Which of the offsets −6 … 6 can be made of three"
            " steps of −2, 0 or 2?",
            "Only the even ones: 7 of 13. The picture has two axes.",
        ],
        mistakes={
            "That is along one axis; the box has two.": used,
            "Not every pixel of the box is read: at rate 2 nobody reads the odd ones.": span**2,
        },
    )
