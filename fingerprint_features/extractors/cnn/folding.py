"""Batch norm folded into the convolution before it: the same numbers, up to rounding, for less work."""

from collections import Counter


def pairs(net):
    """Return the names of (convolution, batch norm) where the norm alone takes what the convolution gives."""
    from torch import fx, nn

    class Tracer(fx.Tracer):
        def is_leaf_module(self, module, name):
            return isinstance(module, (nn.Conv2d, nn.BatchNorm2d)) or super().is_leaf_module(module, name)

    modules = dict(net.named_modules())
    if not any(isinstance(module, nn.BatchNorm2d) for module in modules.values()):
        return []
    try:
        nodes = list(Tracer().trace(net).nodes)
    except Exception:  # a network whose path depends on its input cannot be traced: it runs as it is
        return []
    calls = Counter(node.target for node in nodes if node.op == "call_module")
    found = []
    for node in nodes:
        norm = modules.get(node.target) if node.op == "call_module" else None
        if not isinstance(norm, nn.BatchNorm2d) or norm.running_mean is None:
            continue
        source = node.args[0]
        conv = modules.get(source.target) if source.op == "call_module" else None
        if isinstance(conv, nn.Conv2d) and len(source.users) == 1 == calls[source.target] == calls[node.target]:
            found.append((source.target, node.target))
    return found


def shows(pair, name):
    """Tell whether the output of the module `name` is that of the convolution of a pair, before the norm."""
    conv, norm = pair
    return conv == name or (conv.startswith(f"{name}.") and not norm.startswith(f"{name}."))


def fold(net, kept=()):
    """Fold in place, and put an identity where each norm was; leave pairs that one of the names `kept` shows."""
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
