"""All odd cameras, by name."""

from .datagrams import DATAGRAMS
from .describing import DESCRIBING
from .handshake import HANDSHAKE
from .hearing import HEARING
from .keeping_alive import KEEPING_ALIVE
from .key_frames import KEY_FRAMES
from .leaving import LEAVING
from .packing import PACKING
from .signing_in import SIGNING_IN
from .timing import TIMING

KINDS = {
    "handshake": HANDSHAKE,
    "signing in": SIGNING_IN,
    "keeping alive": KEEPING_ALIVE,
    "describing": DESCRIBING,
    "packing": PACKING,
    "timing": TIMING,
    "hearing": HEARING,
    "key frames": KEY_FRAMES,
    "datagrams": DATAGRAMS,
    "leaving": LEAVING,
}
CASES = {case.name: case for cases in KINDS.values() for case in cases}
if len(CASES) < sum(map(len, KINDS.values())):
    raise ValueError("two odd cameras have one name")
