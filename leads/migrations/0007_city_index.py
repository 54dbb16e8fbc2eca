from django.db import migrations


class Migration(migrations.Migration):
    """An index that nothing asks any more."""

    dependencies = [("leads", "0006_lead_searches")]

    operations = [
        migrations.RemoveIndex(
            model_name='lead',
            name='lead_city',
        ),
    ]
