from __future__ import annotations

from typing import Any

from tests.report.cases import faulty_results, few_users_results, unfinished_results
from vitrina.report.contract import parse_results
from vitrina.report.verdict import Answer, Opening, opening

NB = "\N{NO-BREAK SPACE}"


def _opening(data: dict[str, Any]) -> Opening:
    return opening(parse_results(data))


def _answer(data: dict[str, Any], question: str) -> Answer:
    return next(a for a in _opening(data).answers if a.question.startswith(question))


def _with_winner(data: dict[str, Any], lead: float = 0.05) -> dict[str, Any]:
    """EASE ahead of the runner-up by a significant lead."""
    data["verdict"] |= {"winner": "ease", "equal_to_best": ["ease"], "runner_up": "itemknn", "smallest_detectable": 0.02}
    for pair in data["pairs"]:
        if {pair["a"], pair["b"]} == {"ease", "itemknn"}:
            pair |= {
                "difference": lead,
                "low": lead - 0.01,
                "high": lead + 0.01,
                "p_holm": 0.0004,
                "share_better": 0.5,
                "share_worse": 0.2,
            }
    return data


def test_a_winner_is_named_with_lead_test_cost_and_data(full: dict[str, Any]) -> None:
    data = _with_winner(full)
    top = _opening(data)
    assert top.headline == "EASE wins on ndcg@10, ahead of ItemKNN: the difference is real."
    how_much, real, cost, enough = top.answers
    assert (how_much.short, how_much.small) == ("+0.050", f"95{NB}% interval 0.040 to 0.060")
    assert "more ndcg@10 than ItemKNN, the next best" in how_much.words
    assert "more than Popular." in how_much.words
    assert real.short == "Yes"
    assert real.small == f"p{NB}<{NB}0.001, Holm over 15{NB}pairs"
    assert f"50{NB}% of users better than ItemKNN, 20{NB}% worse" in real.words
    assert cost.short == f"83{NB}s"
    assert f"81{NB}s of tuning for 20{NB}trials and 1.1{NB}s for one fit" in cost.words
    assert f"Popular, the simplest, took 0.30{NB}s in all, 270{NB}times less" in cost.words
    assert "ItemKNN, the cheapest personalised method" in cost.words
    assert (enough.short, enough.small) == ("Yes", f"940{NB}test users")
    assert f"2.5{NB}times that" in enough.words


def test_equals_are_named_and_no_winner(full: dict[str, Any]) -> None:
    top = _opening(full)
    assert top.headline == (
        "No single winner on ndcg@10: EASE has the highest mean, but is not significantly better than ItemKNN and iALS."
    )
    assert _answer(full, "Is the difference").short == "Not shown"
    assert _answer(full, "Are there").short == "Not to separate the best"


def test_many_equals_are_counted(full: dict[str, Any]) -> None:
    full["verdict"]["equal_to_best"] = [m["name"] for m in full["methods"]]
    assert _opening(full).headline.endswith(
        "EASE has the highest mean, but is not significantly better than iALS, ItemKNN and 3 others."
    )


def test_a_significant_lead_below_the_detectable_is_called_barely_enough(full: dict[str, Any]) -> None:
    data = _with_winner(full, lead=0.012)
    assert _answer(data, "Are there").short == "Barely"


def test_fewer_than_fifty_users_means_no_winner_whatever_the_run_says() -> None:
    data = few_users_results()
    data["verdict"] |= {"winner": "ease", "sentence": "EASE wins"}
    top = _opening(data)
    assert top.headline.replace(NB, " ") == "No winner can be declared: 30 test users are too few, at least 50 are needed."
    assert _answer(data, "Is the difference").short == "Cannot be said"
    assert _answer(data, "Are there").short == "No"
    data["verdict"]["n_users"] = 1
    assert "1 test user is too few" in _opening(data).headline.replace(NB, " ")


def test_fifty_users_are_enough_to_say() -> None:
    data = few_users_results()
    data["verdict"]["n_users"] = 50
    assert "No winner can be declared" not in _opening(data).headline


def test_a_fatal_audit_is_said_first() -> None:
    data = faulty_results()
    data["verdict"] |= {"winner": "ease", "equal_to_best": ["ease"]}
    top = _opening(data)
    assert top.headline.startswith("These numbers cannot be trusted: the split failed its audit")
    assert top.sub == data["audit"]["verdict"]
    assert _answer(data, "Is the difference").short == "Cannot be said"


def test_an_unfinished_run_says_so_before_the_verdict() -> None:
    top = _opening(unfinished_results())
    grave = [n for n in top.notices if n.grave]
    assert [n.title for n in grave] == ["This run is not finished."]
    assert f"3{NB}methods done so far" in grave[0].text
    assert "was not tested" in top.headline


def test_simulated_data_are_called_simulated(full: dict[str, Any]) -> None:
    assert [n.title for n in _opening(full).notices] == ["These data are simulated."]
    full["dataset"]["simulated"] = False
    assert _opening(full).notices == []


def test_a_newer_format_is_mentioned(full: dict[str, Any]) -> None:
    full["format"] = 7
    assert any("newer version" in n.title for n in _opening(full).notices)


def test_nothing_finished() -> None:
    assert (
        _opening({"metric": "ndcg@10", "verdict": {"sentence": "No winner: no model finished."}}).headline
        == "No method has produced a result yet."
    )


def test_the_runs_own_sentence_is_used_when_it_decided_nothing_structured(full: dict[str, Any]) -> None:
    full["verdict"] = {"sentence": "The judges are still out.", "n_users": 900}
    assert _opening(full).headline == "The judges are still out."


def test_the_leader_may_be_worse_than_the_runner_up_in_the_pair(full: dict[str, Any]) -> None:
    data = _with_winner(full, lead=-0.02)
    assert "EASE has 0.020 less ndcg@10 than ItemKNN" in _answer(data, "By how much").words
