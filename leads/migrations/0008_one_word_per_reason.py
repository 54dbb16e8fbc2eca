from django.db import migrations

ONE_WORD = {"audio": "voice_note", "unreadable": "media"}


def rename(apps, schema_editor):
    for old, new in ONE_WORD.items():
        rows = apps.get_model("leads", "Conversation").objects.filter(handoff_reason=old)
        rows.update(handoff_reason=new)


class Migration(migrations.Migration):
    dependencies = [("leads", "0007_city_index")]

    operations = [migrations.RunPython(rename, migrations.RunPython.noop, elidable=True)]
