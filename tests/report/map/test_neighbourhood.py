from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_matrix

from tests.report.map.cases import clusters
from vitrina.report.map import neighbourhood
from vitrina.report.map.layout import map_layout, unit_rows
from vitrina.report.map.neighbourhood import agreement, kept_neighbours


def test_the_share_is_that_of_a_plain_count():
    matrix, which = clusters(90)
    rows = np.asarray(unit_rows(matrix)[0])
    labels = np.where(np.random.default_rng(0).random(90) < 0.3, (which + 1) % 4, which)
    found = agreement(rows, "style", pl.Series([str(label) for label in labels]))
    scores = rows @ rows.T
    np.fill_diagonal(scores, -2)
    ten = np.argsort(-scores, axis=1)[:, :10]
    assert found is not None
    assert found.share == pytest.approx((labels[ten] == labels[:, None]).mean())
    same = labels[:, None] == labels
    np.fill_diagonal(same, False)
    assert found.chance == pytest.approx(same.sum() / (90 * 89))


def test_labels_at_random_are_at_chance():
    rows = np.asarray(unit_rows(clusters(600)[0])[0])
    found = agreement(rows, "style", pl.Series(np.random.default_rng(99).integers(0, 5, 600).astype(str)))
    assert found is not None
    assert found.share == pytest.approx(found.chance, abs=0.02)


def test_works_without_a_value_are_left_out():
    rows = np.asarray(unit_rows(clusters(90)[0])[0])
    values = pl.Series(["a", "b", None] * 30)
    whole = agreement(rows, "style", values)
    known = values.is_not_null().to_numpy()
    assert whole == agreement(rows[known], "style", values.drop_nulls())


def test_what_cannot_be_told_is_not():
    rows = np.asarray(unit_rows(clusters(60)[0])[0])
    assert agreement(rows, "style", pl.Series(["one"] * 60)) is None
    assert agreement(rows, "style", pl.Series([str(i) for i in range(60)])) is None
    assert agreement(rows, "style", pl.Series([None] * 60, dtype=pl.String)) is None
    assert agreement(rows[:12], "style", pl.Series(["a", "b"] * 6)) is None
    assert agreement(csr_matrix(rows), "style", pl.Series(["a", "b"] * 30)) is None


def test_a_sample_is_close_to_the_whole(monkeypatch: pytest.MonkeyPatch):
    matrix, which = clusters(500)
    rows = np.asarray(unit_rows(matrix)[0])
    labels = pl.Series(np.where(np.random.default_rng(0).random(500) < 0.4, 9, which).astype(str))
    whole = agreement(rows, "style", labels)
    monkeypatch.setattr(neighbourhood, "SAMPLE", 200)
    part = agreement(rows, "style", labels)
    assert whole is not None
    assert part is not None
    assert part.share != whole.share
    assert part.share == pytest.approx(whole.share, abs=0.05)


def test_a_perfect_map_keeps_all_and_a_shuffled_one_few():
    angles = np.linspace(0, 1, 200).astype(np.float32)
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    line = np.stack([angles, np.zeros_like(angles)], axis=1)
    kept = kept_neighbours(rows, line)
    assert kept is not None
    assert kept > 0.95
    shuffled = kept_neighbours(rows, np.random.default_rng(0).permutation(line))
    assert shuffled is not None
    assert shuffled < 0.15
    matrix, _ = clusters(150)
    real = kept_neighbours(np.asarray(unit_rows(matrix)[0]), map_layout(matrix).positions)
    assert real is not None
    assert real > 0.3


DATA = Path(os.environ.get("VITRINA_DATA", "nowhere"))


@pytest.mark.slow
@pytest.mark.needs_data
@pytest.mark.skipif(
    not (DATA / "people-art").is_dir() or not (DATA / "squeezenet").is_dir(), reason="VITRINA_DATA lacks people-art or squeezenet"
)
def test_paintings_of_a_style_lie_near_each_other():
    """The mean-pooled last feature map of SqueezeNet on real paintings, cosine: .335 share the style, .208 the artist."""
    import onnx
    import onnxruntime
    from PIL import Image

    table = pl.read_csv(DATA / "people-art" / "artworks.csv", infer_schema_length=0)
    network = onnx.load(DATA / "squeezenet" / "SqueezeNet_fp16.onnx")
    network.graph.output.append(onnx.helper.make_tensor_value_info("fire9/concat_1", onnx.TensorProto.FLOAT16, None))
    session = onnxruntime.InferenceSession(network.SerializeToString(), providers=["CPUExecutionProvider"])
    rows = []
    for name in table["image"]:
        picture = Image.open(DATA / "people-art" / "images" / name).convert("RGB").resize((224, 224), Image.Resampling.BILINEAR)
        pixels = np.asarray(picture, np.float32)[..., ::-1] - np.array([104, 117, 123], np.float32)
        given = {session.get_inputs()[0].name: pixels.transpose(2, 0, 1)[None].astype(np.float16)}
        rows.append(session.run(["fire9/concat_1"], given)[0].astype(np.float32).mean((0, 2, 3)))
    unit = np.asarray(unit_rows(np.stack(rows))[0])
    for attribute, share, chance in (("style", 0.335, 0.069), ("artist", 0.208, 0.019)):
        found = agreement(unit, attribute, table[attribute])
        assert found is not None
        assert found.share == pytest.approx(share, abs=0.01)
        assert found.chance == pytest.approx(chance, abs=0.001)
