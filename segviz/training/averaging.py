"""A second network that follows the first one slowly, and is what gets scored and kept.

Its weights are the exponential moving average of those that the optimizer leaves behind: each step
they keep the share ``decay`` of themselves. What single steps have too much of averages out.
(Polyak and Juditsky 1992 for the idea; torch.optim.swa_utils computes it.)
"""

from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


class NoAverage:
    """The network is what the last step made of it."""

    def update(self) -> None:
        pass

    def show(self) -> None:
        pass

    def hide(self) -> None:
        pass

    def state(self) -> dict:
        return {}

    def load(self, state: dict) -> None:
        pass


class MovingAverage:
    """Between epochs ``model`` holds the average, within an epoch what is being trained.

    Args:
        model: the network in training, on its device.
        decay: the share of itself that the average keeps at each step, between 0 and 1.
    """

    def __init__(self, model: nn.Module, decay: float):
        self.model = model
        self._average = AveragedModel(
            model, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True
        )
        self._trained: dict[str, Tensor] = {}

    def update(self) -> None:
        """Take a step's weights into the average."""
        self._average.update_parameters(self.model)

    def show(self) -> None:
        """Put the average into the model."""
        self._trained = copy_of(self.model.state_dict())
        self.model.load_state_dict(self._average.module.state_dict())

    def hide(self) -> None:
        """Put back into the model what was being trained."""
        if self._trained:
            self.model.load_state_dict(self._trained)
            self._trained = {}

    def state(self) -> dict:
        """For a checkpoint, while the average is shown."""
        return {"trained": self._trained, "steps": self._average.n_averaged}

    def load(self, state: dict) -> None:
        """What :meth:`state` gave, into a model that holds the average."""
        self._average.module.load_state_dict(self.model.state_dict())
        self._average.n_averaged.copy_(state["steps"])
        device = next(self.model.parameters()).device
        self._trained = {name: tensor.to(device) for name, tensor in state["trained"].items()}


def average_of(model: nn.Module, decay: float | None) -> NoAverage | MovingAverage:
    """The moving average that a recipe asks for."""
    return NoAverage() if decay is None else MovingAverage(model, decay)


def copy_of(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same numbers, which stay as they are."""
    return {name: tensor.detach().clone() for name, tensor in state.items()}
