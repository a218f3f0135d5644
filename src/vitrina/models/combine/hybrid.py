"""Hybrid: the weighted sum of what other models say, each on the same scale.

Messina et al., "Exploring content-based artwork recommendation with metadata and visual features", UMUAI 2018 (arXiv
1706.05786), whose hybrids are Hyb1 ``fa + visrank (DNN) + visrank (EVF) + price``, Hyb2 ``fa + visrank (DNN)``, Hyb3 ``fa +
visrank (EVF)`` and Hyb4 ``fa + price``, and whose experts judged DNN and EVF half and half. With s_m the score of part m and
N a normalisation per query::

    score(u, i) = sum over m of w_m N(s_m(u, i));  w_m >= 0, sum of w_m = 1
    minmax   N(s) = (s - min) / (max - min)
    zscore   N(s) = (s - mean) / standard deviation
    rank     N(s) = share of the other items that score lower, those that score the same by half
    none     N(s) = s

Minimum, maximum, mean and ranks are over the items on offer at the moment asked about, where that is known, else over the
whole catalogue: never over the items that happen to be asked for, so that a score does not depend on what stands beside it.
The paper does not say how its parts are brought to one scale. What a part does not know counts as the lowest of what it
knows; where no part of any weight knows anything, there is no score (NaN).

The parts are fitted once, with the settings that they are given. Fitted with a validation part, the hybrid chooses its weights
there: among all weights in steps of a tenth for up to 4 parts, else by moving tenths as long as that helps; equal weights
stand where nothing is better. The parts are asked only once for that. Time and memory: those of the parts; scoring a few items
costs as much as scoring all.
"""

from __future__ import annotations

from copy import copy
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from vitrina.data.catalogue import Catalogue
from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.errors import VitrinaError
from vitrina.models.base import Declares, Recommender, Shape, Validate
from vitrina.models.combine.blend import Blend, Memo
from vitrina.models.combine.normalise import Normalise, affine, columns, offered
from vitrina.models.combine.parts import parse_part
from vitrina.models.combine.weights import best_weights
from vitrina.models.explanation import REST, Explanation
from vitrina.models.space import hyperparameters
from vitrina.ranking.scorer import Items, Scorer, Scores

#: The part of a score that bringing the parts to one scale adds.
NORMALISATION = "normalisation"

_HYB1 = ("fa", "visrank", "visrank(feature=evf)", "price")
_BLOCK = 2**23  # scores of all items at a time


class OfParts:
    """What a hybrid declares follows from its parts; of the class itself, from the parts that it has unless told otherwise."""

    _DEFAULT = Declares(
        new_items=True,
        missing_scores=True,
        counts_repeats=True,
        closed_form=True,
        chooses=("weights",),
        explains="exact",
    )

    def __get__(self, model: Hybrid | None, owner: type) -> Declares:
        return self._DEFAULT if model is None else _declared(model.parts, model.normalise)


@lru_cache(maxsize=256)
def _declared(parts: tuple[str, ...], normalise: Normalise) -> Declares:
    declared = [parse_part(text).make().declares for text in parts]

    def some(name: str) -> bool:
        return any(getattr(d, name) for d in declared)

    def each(name: str) -> bool:
        return all(getattr(d, name) for d in declared)

    exact = normalise != "rank" and all(d.explains == "exact" for d in declared)
    return Declares(
        personalised=some("personalised"),
        folds_in=each("folds_in"),
        knows_people=some("knows_people"),
        needs_times=some("needs_times"),
        new_items=each("new_items"),
        advances=some("advances"),
        missing_scores=some("missing_scores"),
        counts_repeats=some("counts_repeats"),
        closed_form=each("closed_form"),
        chooses=("weights",),
        neural=some("neural"),  # whatever it wins by, it is no simple method
        explains="exact" if exact else "estimate",
    )


@hyperparameters
class Hybrid(Recommender):
    """Several models in one, by a weighted sum of their normalised scores."""

    parts: Annotated[
        tuple[str, ...], Field(min_length=1), "models with their settings, such as visrank(feature=evf, aggregation=max)"
    ] = _HYB1
    weights: Annotated[
        tuple[Annotated[float, Field(ge=0)], ...],
        "weight of each part, scaled to sum to 1; none: chosen on validation, equal without one",
    ] = ()
    normalise: Annotated[Normalise, "how the scores of the parts are brought to one scale, per query"] = "minmax"

    name: ClassVar[str] = "hybrid"
    title: ClassVar[str] = "Hybrid"
    paper: ClassVar[str] = "Messina et al. 2018"
    declares: ClassVar[Declares] = OfParts()  # type: ignore[assignment]

    def __post_init__(self) -> None:
        read = [str(parse_part(text)) for text in self.parts]
        for text in self.parts:
            parse_part(text).make()  # says what is wrong with its settings
        if len(set(read)) < len(read):
            raise VitrinaError(f"parts names a model twice: {', '.join(read)}. Give it more weight instead.")
        if self.weights and len(self.weights) != len(self.parts):
            raise VitrinaError(f"{len(self.weights)} weights for {len(self.parts)} parts; give one for each, or none.")
        if self.weights and not sum(self.weights):
            raise VitrinaError("all weights are 0; at least one part must count.")

    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Fit the parts, ``parts_``, and choose ``weights_`` float32 ``[n_parts]`` unless they are given."""
        self.parts_ = {text: parse_part(text).make().fit(dataset) for text in self.parts}
        self.n_items_ = dataset.n_items
        given = self.weights or (1.0,) * len(self.parts)
        self.weights_ = _to_one(given)
        if validate is not None and not self.weights and len(self.parts) > 1:
            self._choose(validate)
        return self

    def _choose(self, validate: Validate) -> None:
        """Try weights on validation; whatever the parts answer there is kept meanwhile."""
        self._memos: dict[str, Memo] = {"": Memo()}
        self._followed: dict[str, dict[str, Scorer]] = {}

        def value(weights: tuple[float, ...]) -> float:
            self.weights_ = _to_one(weights)
            return validate(self)

        try:
            self.weights_ = _to_one(best_weights(len(self.parts), value))
        finally:
            del self._memos, self._followed

    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Return the weighted sums; NaN where no part knows anything."""
        return self._blend(self.parts_).score(queries, items)

    def _blend(self, scorers: Any, memory: str = "") -> Blend:
        memos = self.__dict__.get("_memos")
        memo = None if memos is None else memos.setdefault(memory, Memo())
        return Blend(scorers, self.weights_, self.normalise, self.n_items_, memo)

    def follow(self, log: Dataset) -> Scorer:
        """Let the parts that advance go on with the log; the others stay as they were fitted."""
        if not self.declares.advances:
            return super().follow(log)
        known: dict[str, dict[str, Scorer]] = self.__dict__.get("_followed", {})
        identity = log.fingerprint
        if identity not in known:
            known[identity] = {text: part.follow(log) if part.declares.advances else part for text, part in self.parts_.items()}
        return self._blend(known[identity], identity)

    def with_items(self, catalogue: Catalogue) -> Self:
        """Let every part look at the new items."""
        grown = copy(self)
        grown.parts_ = {text: part.with_items(catalogue) for text, part in self.parts_.items()}
        grown.n_items_ = len(catalogue)
        return grown

    @property
    def reads(self) -> tuple[str, ...]:
        """The features that any part reads."""
        return tuple(dict.fromkeys(name for text in self.parts for name in parse_part(text).make().reads))

    def why_not(self, dataset: Dataset) -> str:
        """Say what the first part lacks that lacks anything."""
        reasons = ((text, parse_part(text).make().why_not(dataset)) for text in self.parts)
        return next((f"its part {text} {reason}" for text, reason in reasons if reason), "")

    def explain(self, queries: Queries, items: NDArray[np.int32]) -> Explanation:
        """Return the parts' own explanations, scaled as their scores are.

        What a normalisation subtracts belongs to the only named part of a model (``price``), or else to the part named
        ``normalisation``. By ranks, which are no sum: an estimate.
        """
        if self.normalise == "rank":
            return super().explain(queries, items)
        step = max(1, _BLOCK // max(1, self.n_items_))
        pieces = [self._explain(batch, items[start : start + step]) for start, batch in queries.batches(step)]
        if not pieces:
            return Explanation(queries.offsets, np.empty(0, np.float32), {}, self.declares.explains == "exact")
        others = {name: np.concatenate([piece.others[name] for piece in pieces]) for name in pieces[0].others}
        if not others[NORMALISATION].any():
            del others[NORMALISATION]
        contributions = np.concatenate([piece.contributions for piece in pieces])
        return Explanation(queries.offsets, contributions, others, self.declares.explains == "exact")

    def _explain(self, queries: Queries, items: NDArray[np.int32]) -> Explanation:
        total = np.zeros(queries.items.size, np.float32)
        others = {NORMALISATION: np.zeros(len(queries), np.float32)}
        known = np.zeros(len(queries), bool)
        for part, weight in zip(self.parts_.values(), self.weights_, strict=True):
            if not weight:
                continue
            scores = part.score(queries)
            scale = affine(self.normalise, offered(queries, scores))
            there = ~np.isnan(columns(scores, items[:, None])[:, 0])
            found, slope = part.explain(queries, items), weight * scale.slope
            total += np.where(there[found.rows], slope[found.rows] * found.contributions, 0)
            for name, by in found.others.items():
                others[name] = others.get(name, np.float32(0)) + np.where(there, slope * by, 0)
            added = np.where(there, -slope * scale.shift, weight * scale.lowest)
            named = [name for name in found.others if name != REST]
            others[named[0] if len(named) == 1 else NORMALISATION] += added
            known |= there
        rows = np.repeat(np.arange(len(queries)), queries.histories.lengths)
        total[~known[rows]] = np.nan
        for by in others.values():
            by[~known] = np.nan
        return Explanation(queries.offsets, total, {name: by.astype(np.float32) for name, by in others.items()})

    def memory(self, shape: Shape) -> int:
        """That of all parts."""
        return sum(parse_part(text).make().memory(shape) for text in self.parts)

    def work(self, shape: Shape) -> float:
        """That of all parts."""
        return sum(parse_part(text).make().work(shape) for text in self.parts)


def _to_one(weights: tuple[float, ...]) -> Scores:
    total = sum(weights)
    return np.array([weight / total for weight in weights], np.float32)
