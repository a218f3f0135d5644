"""The built-in demo data: a gallery simulated from a seed, plainly labelled as such."""

from vitrina.data.gallery.people import Tastes
from vitrina.data.gallery.pictured import gallery_with_pictures, save_gallery
from vitrina.data.gallery.simulation import World, draw_world, simulate

__all__ = ["Tastes", "World", "draw_world", "gallery_with_pictures", "save_gallery", "simulate"]
