"""Galleries made for tests."""

from pathlib import Path

from vitrina.data.gallery import save_gallery
from vitrina.experiments.picture_features import compute_features


def small_gallery(folder: Path) -> Path:
    """Make a gallery of 14 works in ``folder``, with its pictures and their explicit features; needs no network."""
    save_gallery(folder, 3, n_users=15, n_works=14, n_artists=4, likes_per_user=4.0, sales_per_user=0.2)
    compute_features(folder, network="none")
    return folder
