"""The page of an audit: one file for each question it answers."""

from .sections import audit_sections

__all__ = ["audit_sections"]
