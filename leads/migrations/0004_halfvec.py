import django.db.models.deletion
import pgvector.django.halfvec
from django.db import migrations, models


class Migration(migrations.Migration):
    """Vectors half as long; until the next step they are searched one by one."""

    dependencies = [("leads", "0003_starter_sequences")]

    operations = [
        migrations.RemoveIndex(
            model_name='embedding',
            name='embedding_nearest',
        ),
        migrations.AlterField(
            model_name='embedding',
            name='vector',
            field=pgvector.django.halfvec.HalfVectorField(dimensions=512),
        ),
        migrations.AlterField(
            model_name='openquestion',
            name='conversation',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='open_questions', to='leads.conversation'),
        ),
    ]
