"""How many generated images does each recipe put into the right subset? ``python -m benchmarks.attribution``.

Each recipe learns on the real images of a task and is asked about the generated ones. Chance is printed too.
"""

import argparse
import tempfile
from importlib.util import find_spec
from pathlib import Path

from fingerprint_features import attribution_scores, make_attribution_task, recipes
from fingerprint_features.recipes.side_by_side import NETWORK

SIZES = {"n_subsets": 5, "n_real_per_subset": 60, "n_generated_per_subset": 60, "image_size": 256}


def main() -> None:
    """Print one accuracy with its interval for each recipe and task."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2, help="tasks")
    options = parser.parse_args()
    deep = find_spec("torchvision") is not None
    about = [one for one in map(recipes.info, recipes.names()) if one.subtask == 2 and not one.trains]
    about = [one for one in about if deep or not one.needs_weights]
    print(f"{SIZES}; chance {1 / SIZES['n_subsets']:.3f}; every network is {NETWORK}\n")
    for seed in range(options.seeds):
        task = make_attribution_task(**SIZES, memorization=0.5, shift=1.0, random_state=seed)
        for one in about:
            network = {"backbone": NETWORK} if one.needs_weights else {}
            with tempfile.TemporaryDirectory() as folder:
                model = recipes.make(one.name, cache=Path(folder, "rows.cache"), **network)
                answers = model.fit(task.reference, task.reference_y).predict(task.X)
            print(f"task {seed}  {one.name:28}{attribution_scores(task.y, answers)['accuracy']}", flush=True)


if __name__ == "__main__":
    main()
