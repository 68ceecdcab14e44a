from .another_generator import with_reference as with_reference
from .registry import RecipeInfo as RecipeInfo
from .registry import info as info
from .registry import make as make
from .registry import names as names
from .registry import recipe as recipe
