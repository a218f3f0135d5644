"""A fitted model with its catalogue: external ids in, a table of recommendations out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, issparse, vstack

from vitrina.data.catalogue import TITLE, Catalogue, FeatureMatrix, Recipe
from vitrina.data.dataset import Dataset, DatasetInfo
from vitrina.data.queries import Queries
from vitrina.data.ragged import Ragged
from vitrina.data.vocabulary import Vocabulary
from vitrina.errors import VitrinaError
from vitrina.models.base import Recommender, Shape, refuse_too_large
from vitrina.models.explanation import blocks
from vitrina.models.reasons import because, reasons
from vitrina.ranking.fallback import fill_from
from vitrina.ranking.rank import DEFAULT_BUDGET, rank


@dataclass(frozen=True)
class Trained:
    """A model ready to serve: it needs no training data, and saves to a folder that loads anywhere.

    ``users`` and ``histories`` (one row a user) are known people, where kept; ``popularity`` ``[n_items]`` fills lists that
    the model leaves short; ``recipes`` say how the features were made that the model reads; ``provenance`` says what it was
    made from.
    """

    model: Recommender
    catalogue: Catalogue
    info: DatasetInfo = field(default_factory=DatasetInfo)
    users: Vocabulary | None = None
    histories: Ragged | None = None
    popularity: NDArray[np.float32] | None = None
    recipes: Mapping[str, Recipe] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @staticmethod
    def fit(model: Recommender, dataset: Dataset, **provenance: Any) -> Trained:
        """Fit ``model`` on the positive events of ``dataset`` and keep what serving needs.

        Raises ``VitrinaError`` when there are none, or when the model would not fit in this machine's memory.
        """
        positives = dataset.positives()
        if not len(positives):
            raise VitrinaError(f"{dataset.info.name} has no positive events (positive = {dataset.info.positive!r}).")
        refuse_too_large(model, Shape.of(positives))
        model.fit(positives)
        return Trained.of(model, positives, **provenance)

    @staticmethod
    def of(model: Recommender, dataset: Dataset, **provenance: Any) -> Trained:
        """Wrap an already fitted ``model`` with the catalogue and histories of ``dataset``."""
        return Trained(
            model=model,
            catalogue=dataset.catalogue,
            info=dataset.info,
            users=dataset.users,
            histories=dataset.histories().histories,
            popularity=dataset.popularity.astype(np.float32),
            recipes=_recipes_of(model, dataset.catalogue),
            provenance={"data": dataset.info.name, "fingerprint": dataset.fingerprint, "events": len(dataset), **provenance},
        )

    def recommend(
        self,
        *,
        users: Sequence[object] | None = None,
        histories: Sequence[Sequence[object]] | None = None,
        k: int = 10,
        exclude: Sequence[object] = (),
        at: int | None = None,
        fallback: bool = True,
        why: bool = False,
    ) -> pl.DataFrame:
        """Return the ``k`` best items for known ``users``, or for people given by their ``histories`` (item ids).

        The table has the columns ``query`` (user id, or number of the history), ``rank``, ``item``, ``title`` (where the
        catalogue has one), ``score`` and ``source`` (the model, or ``popular`` where it had nothing to say); with ``why``
        also ``because``, the titles of up to two items of the history that contribute most, see ``explain``. Items of the
        history (unless the data set says ``repeats``), excluded items and items not on offer ``at`` that moment are left
        out. Raises ``UnknownNameError`` for unknown ids.
        """
        if (users is None) == (histories is None):
            raise VitrinaError("give either users or histories.")
        _check_length(k)
        _refuse_text(users, exclude, histories, *(histories or ()))
        if users is not None:
            queries, names = self._known(users), [str(u) for u in users]
        else:
            queries = self._given(histories or ())
            names = [str(n) for n in range(len(queries))]
        if at is not None:
            queries = replace(queries, at=np.full(len(queries), at, np.int64))
        return self._table(queries, pl.Series("query", names, dtype=pl.String), k, exclude, at, fallback, why)

    def recommend_all(
        self, k: int = 10, *, at: int | None = None, batch: int = 10_000, why: bool = False
    ) -> Iterator[pl.DataFrame]:
        """Yield recommendations for all known users, ``batch`` users a table."""
        known = self._users()
        for start in range(0, len(known), batch):
            yield self.recommend(users=known.ids[start : start + batch].to_list(), k=k, at=at, why=why)

    def explain(
        self, *, item: object, user: object | None = None, history: Sequence[object] | None = None, k: int | None = None
    ) -> pl.DataFrame:
        """Return what the score of ``item`` for a known ``user``, or for the owner of a ``history`` (item ids), is made of.

        One row a part: ``kind`` (``history`` or ``other``), ``cause`` (an item of the history, by id, or a name), ``title``
        (where the catalogue has one), ``contribution``, which adds up to the score, and ``share``, see
        ``vitrina.models.reasons``. With ``k`` only the ``k`` strongest items of the history are listed one by one. Whether
        the parts are the model's own sum or an estimate says ``model.declares.explains``. Raises ``UnknownNameError`` for
        unknown ids, ``VitrinaError`` where the model has no score to explain.
        """
        if (user is None) == (history is None):
            raise VitrinaError("give either a user or a history.")
        _check_length(1 if k is None else k)
        _refuse_text(history)
        query = self._known([user]) if history is None else self._given([history])
        items = self.catalogue.items.encode([item])
        if np.isnan(self.model.score(query, items[:, None])).any():
            only = "" if self.model.declares.folds_in else " It knows only the people of its training data: give a user."
            raise VitrinaError(f"{self.model.name} has no score for {str(item)!r} here, so nothing to explain.{only}")
        return reasons(self.model.explain(query, items), query, self.catalogue, k)

    def history_of(self, user: object) -> list[str]:
        """Return the item ids in the history of a known user, oldest first."""
        return self.catalogue.items.decode(self._known([user]).items).to_list()

    def joined_by(self, names: Sequence[str], features: Mapping[str, NDArray[np.float32]]) -> Trained:
        """Return it with further items, called ``names``, of which only ``features`` are known (float32 ``[n, dim]`` each).

        They can stand in histories, such as pictures that somebody likes; exclude them from what is recommended. Raises
        ``VitrinaError`` when the model scores only items that it was trained on, ``DataError`` for names that are taken.
        """
        if not self.model.declares.new_items:
            raise VitrinaError(f"{self.model.name} knows only the items that it was trained on; it cannot look at pictures.")
        old, n = self.catalogue, len(names)
        known = {name: old.features.get(name) for name in {**old.features, **features}}
        added = {name: features.get(name) for name in known}
        grown = Catalogue(
            Vocabulary(pl.concat([old.items.ids, pl.Series("id", list(names), dtype=pl.String)]), old.items.kind),
            pl.concat([old.table, old.table.clear(n)]) if old.table.width else old.table,
            {name: _one_below_the_other(known[name], len(old), added[name], n) for name in known},
            {**old.recipes, **{name: recipe for name, recipe in self.recipes.items() if name in features}},
            old.pictures,
        )
        popularity = None if self.popularity is None else np.concatenate([self.popularity, np.zeros(n, np.float32)])
        return replace(self, model=self.model.with_items(grown), catalogue=grown, popularity=popularity)

    def save(self, folder: str | Path, *, overwrite: bool = False, histories: bool = True) -> None:
        """Save to a folder, see ``vitrina.models.storage.save_trained``."""
        from vitrina.models.storage import save_trained

        save_trained(self, Path(folder), overwrite=overwrite, histories=histories)

    def _users(self) -> Vocabulary:
        if self.users is None or self.histories is None:
            raise VitrinaError("this model was saved without the histories of known users; give a history instead of a user.")
        return self.users

    def _known(self, users: Sequence[object]) -> Queries:
        vocabulary = self._users()
        codes = vocabulary.encode(pl.Series([str(u) for u in users], dtype=pl.String))
        assert self.histories is not None
        mine = self.histories.take(codes)
        return Queries(mine.offsets, mine.values, vocabulary.keys[codes], users=codes)

    def _given(self, histories: Sequence[Sequence[object]]) -> Queries:
        codes = self.catalogue.items.encode([item for history in histories for item in history]).tolist()
        ends = np.cumsum([len(history) for history in histories], dtype=np.int64).tolist()
        encoded = [codes[end - len(history) : end] for history, end in zip(histories, ends, strict=True)]
        return Queries.from_lists(encoded, self.catalogue.items.keys)

    def _table(
        self, queries: Queries, names: pl.Series, k: int, exclude: Sequence[object], at: int | None, fallback: bool, why: bool
    ) -> pl.DataFrame:
        on_offer = self.catalogue.available(at)
        on_offer[self.catalogue.items.encode(list(exclude))] = False
        candidates = np.flatnonzero(on_offer).astype(np.int32)
        histories = queries.histories
        nothing = Ragged(np.zeros(len(queries) + 1, np.int64), np.empty(0, np.int32))
        hidden = nothing if self.info.repeats else queries.sets
        tables = []
        for batch in rank(
            self.model,
            queries,
            k,
            item_keys=self.catalogue.items.keys,
            candidates=None if on_offer.all() else candidates,
            hidden=hidden,
            budget=DEFAULT_BUDGET,
        ):
            items, scores, filled = batch.items, batch.scores, np.zeros(batch.items.shape, bool)
            if fallback and self.popularity is not None:
                nothing_known = (histories.lengths[batch.start : batch.stop] == 0) & self.model.declares.personalised
                items, scores, filled = fill_from(
                    self.popularity,
                    self.catalogue.items.keys,
                    items,
                    scores,
                    nothing_known,
                    candidates,
                    hidden.rows(batch.start, batch.stop),
                )
            table = self._rows(names[batch.start : batch.stop], items, scores, filled)
            tables.append(
                table.with_columns(self._because(queries.rows(batch.start, batch.stop), items, filled)) if why else table
            )
        if tables:
            return pl.concat(tables)
        nobody = self._rows(names, *(np.empty((0, k), t) for t in (np.int32, np.float32, bool)))
        return nobody.with_columns(because=pl.lit(None, pl.String)) if why else nobody

    def _rows(
        self, names: pl.Series, items: NDArray[np.int32], scores: NDArray[np.float32], filled: NDArray[np.bool_]
    ) -> pl.DataFrame:
        row, rank_of = np.nonzero(items >= 0)
        listed = items[row, rank_of]
        columns = {
            "query": names.gather(row),
            "rank": (rank_of + 1).astype(np.int32),
            "item": self.catalogue.items.decode(listed),
            "score": scores[row, rank_of],
            "source": pl.select(
                pl.when(pl.Series(filled[row, rank_of])).then(pl.lit("popular")).otherwise(pl.lit(self.model.name))
            ).to_series(),
        }
        table = pl.DataFrame(columns)
        if TITLE in self.catalogue.table.columns:
            table.insert_column(3, self.catalogue.titles.gather(listed).alias(TITLE))
        return table

    def _because(self, queries: Queries, items: NDArray[np.int32], filled: NDArray[np.bool_]) -> pl.Series:
        """Name the causes of each listed item, in the order of ``_rows``."""
        row, rank_of = np.nonzero(items >= 0)
        listed, named = items[row, rank_of], [pl.Series("because", [], pl.String)]
        for block in blocks(queries.histories.lengths[row]):
            asked = queries.take(row[block])
            named.append(because(self.model.explain(asked, listed[block]), asked, self.catalogue))
        by_all = pl.when(pl.Series(filled[row, rank_of])).then(pl.lit("popularity"))
        return pl.select(by_all.otherwise(pl.concat(named)).alias("because")).to_series()


def _recipes_of(model: Recommender, catalogue: Catalogue) -> dict[str, Recipe]:
    """How the features were made that the model reads, as far as it is known."""
    named = (name for read in model.reads for name in (catalogue.feature_name(read) or "").split("+"))
    return {name: catalogue.recipes[name] for name in named if name in catalogue.recipes}


def _one_below_the_other(
    known: FeatureMatrix | None, n_known: int, added: NDArray[np.float32] | None, n_added: int
) -> FeatureMatrix:
    """Join the rows of a feature of known and of added items, NaN (empty, if sparse) for those of which it is not at hand."""
    if issparse(known):
        below = csr_matrix(np.zeros((n_added, known.shape[1]), np.float32) if added is None else added)
        return csr_matrix(vstack([known, below], format="csr"), dtype=np.float32)
    above = None if known is None else np.asarray(known)
    width = next(part.shape[1] for part in (above, added) if part is not None)
    nothing = np.full((max(n_known, n_added), width), np.nan, np.float32)
    return np.concatenate([nothing[:n_known] if above is None else above, nothing[:n_added] if added is None else added])


def _check_length(k: object) -> None:
    if not isinstance(k, int | np.integer) or k < 1:
        raise VitrinaError(f"k must be a whole number of at least 1, got {k!r}.")


def _refuse_text(*lists: object) -> None:
    """Refuse a text where a list of ids is meant: it would be read letter by letter."""
    for given in lists:
        if isinstance(given, str):
            raise VitrinaError(f"expected a list of ids, got the text {given!r}. Histories are lists of lists of item ids.")
