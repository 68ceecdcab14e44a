"""Batch norm folded into the convolution before it: the same numbers up to rounding, faster."""

from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

Pair = tuple[str, str]  # names of a convolution and of a batch norm

_PADS_FIRST = "efficientnet_lite_pytorch.utils.Conv2dStaticSamePadding"  # and then it is an ordinary convolution


def pairs(net: "nn.Module") -> list[Pair]:
    """Return the names of (convolution, batch norm) where only the norm uses the output of the convolution."""
    from torch import fx, nn

    if not any(isinstance(module, nn.BatchNorm2d) for module in net.modules()):
        return []
    if any("forward" in vars(module) for module in net.modules()):  # tracing would follow that of the class
        return []

    class Tracer(fx.Tracer):
        def is_leaf_module(self, module, name):
            return isinstance(module, (nn.Conv2d, nn.BatchNorm2d)) or super().is_leaf_module(module, name)

    try:
        nodes = list(Tracer().trace(net).nodes)
    except Exception:  # a network whose path depends on its input cannot be traced: it is not folded
        return []
    modules = dict(net.named_modules(remove_duplicate=False))
    names = Counter(map(id, modules.values()))
    plain = {name: module for name, module in modules.items() if names[id(module)] == 1 and _is_plain(module)}
    calls = Counter(node.target for node in nodes if node.op == "call_module")
    found = []
    for node in nodes:
        norm = plain.get(node.target) if node.op == "call_module" and node.args else None
        if not isinstance(norm, nn.BatchNorm2d) or norm.running_mean is None:
            continue
        source = node.args[0]
        conv = plain.get(source.target) if source.op == "call_module" else None
        if isinstance(conv, nn.Conv2d) and len(source.users) == 1 == calls[source.target] == calls[node.target]:
            found.append((source.target, node.target))
    return found


def _is_plain(module):
    """Return whether a module is an ordinary convolution or batch norm, without hooks.

    Subclasses may change the weights first, or the result.
    """
    from torch import nn

    kind = type(module)
    convolves = kind is nn.Conv2d or f"{kind.__module__}.{kind.__name__}" == _PADS_FIRST
    return (convolves or kind is nn.BatchNorm2d) and not (module._forward_hooks or module._forward_pre_hooks)


def shows(pair: Pair, name: str) -> bool:
    """Return whether the output of the module `name` is that of the convolution of a pair, before the norm."""
    conv, norm = pair
    return conv == name or (conv.startswith(f"{name}.") and not norm.startswith(f"{name}."))


def fold(net: "nn.Module", kept: Collection[str] = ()) -> None:
    """Fold in place and replace each norm by an identity, except for pairs that a module named in `kept` shows."""
    from torch import nn
    from torch.nn.utils.fusion import fuse_conv_bn_weights

    for pair in pairs(net):
        if any(shows(pair, name) for name in kept):
            continue
        conv, norm = map(net.get_submodule, pair)
        conv.weight, conv.bias = fuse_conv_bn_weights(
            conv.weight, conv.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
        )
        net.set_submodule(pair[1], nn.Identity())
