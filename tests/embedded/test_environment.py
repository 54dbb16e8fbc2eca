from base64 import urlsafe_b64decode
from pathlib import Path

import environ
import pytest

from embedded import environment, keys
from embedded.environment import Place


@pytest.fixture
def place():
    return Place(Path("/a place/.run"), keys.fresh(), {"postgres": 5001, "valkey": 5002}, 8000)


def test_processes_get_all_they_need(place):
    variables = place.variables({"PATH": "/bin"})

    assert variables["ENVIRONMENT"] == "development"
    assert variables["DEBUG"] == "false"
    assert variables["DATABASE_URL"].endswith("@127.0.0.1:5001/mutirao")
    assert variables["REDIS_URL"].endswith("@127.0.0.1:5002/0")
    assert variables["BROKER_URL"].endswith("@127.0.0.1:5002/1")
    assert variables["PATH"] == "/bin"


def test_what_is_set_wins_but_an_empty_value_is_not_set(place):
    variables = place.variables({"SECRET_KEY": "mine", "JWT_SIGNING_KEY": ""})

    assert variables["SECRET_KEY"] == "mine"
    assert variables["JWT_SIGNING_KEY"] == place.keys["jwt_signing_key"]


def test_modules_and_settings_of_other_projects_stay_out(place):
    variables = place.variables({"PYTHONPATH": "/x", "DJANGO_SETTINGS_MODULE": "other.settings"})

    assert not {"PYTHONPATH", "DJANGO_SETTINGS_MODULE"} & variables.keys()


def test_mails_go_to_the_folder_as_django_reads_the_address(place):
    address = environ.Env.email_url_config(place.own["EMAIL_URL"])

    assert address["EMAIL_FILE_PATH"] == "/a place/.run/mails"


def test_an_embedded_server_is_needed_unless_the_environment_names_one():
    assert environment.needs_postgres({})
    assert not environment.needs_postgres({"DATABASE_URL": "postgres://elsewhere/x"})
    assert environment.needs_valkey({"REDIS_URL": "redis://elsewhere/0"})
    assert not environment.needs_valkey({"REDIS_URL": "redis://a/0", "BROKER_URL": "redis://b/0"})


def test_no_key_of_the_shell_reaches_the_tests():
    given = {"PATH": "/bin", "CLAUDE_API_KEY": "x", "EMAIL_URL": "smtp://x", "DATABASE_URL": "y"}

    kept = environment.for_tests(given, ["CLAUDE_API_KEY", "DATABASE_URL"])

    assert kept == {"PATH": "/bin", "DATABASE_URL": "y"}


def test_variables_are_those_that_the_example_lists(tmp_path):
    example = tmp_path / ".env.example"
    example.write_text("# Keys\nSECRET_KEY=x\n#S3_BUCKET=\n# not A_NAME in prose\n")

    assert environment.documented_names(example) == ["SECRET_KEY", "S3_BUCKET"]


def test_keys_are_random_and_the_encryption_key_is_one():
    first, second = keys.fresh(), keys.fresh()

    assert not set(first.values()) & set(second.values())
    assert len(urlsafe_b64decode(first["data_encryption_key"])) == 32
