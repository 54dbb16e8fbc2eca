"""Valid, ordinary objects; a test names only what matters to it."""

from datetime import timedelta

import factory
from django.utils import timezone

from events.models import (
    Event,
    EventCategory,
    EventComment,
    EventParticipant,
    EventPhoto,
    EventResource,
    ResourcePledge,
)
from users.models import User

PASSWORD = "correct horse battery staple"


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda number: f"person{number}@example.org")
    first_name = factory.Sequence(lambda number: f"Pessoa{number}")
    last_name = "Silva"
    password = factory.django.Password(PASSWORD)


class CategoryFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = EventCategory

    name = factory.Sequence(lambda number: f"Categoria {number}")
    slug = factory.Sequence(lambda number: f"categoria-{number}")


class EventFactory(factory.django.DjangoModelFactory):
    """A published event of three hours, a week from now, in São Paulo."""

    class Meta:
        model = Event

    title = factory.Sequence(lambda number: f"Mutirão {number}")
    category = factory.SubFactory(CategoryFactory)
    organizer = factory.SubFactory(UserFactory)
    city = "São Paulo"
    address = "Praça da Sé, 1"
    latitude = -23.5505
    longitude = -46.6333
    starts_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=7))
    ends_at = factory.LazyAttribute(lambda event: event.starts_at + timedelta(hours=3))
    capacity = 10
    status = Event.Status.PUBLISHED


class ParticipantFactory(factory.django.DjangoModelFactory):
    """Someone with a seat; the event's counter knows of it."""

    class Meta:
        model = EventParticipant
        skip_postgeneration_save = True

    event = factory.SubFactory(EventFactory)
    user = factory.SubFactory(UserFactory)
    status = EventParticipant.Status.CONFIRMED

    @factory.post_generation
    def _count_seat(participant, create, extracted, **kwargs):
        if create and participant.status == EventParticipant.Status.CONFIRMED:
            participant.event.seats_taken += 1
            participant.event.save(update_fields=["seats_taken"])


class PastEventFactory(EventFactory):
    """An event that ended yesterday and reports waste and seedlings."""

    category = factory.SubFactory(CategoryFactory, metrics=["waste", "seedlings"])
    starts_at = factory.LazyFunction(lambda: timezone.now() - timedelta(days=1))
    status = Event.Status.FINISHED


class VisitorFactory(ParticipantFactory):
    """Someone who came to an event that is over; their hours are not in the ledger."""

    event = factory.SubFactory(PastEventFactory)
    checked_in_at = factory.LazyAttribute(lambda place: place.event.starts_at)
    checked_out_at = factory.LazyAttribute(lambda place: place.event.ends_at)


class ResourceFactory(factory.django.DjangoModelFactory):
    """Ten of a thing that an event needs."""

    class Meta:
        model = EventResource

    event = factory.SubFactory(EventFactory)
    name = factory.Sequence(lambda number: f"Enxada {number}")
    needed = 10


class PledgeFactory(factory.django.DjangoModelFactory):
    """One of it, brought by someone with a seat; the resource's counter knows of it."""

    class Meta:
        model = ResourcePledge
        skip_postgeneration_save = True

    resource = factory.SubFactory(ResourceFactory)
    participant = factory.SubFactory(
        ParticipantFactory, event=factory.SelfAttribute("..resource.event")
    )
    quantity = 1

    @factory.post_generation
    def _count(pledge, create, extracted, **kwargs):
        if create:
            pledge.resource.pledged += pledge.quantity
            pledge.resource.save(update_fields=["pledged"])


class CommentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = EventComment

    event = factory.SubFactory(EventFactory)
    author = factory.SubFactory(UserFactory)
    text = factory.Sequence(lambda number: f"Comentário {number}")


class PhotoFactory(factory.django.DjangoModelFactory):
    """A photo that everyone sees; its files are only named."""

    class Meta:
        model = EventPhoto

    event = factory.SubFactory(EventFactory)
    uploader = factory.SubFactory(UserFactory)
    image = factory.Sequence(lambda number: f"photos/full{number}.jpg")
    thumbnail = factory.Sequence(lambda number: f"photos/small{number}.jpg")
    stage = EventPhoto.Stage.DURING
    status = EventPhoto.Status.SHOWN
