"""A server on loopback: the part of the Hub's HTTP protocol that the real client speaks, and how it can go wrong.

Accounts, repositories, branches, pre-upload, LFS uploads, commits, listing, downloading. To requests whose path holds
a fault's word it answers with that fault.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlparse

TOKEN = "hf_planted0token0of0the0tests"
READ_TOKEN = "hf_planted0token0that0reads"
LARGE = 100_000  # bytes above which a file goes by LFS
CUT = -1
"""A fault: the connection is closed in place of an answer."""
HANG = -2
"""A fault: the answer comes when the test lets it (`Hub.gate`); `Hub.hanging` says that a request waits."""


@dataclass
class Fault:
    """How to answer the next requests whose path holds `word`: with `status` (CUT: not at all), `times` times."""

    word: str
    status: int
    times: int = 1
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Hub:
    """What the server knows: branches of repositories, large files by hash, and every request it was sent."""

    address: str = ""
    repositories: dict[str, dict[str, dict[str, bytes]]] = field(default_factory=dict)
    private: dict[str, bool] = field(default_factory=dict)
    commits: list[tuple[str, str, str]] = field(default_factory=list)
    heads: dict[tuple[str, str], str] = field(default_factory=dict)  # of (repository, branch): its last commit
    snapshots: dict[str, dict[str, bytes]] = field(default_factory=dict)  # the files of a commit
    objects: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    denied: set[str] = field(default_factory=set)
    accepted: int | None = None  # commits that are taken; those after them are forbidden
    gate: threading.Event = field(default_factory=threading.Event)
    hanging: threading.Event = field(default_factory=threading.Event)

    def files(self, name: str, branch: str = "main") -> dict[str, bytes]:
        return self.repositories[name][branch]

    def at(self, name: str, revision: str) -> dict[str, bytes]:
        """The files of a branch or a commit; of anything else those of main."""
        branches = self.repositories.get(name, {})
        return branches.get(revision) or self.snapshots.get(revision) or branches.get("main", {})

    def fault(self, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.word in path and fault.times > 0:
                fault.times -= 1
                return fault
        return None


@contextmanager
def running(hub: Hub | None = None) -> Iterator[Hub]:
    """A server for the time of the block; one that ran before comes back at its address, with what it had."""
    hub = hub or Hub()

    class Handler(_Handler):
        pass

    Handler.hub = hub
    server = ThreadingHTTPServer(("127.0.0.1", int(hub.address.rpartition(":")[2] or 0)), Handler)
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def _answer(self, status: int, body: Any = None, headers: dict[str, str] | None = None) -> None:
        payload = body if isinstance(body, bytes) else json.dumps(body if body is not None else {}).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(payload)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(payload)

    def _handle(self) -> None:
        path = unquote(urlparse(self.path).path)
        self.hub.requests.append(f"{self.command} {path}")
        self.hub.tokens |= {self._token()} - {""}
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.hub.fault(path)
        if fault is not None:
            if fault.status == HANG:
                self.hub.hanging.set()
                self.hub.gate.wait(120)
            if fault.status in (CUT, HANG):
                self.close_connection = True
                self.connection.close()
            else:
                self._answer(fault.status, {"error": f"fault {fault.status}"}, fault.headers)
            return
        for pattern, name in ROUTES:
            match = re.fullmatch(pattern, path)
            if match:
                getattr(self, name)(body, *match.groups())
                return
        self._answer(404, {"error": f"no route {self.command} {path}"}, {"X-Error-Code": "EntryNotFound"})

    do_GET = do_POST = do_PUT = do_HEAD = _handle  # noqa: N815 the names that http.server looks for

    def _token(self) -> str:
        return str(self.headers.get("Authorization") or "").removeprefix("Bearer ")

    def _allowed(self, name: str) -> bool:
        if self._token() != TOKEN or name in self.hub.denied:
            self._answer(403 if self._token() else 401, {"error": "forbidden"})
            return False
        return True

    def whoami(self, _body: bytes) -> None:
        roles = {TOKEN: "write", READ_TOKEN: "read"}
        role = roles.get(self._token())
        if role is None:
            self._answer(401, {"error": "Invalid username or password."})
        else:
            self._answer(200, {"name": "me", "type": "user", "auth": {"accessToken": {"role": role}}})

    def create(self, body: bytes) -> None:
        asked = json.loads(body)
        name = f"{asked.get('organization') or 'me'}/{asked['name']}"
        if not self._allowed(name):
            return
        found = name in self.hub.repositories
        if not found:
            self.hub.repositories[name] = {"main": {}}
            self.hub.private[name] = bool(asked.get("private") or asked.get("visibility") == "private")
        self._answer(409 if found else 200, {"url": f"{self.hub.address}/{name}", "name": name, "id": name})

    def branch(self, _body: bytes, name: str, branch: str) -> None:
        branches = self.hub.repositories[name]
        found = branch in branches
        branches.setdefault(branch, dict(branches["main"]))
        self._answer(409 if found else 200)

    def validate(self, body: bytes) -> None:
        sound = json.loads(body)["content"].startswith("---\n")
        self._answer(200 if sound else 400, {"errors": [], "warnings": []})

    def preupload(self, body: bytes, name: str, branch: str) -> None:
        if not self._allowed(name):
            return
        files = [
            {"path": f["path"], "uploadMode": "lfs" if f["size"] > LARGE else "regular", "shouldIgnore": False}
            for f in json.loads(body)["files"]
        ]
        self._answer(200, {"files": files})

    def lfs_batch(self, body: bytes, name: str) -> None:
        objects = []
        for wanted in json.loads(body)["objects"]:
            known = wanted["oid"] in self.hub.objects
            action = {"upload": {"href": f"{self.hub.address}/lfs/{wanted['oid']}"}}
            objects.append({**wanted, **({} if known else {"actions": action})})
        self._answer(200, {"transfer": "basic", "objects": objects}, {"Content-Type": "application/json"})

    def lfs_put(self, body: bytes, oid: str) -> None:
        if self.command != "PUT":
            self._answer(200, self.hub.objects[oid])
            return
        assert hashlib.sha256(body).hexdigest() == oid
        self.hub.objects[oid] = body
        self._answer(200)

    def commit(self, body: bytes, name: str, branch: str) -> None:
        if not self._allowed(name):
            return
        if self.hub.accepted is not None and len(self.hub.commits) >= self.hub.accepted:
            self._answer(403, {"error": "forbidden"})
            return
        lines = [json.loads(line) for line in body.splitlines() if line.strip()]
        files = dict(self.hub.repositories[name][branch])
        message = ""
        for line in lines:
            value = line["value"]
            if line["key"] == "header":
                message = value["summary"]
            elif line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.hub.objects[value["oid"]]
            elif line["key"] == "deletedFile":
                files.pop(value["path"], None)
        self.hub.repositories[name][branch] = files
        self.hub.commits.append((name, branch, message))
        oid = f"{len(self.hub.commits):040x}"
        self.hub.heads[name, branch], self.hub.snapshots[oid] = oid, files
        self._answer(200, {"success": True, "commitOid": oid, "commitUrl": f"{self.hub.address}/{name}/commit/{oid}"})

    def info(self, _body: bytes, name: str, branch: str = "main") -> None:
        if name not in self.hub.repositories:
            self._answer(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})
            return
        files = self.hub.at(name, branch)
        siblings = [{"rfilename": place} for place in sorted(files)]
        self._answer(200, {"id": name, "sha": self.hub.heads.get((name, branch), "0" * 40), "siblings": siblings})

    def _commit_of(self, name: str, revision: str) -> str:
        return revision if revision in self.hub.snapshots else self.hub.heads.get((name, revision), "0" * 40)

    def tree(self, _body: bytes, name: str, branch: str) -> None:
        self._answer(
            200,
            [
                {"type": "file", "path": place, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
                for place, content in sorted(self.hub.at(name, branch).items())
            ],
        )

    def resolve(self, _body: bytes, name: str, branch: str, place: str) -> None:
        content = self.hub.at(name, branch).get(place)
        if content is None:
            self._answer(404, {"error": "Entry not found"}, {"X-Error-Code": "EntryNotFound"})
            return
        headers = {"ETag": f'"{hashlib.sha256(content).hexdigest()}"', "X-Repo-Commit": self._commit_of(name, branch)}
        self._answer(200, content, headers)


ROUTES = (
    (r"/api/whoami-v2", "whoami"),
    (r"/api/repos/create", "create"),
    (r"/api/validate-yaml", "validate"),
    (r"/api/models/([^/]+/[^/]+)/branch/(.+)", "branch"),
    (r"/api/models/([^/]+/[^/]+)/preupload/(.+)", "preupload"),
    (r"/api/models/([^/]+/[^/]+)/commit/(.+)", "commit"),
    (r"/api/models/([^/]+/[^/]+)/tree/([^/]+)", "tree"),
    (r"/api/models/([^/]+/[^/]+)/revision/(.+)", "info"),
    (r"/api/models/([^/]+/[^/]+)", "info"),
    (r"/([^/]+/[^/]+)\.git/info/lfs/objects/batch", "lfs_batch"),
    (r"/lfs/([0-9a-f]{64})", "lfs_put"),
    (r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", "resolve"),
)
