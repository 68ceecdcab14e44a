"""What both classifiers ask of their parameters and labels."""

import numpy as np
from sklearn.utils.multiclass import check_classification_targets, type_of_target


def check_option(owner, name, options):
    """Require a parameter that is one of the given strings."""
    value = getattr(owner, name)
    if not isinstance(value, str) or value not in options:
        fail(owner, name, "one of " + ", ".join(map(repr, options)))


def fail(owner, name, requirement):
    """Raise the error of a bad parameter, in scikit-learn's words."""
    kind = type(owner).__name__
    raise ValueError(f"the {name!r} parameter of {kind} must be {requirement}. Got {getattr(owner, name)!r} instead.")


def encode(y, binary):
    """Return the sorted classes of y and each row's position among them."""
    check_classification_targets(y)
    classes, codes = np.unique(y, return_inverse=True)
    if binary and len(classes) > 2:
        kind = type_of_target(y, input_name="y")
        raise ValueError(f"Only binary classification is supported. The type of the target is {kind}.")
    return classes, codes.ravel()
