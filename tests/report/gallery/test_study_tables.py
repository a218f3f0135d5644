from __future__ import annotations

from tests.report.cases import full_results
from tests.report.gallery.cases import NAMED, replay_results
from vitrina.report import latex_table, markdown_tables, report_html
from vitrina.report.contract import parse_results
from vitrina.report.gallery.published import PUBLISHED
from vitrina.report.gallery.study_tables import remark, study_tables


def tables(data):
    return {table.key: table for table in study_tables(parse_results(data))}


def test_three_tables_in_the_order_of_the_lecture():
    found = tables(replay_results())
    assert list(found) == ["metadata", "evf", "altogether"]
    labels = [row.label for row in found["altogether"].rows]
    assert labels == [
        NAMED[n][0] for n in ("hybrid-fa-dnn-evf-price", "fa", "price", "dnn", "evf", "pmpav-color", "mpav-color", "random")
    ]
    assert [row.group for row in found["altogether"].rows] == [
        "G4  hybrids", "G3 □ artist and price", "", "G2 ♦ pictures", "", "G1 ▼ metadata", "", "Chance"
    ]  # fmt: skip
    assert found["metadata"].columns == ("recall@5", "recall@10", "diversity@10", "user cov.", "session cov.")


def test_the_studys_numbers_stand_beside_ours():
    table = tables(replay_results())["altogether"]
    fa = next(row for row in table.rows if row.label == "FA")
    assert fa.published == ("0.1132", "0.1270", "0.1591", "0.2039", "0.0385", "0.0252", "0.0596", "0.0436")
    assert fa.cells[0].text == "0.2200"
    assert next(row for row in table.rows if row.label == "Random").published is None
    coverage = tables(replay_results())["metadata"].rows[-1].cells[3:]
    assert [cell.text for cell in coverage] == ["0.6400", "0.7000"]


def test_the_best_of_each_column_and_the_signs_of_the_last_table_only():
    found = tables(replay_results())
    assert all(cell.best for cell in found["altogether"].rows[0].cells)
    fa = next(row for row in found["altogether"].rows if row.label == "FA").cells[0]
    assert (fa.signs, fa.best) == ("▼♦□", False)
    assert fa.beats == "G3 artist and price and G2 pictures and G1 metadata"
    assert not any(cell.signs for key in ("metadata", "evf") for row in found[key].rows for cell in row.cells)


def test_missing_methods_and_values_leave_gaps_and_not_errors():
    data = replay_results()
    data["methods"] = [m for m in data["methods"] if m["name"] in ("fa", "evf", "mpav-color")]
    data["methods"][0]["metrics"] = {"ndcg@10": 0.22}
    found = tables(data)
    assert list(found) == ["altogether"]  # one method of a table is no comparison
    assert [cell.text for cell in found["altogether"].rows[0].cells][:3] == ["–", "0.2200", "–"]
    data["study"] = None
    assert not any(cell.signs for row in tables(data)["altogether"].rows for cell in row.cells)


def test_without_a_replay_there_is_no_such_section():
    assert study_tables(parse_results(full_results())) == []
    html = report_html(full_results())
    assert "UGallery" not in html
    assert "How well a person must be known" not in html


def test_published_rows_have_as_many_numbers_as_columns():
    for columns, rows in PUBLISHED.values():
        assert {len(values) for values in rows.values()} == {len(columns)}


def test_as_text_they_say_that_data_differ():
    data = replay_results()
    words = remark(parse_results(data))
    assert "other data, other pictures and another network" in words
    assert "▼ ♦ □: significantly better" in words
    assert "28 pairs" in words
    markdown = markdown_tables(data)
    assert "### Altogether" in markdown
    assert "| FA | 0.2200▼♦□ |" in markdown
    assert "| UGallery | *0.1132* |" in markdown
    assert "## ndcg@10 by works bought before" in markdown
    latex = latex_table(data)
    assert latex.count(r"\begin{table}") == latex.count(r"\end{table}") == 4
    assert r"FA & 0.2200$\blacktriangledown$$\blacklozenge$$\square$ &" in latex
    assert r"{\scriptsize UGallery} & {\scriptsize 0.1132}" in latex
    plain = full_results()
    assert latex_table(plain).count(r"\begin{table}") == 1
    assert "UGallery" not in markdown_tables(plain)


def test_text_tables_of_hostile_names_stay_tables():
    data = replay_results(hostile=True)
    assert "<script" not in markdown_tables(data)
    assert "</script" not in latex_table(data).replace(r"\textless{}", "")
