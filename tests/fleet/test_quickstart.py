"""What `make quickstart` takes from people's .env, and what it refuses."""

import pytest

from fleet import compose, quickstart, state


@pytest.mark.parametrize(
    ("line", "is_sample"),
    [
        ("DOMAIN=mutirao.example", True),
        ("ALLOWED_HOSTS=app.acao.org,mutirao.example", True),
        ("EMAIL_URL=smtp+tls://mutirao:secret@mail.mutirao.example:587", True),
        ("DOMAIN=app.examplefoo.org", False),
        ("DOMAIN=mutirao.example.org", False),
        ("# DOMAIN=mutirao.example", False),
    ],
)
def test_sample_of_a_name_is_told_from_real_ones(line, is_sample):
    assert bool(quickstart.SAMPLE_HOST.match(line)) == is_sample


@pytest.mark.parametrize("hosts", ["mutirao.test", "a.org, mutirao.test", ".mutirao.test", ".test"])
def test_domain_among_the_allowed_hosts_is_taken(hosts):
    quickstart.check_names(named("mutirao.test", hosts))


@pytest.mark.parametrize("hosts", ["a.org", "www.mutirao.test", ".rao.test", "test"])
def test_domain_that_is_none_of_the_allowed_hosts_is_refused(hosts):
    with pytest.raises(compose.Refused, match="DOMAIN must be among ALLOWED_HOSTS"):
        quickstart.check_names(named("mutirao.test", hosts))


@pytest.mark.parametrize("password", ["s3cr/et", "a@b", "100%", "what?", "", "a b"])
def test_password_that_would_break_an_address_is_refused(password):
    with pytest.raises(compose.Refused, match="REDIS_PASSWORD may hold") as refused:
        quickstart.check_passwords(locked("aB3-_.~", password))
    assert not password or password not in str(refused.value)


def test_password_of_safe_characters_is_taken():
    quickstart.check_passwords(locked("aB3-_.~", "x"))


def test_files_that_nginx_could_not_read_are_refused(monkeypatch, tmp_path):
    """As a clone under umask 077 has them."""
    monkeypatch.setattr(state, "ROOT", tmp_path)
    (tmp_path / "nginx").mkdir()
    file = tmp_path / "nginx" / "lists.sh"
    file.touch(0o600)
    with pytest.raises(compose.Refused, match=r"cannot read lists.sh"):
        compose.nginx_files()

    file.chmod(0o644)

    assert compose.nginx_files()


def locked(postgres, redis):
    given = {
        "postgres": {"POSTGRES_PASSWORD": postgres},
        "redis-broker": {"REDIS_PASSWORD": redis},
    }
    return {"services": {name: {"environment": one} for name, one in given.items()}}


def named(domain, hosts):
    environment = {"DOMAIN": domain, "ALLOWED_HOSTS": hosts}
    return {"services": {"backend": {"environment": environment}}}
