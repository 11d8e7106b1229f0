"""How many scenes one core paints in a second of its own time.

Run it with: python tests/benchmarks/scenes_per_second.py
"""

from time import process_time

from segviz.data import Scenes

COUNT = 500


def rate(read, count: int) -> float:
    start = process_time()
    for index in range(count):
        read(index)
    return count / (process_time() - start)


if __name__ == "__main__":
    for size in (128, 256):
        scenes = Scenes(COUNT, size=size)
        scenes[0]  # load the textures
        print(
            f"{size} x {size}: {rate(scenes.__getitem__, COUNT):.0f} scenes/s, "
            f"{rate(scenes.mask, COUNT):.0f} masks alone/s"
        )
