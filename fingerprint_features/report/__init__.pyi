from .history import draw_history as draw_history
from .page import write_page as write_page
from .pairs import draw_pairs as draw_pairs
from .plots import draw_confusion as draw_confusion
from .plots import draw_map as draw_map
from .roc import draw_roc as draw_roc
from .scores import draw_scores as draw_scores
