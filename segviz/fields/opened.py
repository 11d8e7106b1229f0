"""Gradients that reach wherever a network could ever reach.

A true gradient misses cells: a ReLU that is off passes nothing, a max-pooling only one of its
cells, and contributions of different signs may cancel. Here all weights are positive, and while
gradients flow back, the derivative of every nonlinearity is taken as 1 and max-pooling and its
inverse hand on to all cells of a window. What stays is torch's own wiring of the network.
"""

from copy import deepcopy
from math import prod

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

POINTWISE = {
    f"{name}_backward"
    for name in (
        *("threshold", "hardtanh", "hardswish", "hardsigmoid", "gelu", "silu", "leaky_relu", "elu"),
        *("sigmoid", "tanh", "mish", "softplus", "log_sigmoid", "hardshrink", "softshrink"),
    )
}


def positive_copy(model: nn.Module, seed: int) -> nn.Module:
    """A copy on the CPU in evaluation mode, in double precision, whose weights are all positive.

    Weights are drawn from 0.5 to 1.5, divided by how many of them meet in one output, so that
    numbers stay near 1 in deep networks. Batch norms do not change anything.

    Raises:
        ValueError: if the model is on the meta device and has buffers of integers, whose values
            nobody knows.
    """
    copy = deepcopy(model)
    tensors = [*copy.parameters(), *copy.buffers()]
    if any(tensor.is_meta for tensor in tensors):
        if any(b.is_meta and not b.is_floating_point() and b.dim() for b in copy.buffers()):
            raise ValueError(
                "The model is on the meta device, and indices among its buffers are lost there:"
                " build it on the CPU."
            )
        copy = copy.to_empty(device="cpu")
    copy = copy.to("cpu", torch.float64).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in copy.parameters():
            parameter.uniform_(0.5, 1.5, generator=generator)
            parameter /= prod(parameter.shape[1:])
        for module in copy.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.track_running_stats:
                module.running_mean.zero_()
                module.running_var.fill_(1)
    return copy


class Opened(TorchDispatchMode):
    """While active, gradients pass every nonlinearity. interpolates: whether an interpolation was
    met, whose weights of zero may come out as rounding errors."""

    def __init__(self):
        super().__init__()
        self.interpolates = False
        self._windows: dict[int, tuple] = {}  # memory of a max-pooling's indices -> its windows

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = function.overloadpacket.__name__
        if name in POINTWISE:
            return args[0].clone()
        if name in REPLACED:
            return REPLACED[name](*args, **kwargs)
        if name == "gather" and self._memory(args[2]) in self._windows:
            return self._pooled(args[0], args[2])
        result = function(*args, **kwargs)
        if name == "max_pool2d_with_indices":
            self._windows[self._memory(result[1])] = (args[0].shape, result[1].shape, args[1:])
        self.interpolates |= "upsample" in name
        return result

    @staticmethod
    def _memory(tensor: Tensor) -> int:
        return tensor.untyped_storage().data_ptr()

    def _pooled(self, grad: Tensor, indices: Tensor) -> Tensor:
        """Un-pooling turned round: every pooled cell gets the sum over all cells of its window."""
        size, pooled, geometry = self._windows[self._memory(indices)]
        kernel_size, stride, padding, dilation = _geometry(*geometry)
        channels = pooled[1]
        grad = grad.reshape(-1, channels, *size[2:])
        up, left = padding
        grad = F.pad(grad, (left, kernel_size[1] * dilation[1], up, kernel_size[0] * dilation[0]))
        kernel = grad.new_ones(channels, 1, *kernel_size)
        sums = F.conv2d(grad, kernel, stride=stride, dilation=dilation, groups=channels)
        return sums[:, :, : pooled[2], : pooled[3]].reshape(indices.shape)


def _geometry(kernel_size, stride=(), padding=(0, 0), dilation=(1, 1), *_):
    pairs = (list(kernel_size), list(stride) or list(kernel_size), list(padding), list(dilation))
    return [pair * 2 if len(pair) == 1 else pair for pair in pairs]


def _max_pool_backward(
    grad, given, kernel_size, stride, padding, dilation, ceil_mode, indices
) -> Tensor:
    kernel_size, stride, padding, dilation = _geometry(kernel_size, stride, padding, dilation)
    channels, (rows, columns), (up, left) = given.shape[1], given.shape[2:], padding
    kernel = grad.new_ones(channels, 1, *kernel_size)
    spread = F.conv_transpose2d(grad, kernel, stride=stride, dilation=dilation, groups=channels)
    spread = F.pad(spread, (0, columns + left, 0, rows + up))  # as much as is needed, or more
    return spread[:, :, up : up + rows, left : left + columns].contiguous()


def _adaptive_max_pool_backward(grad, given, indices) -> Tensor:
    return torch.ops.aten._adaptive_avg_pool2d_backward(grad, given)


def _softmax_backward(grad, output, dim, dtype) -> Tensor:
    return grad + grad.sum(dim, keepdim=True)


def _layer_norm_backward(grad, given, shape, *rest):
    dims = tuple(range(grad.dim() - len(shape), grad.dim()))
    return grad + grad.mean(dims, keepdim=True), None, None


def _group_norm_backward(grad, given, mean, rstd, weight, batch, channels, cells, group, mask):
    groups = grad.reshape(batch, group, -1)
    return (groups + groups.mean(2, keepdim=True)).reshape(grad.shape), None, None


def _batch_norm_backward(
    grad, given, weight, running_mean, running_var, mean, invstd, train, eps, mask
):
    if not train:  # running statistics of 0 and 1, and a positive weight
        return grad.clone(), None, None
    return grad + grad.mean((0, *range(2, grad.dim())), keepdim=True), None, None


def _prelu_backward(grad, given, weight):
    return grad.clone(), torch.zeros_like(weight).expand_as(grad)


REPLACED = {
    "max_pool2d_with_indices_backward": _max_pool_backward,
    "adaptive_max_pool2d_backward": _adaptive_max_pool_backward,
    "_softmax_backward_data": _softmax_backward,
    "native_layer_norm_backward": _layer_norm_backward,
    "native_group_norm_backward": _group_norm_backward,
    "native_batch_norm_backward": _batch_norm_backward,
    "_prelu_kernel_backward": _prelu_backward,
}
