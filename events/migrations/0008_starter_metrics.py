"""What the starter categories report; staff may change it."""

from django.db import migrations

METRICS = {
    "limpeza": ["waste", "area"],
    "plantio": ["seedlings", "area"],
    "monitoramento": ["readings"],
    "educacao": ["people_taught"],
}


def set_metrics(apps, schema_editor):
    categories = apps.get_model("events", "EventCategory").objects
    for slug, metrics in METRICS.items():
        categories.filter(slug=slug, metrics=[]).update(metrics=metrics)


class Migration(migrations.Migration):
    dependencies = [("events", "0007_series_reports_photos_and_pledges")]
    operations = [migrations.RunPython(set_metrics, migrations.RunPython.noop)]
