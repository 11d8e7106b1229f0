"""A model run on tensors without storage, with the fields carried along.

Every operator that torch dispatches is caught. It is run on the meta device, where a tensor has a
shape and nothing else, and its rule says what reaches the elements of its result. The model is not
touched: each of its parameters is replaced by a meta tensor when an operator is given it.
"""

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from segviz.fields.operators import (
    RULES,
    Call,
    UnknownOperatorError,
    is_pointwise,
    pointwise,
    tensors_among,
)
from segviz.fields.placed import Placed
from segviz.fields.sources import Product, Sources, union
from segviz.fields.storages import Storages
from segviz.fields.values import Values
from segviz.relations.reach import Reach

READ_A_NUMBER = {"_local_scalar_dense", "equal", "is_nonzero"}


class Trace(TorchDispatchMode):
    """Catches the operators. sources: id of a tensor -> what reaches its elements; tensors that do
    not depend on the image are not in it."""

    def __init__(self):
        super().__init__()
        self.sources: dict[int, Sources] = {}
        self.windows: dict[int, list] = {}  # id of a max-pooling's indices -> its windows
        self.values = Values()
        self.running = ["the model"]  # the modules that are, in words, the innermost last
        self._storages = Storages()
        self._kept = []  # tensors are known by their id: none may be freed before the end
        self._metas: dict[int, Tensor] = {}
        self._followed: dict = {}

    def begin(self, image: Tensor) -> None:
        """The tensor (on meta) whose last two dimensions are the image's rows and columns."""
        rows, columns = image.shape[-2:]
        first = Reach.identity(rows)
        second = first if rows == columns else Reach.identity(columns)
        ndim = image.dim()
        product = Product(Placed.along(first, ndim - 2, ndim), Placed.along(second, ndim - 1, ndim))
        self.sources[id(image)] = Sources((product,), place=Product.places_of(image.shape))
        self._keep([image])

    # What the rules ask

    def knows(self, tensor: Tensor) -> bool:
        """Whether the tensor depends on the image."""
        return id(tensor) in self.sources

    def union(self, tensors: list[Tensor], shape) -> Sources:
        """What reaches a tensor of this shape by any of several tensors broadcast to it."""
        known = [tensor for tensor in tensors if self.knows(tensor)]
        if len(known) == 1 and known[0].shape == shape:
            return self.sources[id(known[0])]
        return union([self.sources[id(tensor)] for tensor in known], shape)

    def follow(self, reach: Reach, step) -> Reach:
        """`reach.through(step)`, computed once: rows and columns are often alike."""
        key = (reach, step)
        if key not in self._followed:
            self._followed[key] = reach.through(step)
        return self._followed[key]

    # What torch calls

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        call = Call(function, args, kwargs or {}, self)
        result = call.result = self._run(call)
        self.values.follow(call)
        if call.written is not None and call.written.numel():
            self._storages.write(call.written, self._outcome(call)[0], self.sources)
        if call.written is not None:
            return call.written
        results = list(tensors_among([result]))
        if any(map(self.knows, call.tensors)):
            outcome = self._outcome(call)
            if len(outcome) == 1:
                outcome = outcome * len(results)
            for tensor, sources in zip(results, outcome, strict=True):
                if (sources.products or sources.unknown) and tensor.numel():
                    self.sources[id(tensor)] = sources
        self._keep(results)
        return result

    def _run(self, call: Call):
        """The operator on meta tensors. For two of them torch works the result out in Python, which
        would take most of the time; their shapes are no secret."""
        if call.name == "native_batch_norm" and not call["training"]:
            return _like(call.input), *(torch.empty(0, device="meta") for _ in range(2))
        if "upsample" in call.name:
            return _like(call.input, (*call.input.shape[:2], *call["output_size"]))
        return call.function(*self._prepared(call, call.args), **self._prepared(call, call.kwargs))

    def _outcome(self, call: Call) -> list[Sources]:
        """One for all results, or one for each."""
        known = [self.sources[id(tensor)] for tensor in call.tensors if self.knows(tensor)]
        if not known:
            return [Sources(())]
        lost = next((sources for sources in known if sources.unknown), None)
        if lost is not None:
            return [lost]
        rule = RULES.get(call.name) or (pointwise if is_pointwise(call.function) else None)
        where = self.running[-1]
        try:
            if rule is None:
                raise UnknownOperatorError("segviz has no rule for it")
            outcome = rule(call)
        except UnknownOperatorError as reason:
            return [Sources.lost(f"{call.name} in {where} ({reason})")]
        except Exception as error:  # another version of torch, say, with other arguments
            failure = f"its rule failed, {type(error).__name__}: {error}"
            return [Sources.lost(f"{call.name} in {where} ({failure})")]
        outcome = outcome if isinstance(outcome, list) else [outcome]
        return [sources.after(where, known) for sources in outcome]

    def _keep(self, tensors: list[Tensor]) -> None:
        self._kept += tensors
        for tensor in tensors:
            self._storages.add(tensor)

    def _prepared(self, call: Call, values):
        """Arguments on the meta device; as they are where none is there and none has numbers in
        floating point (indices are real as long as they can be)."""
        if call.name in READ_A_NUMBER and not any(t.is_meta for t in call.tensors):
            return values
        if not any(tensor.is_meta or tensor.is_floating_point() for tensor in call.tensors):
            return values
        if isinstance(values, dict):
            prepared = {name: self._on_meta(value) for name, value in values.items()}
            if call.name == "_to_copy" and "device" in prepared:
                prepared["device"] = torch.device("meta")
            return prepared
        return [self._on_meta(value) for value in values]

    def _on_meta(self, value):
        if isinstance(value, Tensor):
            if value.is_meta:
                return value
            if id(value) not in self._metas:
                self._metas[id(value)] = value.to("meta")
                self._kept.append(value)
            return self._metas[id(value)]
        if isinstance(value, (list, tuple)):
            return type(value)(map(self._on_meta, value))
        return value


def _like(tensor: Tensor, shape=None) -> Tensor:
    """A meta tensor of the same type and order in memory."""
    if shape is None:
        return torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device="meta")
    is_plain = tensor.dim() != 4 or tensor.is_contiguous()
    last = not is_plain and tensor.is_contiguous(memory_format=torch.channels_last)
    order = torch.channels_last if last else torch.contiguous_format
    return torch.empty(shape, dtype=tensor.dtype, device="meta", memory_format=order)
