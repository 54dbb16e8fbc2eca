"""The badges that every organisation starts with; staff may rename, disable or add to them."""

from django.db import migrations

# Name, description, icon, what counts, category, within days, how much.
STARTERS = {
    "primeira-acao": (
        "Primeira ação",
        "Veio ao primeiro mutirão. Todo mundo começa por aqui!",
        "sprout", "events", "", None, 1,
    ),
    "mao-na-massa": (
        "Mão na massa",
        "Participou de dez mutirões.",
        "hands", "events", "", None, 10,
    ),
    "cinquenta-horas": (
        "Cinquenta horas",
        "Doou cinquenta horas do seu tempo.",
        "clock", "hours", "", None, 50,
    ),
    "lugar-limpo": (
        "Lugar limpo",
        "Recolheu cem quilos de lixo.",
        "bag", "waste", "", None, 100,
    ),
    "semeador": (
        "Quem planta colhe",
        "Plantou cinquenta mudas.",
        "tree", "seedlings", "", None, 50,
    ),
    "educacao-ambiental": (
        "Roda de saberes",
        "Participou de três ações de educação.",
        "book", "events", "educacao", None, 3,
    ),
    "no-ritmo": (
        "No ritmo",
        "Participou por quatro semanas seguidas.",
        "flame", "streak", "", None, 4,
    ),
    "mes-intenso": (
        "Mês intenso",
        "Participou de quatro mutirões em trinta dias.",
        "calendar", "events", "", 30, 4,
    ),
}  # fmt: skip
FIELDS = ("name", "description", "icon", "metric", "category", "window_days", "threshold")


def create_starters(apps, schema_editor):
    badges = apps.get_model("users", "Badge").objects
    for slug, values in STARTERS.items():
        fields = dict(zip(FIELDS, values, strict=True))
        badges.get_or_create(slug=slug, defaults={**fields, "is_enabled": True})


class Migration(migrations.Migration):
    dependencies = [("users", "0008_badges_pictures_and_privacy")]
    operations = [migrations.RunPython(create_starters, migrations.RunPython.noop)]
