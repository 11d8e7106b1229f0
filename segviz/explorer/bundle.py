"""Frames on their way to a page: every string once, under a name made from its content."""

import json
from base64 import urlsafe_b64encode
from hashlib import blake2b

from segviz.scenes import Scene, frame, layer_names


def part_names(scene: Scene) -> list[str]:
    """The parts of a frame in the order in which bundles list them."""
    boards = [board.name for board in scene.boards]
    keys = [f"{name}:{part}" for name in boards for part in ("says", "keys")]
    return [*layer_names(scene), "about", "relation", "build_up", *keys]


class Bundle:
    """A pool of strings, and for every state the names of those that make each part of its
    frame."""

    def __init__(self):
        self.pool: dict[str, str] = {}
        self.frames: dict[str, list[list[str]]] = {}
        self.size = 0  # bytes that this is as JSON

    def add(self, key: str, scene: Scene, most: float = float("inf")) -> bool:
        """Takes a scene in, unless the whole would pass `most` bytes; says whether it did."""
        parts = frame(scene)
        named = [{_name(piece): piece for piece in parts[name]} for name in part_names(scene)]
        all_pieces = {name: piece for part in named for name, piece in part.items()}
        new = {name: piece for name, piece in all_pieces.items() if name not in self.pool}
        names = [list(part) for part in named]
        size = self.size + len(json.dumps([new, key, names], ensure_ascii=False).encode())
        if size > most:
            return False
        self.size = size
        self.pool.update(new)
        self.frames[key] = names
        return True

    def to_dict(self) -> dict:
        """{"pool": ..., "frames": ...}, as the browser reads it."""
        return {"pool": self.pool, "frames": self.frames}


def _name(piece: str) -> str:
    return urlsafe_b64encode(blake2b(piece.encode(), digest_size=9).digest()).decode()
