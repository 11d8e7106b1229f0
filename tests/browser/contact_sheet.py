"""The explainers' pictures on one sheet, for the README.

python tests/browser/contact_sheet.py course/images/explainers.png
"""

import sys
from html import escape

import chromium  # beside this file
from laboratory import launch_chromium
from playwright.sync_api import Error, sync_playwright

from segviz.explain import EXPLAINERS
from segviz.explorer import Explorer

COLUMNS, WIDTH, HEIGHT = 3, 440, 300  # of a picture, in pixels
SHEET = """<style>
body { margin: 16px; font: 15px system-ui, "DejaVu Sans", sans-serif; color: #1c1c1c; background: #fff; }
main { display: grid; grid-template-columns: repeat(%d, %dpx); gap: 18px 22px; width: max-content; }
figure { margin: 0; } figcaption { font-weight: 600; padding: 6px 0; border-bottom: 2px solid #0072b2; }
figure svg { width: %dpx; height: %dpx; margin-top: 8px; }
</style><main>%s</main>"""  # noqa: E501


def sheet() -> str:
    figures = "".join(
        f"<figure><figcaption>{escape(explainer.name)}</figcaption>{Explorer(explainer).still()}"
        "</figure>"
        for explainer in EXPLAINERS.values()
    )
    return SHEET % (COLUMNS, WIDTH, WIDTH, HEIGHT, figures)


def main() -> None:
    with sync_playwright() as playwright:
        try:
            browser = launch_chromium(playwright)
        except Error:
            raise SystemExit(chromium.HOW_TO_GET_ONE) from None
        page = browser.new_page(device_scale_factor=1.5)
        page.set_content(sheet())
        page.locator("main").screenshot(path=sys.argv[1])
        browser.close()


if __name__ == "__main__":
    main()
