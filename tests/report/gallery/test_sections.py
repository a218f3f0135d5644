"""The sections of a gallery's report: pictures, map, network, attributes, and what is left out where they are not there."""

from __future__ import annotations

import re

import pytest

from tests.report.cases import full_results
from tests.report.gallery.cases import gallery, replay_results
from tests.report.map.cases import HOSTILE
from vitrina.data.catalogue import Catalogue
from vitrina.report import report_html
from vitrina.report.contract import parse_results
from vitrina.report.gallery.attributes import attribute_rows
from vitrina.report.gallery.explained import explained
from vitrina.report.gallery.sections import gallery as sections
from vitrina.report.gallery.shelves import sessions
from vitrina.report.map import make_map


@pytest.fixture(scope="module")
def page(shop):
    return report_html(replay_results(), shop)


def test_the_sections_stand_in_their_order(page):
    anchors = re.findall(r'<section id="([a-z]+)"', page)
    assert anchors[:6] == ["table", "study", "examples", "map", "explained", "profiles"]
    assert page.index('id="verdict"') < page.index('<section id="table"')


def test_a_shelf_for_each_kind_of_method_with_hits_framed(shop):
    (session,) = sessions(parse_results(replay_results()), shop)
    assert session.title == "Person u1, 2023-11-14"
    assert session.caption == "12\N{NO-BREAK SPACE}works bought before, 2\N{NO-BREAK SPACE}works bought then."
    notes = {shelf.label: shelf.note for shelf in session.strips}
    assert notes["Bought before"] == "the last 2 of 12"
    assert notes["EVF (all, except LBP)"] == "nothing to say"
    assert notes["FA"] == "1 found"
    assert "PMPAV (color)" not in notes
    for shelf in session.strips[1:]:
        assert {work.hit for work in shelf.works if work.label.startswith(("Untitled 10,", "Untitled 2,"))} <= {True}
    hybrid = session.strips[2].works
    assert [work.hit for work in hybrid] == [n == 2 for n in range(10)]  # w002; w010 comes after the tenth
    assert hybrid[0].picture.startswith("data:image/jpeg")
    assert hybrid[5].picture == ""  # a broken picture


def test_without_a_data_set_works_are_named_only():
    (session,) = sessions(parse_results(replay_results()))
    before = session.strips[0].works
    assert [(w.title, w.label, w.picture) for w in before] == [
        ("First Light", "First Light, Ada, 2020, oil, gold", ""),
        ("w001", "w001", ""),
    ]
    assert session.maps == ()
    html = report_html(replay_results())
    assert "data:image/jpeg" not in html
    assert '<span class="blank" title="First Light, Ada, 2020, oil, gold">First Light</span>' in html
    assert '<section id="map"' not in html
    assert '<section id="explained"' not in html


def test_a_data_set_without_pictures_has_no_map(tmp_path):
    found = sections(parse_results(replay_results()), gallery(tmp_path, pictures=False))
    assert found["map"] is None
    assert found["explained"]
    assert found["examples"][0].strips[0].works[0].picture == ""


def test_each_method_has_its_sign_on_its_map_and_in_the_caption(shop):
    (session,) = sessions(parse_results(replay_results()), shop, make_map(shop))
    assert [m.label for m in session.maps] == ["Hyb1 (FA+DNN+EVF+Price)", "FA", "DNN"]  # EVF had nothing to show
    assert len({(m.badge.colour, m.badge.points) for m in session.maps}) == 3
    assert all(m.picture.startswith("data:image/jpeg;base64,") for m in session.maps)


def test_a_method_may_be_called_anything(shop):
    data = replay_results()
    data["methods"][1]["title"] = "Bought before"
    (session,) = sessions(parse_results(data), shop, make_map(shop))
    assert session.maps[1].label == "Bought before"


def test_other_comparisons_show_their_best_methods():
    data = replay_results()
    for method in data["methods"]:
        method["name"] = method["title"] = f"own-{method['name']}"
    data["examples"][0]["picks"] = {f"own-{name}": picks for name, picks in data["examples"][0]["picks"].items()}
    (session,) = sessions(parse_results(data))
    assert [shelf.label for shelf in session.strips[2:5]] == ["own-hybrid-fa-dnn-evf-price", "own-fa", "own-dnn"]
    assert len(session.strips) == 2 + 6


def test_what_the_network_sees(shop):
    (table,) = explained(shop.catalogue)
    assert (table.network, table.n_dimensions) == ("tiny-last", 16)
    assert {row.feature for row in table.rows} == {"brightness", "contrast"}
    assert next(row for row in table.rows if row.feature == "brightness").published == ("0.5815", "598", "−0.5020", "3916")
    assert sum(row.strongest[0] for row in table.rows) == sum(row.strongest[1] for row in table.rows) == 1
    assert table.message.startswith("tiny-last: a single dimension tells ")


def test_nothing_is_explained_without_measured_features_or_variation(shop):
    catalogue = shop.catalogue
    without = {name: recipe for name, recipe in catalogue.recipes.items() if name != "evf"}
    assert explained(Catalogue(catalogue.items, catalogue.table, catalogue.features, without)) == []
    flat = {**catalogue.features, "evf": 0 * catalogue.features["evf"]}
    assert explained(Catalogue(catalogue.items, catalogue.table, flat, catalogue.recipes)) == []


def test_attributes_stand_beside_the_studys():
    results = parse_results(replay_results())
    rows = {row.label: row for row in attribute_rows(results, study=True)}
    assert list(rows) == ["color", "medium", "mood, 3 attributes"]
    assert rows["color"].counts == ("1,940", "60")
    assert rows["color"].published == ("3,391", "99")
    assert rows["mood, 3 attributes"].published_share == pytest.approx(1550 / 3490)
    plain = attribute_rows(results, study=False)
    assert [(row.label, row.published) for row in plain] == [("color", None), ("mood, 3 attributes", None)]


def test_a_replay_speaks_of_sessions(page):
    words = re.sub(r"<[^>]+>", " ", page)
    assert "160\N{NO-BREAK SPACE}people, 300\N{NO-BREAK SPACE}sessions" in words
    assert "280\N{NO-BREAK SPACE}sessions" in words
    assert not re.search(r"of users\b|\d\N{NO-BREAK SPACE}users?\b", words)
    assert "fewer than 50\N{NO-BREAK SPACE}sessions (head)" in words
    assert "By history length" not in words  # the profile sizes say it
    assert "of users" in re.sub(r"<[^>]+>", " ", report_html(full_results()))


def test_hostile_titles_stay_text(hostile_shop):
    for data_set in (hostile_shop, None):
        html = report_html(replay_results(hostile=True), data_set)
        assert "<script" not in html
        assert "<img src=x" not in html
        assert HOSTILE[:20] not in html
    assert "&lt;script&gt;" in html
