"""The four categories that every organisation starts with; staff may rename or remove them."""

from django.db import migrations

STARTERS = {
    "limpeza": ("Limpeza", "Recolher lixo e cuidar de ruas, praias, rios e praças."),
    "plantio": ("Plantio", "Plantar e cuidar de mudas, hortas e jardins."),
    "monitoramento": ("Monitoramento", "Medir e registrar a água, o ar, o solo e os bichos."),
    "educacao": ("Educação", "Ensinar e aprender em oficinas, rodas e visitas."),
}


def create_starters(apps, schema_editor):
    categories = apps.get_model("events", "EventCategory").objects
    for slug, (name, description) in STARTERS.items():
        categories.get_or_create(slug=slug, defaults={"name": name, "description": description})


class Migration(migrations.Migration):
    dependencies = [("events", "0003_initial")]
    operations = [migrations.RunPython(create_starters, migrations.RunPython.noop)]
