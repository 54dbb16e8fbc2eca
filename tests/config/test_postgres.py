import pytest
from django.db import connection
from psycopg import Connection

from config.postgres import base


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_server_closed_is_replaced_before_use():
    with connection.pool.connection() as idle, connection.pool.connection() as killer:
        killer.execute("SELECT pg_terminate_backend(%s, 5000)", [idle.info.backend_pid])

    for _ in range(3):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            assert cursor.fetchone() == (1,)
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_living_connection_is_used_without_asking_the_server(monkeypatch):
    def ask(*args):
        raise AssertionError

    connection.close()
    monkeypatch.setattr(Connection, "execute", ask)

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def test_slow_statement_is_told_without_its_values(db, caplog, monkeypatch):
    monkeypatch.setattr(base, "SLOW", 0)

    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 WHERE %s = 'x'", ["ana@example.org"])

    assert "SELECT 1 WHERE %s" in caplog.text
    assert "ana@" not in caplog.text
