from .plots import draw_confusion as draw_confusion
from .plots import draw_map as draw_map
