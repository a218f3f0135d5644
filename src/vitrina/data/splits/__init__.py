"""Splits: the parts of a data set, the protocols that make them, and their storage."""

from vitrina.data.splits.holdout import k_fold, leave_last_out, leave_one_out, per_user_ratio, with_validation
from vitrina.data.splits.items import cold_items, cold_items_k_fold
from vitrina.data.splits.protocols import PROTOCOLS, default_split, make_split
from vitrina.data.splits.split import Candidates, Label, Part, Split
from vitrina.data.splits.storage import load_split, save_split
from vitrina.data.splits.timed import global_time
from vitrina.data.splits.users import strong_generalisation

__all__ = [
    "PROTOCOLS",
    "Candidates",
    "Label",
    "Part",
    "Split",
    "cold_items",
    "cold_items_k_fold",
    "default_split",
    "global_time",
    "k_fold",
    "leave_last_out",
    "leave_one_out",
    "load_split",
    "make_split",
    "per_user_ratio",
    "save_split",
    "strong_generalisation",
    "with_validation",
]
