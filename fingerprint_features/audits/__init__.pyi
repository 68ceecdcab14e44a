from .controls import Control as Control
from .lint import LintFinding as LintFinding
from .lint import Pair as Pair
from .results import AuditResult as AuditResult
from .risk import Risk as Risk
from .verdict import LIMITS as LIMITS
from .verdict import Verdict as Verdict
