"""Tables of people become accounts."""

from collections.abc import Iterator
from functools import partial

import tablib
from django.utils.translation import gettext_lazy
from import_export.results import Result

from config.errors import DomainError
from users import tasks
from users.models import User, UserImport
from users.resources import UserResource
from users.services import tables
from users.services.tables import Line, NotChecked, Outcome

__all__ = [
    "NoSuchColumns",
    "NotChecked",
    "begin_import",
    "confirm_import",
    "discard_import",
    "run_import",
    "waiting_imports",
]


class NoSuchColumns(DomainError):
    code = "no_such_columns"
    message = gettext_lazy(
        "The first line must name the columns: email and first_name, and any of last_name, "
        "phone, city, language, birth_date."
    )


def _clean(name: str, text: str) -> str:
    if name == "email":
        return User.normalize_username(text)
    if name == "birth_date" and len(parts := text.split("/")) == 3:  # noqa: PLR2004
        return "-".join(part.zfill(2) for part in reversed(parts))
    return text


def _do(row: UserImport, batch: list[Line], is_dry: bool) -> Outcome:
    table = tablib.Dataset(headers=[name for name in batch[0] if name != "line"])
    for line in batch:
        table.append([line[name] for name in table.headers])
    result = UserResource(locks=not is_dry).import_data(table, dry_run=is_dry)
    if result.base_errors:  # somebody took an address meanwhile: the whole batch once more
        raise result.base_errors[0].error
    return Outcome(
        new=result.totals["new"],
        changed=result.totals["update"],
        same=result.totals["skip"],
        failed=result.totals["invalid"] + result.totals["error"],
        errors=list(_errors(batch, result)),
    )


def _errors(batch: list[Line], result: Result) -> Iterator[tuple[int, str]]:
    found = {one.number: "; ".join(_texts(one.error)) for one in result.invalid_rows}
    found |= {one.number: str(one.errors[0].error) for one in result.error_rows}
    for number, text in sorted(found.items()):
        yield int(batch[number - 1]["line"]), text


def _texts(error: object) -> Iterator[str]:
    by_field = getattr(error, "message_dict", None) if hasattr(error, "error_dict") else None
    if by_field is None:
        yield from error.messages  # type: ignore[attr-defined]
        return
    for name, texts in by_field.items():
        yield f"{name}: {' '.join(texts)}"


PEOPLE = tables.Tables(
    model=UserImport,
    fields=UserResource.Meta.fields,
    other_names={
        "e-mail": "email",
        "nome": "first_name",
        "sobrenome": "last_name",
        "telefone": "phone",
        "cidade": "city",
        "idioma": "language",
        "nascimento": "birth_date",
    },
    is_complete=lambda names: {"email", "first_name"} <= names,
    refusal=NoSuchColumns,
    clean=_clean,
    keys=lambda line: [line["email"]] if line["email"] else [],
    repeated=gettext_lazy("The same e-mail as in line %(line)d."),
    do=_do,
    task=lambda: tasks.run_user_import,
)
begin_import = partial(tables.begin, PEOPLE)
confirm_import = partial(tables.confirm, PEOPLE)
discard_import = partial(tables.discard, PEOPLE)
run_import = partial(tables.run, PEOPLE)
waiting_imports = partial(tables.waiting, PEOPLE)
