"""Frames on their way to a page: every string once, under a name made from its content."""

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
        self.size = 0  # characters in the pool

    def add(self, key: str, scene: Scene, most: float = float("inf")) -> bool:
        """Takes a scene in, unless the pool would pass `most` characters; says whether it did."""
        parts = frame(scene)
        named = [{_name(piece): piece for piece in parts[name]} for name in part_names(scene)]
        new = {name: piece for part in named for name, piece in part.items()}
        new = {name: piece for name, piece in new.items() if name not in self.pool}
        size = self.size + sum(map(len, new.values()))
        if size > most:
            return False
        self.size = size
        self.pool.update(new)
        self.frames[key] = [list(part) for part in named]
        return True

    def to_dict(self) -> dict:
        """{"pool": ..., "frames": ...}, as the browser reads it."""
        return {"pool": self.pool, "frames": self.frames}


def _name(piece: str) -> str:
    return urlsafe_b64encode(blake2b(piece.encode(), digest_size=9).digest()).decode()
