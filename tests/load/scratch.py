"""Databases that are made for the run and dropped after it."""

import contextlib
import os
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql


@contextlib.contextmanager
def database(name):
    """Make an empty database on the server of DATABASE_URL; give its address."""
    given = urlsplit(os.environ["DATABASE_URL"])
    name = f"load_{os.getpid()}_{name}"
    with psycopg.connect(urlunsplit(given), autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield urlunsplit(given._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(urlunsplit(given), autocommit=True) as server:
            drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            server.execute(drop.format(sql.Identifier(name)))
