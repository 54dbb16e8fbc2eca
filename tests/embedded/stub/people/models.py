from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models


class PersonManager(BaseUserManager):
    def create_superuser(self, email, password):
        person = self.model(email=email)
        person.set_password(password)
        person.save()


class Person(AbstractBaseUser):
    email = models.EmailField(unique=True)

    objects = PersonManager()

    USERNAME_FIELD = "email"

    def __str__(self):
        return f"#{self.pk} {self.email}"
