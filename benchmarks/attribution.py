"""How many generated images does each recipe put into the right subset? ``python -m benchmarks.attribution``.

Each recipe learns from half of the generated images, from the real ones, or from both, as it was published, and is
asked about the other half of the generated images. Networks that are trained take ``preset="fast"``; frozen ones are
EfficientNet-Lite0. SYSTEMS.md has the same for few images; here there are enough to train on.
"""

import argparse
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from benchmarks.reproduce import halved, learnt, scored
from fingerprint_features import make_attribution_task, recipes


def main() -> None:
    """Print one accuracy with its interval for each recipe and task."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipes", nargs="+", metavar="NAME", help="these only [default: all that attribute]")
    parser.add_argument("--subsets", type=int, default=5)
    parser.add_argument("--real", type=int, default=200, help="real images of each subset")
    parser.add_argument("--generated", type=int, default=400, help="generated images of each subset")
    parser.add_argument("--size", type=int, default=64, help="height and width in pixels")
    parser.add_argument("--seeds", nargs="+", type=int, default=[7], help="one task each")
    options = parser.parse_args()
    about = [recipes.info(name) for name in options.recipes or recipes.names()]
    deep = find_spec("torchvision") is not None
    about = [one for one in about if one.subtask == 2 and (deep or not (one.needs_weights or one.trains))]
    print(f"{vars(options)}; chance {1 / options.subsets:.3f}\n")
    for seed in options.seeds:
        counts = options.subsets, options.real, options.generated
        half = halved(make_attribution_task(*counts, 0.5, image_size=options.size, random_state=seed))
        for one in about:
            start = time.perf_counter()
            with tempfile.TemporaryDirectory() as folder:
                answers = learnt(one, half, "fast", Path(folder, "rows.cache")).predict(half.judge)
            (score,) = scored(one, half.judge_y, answers, None).values()
            print(f"task {seed}  {one.name:40}{score}  {time.perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
