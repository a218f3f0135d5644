"""The report of a comparison: one self-contained page, and its tables in Markdown and LaTeX."""

from vitrina.report.page import report_html, write_report
from vitrina.report.text_tables import latex_table, markdown_tables

__all__ = ["latex_table", "markdown_tables", "report_html", "write_report"]
