"""What every recommender is: typed hyper-parameters, ``fit``, ``score``, and what it declares of itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from vitrina.data.catalogue import Catalogue
from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.errors import VitrinaError
from vitrina.kernels.threads import n_processes_here
from vitrina.models.explanation import Explanation, leave_one_out
from vitrina.ranking.memory import total_memory
from vitrina.ranking.scorer import Items, Scorer, Scores

#: Handed to ``fit`` by tuning: the value of a scorer on the validation part, higher is better.
Validate = Callable[[Scorer], float]


@dataclass(frozen=True)
class Declares:
    """What a model can do beyond scoring; the conformance suite checks every line."""

    personalised: bool = True  # two histories may get two rankings
    neural: bool = False  # known as a neural network, learned from the log: one of those whose progress is in question
    folds_in: bool = True  # scores anybody from a history; False: only users of the training data, NaN for others
    knows_people: bool = False  # who was in training is scored by what was learned of them too, not by their history alone
    needs_times: bool = False  # cannot be fitted without complete timestamps
    needs_feature: bool = False  # cannot be fitted without the catalogue's feature that its setting ``feature`` names
    new_items: bool = False  # scores items that join the catalogue after ``fit``, see ``with_items``
    advances: bool = False  # its counts go on with the log while time passes, see ``follow``
    missing_scores: bool = False  # may return NaN
    counts_repeats: bool = False  # an item counts as often as it stands in the history, not once
    closed_form: bool = False  # no randomness and no iteration: the order of ids does not matter
    epochs: bool = False  # trains in epochs: ``fit`` with ``validate`` keeps the best number in ``epochs_``
    shares_batches: bool = False  # trains with the trainer: ``torchrun`` shares its batches out among processes
    chooses: tuple[str, ...] = ()  # settings that ``fit`` with ``validate`` chooses itself; setting x is kept in ``x_``
    explains: Literal["exact", "estimate"] = "estimate"  # whether ``explain`` gives the parts that make the score


@dataclass(frozen=True)
class Shape:
    """The size of a data set, from which models foretell their cost."""

    n_users: int
    n_items: int
    n_events: int  # distinct (user, item) pairs
    n_co_events: int  # sum over users of the square of their number of items

    @staticmethod
    def of(dataset: Dataset) -> Shape:
        """Measure a data set."""
        per_user = np.diff(dataset.matrix().indptr).astype(np.int64)
        return Shape(dataset.n_users, dataset.n_items, int(per_user.sum()), int((per_user**2).sum()))


class Recommender(ABC):
    """Base of all models.

    A subclass is decorated with ``@hyperparameters``; its fields are the hyper-parameters and nothing else. ``fit`` stores
    what it learns in attributes that end with an underscore (arrays, CSR matrices, numbers, lists of texts): these, and nothing
    else, are what is saved. A model that is made of others keeps them, by the texts of its setting ``parts``, in ``parts_``.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    paper: ClassVar[str]
    declares: ClassVar[Declares] = Declares()

    @abstractmethod
    def fit(self, dataset: Dataset, validate: Validate | None = None) -> Self:
        """Learn from the events of ``dataset``; all of them count as positive."""

    @abstractmethod
    def score(self, queries: Queries, items: Items = None) -> Scores:
        """Score queries, see ``vitrina.ranking.scorer.Scorer``."""

    def explain(self, queries: Queries, items: NDArray[np.int32]) -> Explanation:
        """Say what each item of the history contributes to the score of ``items [n]``, one item a query.

        Unless the model knows better: what the score loses when the item is left out of the history, an estimate.
        """
        by_history = self.declares.folds_in and not self.declares.knows_people
        return leave_one_out(self, replace(queries, users=None) if by_history else queries, items)

    @property
    def reads(self) -> tuple[str, ...]:
        """The features of the catalogue that the model reads."""
        return (self.settings["feature"],) if self.declares.needs_feature else ()

    def why_not(self, dataset: Dataset) -> str:
        """Say why the model cannot be fitted on a data set; empty when it can."""
        if self.declares.needs_times and not dataset.has_times:
            return "needs a timestamp for every event"
        catalogue = dataset.catalogue
        if self.declares.needs_feature and catalogue.feature_name(self.settings["feature"]) is None:
            return f"needs the feature {self.settings['feature']!r}; the catalogue has {', '.join(catalogue.features) or 'none'}"
        return ""

    def with_items(self, catalogue: Catalogue) -> Self:
        """Return the fitted model for a ``catalogue`` that begins with the items of training and has others after them.

        What was learned stays; items are looked at with what is known of them. Only for models that declare ``new_items``.
        """
        raise NotImplementedError(f"{self.name} scores no items that it was not trained on.")

    def follow(self, log: Dataset) -> Scorer:
        """Return a scorer that answers each query with the counts of ``log`` up to the moment before its ``at``.

        ``log`` has timestamps and may reach beyond the moments asked about: later events change nothing. Only for models
        that declare ``advances``; all others stay as they were fitted.
        """
        raise NotImplementedError(f"{self.name} does not advance with the log.")

    @abstractmethod
    def memory(self, shape: Shape) -> int:
        """Return the bytes that ``fit`` needs at its peak, beyond the data set itself."""

    @abstractmethod
    def work(self, shape: Shape) -> float:
        """Return about how many multiply-adds one ``fit`` takes: enough to foretell its time within a factor of a few."""

    @property
    def settings(self) -> dict[str, Any]:
        """The hyper-parameters by name."""
        return asdict(self)  # type: ignore[call-overload,no-any-return]


def refuse_too_large(model: Recommender, shape: Shape) -> None:
    """Raise ``VitrinaError``, with the number, when fitting would need more memory than this machine has."""
    needed, there, processes = model.memory(shape), total_memory(), n_processes_here()
    if needed * processes > there:
        gigabytes = f"{needed / 1e9:.1f} GB of memory{f' in each of {processes} processes' if processes > 1 else ''}"
        raise VitrinaError(
            f"{model.name}: {shape.n_items:,} items and {shape.n_users:,} people need about {gigabytes}; "
            f"this machine has {there / 1e9:.1f} GB. `vitrina compare DATA --plan` tells which models fit; or drop rare items."
        )
