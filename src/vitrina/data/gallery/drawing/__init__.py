"""Drawing the works of the simulated gallery."""

from vitrina.data.gallery.drawing.folder import draw_pictures
from vitrina.data.gallery.drawing.picture import LONGEST, draw_picture

__all__ = ["LONGEST", "draw_picture", "draw_pictures"]
