"""ExpertEmbedder: a MetricEmbedder of several networks, mixed by a gate."""

from .embedder import MetricEmbedder
from .networks import body

_EVEN = 0.1  # weight of the gate's entropy: no network is left out too early


class ExpertEmbedder(MetricEmbedder):
    """A MetricEmbedder whose `backbone` names several networks, as ``"resnet50+efficientnet_b0+vit_b_16"``.

    Of `dim`, several numbers, the first is the width that all networks are brought to, a multiple of eight; the others
    are the layers behind the mixture. A tenth of the entropy of the gate is taken from the loss.
    """

    def _build(self, learned, trained):
        from torch import nn

        from .architectures.experts import Mixture
        from .momentum import projection

        wide, *dims = self._dims()
        nets, _ = body(self._backbone(), self._shown(), trained)
        head = nn.Sequential(Mixture(nets[0].widths, wide), projection(wide, dims))
        return self._with_parts(nn.ModuleDict({"body": nets, "head": head}))

    def _loss(self, net, inputs, targets):
        kept = []
        hook = net["head"][0].gate.register_forward_hook(lambda module, given, scores: kept.append(scores))
        try:
            loss = super()._loss(net, inputs, targets)
        finally:
            hook.remove()
        shares = kept[0].log_softmax(dim=1)
        return loss + _EVEN * (shares.exp() * shares).sum(dim=1).mean()
