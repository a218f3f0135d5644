"""Write the tables that come from the code into the pages: ``python docs/make_tables.py``.

A page holds ``<!-- table: NAME -->``, the table, ``<!-- end of table -->``; what lies between is replaced. A test fails when a
page holds another table than the one made here.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import fields
from importlib import import_module
from pathlib import Path

from vitrina.data.gallery.simulation import N_USERS, N_WORKS
from vitrina.data.known import known_datasets
from vitrina.data.splits import PROTOCOLS
from vitrina.experiments.study import EVF, METADATA, OTHERS
from vitrina.features.pictures.presets import PRESETS
from vitrina.metrics.registry import known_metrics
from vitrina.models.base import Declares
from vitrina.models.registry import MODELS, model_class
from vitrina.models.space import Choice, Setting, settings_of

DOCS = Path(__file__).parent
PAGES = [DOCS.parent / "README.md", *sorted(DOCS.glob("*.md"))]
_REGION = re.compile(r"(<!-- table: ([\w. -]+) -->\n).*?(<!-- end of table -->)", re.DOTALL)


def filled(text: str) -> str:
    """Return a page with its tables made anew; raises ``KeyError`` for a table that is not known here."""

    def fill(match: re.Match[str]) -> str:
        kind, _, argument = match[2].partition(" ")
        table = TABLES[kind](argument) if argument else TABLES[kind]()
        return f"{match[1]}\n{table}\n\n{match[3]}"

    return _REGION.sub(fill, text)


def markdown(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    lines = [list(header), *(list(row) for row in rows)]
    shown = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
    return "\n".join([shown[0], "|" + " :-- |" * len(lines[0]), *shown[1:]])


def metrics() -> str:
    """Every metric with its variants; the first variant is the default."""
    rows = []
    for metric in known_metrics():
        for number, (variant, definition) in enumerate(metric.variants.items()):
            names = [f"`{name}`" if number == 0 else f"`{name}:{variant}`" for name in metric.pattern.split(", ")]
            better = {True: "higher", False: "lower", None: "neither"}[metric.higher_is_better] if number == 0 else ""
            value = ("user" if metric.per_user else "model") if number == 0 else ""
            rows.append([", ".join(names), definition, better, value])
    return markdown(["write", "definition", "better", "one per"], rows)


def settings(model: str) -> str:
    """The settings of one model with default, search range and meaning."""
    rows = [
        [f"`{s.name}`", f"`{s.default}`", _range(s), s.doc or "seed of the random numbers"]
        for s in settings_of(model_class(model))
    ]
    return markdown(["setting", "default", "searched", "what it does"], rows) if rows else "It has no settings."


def models() -> str:
    """A section for every model: what its file says of it, what it needs, its settings."""
    sections = []
    for name in MODELS:
        cls = model_class(name)
        shared = [other for other in MODELS if model_class(other).__module__ == cls.__module__]
        about = prose(import_module(cls.__module__).__doc__ or "", lead=True)
        if len(shared) > 1:  # the file's first sentence is about all of its models
            about = "\n\n".join([prose(cls.__doc__ or ""), *about.split("\n\n")[1:]])
        sections.append("\n\n".join([f"## {cls.title}: `{name}`", about, _needs(cls.declares), settings(name)]))
    return "\n\n".join(sections)


def declares() -> str:
    """What a model can declare of itself."""
    return _names(field.name for field in fields(Declares))


def explains(how: str) -> str:
    """The models whose explanations are ``exact``, or an ``estimate``."""
    return _names(name for name in MODELS if model_class(name).declares.explains == how)


def declaring(what: str) -> str:
    """The models that declare ``what``."""
    return _names(name for name in MODELS if getattr(model_class(name).declares, what))


def docstring(module: str) -> str:
    """What a module says of itself."""
    return prose(import_module(module).__doc__ or "")


def prose(text: str, *, lead: bool = False) -> str:
    """Turn a docstring into Markdown; indented parts after ``::`` are equations. ``lead`` drops the name before the colon."""
    paragraphs, equation = [], False
    for part in re.split(r"\n\s*\n", inspect.cleandoc(text)):
        if equation and part.startswith(" "):
            plain = textwrap.dedent(part).replace("``", "")
            paragraphs.append(f"```text\n{plain}\n```")
            continue
        line = " ".join(part.split())
        equation = line.endswith("::")
        line = re.sub(r"``(.+?)``", r"`\1`", line.removesuffix(":") if equation else line).replace("<", "&lt;")
        paragraphs.append(textwrap.fill(line, 130, break_on_hyphens=False, break_long_words=False))
    if lead:
        first = paragraphs[0].partition(": ")[2] or paragraphs[0]
        paragraphs[0] = first[0].upper() + first[1:]
    return "\n\n".join(paragraphs)


def _needs(declared: Declares) -> str:
    """What to know before using a model and believing its explanations, as a paragraph."""
    facts = {
        "It needs a timestamp for every event.": declared.needs_times,
        "It needs a feature of the catalogue.": declared.needs_feature,
        "It knows only the people of its training data and has nothing to say of others.": not declared.folds_in,
        "Of people of its training data it knows more than their history; others it scores by their history alone.": (
            declared.knows_people
        ),
        "Its explanations sum exactly to the score.": declared.explains == "exact",
        "Its explanations are estimates.": declared.explains == "estimate",
    }
    return " ".join(fact for fact, holds in facts.items() if holds)


def protocols() -> str:
    """Every protocol with its settings and their defaults."""
    rows = []
    for protocol in PROTOCOLS.values():
        fields = protocol.settings.model_fields
        defaults = ", ".join(f"`{name} = {_toml(field.default)}`" for name, field in fields.items()) or "none"
        rows.append([f"`{protocol.name}`", protocol.description, defaults])
    return markdown(["protocol", "what it does", "settings and defaults"], rows)


def study(part: str) -> str:
    """The methods of a part of the UGallery study: how each is named in tables, and the model with settings that it is."""
    rows = []
    for name, declared in {"metadata": METADATA, "evf": EVF, "others": OTHERS}[part].items():
        settings = {key: value for key, value in declared.items() if key not in ("model", "title", "parts")}
        shown = " + ".join(f"`{part}`" for part in declared.get("parts", ()))
        own = ", ".join(f"{key}={', '.join(map(str, v)) if isinstance(v, list) else v}" for key, v in settings.items())
        shown = shown and shown + (f", {own}" if own else ", weights chosen on validation")
        title = declared.get("title", model_class(declared["model"]).title)
        rows.append([f"`{name}`", title, shown or f"`{declared['model']}`{own and ': ' + own}"])
    return markdown(["write", "in tables", "what it is"], rows)


def networks() -> str:
    """The pre-trained networks by name, and whether they were run when this version was made."""
    rows = [["`autoencoder`", "`autoencoder`", "64", "-", "yes", "a small convolutional network, trained on your own pictures"]]
    for preset in PRESETS:
        tried = "yes" if preset.tried else "not tried"
        about = [f"`{preset.name}`", f"`{preset.feature}`", f"{preset.columns:,}", f"{preset.megabytes:g}", tried, preset.title]
        rows.append(about)
    return markdown(["write", "the feature's name", "columns", "MB", "tried", "what it is"], rows)


def datasets() -> str:
    """Every known data set with its size, and the condition that makes an event positive."""
    rows = []
    for known in known_datasets():
        counts = known.counts[0] if known.counts else None
        sizes = [f"{getattr(counts, name):,}" if counts else "-" for name in ("users", "items", "events")]
        if known.simulated:
            sizes = [f"{N_USERS:,}", f"{N_WORKS:,}", "about 45,500"]
        splits = ", ".join(f"`{name}`" for name in known.splits) or "-"
        positive = f"`{known.positive}`" if known.positive else "`kind = 'like'`" if known.simulated else "every event"
        rows.append([f"`{known.name}`", known.title, *sizes, positive, splits])
    return markdown(["name", "what it is", "users", "items", "events", "positive", "published splits"], rows)


def _range(setting: Setting) -> str:
    space = setting.range
    if space is None:
        return "fixed"
    if isinstance(space, Choice):
        return ", ".join(f"`{value}`" for value in space.values) + (
            f" (from {setting.wide.trials} trials)" if setting.wide else ""
        )
    return f"{space.low:,.10g} to {space.high:,.10g}" + (", on a log scale" if space.log else "")


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)


def _names(names: Iterable[str]) -> str:
    """A line of names, wrapped."""
    return textwrap.fill(", ".join(f"`{name}`" for name in names) + ".", 120, break_on_hyphens=False)


TABLES: dict[str, Callable[..., str]] = {
    "metrics": metrics,
    "models": models,
    "docstring": docstring,
    "declares": declares,
    "explains": explains,
    "declaring": declaring,
    "protocols": protocols,
    "datasets": datasets,
    "study": study,
    "networks": networks,
    "model-names": lambda: _names(MODELS),
    "metric-names": lambda: _names(metric.name for metric in known_metrics()),
    "protocol-names": lambda: _names(name for name in PROTOCOLS if name != "default"),
}


if __name__ == "__main__":
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        if (new := filled(text)) != text:
            page.write_text(new, encoding="utf-8")
            print(f"{page.name} changed")
