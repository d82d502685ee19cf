"""HTTP proxies of the environment: HTTPS_PROXY, HTTP_PROXY and NO_PROXY, read as kubectl reads them.

kubectl uses Go's package golang.org/x/net/http/httpproxy. This module follows its rules, and an oracle test compares
both. `urllib.request.proxy_bypass` supports neither networks nor IPv6, the `requests` package only networks of IPv4.

https://pkg.go.dev/golang.org/x/net/http/httpproxy
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import SplitResult, urlsplit

_PORTS: Final = {"http": "80", "https": "443"}
_MAPPED_BITS: Final = 96  # ::ffff:0:0/96 holds the IPv4 addresses

Address = IPv4Address | IPv6Address


class ProxyError(ValueError):
    """A proxy that cannot be used. The message has the variable and the allowed values, and never a password."""


def proxy_of_environment(server: str, environment: Mapping[str, str]) -> str | None:
    """Give the URL of the proxy for calls to a server (a URL); None for direct calls.

    Calls to the local machine never use a proxy. Raises ProxyError.
    """
    url = urlsplit(server)
    names = (f"{url.scheme.upper()}_PROXY", f"{url.scheme}_proxy")
    name = next((name for name in names if environment.get(name)), None)
    no_proxy = environment.get("NO_PROXY") or environment.get("no_proxy") or ""
    if name is None or _is_direct(url, no_proxy):
        return None
    return _proxy_url(name, environment[name])


def _proxy_url(name: str, text: str) -> str:
    """Complete a proxy URL, which can be HOST:PORT only."""
    url = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(url)
        usable = parts.scheme in _PORTS and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ProxyError(f"{name} must be an http or https proxy such as http://proxy.example.com:3128, or HOST:PORT")
    return url


def _is_direct(url: SplitResult, no_proxy: str) -> bool:
    host = _ascii((url.hostname or "").lower())
    address = _address(host.partition("%")[0])
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    port = str(url.port or _PORTS.get(url.scheme, ""))
    return any(_matches(entry.strip().lower(), host, address, port) for entry in no_proxy.split(","))


def _matches(entry: str, host: str, address: Address | None, port: str) -> bool:
    """Whether one entry of NO_PROXY names the host: `*`, a network, an address or a domain, the last two with a
    port."""
    if entry in ("", "*"):
        return entry == "*"
    network = _network(entry)
    if network is not None:
        return address is not None and address in network
    name, wanted_port = _split_port(entry)
    if wanted_port not in ("", port):
        return False
    named = _address(name)
    if named is not None:
        return named == address
    return address is None and _is_in_domain(host, name)


def _is_in_domain(host: str, domain: str) -> bool:
    """`example.com` is that host and all below; `.example.com` and `*.example.com` are those below alone."""
    if domain.startswith("*."):
        domain = domain[1:]
    domain = _ascii(domain)
    if domain.startswith("."):
        return host.endswith(domain)
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))


def _split_port(entry: str) -> tuple[str, str]:
    """Split HOST:PORT and [IPv6]:PORT. A text without a port, or an IPv6 address without brackets, is a host."""
    host, colon, port = entry.rpartition(":")
    if not colon or "]" in port:
        return entry, ""
    if host.startswith("[") and host.endswith("]"):
        return host[1:-1], port
    return (entry, "") if ":" in host else (host, port)


def _network(text: str) -> IPv4Network | IPv6Network | None:
    base, slash, bits = text.partition("/")
    address = _address(base, mapped=False)
    if not slash or address is None or not (bits.isascii() and bits.isdigit()) or int(bits) > address.max_prefixlen:
        return None
    embedded = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    if embedded is not None and int(bits) >= _MAPPED_BITS:
        return ip_network((embedded, int(bits) - _MAPPED_BITS), strict=False)
    return ip_network((address, int(bits)), strict=False)


def _address(text: str, *, mapped: bool = True) -> Address | None:
    """Read an address without a zone. With `mapped` an IPv4 address in IPv6 form becomes the IPv4 address."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return None
        if mapped and address.ipv4_mapped is not None:
            return address.ipv4_mapped
    return address


def _ascii(host: str) -> str:
    """Write an international name as DNS has it; one that cannot be written so stays as it is."""
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host
