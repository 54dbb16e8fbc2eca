import pgvector.django.indexes
from django.db import migrations


class Migration(migrations.Migration):
    """Searches go on while the index is built."""

    dependencies = [("leads", "0004_halfvec")]

    operations = [
        migrations.AddIndex(
            model_name='embedding',
            index=pgvector.django.indexes.HnswIndex(ef_construction=64, fields=['vector'], m=16, name='embedding_nearest', opclasses=['halfvec_cosine_ops']),
        ),
    ]
