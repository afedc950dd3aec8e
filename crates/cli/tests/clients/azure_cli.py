"""An unmodified azure-cli in a cloud of its own: az cloud register, az login --service-principal, az account list."""

import json
import os
import subprocess
import sys
import tempfile

facts = json.load(sys.stdin)
base = facts["https"]
app = facts["apps"]["app"]
az = os.environ["EPHOR_AZ"]
keep = tempfile.TemporaryDirectory(prefix="ephor-az-")
folder = keep.name
environment = dict(
    os.environ,
    AZURE_CONFIG_DIR=folder,
    AZURE_CORE_INSTANCE_DISCOVERY="false",
    AZURE_CORE_COLLECT_TELEMETRY="false",
    AZURE_CORE_NO_COLOR="true",
)


def run(*words):
    done = subprocess.run([az, *words], env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"az {words[0]} {words[1] if len(words) > 1 else ''}: {done.stderr}")
    return json.loads(done.stdout) if done.stdout.strip() else None


run(
    "cloud", "register", "--name", "Ephor",
    "--endpoint-resource-manager", base,
)
run("cloud", "set", "--name", "Ephor")
run("login", "--service-principal", "--username", app["appId"], "--password", app["secret"], "--tenant", facts["tenant"])
accounts = run("account", "list")
assert [one["id"] for one in accounts] == [facts["arm"]["subscription"]], accounts
assert accounts[0]["tenantId"] == facts["tenant"], accounts
assert accounts[0]["user"] == {"name": app["appId"], "type": "servicePrincipal"}, accounts
token = run("account", "get-access-token")
assert token["tenant"] == facts["tenant"], "tenant"
print("azure-cli: ok")
