"""Passages are found by the stems of their words and of their questions' words."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
from django.core.validators import URLValidator
from django.db import migrations, models

# Accents go first, so that who types without them finds the same. The dictionary of stop words
# still holds those that need none.
CREATE = """
CREATE TEXT SEARCH CONFIGURATION public.portuguese_unaccent (COPY = pg_catalog.portuguese);
ALTER TEXT SEARCH CONFIGURATION public.portuguese_unaccent
    ALTER MAPPING FOR hword, hword_part, word WITH public.unaccent, portuguese_stem;
"""


class Migration(migrations.Migration):
    dependencies = [("leads", "0001_initial"), ("events", "0001_search_text")]

    operations = [
        migrations.RunSQL(CREATE, "DROP TEXT SEARCH CONFIGURATION public.portuguese_unaccent"),
        migrations.RemoveIndex("chunkquestion", "chunk_question_words"),
        migrations.RemoveField("chunkquestion", "words"),
        migrations.RemoveIndex("chunk", "chunk_words"),
        migrations.RemoveField("chunk", "words"),
        migrations.AddField(
            "chunk", "asked", models.TextField(blank=True, db_default="", default="")
        ),
        migrations.AddField(
            "chunk",
            "words",
            models.GeneratedField(
                db_persist=True,
                expression=django.contrib.postgres.search.SearchVector(
                    "text", "asked", config="portuguese_unaccent"
                ),
                output_field=django.contrib.postgres.search.SearchVectorField(),
            ),
        ),
        migrations.AddIndex(
            "chunk",
            django.contrib.postgres.indexes.GinIndex(fields=["words"], name="chunk_words"),
        ),
        migrations.AlterField(
            "document",
            "url",
            models.CharField(
                blank=True,
                default="",
                max_length=500,
                validators=[URLValidator(["http", "https"])],
                verbose_name="address",
            ),
        ),
        migrations.AddField(
            "knowledgeindex",
            "building_model_id",
            models.CharField(blank=True, db_default="", default="", max_length=80),
        ),
        migrations.AlterField("chunk", "text", models.TextField(verbose_name="text")),
        migrations.AlterField(
            "chunkquestion",
            "origin",
            models.CharField(
                choices=[
                    ("staff", "staff"),
                    ("model", "proposed by a model"),
                    ("document", "in the document"),
                ],
                default="staff",
                max_length=8,
                verbose_name="origin",
            ),
        ),
    ]
