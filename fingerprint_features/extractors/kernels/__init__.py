"""Compiled inner loops of the extractors, one file each."""
