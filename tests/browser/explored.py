"""The explorer of transposed convolution on a page, for the tests that move its sliders."""

import numpy as np
import torch
import torch.nn.functional as F

CELLS = ["import segviz", "explorer = segviz.explain.transposed_convolution()\nexplorer"]
INPUT = [[2, 1, 3, 0, 5], [4, 4, 1, 2, 1], [1, 3, 2, 5, 0], [0, 2, 4, 1, 3], [5, 1, 0, 3, 2]]
KERNEL = [[1, 4, 1, 2, 0], [1, 4, 3, 0, 1], [3, 3, 1, 1, 2], [2, 0, 1, 3, 1], [0, 1, 2, 1, 4]]
NAMES = ("input size", "kernel size", "stride", "dilation", "output_padding", "padding")


class Explored:
    """The explorer on a page, spoken to as a person would."""

    def __init__(self, page):
        self.page = page
        self.stage = page.locator(".sv-stage")
        self.stage.locator("[data-layer=output] text").first.wait_for()

    def handle(self, name, axis="rows"):
        slider = self.page.locator(f".sv-{axis}", has=self.page.get_by_text(name, exact=True))
        return slider.locator(".noUi-handle, input[type=range]")

    def press(self, name, *keys, axis="rows"):
        self.handle(name, axis).focus()
        for key in keys:
            self.page.keyboard.press(key)

    def values(self):
        """What the readouts of the sliders say, by name; for rows and columns where both show."""
        self.settled()
        shown = {}
        for name in NAMES:
            label = self.page.get_by_text(name, exact=True)
            slider = self.page.locator(".sv-rows, .sv-columns", has=label)
            readouts = slider.locator(".widget-readout:visible").all_inner_texts()
            shown[name] = tuple(map(int, readouts)) * (3 - len(readouts))
        return shown

    def numbers(self, board):
        texts = self.stage.locator(f"[data-layer={board}] .n text").all_text_contents()
        return [float(text) if text else None for text in texts]

    def cell(self, board, n):
        return self.stage.locator(f"[data-layer={board}] .c path").nth(n)

    def lit(self, board):
        """Which cells of a board are lit."""
        classes = self.stage.locator(f"[data-layer={board}] .c path").evaluate_all(
            "paths => paths.map(path => path.classList.contains('lit'))"
        )
        return [n for n, lit in enumerate(classes) if lit]

    def settled(self):
        self.page.wait_for_function(
            "!document.querySelector('.sv-stage[data-waiting], .sv-stage[data-placing]')"
        )

    @property
    def sentence(self):
        return self.stage.locator(".sv-say").inner_text()


def torchs(values, input=INPUT, kernel=KERNEL):
    """The output of torch for what the sliders say, flat."""
    sizes = {name: np.s_[: values[name][0], : values[name][1]] for name in NAMES[:2]}
    output = F.conv_transpose2d(
        torch.tensor(np.array(input, float)[sizes["input size"]])[None, None],
        torch.tensor(np.array(kernel, float)[sizes["kernel size"]])[None, None],
        stride=values["stride"],
        padding=values["padding"],
        output_padding=values["output_padding"],
        dilation=values["dilation"],
    )
    return output.flatten().tolist()
