from django.db import migrations
from pgvector.django import VectorExtension

# Accents go first, so that who types without them finds the same. The dictionary of stop words
# still holds those that need none.
CREATE = """
CREATE TEXT SEARCH CONFIGURATION public.portuguese_unaccent (COPY = pg_catalog.portuguese);
ALTER TEXT SEARCH CONFIGURATION public.portuguese_unaccent
    ALTER MAPPING FOR hword, hword_part, word WITH public.unaccent, portuguese_stem;
"""


class Migration(migrations.Migration):
    """Passages are found by their vectors, and by the stems of their words."""

    initial = True
    dependencies = [("events", "0001_search_text")]

    operations = [
        VectorExtension(),
        migrations.RunSQL(CREATE, "DROP TEXT SEARCH CONFIGURATION public.portuguese_unaccent"),
    ]
