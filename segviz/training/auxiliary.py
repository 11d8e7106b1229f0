"""A second head on a layer half way, which is there for the training only.

Deep networks learn their early layers slowly. A head that must already answer from the middle of
the network gives those layers a gradient of their own. (Zhao et al. 2017, "Pyramid Scene Parsing
Network", section 3.3, https://arxiv.org/abs/1612.01105, with its weight of 0.4.)
"""

import torch
from torch import Tensor, nn

from segviz.models.blocks import conv_norm_relu
from segviz.models.numberless import without_numbers


class AuxiliaryHead(nn.Module):
    """Scores from the map of one layer: 3x3 to a quarter of the channels, dropout, 1x1.

    It hangs on the layer by a hook and answers whenever the network is called in training;
    ``logits`` then holds ``(N, num_classes, h, w)``, as large as the layer's map.

    Args:
        model: the network; it stays as it is but for the hook.
        layer: the name of one of its modules, as in ``model.get_submodule``.
        num_classes: channels of the logits.

    Raises:
        ValueError: for a layer that is not there or whose result is no map.
    """

    def __init__(self, model: nn.Module, layer: str, num_classes: int):
        super().__init__()
        channels = _channels_of(model, layer)
        width = max(8, channels // 4)
        self.head = nn.Sequential(
            conv_norm_relu(channels, width),
            nn.Dropout(0.1),
            nn.Conv2d(width, num_classes, kernel_size=1),
        )
        self.logits: Tensor | None = None
        self._hook = model.get_submodule(layer).register_forward_hook(self._answer)

    def _answer(self, layer: nn.Module, inputs: object, x: Tensor) -> None:
        if layer.training and torch.is_grad_enabled():
            self.logits = self.head(x)  # (N, num_classes, h, w)

    def remove(self) -> None:
        """Take the hook off the network."""
        self._hook.remove()
        self.logits = None


def _channels_of(model: nn.Module, layer: str) -> int:
    copy = without_numbers(model).eval()
    modules = dict(copy.named_modules())
    if layer not in modules or not layer:
        outermost = ", ".join(name for name, _ in copy.named_children())
        raise ValueError(
            f"auxiliary={layer!r}: a {type(model).__name__} has no such layer. Give the name of a "
            f"module; the outermost are {outermost}, and model.named_modules() lists them all."
        )
    seen = []
    modules[layer].register_forward_hook(lambda module, inputs, output: seen.append(output))
    channels = getattr(model, "in_channels", 3)
    copy(torch.empty(1, channels, 128, 128, device="meta"))
    if not seen or not isinstance(seen[0], Tensor) or seen[0].dim() != 4:
        raise ValueError(
            f"auxiliary={layer!r}: the result of this layer is no map (N, C, H, W). Choose a "
            f"layer from the middle of the network that gives one."
        )
    return seen[0].shape[1]
