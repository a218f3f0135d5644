from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from vitrina.cli import main


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in this process, as a user would see it."""

    def call(*arguments: object) -> Outcome:
        monkeypatch.setattr("sys.argv", ["vitrina", *map(str, arguments)])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        out, err = capfd.readouterr()
        return Outcome(code, out, err)

    return call


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small imported data set, few of whose works are sold."""
    from vitrina.data.gallery import simulate
    from vitrina.data.storage import save_dataset

    folder = tmp_path_factory.mktemp("data") / "shop"
    save_dataset(simulate(seed=1, n_users=150, n_works=120, n_artists=15, sales_per_user=0.4), folder)
    return folder


@pytest.fixture(scope="session")
def model(shop: Path) -> Path:
    """A saved model of that data set."""
    import vitrina

    folder = shop.parent / "ease"
    vitrina.fit("ease", vitrina.open_dataset(shop), l2=100.0).save(folder)
    return folder
