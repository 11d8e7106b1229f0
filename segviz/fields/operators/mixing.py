"""Operators on every element by itself, and operators that mix elements along dimensions."""

from torch import Tensor

from segviz.fields.operators.calls import Call, UnknownOperatorError, rule, tensors_among
from segviz.fields.operators.channels import through_channels
from segviz.fields.sources import Product, Sources, union


@rule("hardswish", "prelu", "_prelu_kernel", "rsub", "floor_divide", "log_sigmoid_forward")
@rule("_to_copy", "to", "lift_fresh", "alias", "detach", "contiguous", "clone", "rrelu_with_noise")
@rule("dropout", "native_dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout")
def pointwise(call: Call) -> Sources | list[Sources]:
    """Every element by itself, with whatever else is at the same place."""
    sources = call.trace.union(call.tensors, call.output.shape)
    return [sources] * len(list(tensors_among([call.result])))


@rule("copy")
def copy(call: Call) -> Sources:
    """What is written over something leaves nothing of it."""
    return call.trace.union([call["src"]], call["self"].shape)


@rule("zeros_like", "ones_like", "empty_like", "full_like", "rand_like", "randn_like", "zero")
@rule("new_zeros", "new_ones", "new_empty", "new_full", "new_empty_strided", "fill", "empty")
@rule("bernoulli", "uniform", "normal", "exponential")
def constant(call: Call) -> list[Sources]:
    """Only the shape of the input counts, and no image cell reaches that."""
    return [Sources(())] * len(list(tensors_among([call.result])))


@rule("glu")
def glu(call: Call) -> Sources:
    """One half along a dimension, weighed by the other."""
    dim = call["dim"] % call.input.dim()
    half = call.input.shape[dim] // 2

    def cut(array, begin):
        index = [slice(None)] * array.ndim
        index[dim] = slice(begin, begin + half)
        return array if array.shape[dim] == 1 else array[tuple(index)]

    def halved(product: Product, begin: int) -> Product:
        where = None if product.where is None else cut(product.where, begin)
        return product.each(
            lambda part: part.pointing(part.reach, cut(part.pointer, begin), part.home), where
        )

    halves = [
        call.sources.each(lambda product, begin=begin: halved(product, begin))
        for begin in (0, half)
    ]
    return union(halves, call.output.shape)


# Along dimensions


@rule("mean", "sum", "prod", "amax", "amin", "aminmax", "max", "min", "argmax", "argmin", "all")
@rule("any", "var", "std", "var_mean", "std_mean", "logsumexp", "norm", "linalg_vector_norm")
@rule("median", "nanmean", "nansum", "count_nonzero")
def reduction(call: Call) -> list[Sources]:
    if "other" in call.arguments:  # the maximum of two tensors
        return pointwise(call)
    ndim = call.input.dim()
    dims = call.get("dim")
    dims = [dims] if isinstance(dims, int) else dims
    dims = sorted({dim % ndim for dim in dims} if dims else range(ndim))
    sources = call.sources.pooled(dims)
    if call.output.dim() < ndim:
        sources = sources.each(lambda product: _squeezed(product, dims))
    return [sources] * len(list(tensors_among([call.result])))


def _squeezed(product: Product, dims: list[int]) -> Product:
    """Without the dimensions, which have one cell each."""

    def move(part):
        home = part.home
        if home is not None:
            home = None if home in dims else home - sum(dim < home for dim in dims)
        return part.pointing(part.reach, _squeeze(part.pointer, dims), home)

    where = None if product.where is None else _squeeze(product.where, dims)
    return product.each(move, where)


def _squeeze(array, dims):
    return array.reshape([size for dim, size in enumerate(array.shape) if dim not in dims])


@rule("_softmax", "_log_softmax", "_safe_softmax", "softmax", "log_softmax")
def softmax(call: Call) -> Sources:
    return _itself_and_all(call, [call["dim"] % call.input.dim()])


@rule("native_layer_norm", "layer_norm", "_fused_rms_norm", "rms_norm")
def layer_norm(call: Call) -> list[Sources]:
    """Mean and variance over the last dimensions: the channels, in a network that puts them last;
    the whole map, where it is normalised over rows and columns, too."""
    ndim = call.input.dim()
    sources = _itself_and_all(call, range(ndim - len(call["normalized_shape"]), ndim))
    return _first_of(call, sources)


@rule("native_group_norm")
def group_norm(call: Call) -> list[Sources]:
    """Mean and variance over all rows and columns, and over the channels of a group."""
    everywhere = call.sources.pooled(range(2, call.input.dim()))
    channels = call.input.shape[1]
    everywhere = through_channels(everywhere, call["group"], channels, channels)
    return _first_of(call, union([call.sources, everywhere], call.output.shape))


@rule("native_batch_norm", "_native_batch_norm_legit", "_native_batch_norm_legit_no_training")
@rule("cudnn_batch_norm", "miopen_batch_norm", "_batch_norm_no_update")
def batch_norm(call: Call) -> list[Sources]:
    """With running statistics every element by itself; with the batch's own, the whole map."""
    if not call.get("training", False):
        return _first_of(call, call.sources)
    return _first_of(call, _itself_and_all(call, [0, *range(2, call.input.dim())]))


def _itself_and_all(call: Call, dims) -> Sources:
    """Every element, and the union along dimensions that is set against it."""
    sources = call.sources
    return union([sources, sources.pooled(dims)], call.output.shape)


def _first_of(call: Call, sources: Sources) -> list[Sources]:
    """For the first result; the others (means and the like) are not followed but are not used."""
    more = len(list(tensors_among([call.result]))) - 1
    lost = Sources.lost(f"a second result of {call.name}")
    return [sources] + [lost if sources.products or sources.unknown else Sources(())] * more


# Products of matrices


@rule("mm", "bmm", "matmul")
def matrix_product(call: Call) -> Sources:
    return _product(call, *call.tensors[:2])


@rule("addmm", "baddbmm")
def matrix_product_with_bias(call: Call) -> Sources:
    bias, one, two = call.tensors[:3]
    return union([_product(call, one, two), call.sources_of(bias)], call.output.shape)


@rule("linear")
def linear(call: Call) -> Sources:
    if call.trace.knows(call["weight"]):
        raise UnknownOperatorError("its weights are computed from the image")
    return call.sources.pooled([call.input.dim() - 1])


def _product(call: Call, one: Tensor, two: Tensor) -> Sources:
    """Rows of the one with columns of the other: along what is summed, everything is mixed."""
    if one.dim() != two.dim() or one.dim() < 2:
        raise UnknownOperatorError(f"a product of {one.dim()} and {two.dim()} dimensions")
    ndim = one.dim()
    left = call.sources_of(one).pooled([ndim - 1])
    right = call.sources_of(two).pooled([ndim - 2])
    return union([left, right], call.output.shape)


@rule("_scaled_dot_product_flash_attention_for_cpu", "_scaled_dot_product_efficient_attention")
@rule("_scaled_dot_product_flash_attention", "_scaled_dot_product_cudnn_attention")
@rule("_scaled_dot_product_attention_math", "scaled_dot_product_attention")
def attention(call: Call) -> list[Sources]:
    """A query with all keys and values (Vaswani et al. 2017, equation 1); masks are not read."""
    query, key, value = call.tensors[:3]
    ndim = query.dim()
    parts = [
        call.sources_of(query).pooled([ndim - 1]),
        call.sources_of(key).pooled([ndim - 2, ndim - 1]),
        call.sources_of(value).pooled([ndim - 2]),
    ]
    return _first_of(call, union(parts, call.output.shape))
