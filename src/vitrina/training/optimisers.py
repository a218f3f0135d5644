"""Optimisers by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

from vitrina.training.plan import Plan

#: Parameters with settings of their own: ``{"params": [...], "weight_decay": 0.0, "lr": 0.01}``.
Groups = Iterable[dict[str, Any]]

_OPTIMISERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "sgd": torch.optim.SGD,
    "adagrad": torch.optim.Adagrad,
}


def make_optimiser(plan: Plan, module: nn.Module, groups: Groups | None, device: torch.device) -> torch.optim.Optimizer:
    """Build the plan's optimiser for ``groups``, default all parameters alike.

    Fused updates do a step in one pass over memory: on two cores several times faster than one operation after another.
    """
    chosen = list(groups) if groups is not None else [{"params": list(module.parameters())}]
    fused = device.type == "cpu" or (device.type == "cuda" and plan.optimiser != "adagrad")
    options: dict[str, Any] = {"weight_decay": plan.weight_decay, **({"fused": True} if fused else {}), **plan.options}
    optimiser = _OPTIMISERS[plan.optimiser](chosen, lr=plan.lr, **options)
    for group in optimiser.param_groups:
        group["planned_lr"] = group["lr"]
    return optimiser


def set_rate(optimiser: torch.optim.Optimizer, factor: float) -> None:
    """Set the learning rates to ``factor`` times the planned ones."""
    for group in optimiser.param_groups:
        group["lr"] = group["planned_lr"] * factor
