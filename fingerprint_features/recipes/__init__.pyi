from .registry import RecipeInfo as RecipeInfo
from .registry import info as info
from .registry import make as make
from .registry import names as names
