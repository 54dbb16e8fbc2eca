import django.contrib.postgres.indexes
import events.querysets
from django.db import migrations, models


class Migration(migrations.Migration):
    """What lists are searched and ordered by; nothing is dropped here, which would hold up readers."""

    dependencies = [("leads", "0005_nearest")]

    operations = [
        migrations.AddIndex(
            model_name='conversation',
            index=models.Index(models.OrderBy(models.Case(models.When(state='waiting', then=models.Value(0)), models.When(state='staff', then=models.Value(1)), models.When(state='agent', then=models.Value(2)), default=models.Value(3), output_field=models.IntegerField())), models.OrderBy(models.F('handed_off_at'), nulls_last=True), models.OrderBy(models.F('last_message_at'), descending=True, nulls_last=True), models.OrderBy(models.F('id'), descending=True), name='conversation_by_urgency'),
        ),
        migrations.AddIndex(
            model_name='lead',
            index=models.Index(fields=['name', 'id'], name='lead_by_name'),
        ),
        migrations.AddIndex(
            model_name='lead',
            index=models.Index(fields=['-stage_changed_at'], name='lead_stage_changed'),
        ),
        migrations.AddIndex(
            model_name='lead',
            index=models.Index(events.querysets.SearchText('city'), name='lead_by_city'),
        ),
        migrations.AddIndex(
            model_name='lead',
            index=django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass(events.querysets.SearchText('name', 'city'), name='gin_trgm_ops'), name='lead_words'),
        ),
    ]
