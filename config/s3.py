"""Files in any S3: read and written at its inner address, signed for the one that clients see.

settings.STORAGES names these classes by their path, so that boto3 costs nothing without S3.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, lru_cache
from threading import Lock
from typing import Any

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection
from botocore.handlers import add_expect_header
from django.core.files.base import File
from storages.backends import s3

from config import storage
from config.errors import DependencyAway

# botocore's sessions are no good to two threads at once, its clients are.
_lock = Lock()
# Bytes of an object that reading keeps in memory; of a larger one, all go to FILE_UPLOAD_TEMP_DIR.
IN_MEMORY = 8 * 1024 * 1024


class S3Storage(s3.S3Storage):
    """Private objects behind presigned addresses; `tries` and `read_timeout` bound each request.

    S3 itself is asked at `endpoint_url`. Addresses for clients are signed for the host of
    `public_url`, since the host is part of what is signed. Raises DependencyAway when S3 cannot
    answer now, and the OSError of a full disk when it has no room.
    """

    def __init__(
        self, *, public_url: str, tries: int = 2, read_timeout: float = 10, **options: Any
    ) -> None:
        self._given = {"public_url": public_url, **options}
        self.public_url = public_url
        super().__init__(
            client_config=_config(tries, read_timeout),
            # Threads would keep ten parts of a large file in memory.
            transfer_config=TransferConfig(use_threads=False),
            max_memory_size=IN_MEMORY,
            **options,
        )

    @cached_property
    def connection(self) -> Any:
        """One for all threads: to make another takes 0.1 s and 15 MB."""
        with _lock:
            made = self._session.resource("s3", **self._place, endpoint_url=self.endpoint_url)
        # Or a hung server costs each upload a second more.
        made.meta.client.meta.events.unregister("before-call.s3", add_expect_header)
        return made

    @cached_property
    def _signer(self) -> Any:
        """A client that never connects."""
        with _lock:
            return self._session.client("s3", **self._place, endpoint_url=self.public_url)

    @property
    def _session(self) -> boto3.Session:
        return _session(self.access_key, self.secret_key)

    @property
    def _place(self) -> dict[str, Any]:
        return {"region_name": self.region_name, "config": self.client_config}

    @cached_property
    def impatient(self) -> "S3Storage":
        """The same for somebody who cannot wait two seconds."""
        return type(self)(**self._given, tries=1, read_timeout=0.9)

    def make_bucket(self) -> None:
        """Make the bucket, private, unless it is there."""
        client = self.connection.meta.client
        try:
            client.head_bucket(Bucket=self.bucket_name)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            client.create_bucket(Bucket=self.bucket_name)

    def _open(self, name: str, mode: str = "rb") -> File:
        with _told():
            return super()._open(name, mode)

    def _save(self, name: str, content: File) -> str:
        with _told():
            return super()._save(name, content)

    def exists(self, name: str) -> bool:
        with _told():
            return super().exists(name)

    def delete(self, name: str) -> None:
        with _told():
            super().delete(name)

    def get_object_parameters(self, name: str) -> dict[str, Any]:
        return {"ContentType": storage.content_type(name)}

    def url(self, name: str | None) -> str:
        """An address that opens the object for `querystring_expire` seconds.

        The answer carries the same headers as that of a local file.
        """
        headers = {
            "ResponseCacheControl": storage.CACHE_CONTROL,
            # Said again, since some S3 guess by the ending what an octet-stream is.
            "ResponseContentType": storage.content_type(name or ""),
            "ResponseContentDisposition": storage.disposition(name or ""),
        }
        return self._presigned("get_object", name or "", self.querystring_expire, **headers)

    def presigned_put(self, name: str, *, content_type: str, expires: int) -> str:
        """An address that takes one object of that type by PUT, for `expires` seconds.

        S3 refuses another Content-Type. Let `get_available_name` make the name.
        """
        return self._presigned("put_object", name, expires, ContentType=content_type)

    def _presigned(self, operation: str, name: str, expires: int, **parameters: str) -> str:
        place = {"Bucket": self.bucket_name, "Key": self._normalize_name(name)}
        return self._signer.generate_presigned_url(
            operation, Params={**place, **parameters}, ExpiresIn=expires
        )


class MediaStorage(storage.GeneratedNames, S3Storage):
    """Uploaded files."""


@contextmanager
def _told() -> Iterator[None]:
    """Say what S3 cannot do as the rest of us says it; what it refuses is our mistake."""
    try:
        yield
    except (HTTPClientError, NoConnection) as error:
        raise DependencyAway("storage") from error
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == 507:
            raise OSError(errno.ENOSPC, "S3 is full") from error
        if status == 429 or status >= 500:
            raise DependencyAway("storage") from error
        raise


def _config(tries: int, read_timeout: float) -> Config:
    return Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        connect_timeout=1,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": tries},
        # What only Amazon's own servers are sure to know is left out.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


@lru_cache
def _session(access_key: str, secret_key: str) -> boto3.Session:
    return boto3.Session(aws_access_key_id=access_key, aws_secret_access_key=secret_key)
