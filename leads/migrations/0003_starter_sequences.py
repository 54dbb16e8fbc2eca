"""Sequences to begin with; none writes to anybody before staff switch it on."""

from django.db import migrations

HOUR, DAY = 60, 24 * 60
STARTERS = {
    "Boas-vindas por e-mail": (
        "created",
        [
            {
                "delay_minutes": 2 * HOUR,
                "channel": "email",
                "subject": "Que bom ter você por perto",
                "subject_en": "Good to have you near",
                "text_pt_br": "Oi {name}!\n\nObrigado por escrever para a gente. Nos mutirões, qualquer pessoa ajuda: "
                "não precisa saber nada antes, e as ferramentas são nossas.\n\n"
                "Se tiver alguma pergunta, é só responder a esta mensagem.",
                "text_en": "Hi {name}!\n\nThank you for writing to us. Everybody can help: you need no experience, "
                "and we bring the tools.\n\nIf you have a question, just answer this message.",
            },
            {
                "delay_minutes": 4 * DAY,
                "channel": "email",
                "with_event": True,
                "subject": "Perto de você: {event}",
                "subject_en": "Near you: {event}",
                "text_pt_br": "Oi {name}!\n\nTem um mutirão perto de você: {event}.\n{event_when}\n\n"
                "Quer vir? Inscreva-se aqui: {event_url}",
                "text_en": "Hi {name}!\n\nThere is a meeting near you: {event}.\n{event_when}\n\n"
                "Would you like to come? Sign up here: {event_url}",
            },
        ],
    ),
    "Conversa que parou no WhatsApp": (
        "silent",
        [
            {
                "delay_minutes": 3 * DAY,
                "channel": "whatsapp",
                "text_pt_br": "Oi {name}! Ficou alguma dúvida sobre os mutirões? É só responder aqui.",
                "text_en": "Hi {name}! Is there anything else you would like to know? Just answer here.",
            },
            {
                "delay_minutes": 10 * DAY,
                "channel": "whatsapp",
                "with_event": True,
                "text_pt_br": "Oi {name}! Tem um mutirão perto de você: {event}, {event_when}. {event_url}",
                "text_en": "Hi {name}! There is a meeting near you: {event}, {event_when}. {event_url}",
            },
        ],
    ),
    "Convite sem resposta": (
        "invited",
        [
            {
                "delay_minutes": 2 * DAY,
                "channel": "whatsapp",
                "text_pt_br": "Oi {name}! Você viu o nosso convite? Se quiser, ajudamos com a inscrição.",
                "text_en": "Hi {name}! Did you see our invitation? If you like, we help you sign up.",
            },
            {
                "delay_minutes": 6 * DAY,
                "channel": "email",
                "with_event": True,
                "subject": "Ainda dá tempo: {event}",
                "subject_en": "There is still time: {event}",
                "text_pt_br": "Oi {name}!\n\nAinda há lugar: {event}.\n{event_when}\n\n{event_url}",
                "text_en": "Hi {name}!\n\nThere are still seats: {event}.\n{event_when}\n\n{event_url}",
            },
        ],
    ),
}


def create_starters(apps, schema_editor):
    sequences = apps.get_model("leads", "Sequence").objects
    for name, (trigger, steps) in STARTERS.items():
        sequence, is_new = sequences.get_or_create(name=name, defaults={"trigger": trigger})
        if is_new:
            for position, step in enumerate(steps, start=1):
                sequence.steps.create(position=position, **step)


class Migration(migrations.Migration):
    dependencies = [("leads", "0002_initial")]
    operations = [migrations.RunPython(create_starters, migrations.RunPython.noop)]
