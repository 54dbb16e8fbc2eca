"""What depends on others goes on without them: breakers and retries."""

from config.resilience.breakers import Breaker, Report, reports, states
from config.resilience.retries import async_tries, tries

__all__ = ["Breaker", "Report", "async_tries", "reports", "states", "tries"]
