from __future__ import annotations

from tests.report.cases import full_results
from tests.report.gallery.cases import NAMED, replay_results
from vitrina.report import report_html
from vitrina.report.charts.profiles import profile_figure, profile_rows
from vitrina.report.contract import parse_results


def test_the_message_names_the_leader_and_small_groups_are_hollow():
    figure = profile_figure(parse_results(replay_results()))
    assert figure.message == "However much somebody has bought before, Hyb1 (FA+DNN+EVF+Price) has the best mean"
    assert "fewer than 50\N{NO-BREAK SPACE}people (10 or more)" in figure.caption
    assert "PMPAV" in figure.drawing  # in the words for a screen reader, not as a line
    assert "10+" in figure.drawing


def test_a_group_too_small_to_say_decides_nothing():
    data = replay_results()
    data["profile_sizes"][-1]["metrics"]["price"] = 0.9
    assert " or " not in profile_figure(parse_results(data)).message
    data["profile_sizes"][0]["metrics"]["fa"] = 0.9
    assert "FA or Hyb1" in profile_figure(parse_results(data)).message


def test_the_winner_is_shown_even_if_it_is_none_of_the_studys_methods():
    data = replay_results()
    data["methods"].append({**data["methods"][0], "name": "own", "title": "Our own", "metrics": {"ndcg@10": 0.5}})
    for part in data["profile_sizes"]:
        part["metrics"]["own"] = 0.5
    figure = profile_figure(parse_results(data))
    assert "Our own has the best mean" in figure.message
    assert ">Our own<" in figure.drawing


def test_rows_hold_every_method_with_its_interval():
    rows = profile_rows(parse_results(replay_results()))
    assert [label for label, _ in rows] == [title for title, _ in NAMED.values()]
    assert rows[0][1][0] == "0.30 (0.24 to 0.36)"


def test_nothing_to_draw():
    assert profile_figure(parse_results(full_results())) is None
    data = replay_results()
    data["profile_sizes"] = data["profile_sizes"][:1]
    assert profile_figure(parse_results(data)) is None
    data = replay_results()
    for part in data["profile_sizes"]:
        part["metrics"] = {"gone": 0.5, "fa": None}
        part["intervals"] = {"fa": None}
    assert profile_figure(parse_results(data)) is None
    assert "How well a person must be known" not in report_html(data)
