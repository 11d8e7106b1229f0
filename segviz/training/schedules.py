"""How large a step is taken when: the schedules, and the layers that go slower than the others."""

from collections.abc import Iterable

from torch import nn
from torch.optim import AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR

#: With fewer steps the quarter that warms up has none, and OneCycleLR divides by zero.
_SHORTEST_CYCLE = 8

_WARM_UP = 0.25  # of the steps
_POWER = 0.9


def one_cycle(optimizer: Optimizer, steps: int) -> LRScheduler:
    """Up to the full rate for a quarter of the steps, then down to nearly 0, both as a cosine.

    (Smith and Topin 2019, "Super-convergence", https://arxiv.org/abs/1708.07120; torch's
    OneCycleLR with its own defaults otherwise: from 1/25 of the rate, to 1/250,000.)
    """
    return OneCycleLR(
        optimizer,
        max_lr=[group["lr"] for group in optimizer.param_groups],
        total_steps=max(steps, _SHORTEST_CYCLE),
        pct_start=_WARM_UP,
    )


def poly(optimizer: Optimizer, steps: int) -> LRScheduler:
    """The full rate at once, then times (1 - step / steps) ** 0.9 until it is 0.

    (Chen et al. 2017, "Rethinking Atrous Convolution", section 4.1,
    https://arxiv.org/abs/1706.05587.)
    """
    return LambdaLR(optimizer, lambda step: max(0.0, 1 - step / steps) ** _POWER)


SCHEDULES = {"one_cycle": one_cycle, "poly": poly}


def build_optimizer(
    model: nn.Module,
    others: Iterable[nn.Parameter],
    learning_rate: float,
    weight_decay: float,
    backbone_rate: float,
) -> AdamW:
    """AdamW in which ``model.backbone`` learns at ``backbone_rate`` times the rate of the rest.

    Layers that come with knowledge should keep it, and those that are drawn anew have all to learn.

    Args:
        model: a network; it needs a module ``backbone`` only where ``backbone_rate`` is not 1.
        others: parameters beside the model's, at the full rate.

    Raises:
        ValueError: if there is no backbone to slow down.
    """
    backbone = getattr(model, "backbone", None)
    if backbone_rate == 1:
        groups = [{"params": [*model.parameters(), *others], "lr": learning_rate}]
        return AdamW(groups, weight_decay=weight_decay)
    if not isinstance(backbone, nn.Module):
        raise ValueError(
            f"backbone_rate={backbone_rate}: a {type(model).__name__} has no backbone that could "
            f"learn at another rate. Leave it at 1, or train an FCN or a DeepLabV3Plus."
        )
    slow = {id(parameter) for parameter in backbone.parameters()}
    rest = [parameter for parameter in model.parameters() if id(parameter) not in slow]
    groups = [
        {"params": [*rest, *others], "lr": learning_rate},
        {"params": [*backbone.parameters()], "lr": learning_rate * backbone_rate},
    ]
    return AdamW(groups, weight_decay=weight_decay)
