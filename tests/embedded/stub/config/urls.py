from django.db import connection
from django.http import HttpResponse
from django.urls import path


def readiness(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ready")


urlpatterns = [path("readiness/", readiness)]
