"""What importing costs, in a new process."""


def timeraw_import():
    """Importing the package."""
    return "import fingerprint_features"


def timeraw_import_pipeline():
    """Importing FeaturePipeline with scikit-learn, numba and all it needs."""
    return "from fingerprint_features import FeaturePipeline"
