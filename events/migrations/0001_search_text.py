"""What `Event.search_text` needs: text without accents, found by any three of its letters."""

from django.contrib.postgres.operations import TrigramExtension, UnaccentExtension
from django.db import migrations

# unaccent() is only STABLE because its dictionary could change; ours does not, and a
# generated column needs IMMUTABLE. Schemas are named so that a restored dump finds them.
CREATE = """
CREATE FUNCTION search_text(VARIADIC parts text[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
AS $$ SELECT lower(public.unaccent('public.unaccent', array_to_string(parts, ' '))) $$
"""


class Migration(migrations.Migration):
    dependencies = []
    operations = [
        UnaccentExtension(),
        TrigramExtension(),
        migrations.RunSQL(CREATE, "DROP FUNCTION search_text(VARIADIC text[])"),
    ]
