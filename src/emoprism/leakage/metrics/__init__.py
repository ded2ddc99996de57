"""Measures of utility and leakage: one file each."""
