"""What a comparison is: one TOML file, or the options of the command line."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from vitrina.data.splits import replay
from vitrina.data.storage import check_name
from vitrina.errors import VitrinaError
from vitrina.experiments import study
from vitrina.metrics.registry import parse
from vitrina.models.base import Recommender
from vitrina.models.registry import MODELS, make, model_class
from vitrina.models.space import settings_of
from vitrina.ranking.memory import parse_bytes

#: What a comparison measures unless told otherwise; the deciding metric is added where it is missing.
DEFAULT_METRICS = (
    "ndcg@10", "recall@10", "precision@10", "hr@10", "map@10", "mrr@10", "ndcg@50", "recall@50",
    "coverage@10", "gini@10", "novelty@10", "diversity@10", "popularity@10",
)  # fmt: skip


#: What a replay of purchase sessions measures and compares unless told otherwise: the table of the UGallery study, with the
#: variant of nDCG that its authors' code computes, and strong methods that the study did not have.
REPLAY_METRICS = (*study.METRICS, "ndcg@5:hits", "ndcg@10:hits", "diversity@10", "coverage@10")
REPLAY_MODELS = (
    "random", "popular", *study.METADATA, *study.EVF, *study.OTHERS,
    "itemknn", "ease", "ials", "bpr-mf", "fm", "vbpr", "curatornet",
)  # fmt: skip


class SplitConfig(BaseModel):
    """Which protocol splits the data; ``default`` decides by the timestamps."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    protocol: str = "default"
    seed: int = 0
    settings: dict[str, Any] = Field(default_factory=dict)


class RunConfig(BaseModel):
    """A comparison, declared.

    ``models`` maps model names to settings held fixed; the other settings with a search range are tuned with ``trials``
    trials each on the validation part. A method may have a name of its own and say which ``model`` it is, and under which
    ``title`` it is shown: so one model can take part more than once. ``seconds`` caps the tuning of one model; a run that hits
    the cap says so.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: str
    models: dict[str, dict[str, Any]] = {name: {} for name in MODELS}
    split: SplitConfig = SplitConfig()
    metric: str = "ndcg@10"
    metrics: list[str] = list(DEFAULT_METRICS)
    trials: int = Field(20, ge=1)
    seconds: float | None = Field(None, gt=0)
    seed: int = 0
    memory: str = "1GB"
    save_models: bool = True

    @model_validator(mode="before")
    @classmethod
    def _for_protocol(cls, values: Any) -> Any:
        """A replay of purchase sessions has defaults of its own."""
        split = values.get("split") or {}
        protocol = split.get("protocol") if isinstance(split, dict) else split.protocol
        if protocol != replay.NAME:
            return values
        known = [name for name in REPLAY_MODELS if name in MODELS or name in study.STUDY]
        return {"models": known, "metrics": list(REPLAY_METRICS), **values}

    @field_validator("models", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        """Take a list of names, too, and give the methods of the study their settings."""
        named = {name: {} for name in value} if isinstance(value, list | tuple) else value
        if not isinstance(named, dict):
            return value
        return {
            name: {**study.STUDY.get(name, {}), **given} if isinstance(given, dict) else given for name, given in named.items()
        }

    @field_validator("models")
    @classmethod
    def _known(cls, value: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        for name, declared in value.items():
            check_name(name, "method")
            make(_model(name, declared), **_settings(declared))
        if not value:
            raise VitrinaError(f"no models to compare. Known: {', '.join(MODELS)}.")
        return value

    @field_validator("memory")
    @classmethod
    def _amount(cls, value: str) -> str:
        parse_bytes(value)
        return value

    @model_validator(mode="after")
    def _metrics(self) -> RunConfig:
        names = list(dict.fromkeys(parse(name).name for name in [self.metric, *self.metrics]))
        deciding = parse(self.metric)
        if not deciding.per_user or deciding.higher_is_better is not True:
            raise VitrinaError(f"metric = {self.metric!r} cannot decide a comparison: it must be a per-user measure of accuracy.")
        object.__setattr__(self, "metrics", names)
        object.__setattr__(self, "metric", deciding.name)
        return self

    @property
    def budget(self) -> int:
        """The memory for blocks of scores, in bytes."""
        return parse_bytes(self.memory)

    def model(self, name: str) -> type[Recommender]:
        """The model that a method is."""
        return model_class(_model(name, self.models[name]))

    def title(self, name: str) -> str:
        """What a method is called in tables."""
        own = self.models[name].get("title")
        title = self.model(name).title
        return str(own) if own else title if name == self.model(name).name else f"{title} ({name})"

    def fixed(self, name: str) -> dict[str, Any]:
        """The settings of a method that are held fixed."""
        return _settings(self.models[name])

    def make(self, name: str, **settings: Any) -> Recommender:
        """Build the unfitted model of a method, with ``settings`` beside the fixed ones."""
        return make(self.model(name).name, **{**self.fixed(name), **settings})

    def tuned(self, name: str) -> list[str]:
        """Settings of a model that tuning chooses."""
        fixed, listed = self.fixed(name), settings_of(self.model(name))
        searched = [s for s in listed if s.searched(self.trials) and s.name not in fixed]
        chosen, defaults = {s.name for s in searched}, {s.name: s.default for s in listed}
        return [s.name for s in searched if (s.only and s.only.setting in chosen) or s.matters(fixed, defaults)]

    def trials_of(self, name: str) -> int:
        """Trials a model gets: the same for all, or one where there is nothing to choose."""
        return self.trials if self.tuned(name) else 1

    def to_toml(self) -> str:
        """Return the configuration as TOML, every value resolved."""
        return tomli_w.dumps(self.model_dump(exclude_none=True))


def _model(name: str, declared: dict[str, Any]) -> str:
    return str(declared.get("model", name))


def _settings(declared: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in declared.items() if key not in ("model", "title")}


def read_config(path: Path, **overrides: Any) -> RunConfig:
    """Read a run's TOML; raises ``VitrinaError`` that names the wrong key and the right ones."""
    if not path.is_file():
        raise VitrinaError(f"no configuration at {path}.")
    try:
        declared = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise VitrinaError(f"{path} is not valid TOML: {error}.") from None
    split = overrides.get("split", {})
    if isinstance(split, dict) and "protocol" not in split:  # another seed keeps the declared protocol
        overrides["split"] = {**declared.get("split", {}), **split}
    return make_config(**{**declared, **overrides})


def make_config(**values: Any) -> RunConfig:
    """Build a configuration; raises ``VitrinaError`` with one line for each wrong value."""
    try:
        return RunConfig(**values)
    except ValidationError as error:
        lines = [f"{'.'.join(str(part) for part in e['loc']) or 'configuration'}: {_message(e)}" for e in error.errors()]
        known = ", ".join(RunConfig.model_fields)
        raise VitrinaError("; ".join(lines) + f". A configuration has: {known}.") from None


def _message(error: Any) -> str:
    return str(error["msg"]).removeprefix("Value error, ").rstrip(".")
