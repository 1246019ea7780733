"""Algorithms behind one surface: SB3's ``learn, predict, save``."""
