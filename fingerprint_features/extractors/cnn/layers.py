"""Layers: which of a network's modules are looked at, and how what they give becomes one row."""

import threading
from collections import Counter
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

from ...checks import closest


@dataclass(frozen=True)
class Tap:
    """A module whose output, or input, is taken when it runs for the last time."""

    module: str
    calls: int = 1
    is_input: bool = False


class _Enough(BaseException):  # which no network's own except clause stops
    """All taps have been filled: what comes after them need not run."""


def find_taps(net, layers, pool, sample):
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
    """Return the Tap of what the final classifier is given; for pools of a map, of the last map before it.

    The classifier is the last module with weights that runs, if that is linear and nothing but containers, dropout or
    a softmax comes after it, or a 1 x 1 convolution. A network without one is taken to give embeddings.
    """
    from torch import nn

    runs = [run for run in runs if run[0]] or runs  # the network itself only if there is nothing in it
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
    """A network with hooks, by which any number of threads take what their own runs pass.

    Parameters
    ----------
    net : torch.nn.Module
        Hooked for good.
    """

    def __init__(self, net):
        self.net = net
        self.taps = set()
        self._thread = threading.local()

    def watch(self, taps):
        """Put hooks where there are none yet; not while the network runs."""
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

    def collect(self, taps, pool, inputs):
        """Run the network as far as the taps, which are watched, and return one float32 matrix (n, columns) a tap."""
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
            run.found[tap] = pooled(value, run.pool)  # at once: what comes next may overwrite it
            if len(run.found) == len(run.taps):
                raise _Enough


class _Run(NamedTuple):
    taps: frozenset
    pool: str
    found: dict
    counts: Counter


def pooled(value, pool):
    """Pool what a layer gives, (n, features), (n, tokens, features) or (n, features, height, width), to a matrix."""
    import torch

    value = value[0] if isinstance(value, (tuple, list)) else value
    if not isinstance(value, torch.Tensor):
        raise ValueError(f"the layer gives a {type(value).__name__}, not a tensor")
    value = value.to(torch.float32, copy=True)
    if pool == "none" or value.ndim < 3:
        if pool == "attention":
            raise ValueError("the layer gives no map, so that there is none for the pool 'attention'")
        return value.reshape(len(value), -1)
    value = value.transpose(1, 2) if value.ndim == 3 else value.flatten(2)  # (n, features, places)
    if pool == "attention":
        return value.abs().mean(1)
    return value.mean(2) if pool == "avg" else value.amax(2)
