"""Cameras with the oddities of real ones, one name a case: `rtsp://127.0.0.1:PORT/CASE/INSTANCE`.

`cases.py` has the table of all; each kind of oddity has a file of its own with its part of that table.
"""
