"""Tables on the screen."""

from __future__ import annotations

import pytest

from vitrina.cli.output import table


@pytest.mark.parametrize(
    ("value", "shown"), [(3e-22, "< 0.0001"), (0.00005, "0.0001"), (0.0, "0.0000"), (-3e-22, "-0.0000"), (0.25, "0.2500")]
)
def test_small_numbers_do_not_look_like_none(value: float, shown: str, capsys: pytest.CaptureFixture[str]):
    table([{"p": value}])
    assert capsys.readouterr().out.split("\n")[-3].strip() == shown


def test_programs_get_every_digit(capsys: pytest.CaptureFixture[str]):
    table([{"p": 3e-22}], csv=True)
    assert capsys.readouterr().out.split() == ["p", "3e-22"]
