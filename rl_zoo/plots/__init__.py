"""Figures and tables from run folders: NumPy and Matplotlib only, no learning library."""
