"""Look-through tracing: where the clients' money went, and what paid the clients, to the fen.

Money is matched within accounts by a method (`match`), identification first, and followed
across accounts by the interval algebra of `hops` and `follow`. `reach` is what typologies ask,
`trace` what analysts ask, and `build` writes the tracing tables of the warehouse.
"""

from models.tracing.api import Trace, arrived_range, trace
from models.tracing.band import band
from models.tracing.build import build
from models.tracing.follow import Followed, follow
from models.tracing.hops import Web
from models.tracing.match import METHODS, Method, match
from models.tracing.reach import REACH_SCHEMA, reach, web

__all__ = [
    "METHODS",
    "REACH_SCHEMA",
    "Followed",
    "Method",
    "Trace",
    "Web",
    "arrived_range",
    "band",
    "build",
    "follow",
    "match",
    "reach",
    "trace",
    "web",
]
