"""The face that reports: values in, text out. `text`, `json`, `markdown` and `html` are its forms."""

from pgrefit.report.html import render
from pgrefit.report.json import document
from pgrefit.report.story import QuarantinedRow, Story

__all__ = ["QuarantinedRow", "Story", "document", "render"]
