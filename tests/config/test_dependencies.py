"""Each dependency has its reason in docs/dependencies.md."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_each_dependency_has_a_reason():
    project = tomllib.loads(Path(ROOT, "pyproject.toml").read_text("utf-8"))
    wanted = [*project["project"]["dependencies"], *sum(project["dependency-groups"].values(), [])]
    named = re.findall(
        r"^\| ([a-z][a-z0-9-]*) \|", Path(ROOT, "docs/dependencies.md").read_text(), re.M
    )

    names = {re.match(r"[a-z0-9-]+", requirement)[0] for requirement in wanted}
    assert sorted({*named} - {"package"}) == sorted(names)
