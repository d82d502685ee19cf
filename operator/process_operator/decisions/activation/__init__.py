"""Activation: the period for which one timing of a request is in force."""
