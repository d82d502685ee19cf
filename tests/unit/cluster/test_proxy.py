"""Choice of the proxy to the API server by the variables of the environment: the rules of Go, which kubectl follows."""

from __future__ import annotations

import pytest

from process_operator.cluster.proxy import ProxyError, proxy_of_environment

API = "https://api.example.com:6443"
BY_IPV4 = "https://10.1.2.3:6443"
BY_IPV6 = "https://[fd00::1]:6443"
PROXY = "http://proxy:3128"

PROXIES = [
    pytest.param({}, None, id="none is the usual"),
    pytest.param({"HTTPS_PROXY": PROXY}, PROXY, id="a proxy"),
    pytest.param({"https_proxy": PROXY}, PROXY, id="in lower case"),
    pytest.param({"HTTPS_PROXY": PROXY, "https_proxy": "http://other"}, PROXY, id="upper case wins"),
    pytest.param({"HTTPS_PROXY": "", "https_proxy": PROXY}, PROXY, id="an empty variable is not set"),
    pytest.param({"HTTPS_PROXY": "proxy:3128"}, PROXY, id="host and port alone"),
    pytest.param({"HTTPS_PROXY": "10.9.9.9:3128"}, "http://10.9.9.9:3128", id="address and port alone"),
    pytest.param({"HTTPS_PROXY": "[fd00::9]:3128"}, "http://[fd00::9]:3128", id="an IPv6 address and port alone"),
    pytest.param({"HTTPS_PROXY": "proxy"}, "http://proxy", id="a host alone"),
    pytest.param({"HTTPS_PROXY": "https://me:secret@proxy"}, "https://me:secret@proxy", id="TLS and a password"),
    pytest.param({"HTTP_PROXY": PROXY}, None, id="the proxy for http is not for https"),
    pytest.param({"ALL_PROXY": PROXY}, None, id="ALL_PROXY says nothing to Go"),
]


@pytest.mark.parametrize(("environment", "proxy"), PROXIES)
def test_the_proxy_is(environment: dict[str, str], proxy: str | None) -> None:
    assert proxy_of_environment(API, environment) == proxy


@pytest.mark.parametrize(
    "server", ["https://localhost:6443", "https://127.0.0.1:6443", "https://127.9.9.9", "https://[::1]:6443"]
)
def test_this_machine_is_behind_no_proxy(server: str) -> None:
    assert proxy_of_environment(server, {"HTTPS_PROXY": PROXY}) is None


def test_http_has_a_proxy_of_its_own() -> None:
    assert proxy_of_environment("http://api.example.com", {"HTTP_PROXY": PROXY, "HTTPS_PROXY": "other"}) == PROXY


@pytest.mark.parametrize(
    "text", ["socks5://proxy:1080", "http://", "http://proxy:port", "http://proxy:99999", "http://[proxy"]
)
def test_a_proxy_that_cannot_be_used_is_rejected_by_its_variable(text: str) -> None:
    with pytest.raises(ProxyError, match=r"^HTTPS_PROXY must be an http or https proxy such as"):
        proxy_of_environment(API, {"HTTPS_PROXY": text})


DIRECT = [
    pytest.param(API, "*", id="a star is every host"),
    pytest.param(API, "other, *", id="a star behind others is every host"),
    pytest.param(API, "example.com", id="a domain names what is below"),
    pytest.param(API, "api.example.com", id="a domain names itself"),
    pytest.param(API, ".example.com", id="a leading dot names what is below"),
    pytest.param(API, "*.example.com", id="a star and a dot name what is below"),
    pytest.param(API, " Example.COM ", id="in any case, among blanks"),
    pytest.param(API, "example.com:6443", id="a domain with the port"),
    pytest.param("https://api.example.com", "example.com:443", id="with the port that https implies"),
    pytest.param("https://bücher.example", "xn--bcher-kva.example", id="an international name"),
    pytest.param(BY_IPV4, "10.1.2.3", id="an address"),
    pytest.param(BY_IPV4, "10.1.2.3:6443", id="an address with the port"),
    pytest.param(BY_IPV4, "10.0.0.0/8", id="a network"),
    pytest.param(BY_IPV4, "10.200.7.7/8", id="a network by any of its addresses"),
    pytest.param(BY_IPV4, "192.168.0.0/16,10.0.0.0/8", id="the second of two networks"),
    pytest.param(BY_IPV4, "::ffff:10.1.2.3", id="an IPv4 address in the form of IPv6"),
    pytest.param(BY_IPV4, "::ffff:10.0.0.0/104", id="a network of IPv4 in the form of IPv6"),
    pytest.param(BY_IPV4, "0.0.0.0/0", id="the network of all"),
    pytest.param(BY_IPV6, "fd00::1", id="an IPv6 address"),
    pytest.param(BY_IPV6, "FD00:0:0::1", id="in another spelling"),
    pytest.param(BY_IPV6, "[fd00::1]:6443", id="an IPv6 address with the port"),
    pytest.param(BY_IPV6, "fd00::/8", id="a network of IPv6"),
    pytest.param("https://[fd00::1%25eth0]:6443", "fd00::1", id="an address with a zone"),
]


@pytest.mark.parametrize(("server", "no_proxy"), DIRECT)
def test_no_proxy_names(server: str, no_proxy: str) -> None:
    assert proxy_of_environment(server, {"HTTPS_PROXY": PROXY, "NO_PROXY": no_proxy}) is None
    assert proxy_of_environment(server, {"HTTPS_PROXY": PROXY, "no_proxy": no_proxy}) is None


THROUGH_THE_PROXY = [
    pytest.param(API, "", id="nothing"),
    pytest.param(API, ",,", id="empty entries"),
    pytest.param(API, "ample.com", id="the end of a label"),
    pytest.param(API, ".api.example.com", id="a leading dot is not the host itself"),
    pytest.param(API, "example.com:443", id="another port"),
    pytest.param(API, "example.com 10.0.0.0/8", id="entries without commas"),
    pytest.param(API, "10.0.0.0/8", id="a network, for a name"),
    pytest.param(API, "https://api.example.com", id="a URL"),
    pytest.param(API, ":6443", id="a port alone"),
    pytest.param(BY_IPV4, "10.1.2.4", id="another address"),
    pytest.param(BY_IPV4, "10.", id="the beginning of an address"),
    pytest.param(BY_IPV4, "1.2.3", id="the end of an address"),
    pytest.param(BY_IPV4, "10.1.2.3:443", id="an address with another port"),
    pytest.param(BY_IPV4, "11.0.0.0/8", id="another network"),
    pytest.param(BY_IPV4, "10.0.0.0/255.0.0.0", id="a network by its mask"),
    pytest.param(BY_IPV4, "10.0.0.0/33", id="a network of too many bits"),
    pytest.param(BY_IPV4, "::/0", id="all of IPv6, for an IPv4 address"),
    pytest.param(BY_IPV6, "[fd00::1]", id="an IPv6 address in brackets without a port"),
    pytest.param(BY_IPV6, "[fd00::1]:443", id="an IPv6 address with another port"),
    pytest.param(BY_IPV6, "fe80::/10", id="another network of IPv6"),
    pytest.param(BY_IPV6, "fd00::1%eth0", id="a zone in an entry"),
    pytest.param(BY_IPV6, "0.0.0.0/0", id="all of IPv4, for an IPv6 address"),
]


@pytest.mark.parametrize(("server", "no_proxy"), THROUGH_THE_PROXY)
def test_no_proxy_does_not_name(server: str, no_proxy: str) -> None:
    assert proxy_of_environment(server, {"HTTPS_PROXY": PROXY, "NO_PROXY": no_proxy}) == PROXY
