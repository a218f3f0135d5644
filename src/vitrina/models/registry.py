"""The models by name. A model joins the comparison, the command line and the conformance suite by being listed here."""

from __future__ import annotations

import importlib
import json
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from vitrina.errors import VitrinaError, unknown
from vitrina.models.base import Recommender
from vitrina.models.space import settings_of

#: name -> "module:class", from the simplest to the most complex.
MODELS: dict[str, str] = {
    "random": "vitrina.models.simple.random:Random",
    "popular": "vitrina.models.simple.popular:Popular",
    "popular-recent": "vitrina.models.simple.popular:PopularRecent",
    "mpav": "vitrina.models.metadata.mpav:MPAV",
    "pmpav": "vitrina.models.metadata.pmpav:PMPAV",
    "fa": "vitrina.models.metadata.fa:FavouriteArtist",
    "price": "vitrina.models.metadata.price:Price",
    "visrank": "vitrina.models.visual.visrank:VisRank",
    "userknn": "vitrina.models.neighbours.userknn:UserKNN",
    "itemknn": "vitrina.models.neighbours.itemknn:ItemKNN",
    "itemknn-cbf": "vitrina.models.neighbours.itemknn_cbf:ItemKNNCBF",
    "itemknn-cfcbf": "vitrina.models.neighbours.itemknn_cfcbf:ItemKNNCFCBF",
    "p3alpha": "vitrina.models.neighbours.p3alpha:P3alpha",
    "rp3beta": "vitrina.models.neighbours.rp3beta:RP3beta",
    "ease": "vitrina.models.linear.ease:EASE",
    "ease-sparse": "vitrina.models.linear.ease_sparse:SparseEASE",
    "slim-en": "vitrina.models.linear.slim_elastic_net:SLIMElasticNet",
    "slim-bpr": "vitrina.models.linear.slim_bpr:SLIMBPR",
    "puresvd": "vitrina.models.factors.puresvd:PureSVD",
    "nmf": "vitrina.models.factors.nmf:NMF",
    "ials": "vitrina.models.factors.ials:IALS",
    "bpr-mf": "vitrina.models.factors.bpr:BPRMF",
    "mf": "vitrina.models.factors.mf:LogisticMF",
    "fm": "vitrina.models.factors.fm:FM",
    "lightgcn": "vitrina.models.graph.lightgcn:LightGCN",
    "cdae": "vitrina.models.neural.cdae:CDAE",
    "mult-dae": "vitrina.models.neural.multdae:MultDAE",
    "mult-vae": "vitrina.models.neural.multvae:MultVAE",
    "recvae": "vitrina.models.neural.recvae:RecVAE",
    "gmf": "vitrina.models.neural.gmf:GMF",
    "mlp": "vitrina.models.neural.mlp:MLP",
    "neumf": "vitrina.models.neural.neumf:NeuMF",
    "vbpr": "vitrina.models.visual.vbpr:VBPR",
    "curatornet": "vitrina.models.visual.curatornet:CuratorNet",
    "hybrid": "vitrina.models.combine.hybrid:Hybrid",
}


def model_class(name: str) -> type[Recommender]:
    """Return a model class by name; raises ``UnknownNameError`` with the nearest name."""
    if name not in MODELS:
        raise unknown("model", name, MODELS)
    module, cls = MODELS[name].split(":")
    found: type[Recommender] = getattr(importlib.import_module(module), cls)
    return found


def family(name: str) -> str:
    """Return the family of a model: the folder its file lies in."""
    return MODELS[name].split(".")[2]


def in_words(error: ValidationError) -> str:
    """Name each wrong field and what is wrong with it, in one line."""
    parts = ((".".join(map(str, e["loc"])), _reason(e).rstrip(".")) for e in error.errors())
    return "; ".join(": ".join(filter(None, part)) for part in parts)


def _reason(wrong: ErrorDetails) -> str:
    """Say what is wrong; of a text in the place of a list, how it should have been written."""
    text = wrong["input"]
    if wrong["type"] != "tuple_type" or not isinstance(text, str):
        return wrong["msg"].removeprefix("Value error, ")
    parts = ["...", "..."] if "(" in text else [part.strip() for part in text.split(",")]  # parts have commas of their own
    return f"must be a list: {json.dumps(parts)}"


def make(name: str, **settings: Any) -> Recommender:
    """Build an unfitted model; raises ``VitrinaError`` that names each wrong setting and the right ones."""
    cls = model_class(name)
    try:
        return cls(**settings)
    except ValidationError as error:
        known = ", ".join(f"{s.name} (default {s.default})" for s in settings_of(cls)) or "none"
        raise VitrinaError(f"{name}: {in_words(error)}. Its settings are: {known}.") from None
