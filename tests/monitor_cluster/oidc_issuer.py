"""Identity provider of OpenID Connect (Core 1.0) for tests: the authorization code flow, refresh tokens, and RS256.

Its page has a link for each person, in place of a password. `openssl` signs, so no package is needed for it.
"""

from __future__ import annotations

import base64
import json
import secrets
import ssl
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

if TYPE_CHECKING:
    from pathlib import Path

CLIENT: Final = "process-monitor"
CLIENT_SECRET: Final = "secret-of-the-client"
_LIFE_SECONDS: Final = 600
_KEY_ID: Final = "1"


class Issuer:
    """The provider listens on `url` until `close`. `people` are groups by e-mail address."""

    def __init__(self, folder: Path, port: int, people: dict[str, list[str]]) -> None:
        self.url = f"https://localhost:{port}"
        self.people = people
        self.ca = folder / "issuer.crt"
        self.refreshes = 0
        self._key = folder / "issuer.key"
        self._granted: dict[str, dict[str, str]] = {}
        self_signed(self.ca, self._key, "DNS:localhost")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.ca, self._key)
        issuer = self

        class Handler(_Handler):
            provider = issuer

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._server.server_close()

    def grant(self, email: str, nonce: str) -> str:
        """Make a code, or a refresh token, that stands for a person."""
        code = secrets.token_urlsafe()
        self._granted[code] = {"email": email, "nonce": nonce}
        return code

    def tokens(self, form: dict[str, str]) -> dict[str, Any]:
        """Exchange a code or a refresh token, once. Raises KeyError for one that is not known."""
        is_refresh = form["grant_type"] == "refresh_token"
        granted = self._granted.pop(form["refresh_token" if is_refresh else "code"])
        self.refreshes += is_refresh
        return {
            "token_type": "Bearer",
            "expires_in": _LIFE_SECONDS,
            "access_token": secrets.token_urlsafe(),
            "refresh_token": self.grant(granted["email"], granted["nonce"]),
            "id_token": self._id_token(**granted),
        }

    def _id_token(self, email: str, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "sub": email,
            "email": email,
            "email_verified": True,
            "groups": self.people[email],
            "iat": now,
            "exp": now + _LIFE_SECONDS,
            **({"nonce": nonce} if nonce else {}),
        }
        header = {"alg": "RS256", "typ": "JWT", "kid": _KEY_ID}
        signed = ".".join(_base64(json.dumps(part).encode()) for part in (header, claims))
        command = ("openssl", "dgst", "-sha256", "-sign", str(self._key))
        signature = subprocess.run(command, input=signed.encode(), capture_output=True, check=True).stdout
        return f"{signed}.{_base64(signature)}"

    def keys(self) -> dict[str, Any]:
        """The public key, as a set of JSON Web Keys."""
        command = ("openssl", "rsa", "-in", str(self._key), "-noout", "-modulus")
        answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        modulus = bytes.fromhex(answer.strip().removeprefix("Modulus="))
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": _KEY_ID, "n": _base64(modulus), "e": "AQAB"}
        return {"keys": [key]}

    def configuration(self) -> dict[str, Any]:
        """The document of OpenID Connect Discovery 1.0."""
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/auth",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "email", "groups", "offline_access"],
        }


class _Handler(BaseHTTPRequestHandler):
    provider: Issuer

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/.well-known/openid-configuration":
            self._answer(self.provider.configuration())
        elif parts.path == "/keys":
            self._answer(self.provider.keys())
        elif parts.path == "/auth" and query.get("as"):
            code = self.provider.grant(query["as"], query.get("nonce", ""))
            back = urlencode({"code": code, "state": query["state"]})
            self.send_response(302)
            self.send_header("Location", f"{query['redirect_uri']}?{back}")
            self.end_headers()
        elif parts.path == "/auth":
            assert query["client_id"] == CLIENT
            links = (f'<a href="{self.path}&as={email}">{email}</a>' for email in self.provider.people)
            self._send(f"<title>Sign in</title>{' '.join(links)}".replace("&", "&amp;").encode(), "text/html")
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        expected = base64.b64encode(f"{CLIENT}:{CLIENT_SECRET}".encode()).decode()
        is_client = (
            self.headers.get("Authorization") == f"Basic {expected}" or form.get("client_secret") == CLIENT_SECRET
        )
        if not is_client:
            self.send_error(401)
            return
        try:
            self._answer(self.provider.tokens(form))
        except KeyError:
            self.send_error(400)

    def _answer(self, body: dict[str, Any]) -> None:
        self._send(json.dumps(body).encode(), "application/json")

    def _send(self, body: bytes, media_type: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - of the base class
        """Write no line for each request."""


def self_signed(certificate: Path, key: Path, name: str) -> None:
    """Make a key and a certificate for a name (such as DNS:localhost), which is its own authority."""
    made = ("-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-days", "30", "-subj", "/CN=test")
    # keyUsage: without it Python 3.13's strict checks reject the authority.
    usage = ("-addext", f"subjectAltName={name}", "-addext", "keyUsage=critical,keyCertSign,digitalSignature")
    command = ("openssl", "req", "-x509", *made, *usage, "-out", str(certificate))
    subprocess.run(command, capture_output=True, check=True)


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
