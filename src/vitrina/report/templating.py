"""The one way in which pages are filled: strict, and with everything escaped."""

from __future__ import annotations

from functools import cache

import jinja2
from markupsafe import Markup

from vitrina.report import numbers

_FILTERS = ("count", "counted", "percent", "p_value", "seconds", "date", "number", "setting", "times")


@cache
def environment(package: str = "vitrina.report") -> jinja2.Environment:
    """Return the templates in the folder ``templates`` of a package.

    Autoescape is on for every template: all names come from user data. What is not given is an error, not an empty text.
    """
    found = jinja2.Environment(
        loader=jinja2.PackageLoader(package),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update({name: getattr(numbers, name) for name in _FILTERS})
    return found


def source(name: str, package: str = "vitrina.report") -> Markup:
    """Return a file of a package's templates as it is: style sheets and scripts."""
    text, *_ = environment(package).loader.get_source(environment(package), name)  # type: ignore[union-attr]
    return Markup(text)
