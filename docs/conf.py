"""How Sphinx builds these pages (`make docs`)."""

project = "rl_zoo"
author = "The rl_zoo authors"
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "rl_zoo"
myst_heading_anchors = 3
# Links that leave the folder, to the README for one, are for readers of the repository.
suppress_warnings = ["myst.xref_missing"]
