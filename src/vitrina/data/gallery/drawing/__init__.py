"""Drawing the works of the simulated gallery."""

from vitrina.data.gallery.drawing.picture import DRAW, LONGEST, draw_picture

__all__ = ["DRAW", "LONGEST", "draw_picture"]
