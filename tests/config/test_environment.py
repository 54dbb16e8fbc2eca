"""No process starts in production with a missing, malformed, weak or sample setting."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.environment import REQUIRED, faults

ROOT = Path(__file__).parents[2]
GOOD = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "kP9vX2mQ7sL4wT8zR3nB6yH1cF5jD0gA-one-of-fifty-and-more",
    "JWT_SIGNING_KEY": "uE8aN3xV6qJ1tM9pC4rW7kZ2sG5bY0dL",
    "DATA_ENCRYPTION_KEY": "q3vN8xY1bK6mT4wR9zC2pL7sH0dF5gJaEuVoQiXcMnA=",
    "DATABASE_URL": "postgres://mutirao:Zt7-qW2x@postgres:5432/mutirao",
    "REDIS_URL": "redis://:Rk4-vN8m@redis-cache:6379/0",
    "BROKER_URL": "redis://:Bq9-tL3s@redis-broker:6379/0",
    "EMAIL_URL": "smtp+tls://mutirao:Hy5-pD1z@mail.mutirao.org:587",
    "ALLOWED_HOSTS": "mutirao.org,.mutirao.org",
    "DOMAIN": "mutirao.org",
}


def test_good_environment_has_no_fault():
    assert faults(GOOD) == []
    assert faults({**GOOD, "ENVIRONMENT": "staging"}) == []


def test_development_needs_nothing():
    assert faults({"ENVIRONMENT": "development", "DEBUG": "true"}) == []
    assert faults({"ENVIRONMENT": "development", "EMAIL_URL": "consolemail://"}) == []


def test_malformed_values_are_named_in_development_too():
    assert len(faults({"ENVIRONMENT": "development", "PORT": "x", "LOG_LEVEL": "LOUD"})) == 2


@pytest.mark.parametrize("given", [{}, {"ENVIRONMENT": ""}])
def test_who_does_not_say_where_they_run_is_in_production(given):
    assert "SECRET_KEY is missing." in faults(given)
    assert "DEBUG must be off." in faults({**given, "DEBUG": "true"})


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("value", [None, ""])
def test_missing_variable_is_named(name, value):
    variables = {**GOOD, name: value} if value is not None else GOOD.keys() - {name}
    given = variables if isinstance(variables, dict) else {one: GOOD[one] for one in variables}

    assert faults(given) == [f"{name} is missing."]


def test_copies_of_backups_need_a_server_of_their_own():
    found = faults({**GOOD, "BACKUP_S3_BUCKET": "mutirao-backups"})

    missing = ("ENDPOINT_URL", "ACCESS_KEY", "SECRET_KEY")
    assert found == [f"BACKUP_S3_{name} is missing for backups." for name in missing]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENVIRONMENT", "live"),
        ("DATABASE_URL", "mysql://u:p4ss-word@db/x"),
        ("DATABASE_URL", "postgres://u:p4ss-word@db:port/x"),
        ("DATABASE_URL", "postgres://u:p4ss-word@db:5432"),
        ("DATABASE_URL", "postgres://u:p4ss-word@[db/x"),
        ("REDIS_URL", "redis-cache:6379"),
        ("BROKER_URL", "memory://"),
        ("EMAIL_URL", "consolemail://"),
        ("EMAIL_URL", "mail.mutirao.org:587"),
        ("DATA_ENCRYPTION_KEY", "kP9vX2mQ7sL4wT8zR3nB6yH1cF5jD0gA"),
        ("DATA_ENCRYPTION_KEY", "q3vN8xY1bK6mT4wR9zC2pL7sH0dF5gJaEuVoQiXcMnA"),
        ("ALLOWED_HOSTS", "https://mutirao.org"),
        ("ALLOWED_HOSTS", "mutirao.org,*"),
        ("ALLOWED_HOSTS", "*"),
        ("DOMAIN", "https://mutirao.org"),
        ("FRONTEND_URL", "app.mutirao.org"),
        ("CORS_ALLOWED_ORIGINS", "*"),
        ("CORS_ALLOWED_ORIGINS", "https://app.mutirao.org/path"),
        ("CORS_ALLOWED_ORIGINS", "app.mutirao.org"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("LOG_LEVEL", "LOUD"),
        ("DATABASE_POOL_SIZE", "many"),
        ("DATABASE_POOL_SIZE", "0"),
        ("DEBUG", "true"),
        ("DEBUG", "perhaps"),
        ("RATE_LIMITS_ENABLED", "false"),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "a" * 60),
        ("SECRET_KEY", "change-me-0123456789-abcdefghijklmnopqrstuvwxyz"),
        ("SECRET_KEY", "$" + GOOD["SECRET_KEY"]),
        ("JWT_SIGNING_KEY", GOOD["SECRET_KEY"]),
        ("DATABASE_URL", "postgres://mutirao:mutirao@postgres:5432/mutirao"),
        ("DATABASE_URL", "postgres://mutirao:changeme@postgres:5432/mutirao"),
        ("DATABASE_URL", "postgres://mutirao:change-me-1@postgres:5432/mutirao"),
        ("DATABASE_URL", "postgres://mutirao:Zt7-qW2@postgres:5432/mutirao"),
        ("BROKER_URL", "redis://:Bq9-tL3s@redis-cache:6379/1"),
        ("BROKER_URL", "redis://:Bq9-tL3s@redis-cache/1"),
        ("EMAIL_URL", "smtps://mutirao:Hy5-pD1z@mail.mutirao.org:465"),
        ("DOMAIN", ".mutirao.org"),
        ("ALLOWED_HOSTS", ","),
        ("WEBHOOK_SECRET", ","),
        ("WEBHOOK_NETWORKS", "10.2.0.0/16, 10.3.0.0/33"),
        ("DEFAULT_FROM_EMAIL", "no-reply@mutirao.org\nBcc: a@b.org"),
        ("PORT", "70000"),
        ("WEB_CONCURRENCY", "x"),
        ("API_MICROCACHE", "soon"),
    ],
)
def test_wrong_value_is_one_fault_that_names_the_variable(name, value):
    found = faults({**GOOD, name: value})

    assert len(found) == 1
    assert name in found[0]
    assert value not in found[0] or len(value) == 1


def test_all_faults_are_named_at_once():
    found = faults({"ENVIRONMENT": "production", "DEBUG": "1", "SECRET_KEY": "x"})

    assert len(found) == len(REQUIRED) - 1 + 2


def test_what_the_address_of_the_database_asks_for_is_kept():
    url = GOOD["DATABASE_URL"] + "?sslmode=verify-full"
    code = (
        "from config import settings; options = settings.DATABASES['default']['OPTIONS'];"
        "print(options['sslmode'], options['pool']['max_size'])"
    )

    process = run({**GOOD, "DATABASE_URL": url}, "-c", code)

    assert process.stdout.split() == ["verify-full", "2"], process.stderr


def run(variables, *command):
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**inherited, "PYTHONDONTWRITEBYTECODE": "1", **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


LISTS = {
    "ALLOWED_HOSTS": ["mutirao.org", "www.mutirao.org"],
    "CORS_ALLOWED_ORIGINS": ["https://app.mutirao.org", "https://mutirao.org"],
    "TRUSTED_PROXIES": ["10.0.0.0/8", "172.28.0.1"],
    "OUTGOING_NETWORKS": ["10.1.0.0/16", "10.2.0.0/16"],
    "WEBHOOK_SECRETS": ["wN3kD8sV1qZ6tB9xC4mL7pH2rJ5gF0yA", "hT5vQ2zX8nK1bM6wR9cL3pJ7sG0dF4yE"],
    "WEBHOOK_NETWORKS": ["10.2.0.0/16", "10.3.0.0/16"],
    "METRICS_ALLOWED": ["10.4.0.0/16", "::1"],
}


def test_blanks_and_commas_too_many_are_no_part_of_a_list():
    code = f"from config import settings; print([getattr(settings, name) for name in {[*LISTS]}])"
    given = {name: f" {', '.join(each)} ,, " for name, each in LISTS.items()}
    given["WEBHOOK_SECRET"] = given.pop("WEBHOOK_SECRETS")

    process = run({**GOOD, **given}, "-c", code)

    assert process.stdout.strip() == str([*LISTS.values()]), process.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("manage.py", "check"),
        ("manage.py", "migrate"),
        ("-m", "celery", "-A", "config", "worker"),
        ("-m", "celery", "-A", "config", "beat"),
        ("-m", "gunicorn", "config.wsgi", "-c", "config/gunicorn.py", "--bind", "127.0.0.1:0"),
    ],
    ids=["check", "migrate", "worker", "beat", "web"],
)
def test_each_process_refuses_to_start_and_says_why(command):
    wrong = {**GOOD, "DEBUG": "true", "SECRET_KEY": "a-short-secret", "ALLOWED_HOSTS": "*"}
    del wrong["EMAIL_URL"]

    process = run(wrong, *command)

    told = process.stdout + process.stderr
    assert process.returncode != 0
    for fault in faults(wrong):
        assert fault in told
    assert "a-short-secret" not in told


def test_good_environment_passes_the_deployment_check():
    process = run(GOOD, "manage.py", "check", "--deploy", "--fail-level", "WARNING")

    assert process.returncode == 0, process.stderr
