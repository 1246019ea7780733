"""The experiment folder: what a run leaves on disk, and how it is found again."""
