"""The model of the page "Add a model in one file", put where the page says and listed as the page says, is one like any other."""

from __future__ import annotations

import re
import sys
from dataclasses import replace

import numpy as np
import pytest

import vitrina
import vitrina.models.neighbours
from tests.docs.pages import DOCS, Runner, blocks
from vitrina.experiments.plan import plan
from vitrina.models.base import Shape
from vitrina.models.registry import MODELS, family, make

PAGE = DOCS / "add-a-model.md"


@pytest.fixture
def listed(tmp_path, monkeypatch):
    """The example as a file of a family's folder, with its line in the registry."""
    example, *_ = [block for block in blocks(PAGE) if block.marker == "file"]
    folder = tmp_path / "neighbours"
    folder.mkdir()
    (folder / example.argument).write_text(example.text, encoding="utf-8")
    line, *_ = [block.text for block in blocks(PAGE) if block.text.startswith('"cooccurrence"')]
    name, place = re.findall(r'"([^"]+)"', line)
    monkeypatch.setattr(vitrina.models.neighbours, "__path__", [*vitrina.models.neighbours.__path__, str(folder)])
    monkeypatch.setitem(MODELS, name, place)
    monkeypatch.chdir(tmp_path)
    yield name
    sys.modules.pop(place.partition(":")[0], None)


def test_the_comparison_of_the_page_runs(listed):
    command, *_ = [b for b in blocks(PAGE) if b.language == "console" and "cooccurrence" in b.text]
    Runner(PAGE).run(replace(command, text=command.text.replace("--out", "--trials 3 --out"), marker=""))
    results = vitrina.compare(
        vitrina.open_dataset("demo"), "runs/python", models=["random", "popular", listed], trials=2, metric="ndcg@10"
    )
    reached = {method["name"]: method["metrics"]["ndcg@10"] for method in results["methods"]}
    assert reached[listed] > 1.5 * reached["popular"] > reached["random"]
    assert family(listed) == "neighbours"


def test_it_learns_saves_and_serves(listed, tmp_path):
    data = vitrina.open_dataset("demo")
    trained = vitrina.fit(listed, data, damping=0.7)
    trained.save("models/mine")
    users = data.users.ids[:5].to_list()
    assert vitrina.load("models/mine").recommend(users=users, k=5).equals(trained.recommend(users=users, k=5))


def test_items_restrict_to_columns_of_the_full_score(listed):
    data = vitrina.open_dataset("demo").positives()
    model = make(listed).fit(data)
    queries = data.histories(np.arange(20))
    full = model.score(queries)
    wanted = np.array([3, 1, 400], np.int32)
    each = np.tile(wanted, (20, 1))
    assert full.dtype == np.float32
    np.testing.assert_allclose(model.score(queries, wanted), full[:, wanted], rtol=1e-5)
    np.testing.assert_allclose(model.score(queries, each), full[:, wanted], rtol=1e-5)


def test_it_explains_itself_without_more_code(listed):
    """For a sum over the history, leaving an item out costs just its weight."""
    data = vitrina.open_dataset("demo").positives()
    model, queries = make(listed).fit(data), data.histories(np.arange(5))
    items = np.array([3, 1, 400, 7, 7], np.int32)
    found = model.explain(queries, items)
    rows = np.repeat(items, queries.histories.lengths)
    np.testing.assert_allclose(found.contributions, model.weights_[queries.items, rows], rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found.totals, model.score(queries, items[:, None])[:, 0], rtol=1e-5)


def test_it_can_be_planned(listed):
    data = vitrina.open_dataset("demo")
    config = vitrina.experiments.config.make_config(data="demo", models=[listed])
    (planned,) = plan(config, vitrina.make_split(data))
    assert planned.reason == ""
    assert planned.memory == make(listed).memory(Shape.of(vitrina.make_split(data).train_and_validation))
