"""Metrics of ranked lists, each under a name that says its definition: pure functions, one value per user."""

from vitrina.metrics.lists import Context, RankedLists, mean
from vitrina.metrics.registry import KnownMetric, Metric, definitions, known_metrics, parse

__all__ = ["Context", "KnownMetric", "Metric", "RankedLists", "definitions", "known_metrics", "mean", "parse"]
