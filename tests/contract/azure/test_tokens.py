from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

import httpx
import jwt
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential, DefaultAzureCredential, ManagedIdentityCredential
from azure.storage.blob import BlobServiceClient

from devkit.azure.cloud_ids import BUILDER_ID
from devkit.azure.server import Tls
from tests.contract.azure import bodies
from tests.contract.azure.harness import Harness

if TYPE_CHECKING:
    from pathlib import Path

    from devkit.azurite import Azurite

TENANT = "00000000-0000-0000-0000-00000000000a"


def claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


@pytest.fixture
def managed_identity(cloud: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{cloud.url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "header")


@pytest.mark.usefixtures("managed_identity")
@pytest.mark.parametrize("credential", [ManagedIdentityCredential, DefaultAzureCredential])
def test_azure_identity_gets_tokens_as_in_app_service(credential: Any) -> None:
    with credential() as made:
        token = made.get_token("https://management.azure.com/.default")
    found = claims(token.token)
    assert (found["aud"], found["tid"]) == ("https://management.azure.com", TENANT)
    assert found["iss"] == f"https://sts.windows.net/{TENANT}/"
    assert found["exp"] == token.expires_on


@pytest.mark.usefixtures("managed_identity")
def test_azurite_takes_these_tokens(azurite: Azurite) -> None:
    azurite.accounts.create("kilntokens")
    with (
        ManagedIdentityCredential() as credential,
        BlobServiceClient(
            azurite.accounts.endpoint("kilntokens"), credential, connection_verify=str(azurite.accounts.ca_file)
        ) as service,
    ):
        assert list(service.list_containers()) == []


def test_a_client_secret_gets_a_token_over_https(tmp_path: Path, azurite: Azurite) -> None:
    certificates = azurite.certificates
    cloud = Harness(tmp_path, azurite.accounts, tls=Tls(certificates.certificate, certificates.key))
    try:
        with ClientSecretCredential(
            TENANT,
            "client",
            "any secret",
            authority=f"https://127.0.0.1:{cloud.port}",
            disable_instance_discovery=True,
            connection_verify=str(certificates.ca),
        ) as credential:
            token = credential.get_token("https://management.azure.com/.default").token
        assert claims(token)["aud"] == "https://management.azure.com"
    finally:
        cloud.stop()


def test_the_clouds_metadata_is_one_object_at_its_own_address(cloud: Harness) -> None:
    found = cloud.http("GET", "/metadata/endpoints", params={"api-version": "2022-09-01"}).json()
    assert found["resourceManager"] == cloud.url
    assert found["authentication"]["loginEndpoint"] == cloud.url


IDENTITY = f"{bodies.group_id('rg')}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/reader"
SCOPE = "https://storage.azure.com/.default"


@pytest.fixture
def reader(cloud: Harness) -> Any:
    """A user-assigned identity that exists and that the app does not have."""
    cloud.put(bodies.group_id("rg"), {"location": "westeurope"}).raise_for_status()
    return cloud.put(IDENTITY, {"location": "westeurope"}).raise_for_status().json()["properties"]


@pytest.mark.usefixtures("managed_identity")
def test_a_token_without_a_name_is_the_seeded_builders(cloud: Harness) -> None:
    builder = cloud.http("GET", BUILDER_ID).json()
    with ManagedIdentityCredential() as credential:
        found = claims(credential.get_token(SCOPE).token)
    assert (found["appid"], found["oid"]) == (builder["properties"]["clientId"], builder["properties"]["principalId"])
    assert (found["xms_mirid"], found["aud"]) == (BUILDER_ID, "https://storage.azure.com")
    assert cloud.local("GET", "app-identities") == {"identities": [BUILDER_ID]}


@pytest.mark.usefixtures("managed_identity")
def test_an_assigned_identity_gets_a_token_however_it_is_named(cloud: Harness, reader: Any) -> None:
    assert cloud.local("POST", "app-identities", json={"id": IDENTITY.upper()})["identities"] == [BUILDER_ID, IDENTITY]
    named: list[dict[str, Any]] = [
        {"client_id": reader["clientId"]},
        {"identity_config": {"client_id": reader["clientId"].upper()}},
        {"identity_config": {"resource_id": IDENTITY.lower()}},
        {"identity_config": {"object_id": reader["principalId"]}},
    ]
    for how in named:
        with ManagedIdentityCredential(**how) as credential:
            found = claims(credential.get_token(SCOPE).token)
        assert (found["appid"], found["oid"], found["xms_mirid"]) == (
            reader["clientId"],
            reader["principalId"],
            IDENTITY,
        ), how
    for name in ("mi_res_id", "msi_res_id"):
        answer = cloud.http("GET", "/msi/token", params={"resource": "https://x", name: IDENTITY})
        assert answer.json()["client_id"] == reader["clientId"]


@pytest.mark.usefixtures("managed_identity")
def test_an_identity_that_is_not_the_apps_or_not_there_gets_none(cloud: Harness, reader: Any) -> None:
    message = r"No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId\."
    for client_id in (reader["clientId"], "00000000-0000-0000-0000-00000000dead"):
        with (
            ManagedIdentityCredential(client_id=client_id) as credential,
            pytest.raises(ClientAuthenticationError) as no,
        ):
            credential.get_token(SCOPE)
        assert re.search(message, str(no.value))
    answer = httpx.post(f"{cloud.url}/_local/app-identities", json={"id": f"{IDENTITY}x"}, trust_env=False)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "ResourceNotFound")


@pytest.mark.usefixtures("managed_identity")
def test_a_deleted_identity_gets_no_token(cloud: Harness, reader: Any) -> None:
    cloud.local("POST", "app-identities", json={"id": IDENTITY})
    cloud.http("DELETE", IDENTITY).raise_for_status()
    assert cloud.http(
        "GET", "/msi/token", params={"resource": "https://x", "client_id": reader["clientId"]}
    ).json() == {
        "statusCode": 400,
        "message": "No User Assigned or Delegated Managed Identity found for specified "
        "ClientId/ResourceId/PrincipalId.",
    }


@pytest.mark.usefixtures("managed_identity")
def test_a_token_needs_a_resource(cloud: Harness) -> None:
    assert cloud.http("GET", "/msi/token", params={}).status_code == 400


def test_identities_can_be_assigned_at_the_start_and_stay(tmp_path: Path, azurite: Azurite) -> None:
    cloud = Harness(tmp_path, azurite.accounts, database=tmp_path / "azure.db", app_identities=[IDENTITY])
    try:
        cloud.put(bodies.group_id("rg"), {"location": "westeurope"}).raise_for_status()
        made = cloud.put(IDENTITY, {"location": "westeurope"}).raise_for_status().json()["properties"]
        cloud.restart()
        answer = cloud.http("GET", "/msi/token", params={"resource": "https://x", "client_id": made["clientId"]})
        assert answer.json()["client_id"] == made["clientId"]
    finally:
        cloud.stop()


API = "api://some-api"


def checked(cloud: Harness, token: str, configuration: str, **how: Any) -> dict[str, Any]:
    """Check a token as a resource server does: by the keys and the issuer that the tenant's configuration names."""
    found = cloud.http("GET", f"/{TENANT}/{configuration}").json()
    header = jwt.get_unverified_header(token)
    keys = jwt.PyJWKSet.from_dict(httpx.get(found["jwks_uri"], trust_env=False).json())
    options: dict[str, Any] = {"audience": API, "issuer": found["issuer"], "algorithms": ["RS256"]} | how
    claims: dict[str, Any] = jwt.decode(token, keys[header["kid"]], **options)
    return claims


def minted(cloud: Harness, **asked: Any) -> str:
    return str(cloud.local("POST", "tokens", json={"audience": API, **asked})["token"])


CONFIGURATION = {"1.0": ".well-known/openid-configuration", "2.0": "v2.0/.well-known/openid-configuration"}


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("kind", ["user", "application"])
def test_a_local_token_is_good_by_the_configuration_of_its_version(cloud: Harness, version: str, kind: str) -> None:
    token = minted(
        cloud, type=kind, version=version, roles=["Reader"], groups=["g1"], name="Ada", oid="o", clientId="c"
    )
    found = checked(cloud, token, CONFIGURATION[version])
    assert (found["ver"], found["tid"], found["oid"], found["sub"]) == (version, TENANT, "o", "o")
    assert (found["roles"], found["groups"]) == (["Reader"], ["g1"])
    assert found["azp" if version == "2.0" else "appid"] == "c"
    assert (found.get("name"), found.get("idtyp")) == (("Ada", None) if kind == "user" else (None, "app"))
    other = CONFIGURATION["1.0" if version == "2.0" else "2.0"]
    with pytest.raises(jwt.InvalidIssuerError):
        checked(cloud, token, other)


def test_a_changed_token_is_not_good(cloud: Harness) -> None:
    head, body, signature = minted(cloud).split(".")
    forged = base64.urlsafe_b64encode(json.dumps(claims(f".{body}.") | {"roles": ["Admin"]}).encode()).decode()
    with pytest.raises(jwt.InvalidSignatureError):
        checked(cloud, f"{head}.{forged.rstrip('=')}.{signature}", CONFIGURATION["2.0"])


def test_lifetime_tenant_and_any_claim_can_be_chosen(cloud: Harness) -> None:
    with pytest.raises(jwt.ExpiredSignatureError):
        checked(cloud, minted(cloud, lifetime=-1), CONFIGURATION["2.0"])
    found = claims(minted(cloud, tenant="other", claims={"extra": 1, "oid": None}))
    assert (found["tid"], found["iss"], found["extra"]) == ("other", f"{cloud.url}/other/v2.0", 1)
    assert "oid" not in found


def test_the_same_name_is_the_same_person(cloud: Harness) -> None:
    ada, again, bob = (claims(minted(cloud, name=name))["oid"] for name in ("Ada", "Ada", "Bob"))
    assert ada == again != bob


def test_more_groups_than_fit_are_said_to_be_elsewhere(cloud: Harness) -> None:
    found = claims(minted(cloud, groups=[str(number) for number in range(201)]))
    assert "groups" not in found
    source = found["_claim_names"]["groups"]
    assert found["_claim_sources"][source]["endpoint"].endswith("/getMemberObjects")


@pytest.mark.usefixtures("managed_identity")
def test_a_managed_identitys_token_is_signed(cloud: Harness) -> None:
    with ManagedIdentityCredential() as credential:
        token = credential.get_token(SCOPE).token
    assert checked(cloud, token, CONFIGURATION["1.0"], audience="https://storage.azure.com")["idtyp"] == "app"


@pytest.mark.parametrize(
    ("endpoint", "form", "version"),
    [
        ("oauth2/v2.0/token", {"scope": f"{API}/.default"}, "2.0"),
        ("oauth2/token", {"resource": API}, "1.0"),
        ("oauth2/v2.0/token", {"scope": "https://management.azure.com/.default"}, "1.0"),
    ],
)
def test_client_credentials_give_the_version_that_the_api_takes(
    cloud: Harness, endpoint: str, form: dict[str, str], version: str
) -> None:
    asked = {"grant_type": "client_credentials", "client_id": "c", "client_secret": "any", **form}
    answer = httpx.post(f"{cloud.url}/{TENANT}/{endpoint}", data=asked, trust_env=False).raise_for_status().json()
    audience = form.get("resource") or form["scope"].removesuffix("/.default")
    assert checked(cloud, answer["access_token"], CONFIGURATION[version], audience=audience)["ver"] == version


def test_the_key_outlives_a_restart(tmp_path: Path, azurite: Azurite) -> None:
    cloud = Harness(tmp_path, azurite.accounts, database=tmp_path / "azure.db")
    try:
        token = minted(cloud)
        cloud.restart()
        issuer = claims(token)["iss"]
        assert checked(cloud, token, CONFIGURATION["2.0"], issuer=issuer)["aud"] == API
    finally:
        cloud.stop()


def test_unknown_wishes_are_refused(cloud: Harness) -> None:
    answer = httpx.post(f"{cloud.url}/_local/tokens", json={"audience": API, "role": "Admin"}, trust_env=False)
    assert (answer.status_code, answer.json()["error"]["target"]) == (400, "role")
