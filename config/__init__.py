"""Loads nothing, so that `config.heartbeat` costs little; Django loads Celery by config.apps."""
