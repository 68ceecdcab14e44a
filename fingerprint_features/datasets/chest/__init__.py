"""A chest that never was: a patient drawn at random, slices of the body in CT numbers, and a scanner."""

from .patient import Patient
from .render import render
from .scanner import Scanner

__all__ = ["Patient", "Scanner", "render"]
