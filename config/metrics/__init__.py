"""What Prometheus is told of this program, and how it is counted."""

from config.metrics.counts import beat_missed, beat_sent, beat_tick

__all__ = ["beat_missed", "beat_sent", "beat_tick"]
