from __future__ import annotations

from typing import Any

import pytest

from tests.report.cases import full_results
from tests.report.reader import read
from vitrina.report import report_html
from vitrina.report.contract import parse_results
from vitrina.report.progress import Progress, progress_of


def results(*neural: str, **changed: Any) -> dict[str, Any]:
    """The full results, with the named methods taken for neural ones."""
    data = full_results() | changed
    for method in data["methods"]:
        method["neural"] = method["name"] in neural
    return data


def asked(data: dict[str, Any]) -> Progress:
    found = progress_of(parse_results(data))
    assert found is not None
    return found


def ranked() -> list[str]:
    """Names from best to worst, without those that know nobody."""
    data = full_results()
    personal = [m for m in data["methods"] if m["personalised"]]
    return [m["name"] for m in sorted(personal, key=lambda m: -m["metrics"]["ndcg@10"])]


def pair_of(data: dict[str, Any], a: str, b: str) -> dict[str, Any]:
    return next(p for p in data["pairs"] if {p["a"], p["b"]} == {a, b})


def test_the_opponent_is_the_simple_method_that_did_best():
    best, second, *rest = ranked()
    assert asked(results(best)).simple.name == second
    assert asked(results(second)).simple.name == best
    assert asked(results(best, second)).simple.name == rest[0]


def test_differences_are_told_from_the_neural_side():
    best, second, *_ = ranked()
    data = results(second)
    pair = pair_of(data, best, second)
    (step,) = asked(data).steps
    assert (step.pair.a, step.pair.b) == (second, best)
    assert step.pair.difference == pytest.approx(-abs(pair["difference"]))


def test_a_lead_is_corrected_for_the_neural_models_alone():
    best, second, third, *_ = ranked()
    data = results(best, second)
    for name, p in ((best, 0.01), (second, 0.04)):
        pair_of(data, third, name)["p_value"] = p
    assert [s.pair.p_holm for s in asked(data).steps] == pytest.approx([0.02, 0.04])


def test_a_defeat_is_corrected_for_every_pair_of_a_neural_model_and_a_simple_one():
    best, second, *rest = ranked()
    data = results(second)
    for other in rest:
        pair_of(data, second, other)["p_value"] = 0.5
    pair_of(data, second, best)["p_value"] = 0.01
    n_simple = 1 + len(rest)
    assert asked(data).steps[0].pair.p_holm == pytest.approx(0.01 * n_simple)
    assert asked(data).steps[0].outcome == "worse"
    pair_of(data, second, best)["p_value"] = 0.06 / n_simple  # significant alone, but the opponent is the luckiest of some
    assert asked(data).steps[0].outcome == "level"


@pytest.mark.parametrize("leads", [True, False])
def test_with_few_people_nothing_is_said(leads: bool):
    best, second, *_ = ranked()
    data = results(best if leads else second)
    pair_of(data, best, second)["p_value"] = 0.0001
    data["verdict"]["n_users"] = 49
    answer = asked(data)
    assert [s.outcome for s in answer.steps] == ["level"]
    assert "cannot be said: 49\N{NO-BREAK SPACE}test users are too few, at least 50 are needed" in answer.sentence
    data["verdict"]["n_users"] = 50
    assert [s.outcome for s in asked(data).steps] == ["better" if leads else "worse"]


@pytest.mark.parametrize(("p", "outcome"), [(0.0001, "better"), (0.2, "level")])
def test_a_leading_network_is_better_only_where_that_is_significant(p: float, outcome: str):
    best, second, *_ = ranked()
    data = results(best)
    pair_of(data, best, second)["p_value"] = p
    answer = asked(data)
    assert [s.outcome for s in answer.steps] == [outcome]
    label = parse_results(data).label(second)
    if outcome == "better":
        assert answer.sentence.startswith(f"The 1\N{NO-BREAK SPACE}neural model beats the best simple one, {label}, on ndcg@10:")
    else:
        assert "does not beat" in answer.sentence
        assert "cannot be told apart from it" in answer.sentence


def test_a_network_behind_is_worse_or_level():
    best, second, *_ = ranked()
    for p, outcome, words in ((0.0001, "worse", "behind, significantly"), (0.9, "level", "cannot be told apart")):
        data = results(second)
        pair_of(data, best, second)["p_value"] = p
        answer = asked(data)
        assert answer.steps[0].outcome == outcome
        assert words in answer.sentence


def test_the_sentence_counts_those_that_win_and_names_the_price():
    best, second, third, *_ = ranked()
    data = results(best, second)
    for name in (best, second):
        pair_of(data, name, third)["p_value"] = 0.0001
        next(m for m in data["methods"] if m["name"] == name)["seconds"]["fit"] = 50.0
    next(m for m in data["methods"] if m["name"] == third)["seconds"]["fit"] = 2.0
    answer = asked(data)
    assert answer.sentence.startswith("2 of 2\N{NO-BREAK SPACE}neural models beat the best simple one")
    assert answer.sentence.count("at 25\N{NO-BREAK SPACE}times its training time") == 2


def test_a_cheaper_network_is_said_to_be_cheaper():
    best, second, *_ = ranked()
    data = results(best)
    next(m for m in data["methods"] if m["name"] == best)["seconds"]["fit"] = 1.0
    next(m for m in data["methods"] if m["name"] == second)["seconds"]["fit"] = 4.0
    assert "at 0.25 of its training time" in asked(data).sentence


@pytest.mark.parametrize("neural", [[], ["everything"]])
def test_nothing_is_said_without_both_kinds(neural: list[str]):
    data = results(*(ranked() if neural else []))
    assert progress_of(parse_results(data)) is None
    assert 'id="progress"' not in report_html(data)


def test_runs_without_tests_or_times_are_read():
    best, *_ = ranked()
    data = results(best)
    for method in data["methods"]:
        method["seconds"] = {}
    assert asked(data).steps[0].times is None
    assert "training time" not in asked(data).sentence
    assert progress_of(parse_results(results(best, pairs=[]))) is None


def test_the_page_has_the_answer_and_a_row_for_each_network():
    best, second, *_ = ranked()
    data = results(best, second)
    html = report_html(data)
    parsed = parse_results(data)
    text = " ".join("".join(read(html).text).split())
    assert " ".join(asked(data).sentence.split()) in text
    section = html[html.index('<section id="progress"') :]
    section = section[: section.index("</section>")]
    for name in (best, second, asked(data).simple.name):
        assert f'<th scope="row">{parsed.label(name)}' in section
