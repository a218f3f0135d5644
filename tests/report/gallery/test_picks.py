"""The page of pictures for one person: what is shown, and whether the reasons make sense for each kind of method."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import polars as pl
import pytest
from PIL import Image

import vitrina
from tests.report.gallery.cases import gallery
from tests.report.map.cases import HOSTILE
from vitrina.data.dataset import Dataset
from vitrina.models.trained import Trained
from vitrina.report.gallery.picks import picks_html

BOUGHT = {"ann": ["w000", "w001", "w002"], "bob": ["w004", "w006"], "eve": ["w008"]}


def with_sales(shop: Dataset) -> Dataset:
    log = pl.DataFrame([(user, item) for user, items in BOUGHT.items() for item in items], schema=["user", "item"], orient="row")
    items = shop.catalogue.table.with_columns(id=shop.items.ids)
    fitted = Dataset.from_frame(log, items=items, info=shop.info)
    assert fitted.items.ids.to_list() == shop.items.ids.to_list()
    return replace(fitted, catalogue=replace(shop.catalogue, items=fitted.items))


@pytest.fixture(scope="module")
def sold(shop):
    return with_sales(shop)


def page(trained: Trained, user: str = "ann", **more):
    html = picks_html(trained, trained.recommend(users=[user], k=4), trained.history_of(user), person=user, **more)
    reasons = [unescape(text) for text in re.findall(r'<p class="why"[^>]*>(.*?)</p>', html)]
    return html, [text.replace("\N{NO-BREAK SPACE}", " ") for text in reasons]


def test_shows_what_was_bought_and_what_is_recommended(sold):
    html, _ = page(vitrina.fit("fa", sold))
    assert "<h1>4 works for ann</h1>" in html
    assert "Chosen by Favourite artist (FA) from 3 works liked or bought before." in html
    assert html.count("<img ") == 3 + 4 - html.count("No picture")
    assert "<script" not in html
    assert not re.search(r'(?:src|href)="(?!data:)', html)


def test_artists_are_named_as_the_reason(sold):
    _, reasons = page(vitrina.fit("fa", sold))
    said = r"Because of “Untitled \d” \(50 %\) and “Untitled \d” \(50 %\)\. (The|As \w+).* the same artist| The same artist"
    assert all(re.search(said, why) for why in reasons)
    assert "the same artist" in reasons[0].lower()


def test_one_work_is_the_whole_reason_without_a_percentage(sold):
    _, reasons = page(vitrina.fit("fa", sold), "eve")
    assert reasons[0].startswith("Because of “Untitled 8”.")
    assert "%" not in reasons[0]


def test_prices_are_compared_with_what_was_paid(sold):
    _, reasons = page(vitrina.fit("price", sold), "bob")
    assert reasons[0] == "Its price is about what those works cost on average (EUR 500)."
    _, reasons = page(vitrina.fit("price", sold), "eve")
    assert reasons[0] == "Its price is about what that work cost (EUR 800)."


def test_a_hybrid_says_how_much_of_its_score_the_price_makes(sold):
    hybrid = vitrina.fit("hybrid", sold, parts=("fa", "price"), weights=(0.5, 0.5))
    _, reasons = page(hybrid)
    assert re.search(
        r"Its price is (about|not far from) what those works cost on average \(EUR 100\), which makes \d+ % of the", reasons[0]
    )


def test_pictures_alike_are_named_by_their_looks(sold):
    _, reasons = page(vitrina.fit("visrank", sold, feature="tiny-last"))
    assert reasons[0].startswith("Because of “Untitled ")


def test_what_is_no_work_is_the_items_own(sold):
    _, reasons = page(vitrina.fit("popular", sold))
    assert set(reasons) == {"Because of its popularity."}
    html, _ = page(vitrina.fit("popular", sold))
    assert "Chosen by Popular." in html


def test_the_studys_name_stands_where_a_model_was_one_of_its_methods(sold):
    trained = vitrina.fit("visrank", sold, feature="tiny-last")
    html, _ = page(replace(trained, provenance={**trained.provenance, "method": "dnn"}))
    assert "Chosen by DNN from 3 works" in html
    html, _ = page(replace(trained, provenance={**trained.provenance, "method": "fa"}))
    assert "Chosen by VisRank from 3 works" in html


def test_somebody_unknown_gets_what_is_popular_and_is_told_so(sold):
    trained = vitrina.fit("fa", sold)
    html = picks_html(trained, trained.recommend(histories=[[]], k=3), [], person="you")
    assert "nothing is known of this person yet" in html
    assert html.count("Popular with everybody.") == 3
    assert 'id="liked"' not in html


def test_a_picture_from_anywhere_is_shown_by_its_file(sold, tmp_path):
    file = tmp_path / "mine.png"
    Image.new("RGB", (20, 10), (255, 0, 0)).save(file)
    trained = vitrina.fit("visrank", sold, feature="tiny-last")
    looks = {"tiny-last": sold.catalogue.features["tiny-last"][:1], "evf": sold.catalogue.features["evf"][:1]}
    trained = trained.joined_by(["mine.png"], looks)
    listed = trained.recommend(histories=[["mine.png"]], k=3, exclude=["mine.png"])
    html = picks_html(trained, listed, ["mine.png"], person="these pictures", pictures={"mine.png": file})
    assert re.search(r'<li><img src="data:image/jpeg;base64,[^"]+" alt="mine.png"', html)
    assert "Because of “mine.png”." in unescape(html)


def test_simulated_data_are_called_so_once(sold):
    trained = vitrina.fit("fa", sold)
    for title, said in (("Simulated gallery", 0), ("A shop", 1)):
        html, _ = page(replace(trained, info=trained.info.model_copy(update={"title": title, "simulated": True})))
        assert html.count("· simulated") == said


def test_hostile_titles_stay_text(tmp_path):
    sold = with_sales(gallery(tmp_path, hostile=True))
    html, _ = page(vitrina.fit("fa", sold))
    assert "<script" not in html
    assert "<img src=x" not in html
    assert HOSTILE[:20] not in html
