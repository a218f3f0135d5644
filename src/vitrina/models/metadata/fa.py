"""FA, favourite artist: an item is scored by how often the person bought works of its artist.

Messina et al., "Exploring content-based artwork recommendation with metadata and visual features", UMUAI 2018 (arXiv
1706.05786)::

    score(u, i) = number of purchases in history(u) of works by the artist of i

0 for all other artists' works, whose order is chance. A purchase counts as often as it was made; a work of several artists
gets the mean of their counts. A work without an artist has no score (NaN), and where no artist is known of any item of the
history there is none to favour: all NaN. The strongest single method of the study. Time of scoring a query: that of the works
of its artists.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from vitrina.data.dataset import Dataset
from vitrina.models.base import Declares, Recommender
from vitrina.models.metadata.pmpav import PersonalValues
from vitrina.models.metadata.values import ARTIST, lacks
from vitrina.models.space import hyperparameters


@hyperparameters
class FavouriteArtist(PersonalValues, Recommender):
    """The person's purchases of works by the same artist."""

    attribute: Annotated[str, Field(min_length=1), "column of the catalogue that names the artist"] = ARTIST

    name: ClassVar[str] = "fa"
    title: ClassVar[str] = "Favourite artist (FA)"
    paper: ClassVar[str] = "Messina et al. 2018"
    declares: ClassVar[Declares] = Declares(
        new_items=True, missing_scores=True, closed_form=True, counts_repeats=True, explains="exact"
    )

    def why_not(self, dataset: Dataset) -> str:
        """Say that the artists are missing."""
        return lacks(dataset.catalogue, self.attribute)
