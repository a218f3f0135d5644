"""CiteULike-a and -t: who keeps which paper, with tags and words; and the splits of Collaborative VAE.

Wang, Chen and Li (2013), Collaborative Topic Regression with Social Regularization, IJCAI. Splits with P papers a person
for training: Li and She (2017), Collaborative Variational Autoencoder for Recommender Systems, KDD.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix

from vitrina.data.catalogue import Catalogue
from vitrina.data.dataset import Dataset, DatasetInfo
from vitrina.data.importers.imported import Imported
from vitrina.data.importers.numbered import numbered
from vitrina.data.importers.reading import read_lines, read_number_lists, read_table
from vitrina.data.splits.split import Label, Split
from vitrina.errors import DataError

#: Name of the raw word counts among the catalogue's features.
WORDS = "words"

_SPLITS = Path("cvae-splits")
_WORD_FILES = (Path("mult.dat"), Path("text-subset/mult.first1929.dat"))
_TITLE_FILES = (Path("raw-data.csv"), Path("text-subset/raw-data.first1929.csv"))


def recognises(folder: Path) -> bool:
    """Whether ``folder`` holds CiteULike-a or -t."""
    return (folder / "users.dat").is_file() and any((folder / n).is_file() for n in ("item-tag.dat", "tag-item.dat"))


def read(folder: Path) -> Imported:
    """Read a CiteULike folder; ids are the line numbers of people and papers, from 0.

    The catalogue has ``tags`` and, where the files are at hand, ``title``, ``abstract`` and the feature ``words`` (raw
    counts, float32 CSR ``[n_items, n_words]``; a paper without text has an empty row). ``splits`` has ``"cvae-p1"`` and
    ``"cvae-p10"`` where their files are at hand. Raises ``DataError`` for files that are cut or contradict each other.
    """
    likes, n_users = read_number_lists(folder / "users.dat")
    if not likes.height:
        raise DataError(f"{folder / 'users.dat'} holds no likes. Copy or download it again.")
    tagged, n_tagged = _tagged(folder)
    words, n_worded = _words(folder)
    n_items = max(1 + int(likes["value"].to_numpy().max()), n_tagged, n_worded)
    table = pl.DataFrame(pl.Series(np.arange(n_items, dtype=np.int32)).alias("row"))
    for columns in (tagged, _titles(folder)):
        table = table if columns is None else table.join(columns, on="row", how="left", maintain_order="left")
    notes = [] if n_worded == n_items else [f"words are at hand for {n_worded:,} of {n_items:,} papers"]
    features: dict[str, csr_matrix] = {}
    if words is not None:
        offsets = np.pad(words.indptr, (0, n_items - n_worded), mode="edge")
        features[WORDS] = csr_matrix((words.data, words.indices, offsets), shape=(n_items, words.shape[1]))
    dataset = Dataset(
        likes.rename({"row": "user", "value": "item"}),
        numbered(n_users, "user"),
        Catalogue(numbered(n_items, "item"), table.drop("row"), features),
        DatasetInfo(name=folder.name, notes=notes),
    )
    splits = {f"cvae-p{p}": _split(dataset, folder, p) for p in (1, 10) if _split_file(folder, "train", p).is_file()}
    return Imported(dataset, splits)


def _tagged(folder: Path) -> tuple[pl.DataFrame | None, int]:
    """Return the ``tags`` of each paper and how many papers the file speaks of; -a lists tags by paper, -t papers by tag."""
    if (folder / "item-tag.dat").is_file():
        pairs, n_items = read_number_lists(folder / "item-tag.dat")
        pairs = pairs.rename({"value": "tag"})
    else:
        pairs, _ = read_number_lists(folder / "tag-item.dat")
        pairs = pairs.rename({"row": "tag", "value": "row"})
        n_items = 1 + int(pairs["row"].to_numpy().max(initial=-1))
    if not (folder / "tags.dat").is_file():
        return None, n_items
    names = read_lines(folder / "tags.dat")
    last = int(pairs["tag"].to_numpy().max(initial=-1))
    if last >= len(names):
        raise DataError(f"{folder / 'tags.dat'} has {len(names)} lines, but tag {last} is used. Copy it again.")
    named = pairs.select("row", names.gather(pairs["tag"]).alias("tags"))
    return named.unique(maintain_order=True).group_by("row", maintain_order=True).agg("tags"), n_items


def _words(folder: Path) -> tuple[csr_matrix | None, int]:
    """Return the word counts ``[n_lines, n_words]`` and the number of lines, from ``n word:count word:count ...``."""
    path = next((folder / name for name in _WORD_FILES if (folder / name).is_file()), None)
    if path is None:
        return None, 0
    lines = read_lines(path).str.strip_chars().str.split(" ")
    entries = pl.DataFrame({"row": np.arange(len(lines)), "entry": lines.list.slice(1)}).explode("entry").drop_nulls()
    parts = entries["entry"].str.split_exact(":", 1).struct.rename_fields(["word", "count"]).struct.unnest()
    try:
        parts = parts.cast({"word": pl.Int32, "count": pl.Float32})
        announced = lines.list.first().cast(pl.Int64)
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{path} must hold lines 'n word:count word:count ...': {str(error).splitlines()[0]}.") from None
    wrong = (announced != lines.list.len() - 1).arg_true()
    if parts.null_count().sum_horizontal().item() or len(wrong):
        where = f", line {wrong[0] + 1}" if len(wrong) else ""
        raise DataError(f"{path}{where}: not as many word:count entries as announced; the file may be cut. Copy it again.")
    n_words = 1 + int(parts["word"].to_numpy().max(initial=-1))
    if (folder / "vocabulary.dat").is_file():
        known = len(read_lines(folder / "vocabulary.dat"))
        if n_words > known:
            raise DataError(f"{path} uses word {n_words - 1}, but vocabulary.dat has {known} lines. Copy both again.")
        n_words = known
    cells = (parts["count"].to_numpy(), (entries["row"].to_numpy(), parts["word"].to_numpy()))
    return coo_matrix(cells, shape=(len(lines), n_words)).tocsr(), len(lines)


def _titles(folder: Path) -> pl.DataFrame | None:
    """Return ``title`` and ``abstract`` by paper; ``doc.id`` counts from 0 or from 1, as the copy has it."""
    path = next((folder / name for name in _TITLE_FILES if (folder / name).is_file()), None)
    if path is None:
        return None
    types = {"doc.id": pl.Int32, "raw.title": pl.String, "raw.abstract": pl.String}
    texts = read_table(path, types, header=True, separator=",", quoted=True, text=True)
    plain = [pl.col(f"raw.{name}").str.replace_all(r"[{}]", "").alias(name) for name in ("title", "abstract")]  # LaTeX braces
    return texts.select((pl.col("doc.id") - pl.col("doc.id").min()).alias("row"), *plain)


def _split_file(folder: Path, part: str, p: int) -> Path:
    return folder / _SPLITS / f"cf-{part}-{p}-users.dat"


def _split(dataset: Dataset, folder: Path, p: int) -> Split:
    """Label the likes as the files name them; each like must be named at most once, and nothing but likes."""
    labels = np.full(len(dataset), Label.UNUSED, np.uint8)
    likes = _keys(dataset.user_codes, dataset.item_codes, dataset.n_items)
    for label, part in ((Label.TRAIN, "train"), (Label.TEST, "test")):
        path = _split_file(folder, part, p)
        pairs, n_users = read_number_lists(path)
        wanted = _keys(pairs["row"].to_numpy(), pairs["value"].to_numpy(), dataset.n_items)
        named = np.isin(likes, wanted)
        if n_users != dataset.n_users or named.sum() != wanted.size or (labels[named] != Label.UNUSED).any():
            raise DataError(f"{path} does not fit users.dat: expected {dataset.n_users} lines of likes, each named once.")
        labels[named] = label
    settings: Mapping[str, Any] = {"train_items_per_user": p}
    return Split(dataset, labels, "cvae-p-per-user", settings)


def _keys(users: NDArray[np.int32], items: NDArray[np.int32], n_items: int) -> NDArray[np.int64]:
    """One number for each pair, so that sets of pairs compare as sets of numbers."""
    return users.astype(np.int64) * n_items + items
