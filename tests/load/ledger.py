"""A ledger as it is after years: a million lines of fifty thousand people."""

LINES = 1_000_000
# Hours at events, and in two of five lines what was done there; one in fifty was corrected.
INSERT = """
INSERT INTO users_contribution
    (user_id, kind, amount, category, source, reason, happened_at, recorded_at)
SELECT person[1 + (random() * (cardinality(person) - 1))::int],
    CASE WHEN n %% 5 < 3 THEN 'hours'
        ELSE (ARRAY['waste', 'seedlings', 'area', 'readings'])[1 + n %% 4] END,
    (1 + random() * 4)::numeric(10, 2),
    (ARRAY['limpeza', 'plantio', 'monitoramento', 'educacao'])[1 + (random() * 3)::int],
    'event:load:' || n, '', now() - random() * interval '1000 days', now()
FROM generate_series(1, %(lines)s) AS n, (SELECT array_agg(id) AS person FROM users_user) AS people
"""
REVERSE = """
INSERT INTO users_contribution
    (user_id, kind, amount, category, source, reverses_id, reason, happened_at, recorded_at)
SELECT user_id, kind, -amount, category, source || ':reversed', id, 'load', happened_at, now()
FROM users_contribution WHERE id %% 50 = 0 AND reverses_id IS NULL
"""


def fill():
    """Write the lines, and let the database know what there is."""
    execute(INSERT, {"lines": LINES * 49 // 50})
    execute(REVERSE, {})
    execute("VACUUM (ANALYZE) users_contribution")


def execute(statement, given=None):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, given)
