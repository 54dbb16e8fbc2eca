"""What `make quickstart` takes from people's .env, and what it refuses."""

import pytest

from fleet import compose, quickstart


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


def named(domain, hosts):
    environment = {"DOMAIN": domain, "ALLOWED_HOSTS": hosts}
    return {"services": {"backend": {"environment": environment}}}
