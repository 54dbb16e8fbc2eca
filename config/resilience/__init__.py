"""What depends on others goes on without them: breakers and retries."""

from config.resilience.breakers import Breaker, Report, reports, states
from config.resilience.retries import tries

__all__ = ["Breaker", "Report", "reports", "states", "tries"]
