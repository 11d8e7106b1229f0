"""Exercises of notebook 00: one of every kind, to learn how they work."""

from segviz.classroom import check, check_value, exercise, goal, quiz
from segviz.relations import PADDED_CONVOLUTION, convolution_size


@exercise("00.1")
def one_cell(explorer):
    """Settings of the convolution that leave a single output cell."""

    def reached(settings):
        names = ("input_size", "kernel_size", "stride", "dilation", "padding", "extra_padding")
        size = PADDED_CONVOLUTION.size(**{name: settings[name] for name in names})
        return bool(size == 1) or f"The output has {size} cells on an axis; wanted is 1."

    return goal(
        explorer,
        reached,
        for_example={"kernel_size": 4},
        hints=[
            "The kernel has room for more than one place on the input. What takes that room away?",
            "Make the kernel as large as the input, or the input as small as the kernel.",
        ],
    )


@exercise("00.2")
def cells_by_hand(answer):
    """Output cells of a 3×3 kernel on a 6×6 input."""
    along = convolution_size(6, 3)
    return check_value(
        answer,
        along**2,
        hints=[
            "How many places has the kernel along one axis, if it must not stick out?",
            "It can begin at cell 0, 1, 2 or 3 of 6: four places along each of two axes.",
        ],
        mistakes={
            "That is along one axis; there are rows and columns.": along,
            "That many cells has the input. At its border the kernel would stick out.": 36,
            "Off by one: 6 − 3 is the last place, and places are counted from 0.": (6 - 3) ** 2,
        },
    )


@exercise("00.3")
def size_in_code(stub):
    """output_size(input_size, kernel_size, stride)"""

    def one_too_few(input_size, kernel_size, stride):
        return (input_size - kernel_size) // stride

    def without_stride(input_size, kernel_size, stride):
        return input_size - kernel_size + 1

    return check(
        stub,
        convolution_size,
        (6, 3, 1),
        (7, 2, 3),
        (9, 3, 2),
        hints=[
            "Where does the kernel stand last, and how many steps has it made until then?",
            "(input_size − kernel_size) // stride steps, and one more place: where it began.",
        ],
        mistakes={
            "Off by one: the place where the kernel begins counts too.": one_too_few,
            "With a larger stride the kernel makes fewer steps.": without_stride,
        },
    )


@exercise("00.4")
def what_comes_out(answer):
    """What a segmentation network gives."""
    return quiz(
        answer,
        "A network for semantic segmentation sees a photograph of two cats side by side. What does "
        "it give?",
        [
            "the word “cat”",
            "a box around each cat",
            "a class for every pixel",
            "two masks, one for each cat",
        ],
        right="c",
        reasons={
            "a": "One word for the whole image is classification.",
            "b": "A box for each thing is detection.",
            "c": "Every pixel gets a class; where two cats touch, their pixels form one region.",
            "d": "Keeping things of one class apart is instance segmentation, one step further.",
        },
        hints=[
            "The answer must be as large as the image.",
            "It says what each pixel belongs to, and not to which of two cats.",
        ],
    )
