"""Runs a plan up and down on a clone, under load, and measures what each step declared."""

from pgrefit.rehearse.application import as_old_application
from pgrefit.rehearse.parties import Clone, LoadHandle, Runner, Undoer
from pgrefit.rehearse.rehearse import rehearse

__all__ = ["Clone", "LoadHandle", "Runner", "Undoer", "as_old_application", "rehearse"]
