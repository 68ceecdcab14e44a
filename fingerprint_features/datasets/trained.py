"""Tasks whose generated images come from a generative model that was trained for them."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
from tqdm.auto import tqdm

from ..checks import check_choice, check_count
from ..images import ImageSet, ImagesLike
from .generators import SIDES, find
from .membership import numbered
from .seeds import rng_at, root_seed, seed_at
from .sources import deal, real_images
from .task import Task

Kind = Literal["ddpm", "vae", "gan"]
Split = Literal["patient", "within", "third"]
RealImages: TypeAlias = Literal["chest", "photographs"] | ImagesLike | str | os.PathLike[str]
STEPS = {"ddpm": 1500, "vae": 2000, "gan": 3000}  # each half memorises 60 images by then
SLICES = {"chest": 1, "photographs": 8}


def make_generator_task(
    kind: Kind = "ddpm",
    *,
    images: RealImages = "chest",
    n_used: int = 60,
    n_unused: int = 60,
    n_generated: int = 300,
    n_holdout: int = 0,
    slices_per_patient: int | None = None,
    split: Split = "patient",
    image_size: int = 64,
    steps: int | None = None,
    random_state: int | np.random.Generator | np.random.RandomState | None = None,
    device: str = "auto",
    progress: bool = True,
    checkpoint: str | os.PathLike[str] | None = None,
) -> Task:
    """Train a small generative model on real images, and sample from it.

    In `make_membership_task` a simulated generator remembers what it is set to remember. Here nothing is planted: a
    network of about a million weights learns the used images and nothing else, and what it gives away of them is its
    own doing.

    Parameters
    ----------
    kind : {"ddpm", "vae", "gan"}, default="ddpm"
        A diffusion model (DDPM [1]_ with a U-Net, sampled by DDIM [2]_ in 25 steps), a variational autoencoder [3]_, or
        a DCGAN [4]_ with spectral norms in its discriminator [5]_.
    images : {"chest", "photographs"}, ImageSet, or folder, default="chest"
        ``"chest"``: CT-like slices, as `make_membership_task` draws them. ``"photographs"``: patches of the photographs
        that scikit-image comes with; each photograph is a group. Otherwise your own, in grey and shrunk to a square;
        ``ImageSet.from_folder(path, groups=...)`` says which patient each shows.
    n_used, n_unused : int, default=60
        Images that the generator learns, and others.
    n_generated : int, default=300
        Images sampled from it.
    n_holdout : int, default=0
        Further real images that it does not learn, of patients who are not in `X`; 0 gives no holdout.
    slices_per_patient : int, default=None
        Images of each patient, at most. None is 1 for chests, 8 for photographs, and all of your own.
    split : {"patient", "within", "third"}, default="patient"
        ``"patient"``: a patient's images are all used or all unused. ``"within"``: half of each patient's images are
        used, so `slices_per_patient` must be 2 at least. ``"third"``: the null. The generator learns `n_used` images
        of other patients, who are in no set, and the used and unused images differ in name only.
    image_size : {16, 32, 64, 128}, default=64
        Height and width of the images in pixels.
    steps : int, default=None
        Training steps, of 16 images each. None is 1500, 2000 and 3000: by then each kind gives away some of 60 slices.
    random_state : int, Generator, RandomState or None, default=None
        An int makes the same task every time on the same machine.
    device : str, default="auto"
        Where the network is trained: ``"cpu"``, ``"cuda"``, or "auto" for CUDA where there is any.
    progress : bool, default=True
        Show a progress bar on a terminal.
    checkpoint : path-like, default=None
        A file that keeps how far the training has come. A call with the same arguments goes on from there, and ends
        with the numbers of one that was never stopped. The file of another training is replaced.

    Returns
    -------
    Task
        `X` is sorted by id, and ids do not depend on the labels. `origin` is None: nobody knows the parents.

    Raises
    ------
    ValueError
        For fewer images than are asked for; one that cannot be read is named.
    FloatingPointError
        When the training diverged.

    See Also
    --------
    make_membership_task : Generated images that are simulated, within seconds.

    Notes
    -----
    Needs the extra ``learned``. On one core a step takes about 0.2 s (DDPM), 0.06 s (VAE) or 0.1 s (GAN) at 64 x 64.
    There is no augmentation. Images are sampled with the moving average of the weights. ``make generators`` trains all
    kinds on all images, and judges every recipe on them.

    A flat image is an image like any other.

    References
    ----------
    .. [1] Ho, Jain and Abbeel, Denoising diffusion probabilistic models, NeurIPS 2020.
    .. [2] Song, Meng and Ermon, Denoising diffusion implicit models, ICLR 2021.
    .. [3] Kingma and Welling, Auto-encoding variational Bayes, ICLR 2014.
    .. [4] Radford, Metz and Chintala, Unsupervised representation learning with deep convolutional generative
       adversarial networks, ICLR 2016.
    .. [5] Miyato et al., Spectral normalization for generative adversarial networks, ICLR 2018.

    Examples
    --------
    Two steps, to show what comes back; nothing is memorised yet:

    >>> task = make_generator_task("vae", n_used=4, n_unused=4, n_generated=6, image_size=16, steps=2, random_state=0)
    >>> task.X, task.reference
    (ImageSet(8 arrays, 8 groups), ImageSet(6 arrays))
    >>> make_generator_task("vae", images=task.X, n_used=90)
    Traceback (most recent call last):
    ValueError: make_generator_task: the images do not suffice: 90 used, 60 unused, 0 holdout are asked for, ...
    """
    training = Training(
        owner="make_generator_task",
        kind=kind,
        images=images,
        n_used=n_used,
        n_unused=n_unused,
        n_holdout=n_holdout,
        slices_per_patient=slices_per_patient,
        split=split,
        image_size=image_size,
        random_state=random_state,
        device=device,
    )
    steps = None if steps is None else [steps]
    (task,) = training.tasks(n_generated, steps, progress=progress, checkpoint=checkpoint)
    return task


@dataclass(frozen=True, kw_only=True)
class Training:
    """Which generator learns which images: what `make_generator_task` takes; `owner` names it in errors."""

    owner: str
    kind: Kind
    images: RealImages
    n_used: int
    n_unused: int
    n_holdout: int
    slices_per_patient: int | None
    split: Split
    image_size: int
    random_state: int | np.random.Generator | np.random.RandomState | None
    device: str

    def tasks(
        self,
        n_generated: int,
        steps: Sequence[int] | None = None,
        *,
        progress: bool = True,
        checkpoint: str | os.PathLike[str] | None = None,
    ) -> Iterator[Task]:
        """Yield the task after each number of steps, of one training; None: the number that suits the kind."""
        self._check()
        steps = [STEPS[self.kind]] if steps is None else steps
        check_count(self.owner, 1, n_generated=n_generated)
        for count in steps:
            check_count(self.owner, 1, steps=count)
        check_choice(self.owner, (True, False), progress=progress)
        root = root_seed(self.random_state)
        source, parts = self._dealt(root)
        learnt = source[parts.pop("learnt")].decode()
        model = find(self.kind)(learnt, seed_at(root, 2), self.device)
        if checkpoint is not None:
            model.restore(checkpoint, at_most=min(steps))
        judged = np.sort(np.concatenate([parts["used"], parts["unused"]]))  # the order of ids, whatever the labels
        with tqdm(total=steps[-1], desc=self.kind, unit="step", disable=None if progress else True) as bar:
            for count in steps:
                model.train(count, bar, checkpoint)
                yield Task(
                    X=source[judged],
                    y=np.isin(judged, parts["used"]).astype(int),
                    reference=ImageSet(model.sample(n_generated), numbered("g", n_generated)),
                    holdout=source[np.sort(parts["holdout"])] if self.n_holdout else None,
                    groups=None if source.groups is None else source.groups[judged],
                )

    def _dealt(self, root):
        """Return the images, and the rows of those used, unused, kept back, and learnt by the generator."""
        slices = self.slices_per_patient
        if slices is None and isinstance(self.images, str):
            slices = SLICES.get(self.images)
        parts = {"used": self.n_used, "unused": self.n_unused, "holdout": self.n_holdout, "third": self.n_used}
        if self.split == "within":
            parts = {"within": self.n_used + self.n_unused, "holdout": self.n_holdout}
        elif self.split == "patient":
            del parts["third"]
        source = real_images(self.owner, self.images, list(parts.values()), slices, self.image_size, seed_at(root, 0))
        if self.split == "within" and source.groups is None:
            raise ValueError(f"{self.owner}: split='within' needs patients: give images=ImageSet(..., groups=...)")
        patients = np.arange(len(source)) if source.groups is None else source.groups
        rows = deal(self.owner, patients, parts, slices, self.split == "within", rng_at(root, 1))
        if self.split == "within":
            both = rows.pop("within")  # patient by patient, and in random order within each
            rows |= {"used": both[::2], "unused": both[1::2]}
        return source, rows | {"learnt": rows.get("third", rows["used"])}

    def _check(self):
        check_choice(self.owner, STEPS, kind=self.kind)
        check_choice(self.owner, get_args(Split), split=self.split)
        check_choice(self.owner, SIDES, image_size=self.image_size)
        check_count(self.owner, n_unused=self.n_unused, n_holdout=self.n_holdout)
        check_count(self.owner, 1, n_used=self.n_used)
        within = self.split == "within"
        if self.slices_per_patient is not None or (within and self._is("chest")):
            check_count(self.owner, 1 + within, slices_per_patient=self.slices_per_patient)
        if within and self.n_used != self.n_unused:
            raise ValueError(
                f"{self.owner}: split='within' uses half of each patient's images, so n_unused must equal n_used. Got "
                f"n_used={self.n_used} and n_unused={self.n_unused}"
            )

    def _is(self, images):
        return isinstance(self.images, str) and self.images == images
