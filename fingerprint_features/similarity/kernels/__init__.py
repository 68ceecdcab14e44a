"""Compiled loops of the similarity room."""
