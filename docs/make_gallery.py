"""Make the pictures of the documentation from the finished demo: ``python docs/make_gallery.py [RUN]``, by default ``runs/demo``.

- ``images/gallery.jpg``: a contact sheet of the built-in gallery, a column for each style, each work by another artist as far as
  there are so many;
- ``images/picks.jpg``: the page that ``vitrina recommend --html`` writes for a person of the report's example sessions;
- ``images/replay.jpg``: that person's session in the report.

The last two need Chromium (``CHROMIUM`` says where), through Playwright. Everything shown is simulated, and the sheet says so.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polars as pl
from PIL import Image, ImageDraw, ImageFont

import vitrina
from vitrina.data.gallery.simulation import draw_world
from vitrina.data.gallery.styles import STYLES
from vitrina.data.storage import load_dataset

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
IMAGES = Path(__file__).with_name("images")
ROWS, SIDE, GAP, MARGIN = 5, 118, 10, 24
LONGEST = 6  # works of a history that a picture has room for
PAPER, INK = "#faf8f4", "#57534e"
LABEL = "The built-in gallery of Vitrina: simulated. Artists, works, people and sales are invented; a program drew the pictures."


def chosen() -> pl.DataFrame:
    """``ROWS`` works of each style, by as many artists as there are: columns ``style``, ``artist``, ``item`` (codes)."""
    works = draw_world(0).works
    table = pl.DataFrame({"style": works.style, "artist": works.artist, "item": range(len(works.style))})
    order = table.with_columns(turn=pl.int_range(pl.len()).over("style", "artist")).sort("style", "turn", "artist")
    return order.group_by("style", maintain_order=True).head(ROWS)


def contact_sheet(gallery: Path) -> Image.Image:
    """Hang the chosen works, each fitted into a square, on one sheet with a label."""
    catalogue = load_dataset(gallery).catalogue
    step = SIDE + GAP
    sheet = Image.new("RGB", (2 * MARGIN + len(STYLES) * step - GAP, 2 * MARGIN + ROWS * step - GAP + 36), PAPER)
    for column, (_, group) in enumerate(chosen().group_by("style", maintain_order=True)):
        for row, code in enumerate(group["item"]):
            path = catalogue.picture(code)
            assert path is not None
            with Image.open(path) as picture:
                picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
                left = MARGIN + column * step + (SIDE - picture.width) // 2
                sheet.paste(picture, (left, MARGIN + row * step + (SIDE - picture.height) // 2))
    font = ImageFont.load_default(15)
    ImageDraw.Draw(sheet).text((MARGIN, sheet.height - MARGIN - 12), LABEL, fill=INK, font=font)
    return sheet


def screenshots(run: Path) -> dict[str, Image.Image]:
    """The picks page of a person of the examples, by the hybrid of everything, and that person's session in the report."""
    from playwright.sync_api import sync_playwright

    results = json.loads((run / "results.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page_file = Path(folder) / "picks.html"
        method = "hybrid-fa-dnn-evf-price"
        known = vitrina.load(run / "models" / method).history_of  # less than the replay has seen, maybe nothing
        lengths = [min(len(known(example["user"])), LONGEST) for example in results["examples"]]
        number = lengths.index(max(lengths))
        person = results["examples"][number]["user"]
        command = [Path(sys.executable).with_name("vitrina"), "recommend", run / "models" / method, "--user", person, "--k", "6"]
        subprocess.run([*map(str, command), "--html", str(page_file)], check=True, stdout=subprocess.DEVNULL)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1100, "height": 1000})
        page.goto(page_file.as_uri())
        shots = {"picks": page.screenshot()}
        page.goto((run / "report.html").resolve().as_uri())
        shots["replay"] = page.locator("article.example").nth(number).screenshot()
        browser.close()
    return {name: Image.open(io.BytesIO(shot)).convert("RGB") for name, shot in shots.items()}


def save(name: str, picture: Image.Image, *, most: int, width: int | None = None) -> None:
    """Write a JPEG of less than ``most`` bytes, as good as that allows."""
    if width is not None and picture.width > width:
        picture = picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS)
    for quality in range(88, 30, -4):
        content = io.BytesIO()
        picture.save(content, "JPEG", quality=quality, optimize=True, progressive=True)
        if content.tell() < most:
            break
    (IMAGES / f"{name}.jpg").write_bytes(content.getvalue())
    print(f"{name}.jpg: {picture.width} x {picture.height}, {content.tell():,} bytes")


if __name__ == "__main__":
    run = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/demo")
    save("gallery", contact_sheet(run.parent / "gallery"), most=250_000)
    for name, picture in screenshots(run).items():
        save(name, picture, most=200_000, width=1100)
