"""The map of the works: pictures that are alike lie close together. A zoomable page, a large picture, figures for reports."""

from vitrina.report.map.marks import Marks
from vitrina.report.map.page import draw_map_page
from vitrina.report.map.picture import draw_map_png, map_figure, user_figures
from vitrina.report.map.work_map import WorkMap, make_map

__all__ = ["Marks", "WorkMap", "draw_map_page", "draw_map_png", "make_map", "map_figure", "user_figures"]
