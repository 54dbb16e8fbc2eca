"""How the database would answer a query."""

from django.db import connection


def plan(rows, *off):
    """The plan, without whole tables and these other ways (`sort`), whatever they would cost."""
    sql, parameters = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        for way in ("seqscan", *off):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        cursor.execute(f"EXPLAIN {sql}", parameters)
        return "\n".join(line for (line,) in cursor.fetchall())
