"""Ticks: which times of a schedule are due, recorded, or missed."""
