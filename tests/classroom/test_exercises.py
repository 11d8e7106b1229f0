"""Learners' real mistakes: each is told by its name, and none of them stops the notebook."""

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from segviz.classroom import check, check_value

IMAGE = np.arange(20.0).reshape(4, 5) ** 2
KERNEL = np.array([[1.0, 4, 1], [1, 4, 3]])


def slide(image, kernel):
    """The reference of these tests: a valid convolution (cross-correlation), slow and plain."""
    rows, columns = (np.array(image.shape) - kernel.shape) + 1
    out = np.zeros((rows, columns))
    for r in range(rows):
        for c in range(columns):
            window = image[r : r + kernel.shape[0], c : c + kernel.shape[1]]
            out[r, c] = (window * kernel).sum()
    return out


CASES = [(IMAGE, KERNEL), (IMAGE.T, KERNEL), (IMAGE[:3], KERNEL + 1)]


def check_slide(stub, **options):
    return check(stub, slide, *CASES, **options)


def test_a_right_answer_is_handed_on(capsys):
    def mine(image, kernel):
        windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
        return np.einsum("rcij,ij->rc", windows, kernel)

    assert check_slide(mine) is mine
    assert capsys.readouterr().out.startswith("✓ Right: all 3 cases agree with ")


def nothing(image, kernel):
    pass


def dots(image, kernel):
    return ...


def to_do(image, kernel):
    raise NotImplementedError


@pytest.mark.parametrize("stub", [nothing, dots, to_do])
def test_the_reference_stands_in_for_what_is_not_attempted(stub, capsys):
    assert check_slide(stub, hints=["Slide the kernel.", "Multiply, then add."]) is slide
    said = capsys.readouterr().out
    assert said.startswith("○ Not attempted yet")
    assert "hint 1: Slide the kernel." in said and "hint 2: Multiply, then add." in said


def mean_for_sum(image, kernel):
    return slide(image, kernel) / kernel.size


def one_row_short(image, kernel):
    return slide(image, kernel)[:-1]


def swapped_axes(image, kernel):
    return slide(image, kernel).T


def half_a_turn(image, kernel):
    return slide(image, kernel)[::-1, ::-1]


def one_too_much(image, kernel):
    return slide(image, kernel) + 1


def next_column(image, kernel):
    return np.roll(slide(image, kernel), 1, axis=1)


def last_entry_forgotten(image, kernel):
    out = slide(image, kernel)
    out[2, 1] = 0
    return out


def uneven_rows(image, kernel):
    return [[1, 2], [3]]


def words(image, kernel):
    return "3 by 3"


# `slide` is called here in its own name only to make the mistakes short; in `check` the
# reference is a copy, so that calling `slide` is not taken for borrowing the answer.
def reference(image, kernel):
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return (windows * kernel).sum((2, 3))


@pytest.mark.parametrize(
    "stub, words",
    [
        (mean_for_sum, "0.1667 times the expected one: a mean in place of a sum?"),
        (one_row_short, "has shape (2, 3); expected (3, 3). Off by one?"),
        (swapped_axes, "Rows and columns are swapped."),
        (half_a_turn, "is something flipped"),
        (one_too_much, "Every entry is off by 1."),
        (next_column, "moved by one cell along axis 1"),
        (last_entry_forgotten, "1 of 9 entries of the answer differ. The first is at row 2, col"),
        (uneven_rows, "rows of different lengths"),
        (words, "should be array("),
    ],
)
def test_a_usual_mistake_is_named(stub, words, capsys):
    assert check(stub, reference, *CASES) is reference
    said = capsys.readouterr().out
    assert said.startswith("✗ Not yet: ") and words in said
    assert "given:" in said and "kernel = [[1., 4., 1.],\n              [1., 4., 3.]]" in said


def test_the_authors_sentence_names_a_mistake_of_this_exercise(capsys):
    def flipped_kernel(image, kernel):
        return slide(image, kernel[::-1, ::-1])

    def mine(image, kernel):
        return slide(image, np.flip(kernel))

    check(mine, reference, *CASES, mistakes={"You flipped the kernel.": flipped_kernel})
    assert "You flipped the kernel." in capsys.readouterr().out


def test_a_forgotten_return_on_one_path_is_not_taken_for_not_attempted(capsys):
    def mine(image, kernel):
        if image.shape == IMAGE.shape:
            return slide(image, kernel)

    assert check(mine, reference, *CASES) is reference
    assert "is there a `return` on every path?" in capsys.readouterr().out


def test_an_exception_is_a_sentence_with_the_learners_line(capsys):
    def mine(image, kernel):
        return image[99]

    assert check(mine, reference, *CASES) is reference
    said = capsys.readouterr().out
    line = mine.__code__.co_firstlineno + 1
    assert "Your code raised IndexError: index 99 is out of bounds" in said
    assert f"Line {line}: return image[99]" in said


def test_leaving_the_program_is_an_answer_like_any_other(capsys):
    def mine(image, kernel):
        raise SystemExit("enough")

    assert check(mine, reference, *CASES) is reference
    assert "Your code raised SystemExit: enough." in capsys.readouterr().out


@pytest.mark.parametrize("stubborn", [False, True])
def test_an_endless_loop_is_stopped(stubborn, capsys):
    still_running = []

    def mine(image, kernel):
        while True:
            try:
                still_running.append(1)
                del still_running[:]
            except Exception:
                if not stubborn:
                    raise

    assert check(mine, reference, *CASES, seconds=0.3) is reference
    assert "Stopped after 0.3 s: does a loop never end?" in capsys.readouterr().out
    assert mine.__code__ not in {frame.f_code for frame in running_frames()}


def running_frames():
    import sys

    for frame in sys._current_frames().values():
        while frame:
            yield frame
            frame = frame.f_back


def renamed(image, kernel):
    return reference(image, kernel)


@pytest.mark.parametrize("stub", [reference, renamed, lambda *case: reference(*case)])
def test_the_librarys_own_function_is_no_answer(stub, capsys):
    assert check(stub, reference, *CASES) is reference
    assert "write it yourself" in capsys.readouterr().out


def test_a_function_that_changes_its_input_does_not_spoil_the_case(capsys):
    def mine(image, kernel):
        answer = slide(image, kernel)
        image[:] = 0
        return answer

    case = (IMAGE.copy(), KERNEL.copy())
    assert check(mine, reference, case, *CASES[1:]) is mine
    assert np.array_equal(case[0], IMAGE)


def test_cases_that_a_constant_would_pass_are_refused():
    with pytest.raises(ValueError, match="a constant would pass"):
        check(nothing, reference, (IMAGE, KERNEL))
    with pytest.raises(ValueError, match="a constant would pass"):
        check(nothing, reference, (IMAGE, KERNEL), (IMAGE.copy(), KERNEL))


def test_cases_that_swapped_axes_could_pass_are_refused():
    with pytest.raises(ValueError, match="axes are unequal"):
        check(nothing, reference, (IMAGE[:, :4], KERNEL[:, :2].T[:2]), (IMAGE, KERNEL))


def test_a_mistake_that_is_none_is_refused():
    with pytest.raises(ValueError, match="right answer in every case"):
        check_slide(nothing, mistakes={"Oh no.": reference})


def test_layers_are_compared_by_what_they_do(capsys):
    import torch
    from torch import nn

    def block(channels_in, channels_out):
        return nn.Conv2d(channels_in, channels_out, 3, padding=1)

    def forgot_padding(channels_in, channels_out):
        return nn.Conv2d(channels_in, channels_out, 3)

    class Mine(nn.Module):
        def __init__(self, channels_in, channels_out):
            super().__init__()
            self.layer = nn.Conv2d(channels_in, channels_out, (3, 3), padding="same")

        def forward(self, x):
            return self.layer(x)

    def run(build, channels_in, channels_out, size):
        torch.manual_seed(0)
        layer = build(channels_in, channels_out)
        return layer(torch.ones(1, channels_in, *size))  # (1, channels_out, *size)

    cases = [(2, 3, (4, 5)), (3, 1, (6, 4))]
    assert check(Mine, block, *cases, run=run) is Mine
    assert check(forgot_padding, block, *cases, run=run) is block
    said = capsys.readouterr().out
    assert "has shape (1, 3, 2, 3); expected (1, 3, 4, 5)" in said and "channels_out = 3" in said
    assert check(lambda channels_in, channels_out: None, block, *cases, run=run) is block
    assert capsys.readouterr().out.startswith("○")


def test_several_answers_at_once_are_compared_one_by_one(capsys):
    def size_and_padded(array, pad):
        return array.shape, np.pad(array, pad)

    def mine(array, pad):
        return array.shape, np.pad(array, pad + 1)

    cases = [(IMAGE, 1), (KERNEL, 2)]
    assert check(mine, size_and_padded, *cases) is size_and_padded
    assert "item 1 of the answer has shape (8, 9); expected (6, 7)" in capsys.readouterr().out


STAMP = np.array([[4, 16, 4], [4, 16, 12]])


@pytest.mark.parametrize("kind", [np.array, np.ndarray.tolist])
def test_a_right_value_is_handed_on(kind, capsys):
    value = check_value(kind(STAMP), STAMP)
    assert np.array_equal(value, STAMP)
    assert capsys.readouterr().out == "✓ Right.\n"


@pytest.mark.parametrize(
    "answer, words",
    [
        ([[..., ...], [..., ...]], "○ Not answered yet"),
        (None, "○ Not answered yet"),
        ([[4, 16, 4], [4, ..., None]], "○ 2 of 6 entries are still open."),
        ([[4, 16, 4], [4, 16, 3]], "✗ Not yet: 1 of 6 entries of your answer differ. The first"),
        (STAMP.T, "Rows and columns look swapped."),
        ([[1, 4, 1], [1, 4, 3]], "Every entry is 0.25 times"),
        ([[12, 16, 4], [4, 16, 4]], "flipped"),
        ([[4, 16], [4, 16, 12]], "rows of different lengths"),
        ([[4, 16, 4], [4, 16, "12!"]], "✗ Not yet"),
        (STAMP + [[0, 0, 0], [1, 1, 1]], "That is the kernel plus the input."),
    ],
)
def test_a_value_that_is_not_right_is_replaced_and_named(answer, words, capsys):
    plus = STAMP + [[0, 0, 0], [1, 1, 1]]
    value = check_value(answer, STAMP, mistakes={"That is the kernel plus the input.": plus})
    assert np.array_equal(value, STAMP)
    assert words in capsys.readouterr().out


def test_a_single_number_is_an_answer_too(capsys):
    assert check_value(6, 7) == 7 and check_value(7.0, 7) == 7
    assert capsys.readouterr().out == "✗ Not yet: your answer should be 7 and is 6.\n✓ Right.\n"


def test_a_notebook_shows_folded_hints_and_a_solution():
    shell = InteractiveShell.instance()
    try:
        with capture() as shown:
            check(nothing, reference, *CASES, hints=["Use a < b."])
    finally:
        shell.clear_instance()
    html = shown.outputs[0].data["text/html"]
    assert "<summary>Hint 1</summary>Use a &lt; b.</details>" in html
    assert "<summary>A solution</summary>" in html and "sliding_window_view" in html
    assert "○" in html and "sliding_window_view" not in shown.outputs[0].data["text/plain"]


def capture():
    from IPython.utils.capture import capture_output

    return capture_output()
