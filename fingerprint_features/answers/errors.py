"""The error for arguments that do not fit together."""


class ArgumentError(ValueError):
    """Arguments that cannot be used together, or an unknown choice; raised before any image is read."""
