"""The HTML report: one file that loads nothing, in which nothing runs but its own script."""
