from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.report.cases import HOSTILE_TITLE, hostile_results, unfinished_results
from vitrina.report import latex_table, markdown_tables
from vitrina.report.text_tables import escape_latex, escape_markdown


def _rows(markdown: str) -> list[list[str]]:
    lines = [line for line in markdown.splitlines() if line.startswith("| ")]
    return [[c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def test_markdown_has_verdict_table_pairs_and_definitions(full: dict[str, Any]) -> None:
    text = markdown_tables(full)
    assert text.startswith("# shop\n\n**These data are simulated.**")
    assert (
        text.index("No single winner")
        < text.index("## Results")
        < text.index("## Paired differences in ndcg@10")
        < text.index("## Definitions")
    )
    rows = _rows(text)
    assert rows[0][:3] == ["Method", "Group", "ndcg@10 ↑"]
    assert [r[0] for r in rows[2:8]] == ["EASE", "ItemKNN", "iALS", "Popular, recent", "Popular", "Random"]
    assert re.fullmatch(r"\*\*0\.\d{3}\*\* \(0\.\d{3} to 0\.\d{3}\)", rows[2][2])
    assert len({len(r) for r in rows[:8]}) == 1
    assert "- ndcg@10: DCG / ideal DCG cut at min(k, \\|T\\|), k = 10" in text
    assert len(rows[8:]) == 2 + 15


def test_markdown_escapes_names() -> None:
    text = markdown_tables(hostile_results())
    assert "<script" not in text
    assert "<img" not in text
    assert 'A\\|B &amp; "C" \\_x\\_ &lt;img' in text
    rows = _rows(text)
    assert len({len(r) for r in rows[:8]}) == 1


def test_paragraphs_do_not_become_lists(full: dict[str, Any]) -> None:
    full["verdict"] = {"sentence": "1. is a fine title"}
    assert "\n1\\. is a fine title\n" in markdown_tables(full)
    full["verdict"] = {"sentence": "- is a dash"}
    assert "\n\\- is a dash\n" in markdown_tables(full)


@given(st.text())
def test_markdown_escaping_keeps_one_line_and_no_live_character(text: str) -> None:
    escaped = escape_markdown(text)
    assert len(escaped.splitlines()) <= 1
    assert not re.search(r"(?<!\\)(\\\\)*[|*_`<>\[\]]", escaped)


@given(st.text())
def test_latex_escaping_leaves_no_live_character(text: str) -> None:
    escaped = escape_latex(text)
    assert len(escaped.splitlines()) <= 1
    # What remains after removing our own commands must hold nothing that LaTeX would act on.
    rest = re.sub(r"\\text[a-z]+\{\}|\\dd?ag\{\}|\\[&%$#_{}]|\$(\\uparrow|\\downarrow|-|\\pm)\$", "", escaped)
    assert not re.search(r"[\\&%$#_{}^]", rest)


def test_latex_table(full: dict[str, Any]) -> None:
    text = latex_table(full)
    body = text.split(r"\midrule")[1].split(r"\bottomrule")[0].strip().splitlines()
    assert text.count(r"\toprule") == text.count(r"\bottomrule") == 1
    assert r"\begin{tabular}{lrrrrrrrrr}" in text
    assert re.match(r"EASE\\textsuperscript\{a\} & \\textbf\{0\.\d{3}\} &", body[0].strip())
    assert r"{\scriptsize 0." in body[1]
    assert all(line.endswith(r"\\") and line.count(" & ") == 9 for line in body)
    assert "recall@10 $\\uparrow$" in text
    assert "(simulated)" in text
    assert r"\textbar{}T\textbar{}" in text


def test_latex_escapes_names() -> None:
    text = latex_table(hostile_results())
    assert HOSTILE_TITLE not in text
    assert r"A\textbar{}B \& \textquotedbl{}C\textquotedbl{} \_x\_ \textless{}img" in text
    assert r"100\% \$y\$ \{z\} \textbackslash{}end" in text
    assert text.count(r"\begin{") == text.count(r"\end{") == 2


def test_an_unfinished_run_still_makes_tables() -> None:
    assert "This run is not finished." in markdown_tables(unfinished_results())
    assert "intervals over users" not in markdown_tables(unfinished_results())
    assert r"\textbf{0.308}" in latex_table(unfinished_results())


def test_an_empty_run_makes_valid_tables() -> None:
    assert "No method has produced a result yet." in markdown_tables({})
    assert r"\begin{tabular}{l}" in latex_table({})
