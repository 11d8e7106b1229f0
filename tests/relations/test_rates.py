"""The atrous convolution and the ordinary one over samples, against torch."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from segviz.relations import SPAN, atrous, over_samples


@pytest.mark.parametrize("seed", range(20))
def test_both_are_what_torch_computes_and_agree_where_both_are(seed):
    rng = np.random.default_rng(seed)
    size, rate = tuple(rng.integers(1, 14, 2).tolist()), tuple(rng.integers(1, 6, 2).tolist())
    kernel = int(rng.choice([1, 3, 5]))
    half = kernel // 2
    x, w = rng.integers(-9, 10, size), rng.integers(-9, 10, (kernel, kernel))
    image, weight = (torch.tensor(a, dtype=torch.float64)[None, None] for a in (x, w))

    relation = atrous(size, kernel, rate)
    dense = F.conv2d(image, weight, padding=(rate[0] * half, rate[1] * half), dilation=rate)[0, 0]
    np.testing.assert_array_equal(relation.apply(x, w), dense)

    few = x[:: rate[0], :: rate[1]]
    sparse = F.conv2d(image[..., :: rate[0], :: rate[1]], weight, padding=half)[0, 0]
    ordinary = over_samples(relation)
    assert ordinary.sizes["input"] == few.shape
    np.testing.assert_array_equal(ordinary.apply(few, w), sparse)
    np.testing.assert_array_equal(sparse, dense[:: rate[0], :: rate[1]])


def test_the_span_is_that_of_the_taps():
    for rate in range(1, 9):
        for kernel in (1, 3, 5):
            relation = atrous(81, kernel, rate)
            taps = relation.axes[0]
            read = taps["input"][taps["output"] == 40]
            assert np.ptp(read) + 1 == SPAN(rate=rate, kernel_size=kernel)
