from .front import TableFront as TableFront
from .suite import check_extractor as check_extractor
from .suite import extractor_checks as extractor_checks
from .suite import parametrize_with_extractor_checks as parametrize_with_extractor_checks
