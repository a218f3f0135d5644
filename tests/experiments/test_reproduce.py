import os

import pytest

from vitrina.data.known import locate
from vitrina.errors import UnknownNameError
from vitrina.experiments.published import PROTOCOLS, REPRODUCTIONS
from vitrina.experiments.reproduce import find, reproduce

QUICK = {"ncf-ml-1m/popular", "ncf-ml-1m/ease"}


def require(name: str) -> None:
    data = find(name)[0].data
    if locate(data) is None:
        pytest.skip(f"needs {data} under VITRINA_DATA (now {os.environ.get('VITRINA_DATA', 'not set')})")


@pytest.mark.needs_data
@pytest.mark.parametrize("name", sorted(QUICK))
def test_published_numbers(name: str):
    require(name)
    result = reproduce(name)
    assert result.reached, (result.metrics, result.published)


@pytest.mark.slow
@pytest.mark.needs_data
@pytest.mark.parametrize("name", sorted(set(REPRODUCTIONS) - QUICK))
def test_all_published_numbers(name: str):
    test_published_numbers(name)


def test_every_entry_names_a_protocol_and_its_metrics():
    for name, entry in REPRODUCTIONS.items():
        protocol = PROTOCOLS[name.split("/")[0]]
        assert set(entry.published) <= set(protocol.metrics)


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(UnknownNameError, match="ncf-ml-1m/ials"):
        find("ncf-ml-1m/ial")
