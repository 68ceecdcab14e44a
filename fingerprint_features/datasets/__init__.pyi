from .attribution import make_attribution_task as make_attribution_task
from .imageclef import load_imageclef_gans as load_imageclef_gans
from .membership import make_membership_task as make_membership_task
from .task import Task as Task
from .trained import make_generator_task as make_generator_task
