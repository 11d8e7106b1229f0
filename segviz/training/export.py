"""A network to be used where this library, or even PyTorch, is not: torch.export and ONNX.

Both take pixels and normalise them inside, so nobody has to know how::

    export_program(model, (96, 128), "unet.pt2")
    logits = torch.export.load("unet.pt2").module()(images)    # uint8 (N, C, H, W)

    export_onnx(model, (96, 128), "unet.onnx")
    (logits,) = onnxruntime.InferenceSession("unet.onnx").run(None, {"images": pixels})

Number, height and width of the images may be others than those of the export wherever the network
itself takes any; its logits (N, K, H, W) are float32. What was exported is run beside the network
before it is written, at two sizes if both can be.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path

import torch
from torch import Tensor, nn

from segviz.data import normalise
from segviz.models.checks import check_list_of_whole
from segviz.whole_file import write_whole

#: How far logits may lie from the network's, as a share of the largest of them.
TOLERANCE = 1e-4

#: Images, rows and columns that the second run has more than the first. Odd, so that whatever
#: pooling rounds, it rounds otherwise.
_MORE = (1, 3, 13)


class ExportError(RuntimeError):
    """The network cannot be exported, or what came out is another one; the message says which."""


class FromPixels(nn.Module):
    """A network with the normalisation of its images in front.

    Shapes: uint8 ``(N, C, H, W)``, values 0..255 -> the network's logits.
    """

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        return self.network(normalise(images))


def export_program(
    model: nn.Module, size: tuple[int, int], path: str | Path | None = None
) -> torch.export.ExportedProgram:
    """The network, on the CPU and in evaluation mode, as one graph of PyTorch's operators.

    Args:
        model: a network that takes normalised images; it stays as it is, where it is.
        size: height and width of the images that the graph is traced with.
        path: where to write the program too, such as "unet.pt2"; None: nowhere.

    Returns:
        The program. ``program.module()`` is called with uint8 ``(N, C, H, W)``.

    Raises:
        ValueError: for an impossible size, or one that the network cannot take.
        ExportError: if PyTorch cannot export the network, or the program's logits are others.
    """
    network = _from_pixels(model)
    program = _traced(network, size)
    called = next(node for node in program.graph.nodes if node.name == "images")
    _check_equal(program.module(), network, size, called.meta["val"].shape)
    if path is not None:
        write_whole(path, lambda file: torch.export.save(program, file))
    return program


def export_onnx(model: nn.Module, size: tuple[int, int], path: str | Path) -> Path:
    """Write the network as ONNX (https://onnx.ai): input "images", uint8 ``(N, C, H, W)``, output
    "logits".

    Args:
        model, size: as in :func:`export_program`.
        path: such as "unet.onnx".

    Returns:
        path as a Path.

    Raises:
        ImportError: if onnx, onnxscript or onnxruntime is missing.
        ValueError, ExportError: as in :func:`export_program`.
    """
    onnxruntime = _onnx_runtime()
    network = _from_pixels(model)
    program = _traced(network, size)
    try:
        with _without_remarks_of("onnx_ir"):
            exported = torch.onnx.export(
                program,
                dynamo=True,
                input_names=["images"],
                output_names=["logits"],
                verbose=False,
            )
        content = exported.model_proto.SerializeToString()
    except torch.onnx.OnnxExporterError as error:
        raise ExportError(_why_not("ONNX has no words for", model, error)) from error
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])

    def run(images: Tensor) -> Tensor:
        return torch.from_numpy(session.run(None, {"images": images.numpy()})[0])

    _check_equal(run, network, size, session.get_inputs()[0].shape)
    write_whole(path, content)
    return Path(path)


def _from_pixels(model: nn.Module) -> FromPixels:
    network = deepcopy(model).to("cpu", torch.float32, memory_format=torch.contiguous_format)
    return FromPixels(network).eval()


def _traced(network: FromPixels, size: tuple[int, int]) -> torch.export.ExportedProgram:
    check_list_of_whole("size", size, 2, (96, 128))
    images = _random_images(network, 2, size)
    with torch.no_grad():
        network(images)  # a size that it cannot take is refused in the network's own words
    # AUTO: any number of images, of any size, unless the network itself insists on this one.
    free = torch.export.Dim.AUTO
    shapes = {"images": {0: free, 2: free, 3: free}}
    try:
        return torch.export.export(network, (images,), dynamic_shapes=shapes)
    except Exception as error:  # whatever the tracing trips over
        raise ExportError(_why_not("PyTorch cannot export", network.network, error)) from error


def _random_images(network: FromPixels, count: int, size: tuple[int, int]) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    shape = (count, getattr(network.network, "in_channels", 3), *size)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)  # (N, C, H, W)


def _check_equal(
    exported: Callable[[Tensor], Tensor],
    network: FromPixels,
    size: tuple[int, int],
    shape: torch.Size | list,
) -> None:
    """Raise ExportError where the logits differ.

    ``shape`` is (N, C, H, W) as the exported network declares it: a letter means that the axis
    may have any length, a number that it may not.
    """
    first = (2, *size)
    second = [
        length if str(declared).isdecimal() else length + more
        for length, declared, more in zip(first, (shape[0], *shape[2:]), _MORE, strict=True)
    ]
    for count, *tried in (first, second):
        images = _random_images(network, count, tried)
        with torch.no_grad():
            expected, answer = network(images), exported(images)
        if answer.shape == expected.shape:
            difference = (answer - expected).abs().max().item()
            if difference <= TOLERANCE * expected.abs().max().item():
                continue
            found = f"its logits lie up to {difference:.3g} from the network's"
        else:
            found = f"its logits have shape {tuple(answer.shape)}, not {tuple(expected.shape)}"
        raise ExportError(
            f"The export went wrong: for {count} images of {tried[0]}x{tried[1]} pixels {found}. "
            f"Nothing was written. Try another version of PyTorch, and please report it."
        )


def _onnx_runtime():
    try:
        import onnx  # noqa: F401
        import onnxruntime
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"Writing ONNX takes three more packages, and {error.name} is missing: "
            f"pip install 'segviz-course[export]'"
        ) from None
    return onnxruntime


@contextmanager
def _without_remarks_of(package: str) -> Iterator[None]:
    """Keep to errors what it logs: its remarks are for its own developers."""
    logger = logging.getLogger(package)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _why_not(what: str, model: nn.Module, error: Exception) -> str:
    reason = str(error).strip().splitlines() or [type(error).__name__]
    return f"{what} this {type(model).__name__}: {reason[0]}"
