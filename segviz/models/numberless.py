"""Networks without numbers: shapes can be computed, and nothing else, at once and for free."""

from copy import deepcopy

import torch
from torch import nn


def without_numbers(network: nn.Module) -> nn.Module:
    """A copy on torch's meta device. The network's own weights are not copied on the way."""
    meta = {}  # id of a tensor -> what stands for it in the copy
    for parameter in network.parameters():
        empty = torch.empty_like(parameter, device="meta")
        meta[id(parameter)] = nn.Parameter(empty, parameter.requires_grad)
    for buffer in network.buffers():
        meta[id(buffer)] = torch.empty_like(buffer, device="meta")
    return deepcopy(network, meta)
