"""Robots: what each one is (spec), how it is read and commanded (driver), simulated or real."""
