"""flows move: the Prefect flows, and under `steps` the plain functions that they call."""

import os

ALLOCATOR = "_RJEM_MALLOC_CONF"
KEEP_PAGES = "dirty_decay_ms:10000,muzzy_decay_ms:0"
"""Polars' allocator keeps pages for ten seconds instead of half a one, and then gives them back for good: given back and
taken anew after each of ten thousands of small steps, they cost judging a sixth of its processor time."""

# It is read when polars is loaded, so it stands before anything that loads it; processes started later inherit it.
os.environ.setdefault(ALLOCATOR, KEEP_PAGES)
