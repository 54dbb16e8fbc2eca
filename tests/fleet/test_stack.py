"""What `make quickstart` left running: nobody has more rights, ports or neighbours than needed."""

import json
import re

import pytest

from fleet import compose, deploys, rolling
from tests.fleet import mails
from tests.fleet.conftest import ROOT, eventually

EDGE, DATA, EGRESS, GATEWAY = "edge", "data", "egress", "gateway"
NETWORKS = {
    "nginx": {EDGE},
    "backend": {EDGE, DATA},
    "stream": {EDGE, DATA, EGRESS},
    "worker": {DATA, EGRESS, GATEWAY},
    "worker-video": {DATA, EGRESS},
    "beat": {DATA},
    "postgres": {DATA},
    "redis-cache": {DATA},
    "redis-broker": {DATA},
    "s3": {EDGE, DATA},
}
PORTS = {
    "nginx": {8080, 8081, 8443},
    "backend": {8000},
    "stream": {8000},
    "worker": {9100},  # what it tells Prometheus, in the network of data
    "worker-video": {9100},
    "beat": {9100},
    "postgres": {5432},
    "redis-cache": {6379},
    "redis-broker": {6379},
    "s3": {8333, 18333},  # its door, and what it has beside it by gRPC, which cannot be shut
}
FILES = (
    "from django.core.files.base import ContentFile; "
    "from django.core.files.storage import default_storage"
)
TEMPLATE = "/etc/nginx/templates/site.conf.template"
REPLICAS = {"backend": 3, "worker": 2, "worker-video": 3}
# By address: a name that is not known here would be asked for elsewhere first.
KNOCK = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def knock(place):
    name, address, port = place
    try:
        socket.create_connection((address, port), 1).close()
        return [name, port]
    except OSError:
        return None
with ThreadPoolExecutor(64) as pool:
    print(json.dumps([one for one in pool.map(knock, json.loads(sys.argv[1])) if one]))
"""


def places(fleet, services, ports):
    """Where to knock: each address of the first replica of each service."""
    return json.dumps(
        [
            [service, network["IPAddress"], port]
            for service in services
            for network in fleet.inspect(fleet.containers(service)[0])["NetworkSettings"][
                "Networks"
            ].values()
            for port in ports
        ]
    )


def beside(fleet, container, *command):
    """Run a command of our image in the network of a container."""
    run = ("docker", "run", "--rm", "--network", f"container:{container.name}", "--entrypoint")
    return compose.run(*run, command[0], f"{fleet.project}:local", *command[1:])


def test_everything_runs_and_is_healthy(fleet):
    assert "is up" in fleet.quickstart
    for service in NETWORKS:
        running = fleet.containers(service)
        assert len(running) == REPLICAS.get(service, 1)
        for one in running:
            eventually(lambda one=one: fleet.inspect(one)["State"]["Health"]["Status"] == "healthy")


@pytest.mark.parametrize("service", [*NETWORKS, "prepare", "volumes"])
def test_containers_have_no_more_rights_than_they_need(fleet, service):
    for one in fleet.containers(service):
        facts = fleet.inspect(one)
        host = facts["HostConfig"]
        assert host["CapDrop"] == ["ALL"]
        assert (host["CapAdd"] or []) == (["CHOWN"] if service == "volumes" else [])
        assert host["SecurityOpt"] == ["no-new-privileges:true"]
        assert host["ReadonlyRootfs"]
        assert not host["Privileged"]
        if service not in ("prepare", "volumes"):
            assert host["RestartPolicy"]["Name"] == "unless-stopped"
            assert host["Memory"] > 0
            assert host["NanoCpus"] > 0
            assert host["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "5"}


@pytest.mark.parametrize(
    ("service", "added", "is_read_only", "networks"),
    [
        ("evolution", [], False, {GATEWAY, EGRESS}),
        (
            "evolution-postgres",
            ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"],
            True,
            {GATEWAY},
        ),
    ],
)
def test_the_gateway_of_whatsapp_is_given_no_more_rights(
    fleet, service, added, is_read_only, networks
):
    """Its image is not at hand here: what Compose would start it with is."""
    one = compose.config(COMPOSE_PROFILES="whatsapp")["services"][service]

    assert one["cap_drop"] == ["ALL"]
    assert (one.get("cap_add") or []) == added
    assert one["security_opt"] == ["no-new-privileges:true"]
    assert one.get("read_only", False) is is_read_only
    assert not one.get("privileged")
    assert not one.get("ports")
    assert {*one["networks"]} == networks
    assert one["restart"] == "unless-stopped"
    assert {"cpus", "memory"} <= {*one["deploy"]["resources"]["limits"]}
    assert one["logging"]["options"] == {"max-size": "10m", "max-file": "5"}
    assert one["healthcheck"]["test"]


@pytest.mark.parametrize("service", NETWORKS)
def test_processes_run_as_nobody_special_and_write_nowhere_else(fleet, service):
    one = fleet.containers(service)[0]

    user = compose.execute(one, "id", "-u").strip()
    listed = fleet.inspect(one)

    assert user != "0"
    if service not in ("postgres", "redis-cache", "redis-broker"):
        assert user == "1000"
    with pytest.raises(compose.Refused, match="Read-only|Permission"):
        compose.execute(one, "sh", "-c", "echo > /usr/here")
    assert not [mount for mount in listed["Mounts"] if "docker.sock" in mount["Source"]]


@pytest.mark.parametrize("service", NETWORKS)
def test_each_reaches_exactly_what_it_shares_a_network_with(fleet, service):
    one = fleet.containers(service)[0]
    all_ports = sorted({port for ports in PORTS.values() for port in ports} | {80, 8888, 9333})

    found = beside(fleet, one, "python", "-c", KNOCK, places(fleet, NETWORKS, all_ports))

    reached = {(name, port) for name, port in json.loads(found)}
    expected = {
        (name, port)
        for name, ports in PORTS.items()
        for port in ports
        if NETWORKS[name] & NETWORKS[service]
    }
    assert reached == expected


@pytest.mark.parametrize("service", NETWORKS)
def test_nobody_listens_anywhere_else(fleet, service):
    one = fleet.containers(service)[0]

    tables = beside(fleet, one, "cat", "/proc/net/tcp", "/proc/net/tcp6")

    listening = set()
    for address, port in re.findall(r"^ *\d+: (\w+):(\w+) \w+:\w+ 0A", tables, re.MULTILINE):
        if not address.endswith(("0100007F", "00000000000000000000000001000000", "0B00007F")):
            listening.add(int(port, 16))
    assert listening == PORTS[service]


def test_only_the_site_and_the_ops_port_are_published(fleet):
    published = {}
    for service in NETWORKS:
        for one in fleet.containers(service):
            for port, hosts in fleet.inspect(one)["NetworkSettings"]["Ports"].items():
                published.update({int(host["HostPort"]): (service, port) for host in hosts or []})

    assert published == {
        fleet.http_port: ("nginx", "8080/tcp"),
        fleet.port: ("nginx", "8443/tcp"),
        fleet.ops_port: ("nginx", "8081/tcp"),
    }
    text = (ROOT / "compose/base.yml").read_text()
    assert '"127.0.0.1:${OPS_PORT' in text


def test_data_has_no_way_out_and_subnets_come_from_the_variable(fleet):
    data = json.loads(compose.run("docker", "network", "inspect", f"{fleet.project}_data"))[0]
    edge = json.loads(compose.run("docker", "network", "inspect", f"{fleet.project}_edge"))[0]

    assert data["Internal"]
    assert edge["Options"]["com.docker.network.bridge.enable_ip_masquerade"] == "false"
    assert {data["IPAM"]["Config"][0]["Subnet"], edge["IPAM"]["Config"][0]["Subnet"]} == {
        compose.subnets()["SUBNET_DATA"],
        compose.subnets()["SUBNET_EDGE"],
    }


def test_a_stranger_on_the_same_host_reaches_no_server(fleet):
    servers = ("postgres", "redis-cache", "redis-broker", "s3")

    found = compose.run(
        *("docker", "run", "--rm", "--network", "bridge", "--entrypoint", "python"),
        *(f"{fleet.project}:local", "-c", KNOCK, places(fleet, servers, [5432, 6379, 8333])),
    )

    assert json.loads(found) == []


def test_redis_asks_for_a_password_and_lets_the_app_run_nothing_dangerous(fleet):
    one = fleet.containers("redis-broker")[0]

    assert "NOAUTH" in compose.execute(one, "redis-cli", "ping")
    code = (
        "from django.conf import settings; import redis; "
        "r = redis.Redis.from_url(settings.CELERY_BROKER_URL); print(r.ping()); "
        'exec(\'try: r.config_set("dir", "/tmp")\\nexcept redis.ResponseError as e: print(e)\')'
    )
    assert re.match(r"True\n.*no permissions", fleet.python(code))


def test_numbers_of_the_design_are_set(fleet):
    cache = fleet.redis("redis-cache", "config get maxmemory maxmemory-policy").split()
    broker = fleet.redis("redis-broker", "config get maxmemory-policy appendonly save").split()

    assert {"201326592", "allkeys-lru"} <= set(cache)
    assert {"noeviction", "yes"} <= set(broker)
    assert fleet.sql("SHOW max_connections") == "100"
    health = fleet.inspect(fleet.containers("backend")[0])["Config"]["Healthcheck"]
    assert (health["Timeout"], health["Retries"]) == (10_000_000_000, 3)


def test_all_that_the_site_loads_was_compiled_with_the_image(fleet):
    """Else each process compiles it anew, and each container takes three times as long to start."""
    code = (
        "import os, sys, config.wsgi; found = [getattr(one, '__cached__', None) for one in "
        "sys.modules.values()]; print([one for one in found if one and not os.path.exists(one)])"
    )

    assert fleet.python(code) == "[]"


def test_down_and_up_keep_rows_queue_and_files(fleet):
    save = "print(default_storage.save('kept/note.txt', ContentFile(b'kept')))"
    name = fleet.python(f"{FILES}; {save}").splitlines()[-1]
    fleet.compose("stop", "worker", "beat")  # so that what is queued stays in the queue
    mails.write(fleet, "kept", 3)
    people = fleet.sql("SELECT count(*) FROM users_user")

    compose.run("docker", "rm", "--force", f"{fleet.project}-mail")
    fleet.make("down")
    # The network of the mail server: without one, workers would leave the mails to the sweep.
    fleet.compose("create", "worker")
    fleet.start_mail()
    fleet.make("up")

    assert all(
        rolling.is_well(one)
        for name in (*compose.TAGS, "nginx")
        for one in compose.containers(name)
    )
    assert fleet.sql("SELECT count(*) FROM users_user") == people
    assert "kept" in fleet.python(f"{FILES}; print(default_storage.open({name!r}).read())")
    mails.wait(fleet, "kept", 3)
    assert sorted(mails.delivered(fleet, "kept")) == [f"kept-{n}@example.org" for n in range(3)]


def test_changed_files_of_nginx_are_told_by_deploy_and_come_out_with_up(fleet, capsys):
    before, backends = fleet.containers("nginx"), fleet.containers("backend")
    template = fleet.folder / "nginx/site.conf.template"
    template.write_text(template.read_text("utf-8") + "# changed\n", "utf-8")
    deploys.tell_of_nginx()
    assert "make up" in capsys.readouterr().out

    fleet.make("up")

    deploys.tell_of_nginx()
    assert capsys.readouterr().out == ""
    assert fleet.containers("nginx")[0].id != before[0].id
    assert "# changed" in compose.execute(fleet.containers("nginx")[0], "cat", TEMPLATE)
    assert [one.id for one in fleet.containers("backend")] == [one.id for one in backends]
    assert fleet.is_healthy()
