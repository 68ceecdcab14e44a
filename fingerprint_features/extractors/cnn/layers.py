"""Layers: which modules of a network are used, and how their outputs become one row."""

import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from ...checks import closest

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Tap:
    """A module whose output, or input, is taken when it runs for the last time."""

    module: str
    calls: int = 1
    is_input: bool = False


class _Enough(BaseException):  # not an Exception, which a network might catch
    """All taps have their values: the rest of the network need not run."""


def find_taps(net: "torch.nn.Module", layers: Sequence[str] | None, pool: str, sample: "torch.Tensor") -> list[Tap]:
    """Return the Taps of named layers, or of the end of the network where `layers` is None.

    Raises ValueError for a name that no module has, or whose module does not run.
    """
    runs = _survey(net, sample)
    if layers is None:
        return [_before_classifier(net, runs, pool)]
    calls = Counter(name for name, _, _ in runs)
    taps = []
    for layer in layers:
        if layer not in calls:
            close = closest(layer, calls, n=3, cutoff=0)
            raise ValueError(f"no module {layer!r} runs in this network; some that do: {', '.join(close)}")
        taps.append(Tap(layer, calls[layer]))
    return taps


def _survey(net, sample):
    """Run the network and return (name, module, output) in the order in which modules end; tensors as shapes."""
    import torch

    runs = []

    def note(name):
        def hook(module, inputs, output):
            tensor = output[0] if isinstance(output, (tuple, list)) else output
            runs.append((name, module, tuple(getattr(tensor, "shape", ()))))

        return hook

    hooks = [module.register_forward_hook(note(name)) for name, module in net.named_modules()]
    try:
        with torch.inference_mode():
            net(sample)
    finally:
        for hook in hooks:
            hook.remove()
    return runs


def _before_classifier(net, runs, pool):
    """Return the Tap of the input of the final classifier; for pools of a map, of the last map before it.

    The classifier is the last module with weights that runs, if that is linear and nothing but containers, dropout or
    a softmax comes after it, or a 1 x 1 convolution. The output of a network without one counts as its embedding.
    """
    from torch import nn

    runs = [run for run in runs if run[0]] or runs  # the network itself only if it has no modules
    calls = Counter(name for name, _, _ in runs)
    end = len(runs)
    tap = Tap("")
    for i in reversed(range(len(runs))):
        name, module, _ = runs[i]
        if any(True for _ in module.children()) or not any(True for _ in module.parameters()):
            continue
        pointwise = isinstance(module, nn.Conv2d) and set(module.kernel_size) == {1}
        rest = [later for _, later, _ in runs[i + 1 :] if not any(True for _ in later.children())]
        closes = all(isinstance(later, (nn.Dropout, nn.Softmax, nn.LogSoftmax, nn.Identity)) for later in rest)
        if (isinstance(module, nn.Linear) and closes) or pointwise:
            tap, end = Tap(name, calls[name], is_input=True), i
        break
    if pool == "avg":
        return tap
    last = {name: i for i, (name, _, _) in enumerate(runs)}
    for i in reversed(range(end)):
        name, _, shape = runs[i]
        is_map = (shape[1] if len(shape) == 3 else prod(shape[2:])) > 1
        if is_map and last[name] == i:
            return Tap(name, calls[name])
    return tap


class Collector:
    """A network with hooks, by which any number of threads collect values from their own runs.

    Parameters
    ----------
    net : torch.nn.Module
        Its hooks are never removed.
    """

    def __init__(self, net: "torch.nn.Module") -> None:
        self.net = net
        self.taps: set[Tap] = set()
        self._thread = threading.local()

    def watch(self, taps: Iterable[Tap]) -> None:
        """Add the hooks that are missing; not while the network runs."""
        for tap in taps:
            if tap in self.taps:
                continue
            self.taps.add(tap)
            module = self.net.get_submodule(tap.module)
            if tap.is_input:
                module.register_forward_pre_hook(
                    lambda module, inputs, named, tap=tap: self._take(tap, [*inputs, *named.values()][0]),
                    with_kwargs=True,
                )
            else:
                module.register_forward_hook(lambda module, inputs, output, tap=tap: self._take(tap, output))

    def collect(self, taps: Sequence[Tap], pool: str, inputs: "torch.Tensor") -> list["torch.Tensor"]:
        """Run the network up to the taps, which must be watched; return one float32 matrix (n, columns) for each."""
        import torch

        run = self._thread.run = _Run(frozenset(taps), pool, {}, Counter())
        try:
            with torch.inference_mode():
                self.net(inputs)
        except _Enough:
            pass
        finally:
            self._thread.run = None
        return [run.found[tap] for tap in taps]

    def _take(self, tap, value):
        run = getattr(self._thread, "run", None)
        if run is None or tap not in run.taps:
            return
        run.counts[tap] += 1
        if run.counts[tap] == tap.calls:
            run.found[tap] = pooled(value, run.pool)  # now, because later modules may overwrite it
            if len(run.found) == len(run.taps):
                raise _Enough


class _Run(NamedTuple):
    taps: frozenset[Tap]
    pool: str
    found: dict[Tap, Any]
    counts: Counter[Tap]


def pooled(value: Any, pool: str) -> "torch.Tensor":
    """Pool the output of a layer, (n, features), (n, tokens, features) or (n, features, height, width), to a matrix."""
    import torch

    value = value[0] if isinstance(value, (tuple, list)) else value
    if not isinstance(value, torch.Tensor):
        raise ValueError(f"the layer gives a {type(value).__name__}, not a tensor")
    value = value.to(torch.float32, copy=True)
    if pool == "none" or value.ndim < 3:
        if pool == "attention":
            raise ValueError("the output of the layer is not a map, and pool='attention' needs one")
        return value.reshape(len(value), -1)
    value = value.transpose(1, 2) if value.ndim == 3 else value.flatten(2)  # (n, features, places)
    if pool == "attention":
        return value.abs().mean(1)
    return value.mean(2) if pool == "avg" else value.amax(2)
