"""Two answers compared: are they the same, and if not, what is different about them?"""

import numpy as np


def as_array(answer):
    """Numbers, nested lists, arrays or tensors as one array; ValueError where rows are uneven."""
    if hasattr(answer, "detach"):  # a tensor, without importing torch to ask
        return answer.detach().cpu().numpy()
    if isinstance(answer, (list, tuple)):
        return np.array([as_array(item) for item in answer])
    return np.asarray(answer)


def is_numeric(array):
    return array.dtype.kind in "biufc"


def same(expected, got):
    return difference(expected, got) is None


def difference(expected, got, name="the answer"):
    """None where the two agree (float32 precision), else a sentence that says where they do not.

    Both are numbers, text, arrays, tensors, or lists and tuples of these.
    """
    try:
        want = as_array(expected)
    except ValueError:  # items of different shapes: one by one
        return difference_of_items(expected, got, name)
    if got is None:
        return f"{name} should not be None: is there a `return` on every path?"
    try:
        have = as_array(got)
    except ValueError:
        return f"{name} has rows of different lengths; expected shape {want.shape}."
    if not (is_numeric(want) and is_numeric(have)):
        alike = want.shape == have.shape and bool(np.all(want == have))
        return None if alike else f"{name} should be {expected!r} and is {got!r}."
    if want.shape != have.shape:
        return difference_of_shapes(want, have, name)
    return difference_of_entries(want, have, name)


def difference_of_items(expected, got, name):
    if not isinstance(got, (list, tuple)) or len(got) != len(expected):
        kind = f"{type(got).__name__} of {len(got)}" if hasattr(got, "__len__") else repr(got)
        return f"{name} should hold {len(expected)} items and is {kind}."
    pairs = enumerate(zip(expected, got, strict=True))
    found = (difference(want, have, f"item {i} of {name}") for i, (want, have) in pairs)
    return next(filter(None, found), None)


def difference_of_shapes(want, have, name):
    sentence = f"{name} has shape {have.shape}; expected {want.shape}."
    if have.shape == want.shape[::-1]:
        return f"{sentence} Rows and columns look swapped."
    if have.ndim == want.ndim and np.abs(np.subtract(have.shape, want.shape)).max() == 1:
        return f"{sentence} Off by one?"
    return sentence


def difference_of_entries(want, have, name):
    wrong = ~np.isclose(have, want, rtol=1e-5, atol=1e-6, equal_nan=True)
    if not wrong.any():
        return None
    if want.ndim == 0:
        return f"{name} should be {want} and is {have}."
    first = tuple(int(i) for i in np.argwhere(wrong)[0])
    return (
        f"{wrong.sum()} of {want.size} entries of {name} differ. The first is at "
        f"{place(first)}: expected {want[first]}, got {have[first]}. {pattern(want, have)}"
    ).rstrip()


def place(index):
    """Where an entry is, counted from 0."""
    if len(index) == 2:
        return f"row {index[0]}, column {index[1]}"
    return f"index {index[0] if len(index) == 1 else index}"


def pattern(want, have):
    """What all the entries have in common, where the mistake is one of the usual ones."""
    want, have = want.astype(float), have.astype(float)  # a difference of booleans is not defined
    if want.ndim == 2 and want.shape[0] == want.shape[1] and np.allclose(have, want.T):
        return "Rows and columns are swapped."
    if want.ndim >= 2 and np.allclose(have, np.flip(want, (-2, -1))):
        return "It is turned by half a turn: is something flipped that should not be, or not?"
    if np.allclose(have - want, (have - want).flat[0]):
        return f"Every entry is off by {(have - want).flat[0]:g}."
    scale = np.linalg.norm(have) / np.linalg.norm(want) if want.any() else 0
    if scale and np.allclose(have, want * scale):
        return f"Every entry is {scale:.4g} times the expected one: a mean in place of a sum?"
    for axis in range(want.ndim):
        for step in (-1, 1):
            if want.shape[axis] > 2 and np.allclose(have, np.roll(want, step, axis)):
                return f"It is moved by one cell along axis {axis}: off by one?"
    return ""
