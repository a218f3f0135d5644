"""What the pages list is what the code has: tables, names, keys, options, colours."""

from __future__ import annotations

import importlib.util
import re
from types import ModuleType

import pytest
import typer

import vitrina
from tests.docs.pages import DOCS, PAGES, ROOT
from vitrina.cli.app import app
from vitrina.cli.compare import demo_models
from vitrina.data.gallery import Tastes
from vitrina.data.splits import PROTOCOLS
from vitrina.evaluation.audit import CODES
from vitrina.experiments.config import RunConfig, SplitConfig, make_config
from vitrina.experiments.reproduce import REPRODUCTIONS
from vitrina.experiments.study import looking_through
from vitrina.features.pictures.explicit import NAMES
from vitrina.metrics.registry import known_metrics
from vitrina.models.registry import MODELS, model_class
from vitrina.models.space import settings_of
from vitrina.report.theme import theme_css


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def _section(page: str, heading: str) -> str:
    """The text below a heading, up to the next heading of the same level."""
    level = heading.split(" ")[0]
    return page.split(f"{heading}\n", 1)[1].split(f"\n{level} ", 1)[0]


def _first_column(text: str) -> list[str]:
    """The code names in the first column of the tables of ``text``."""
    return re.findall(r"^\| `([^`]+)` ", text, re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_tables_made_by_the_code_are_up_to_date(page):
    text = page.read_text(encoding="utf-8")
    assert text == _script("make_tables").filled(text), "run: python docs/make_tables.py"


def test_every_metric_and_variant_is_defined_on_its_page():
    table = _page("metrics.md").split("<!-- table: metrics -->")[1].split("<!-- end of table -->")[0]
    rows = dict(re.findall(r"^\| (.+?) \| (.+?) \|", table, re.MULTILINE))
    for metric in known_metrics():
        for number, (variant, definition) in enumerate(metric.variants.items()):
            shown = ", ".join(f"`{p}`" if number == 0 else f"`{p}:{variant}`" for p in metric.pattern.split(", "))
            assert rows[shown].replace("\\|", "|") == definition


def test_every_model_has_a_section_with_its_settings():
    sections = re.split(r"^## .+: `([\w-]+)`$", _page("models.md"), flags=re.MULTILINE)
    assert sections[1::2] == list(MODELS)
    for name, section in zip(sections[1::2], sections[2::2], strict=True):
        assert set(_first_column(section)) >= {setting.name for setting in settings_of(model_class(name))}


def test_every_finding_of_the_audit_is_explained():
    rows = re.findall(r"^\| `([\w-]+)` \| (.+?) \|", _section(_page("splits.md"), "## The audit"), re.MULTILINE)
    assert rows == list(CODES.items())


def test_every_key_of_a_configuration_is_documented():
    keys = [name for name in RunConfig.model_fields if name != "split"] + [f"split.{name}" for name in SplitConfig.model_fields]
    section = _section(_page("compare.md"), "## Declare it in TOML")
    documented = [key for key in _first_column(section) if not key.startswith("-")]
    assert sorted(documented) == sorted(keys)
    example = re.search(r"```toml\n(.*?)```", section, re.DOTALL)
    assert example is not None
    for key in keys:
        assert re.search(rf"^\[?{key.removeprefix('split.')}\b", example[1], re.MULTILINE), f"the example lacks {key}"


def test_the_python_page_lists_what_the_package_offers():
    page = _page("python.md")
    classes = {name for name in vitrina.__all__ if name[0].isupper()}
    listed = {call.partition("(")[0] for call in _first_column(_section(page, "## The functions"))}
    assert listed == set(vitrina.__all__) - classes
    assert all(f"`{name}`" in page for name in classes)


def test_every_command_and_option_is_documented():
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    commands = _commands(typer.main.get_command(app), "vitrina")
    assert len(commands) > 10
    missing = [path for path in commands if path not in text]
    options = {option for found in commands.values() for option in found if option.startswith("--")} - {"--help"}
    missing += [option for option in sorted(options) if not re.search(rf"{option}\b", text)]
    assert not missing, f"no page mentions {', '.join(missing)}"


def _commands(command, path: str) -> dict[str, list[str]]:
    """Full name of each command below ``command`` -> its options."""
    if not hasattr(command, "commands"):
        return {path: [option for parameter in command.params for option in parameter.opts]}
    return {name: found for key, sub in command.commands.items() for name, found in _commands(sub, f"{path} {key}").items()}


def test_the_readme_shows_the_models_of_the_demo():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = text.split("<!-- demo:")[1].split("<!-- end of demo -->")[0]
    declared = {name: looking_through(name, "autoencoder") for name in demo_models()}
    config = make_config(data="demo", models=declared, split={"protocol": "purchase-sessions"})
    beside = model_class("visrank").title  # a network that happened to be on the machine
    found = set(re.findall(r"^ (\S.*?)  +0\.\d{4} ", shown, re.MULTILINE)) - {beside}
    assert found == {config.title(name) for name in declared}, "run: python docs/make_demo.py"


def test_the_page_on_galleries_holds_every_option_of_the_replay_and_every_taste():
    page = _page("galleries.md")
    protocol = PROTOCOLS["purchase-sessions"]
    assert sorted(_first_column(_section(page, "### Options"))) == sorted(protocol.settings.model_fields)
    assert _first_column(_section(page, "## The demo gallery, and what its numbers mean")) == Tastes.names()


def test_the_page_on_pictures_explains_every_explicit_feature():
    section = _section(_page("pictures.md"), "## The seven explicit features, and the patterns")
    assert _first_column(section) == list(NAMES)


@pytest.mark.parametrize("name", REPRODUCTIONS)
def test_the_reproductions_page_holds_every_published_number(name):
    entry = REPRODUCTIONS[name]
    protocol, _, model = name.partition("/")
    advice = f"run: python docs/make_reproductions.py {name}"
    page = _page("reproductions.md")
    assert f"## {protocol}\n" in page, advice
    row = re.search(rf"^\| `{re.escape(model)}` \|.*$", _section(page, f"## {protocol}"), re.MULTILINE)
    assert row, advice
    if "not run" in row[0]:
        assert re.findall(r"-<br><small>(\d\.\d{4})</small>", row[0]) == [f"{value:.4f}" for value in entry.published.values()]
        return
    cells = re.findall(r"(\d\.\d{4})<br><small>(\d\.\d{4})</small>", row[0])
    assert [published for _, published in cells] == [f"{value:.4f}" for value in entry.published.values()], advice
    if not cells:  # nothing was published under this protocol
        return
    differences = [float(ours) - float(published) for ours, published in cells]
    room = min(differences) if entry.at_least else entry.tolerance - max(map(abs, differences))
    if abs(room) > 2e-4:  # nearer than that, rounding decides
        assert ("**no**" not in row[0]) == (room > 0), advice


@pytest.mark.parametrize("protocol", sorted({name.partition("/")[0] for name in REPRODUCTIONS}))
def test_the_reproductions_page_tells_of_each_entry_what_the_registry_says(protocol, monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    script, page = _script("make_reproductions"), _page("reproductions.md")
    rows = script.rows_on_page(page, protocol)
    assert list(rows) == script.entries(protocol)
    assert script.written(page, protocol, script.section(protocol, rows)) == page


def test_the_readme_counts_who_reaches_the_published_numbers():
    verdicts = re.findall(r"^\| `[^`]+` \|.*\| (yes|\*\*no\*\*) \(", _page("reproductions.md"), re.MULTILINE)
    told = f"[{verdicts.count('yes')} of {len(verdicts)} runs reach theirs](docs/reproductions.md)"
    assert told in (ROOT / "README.md").read_text(encoding="utf-8")


def test_docs_and_report_share_their_colours():
    ours = (DOCS / "stylesheets" / "extra.css").read_text(encoding="utf-8")
    pattern = re.compile(r"--(paper|wash|line|mark|quiet|ink|accent):\s*(#[0-9a-f]{6});")
    assert pattern.findall(ours) == pattern.findall(theme_css())
