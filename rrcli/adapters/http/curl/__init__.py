"""curl's command line, both ways.

`read.py` and `split.py` take one in, by the rules of `table.py`; `written.py` and `prepared.py` make one.
"""
