#!/usr/bin/env bash
# azd runs this after provisioning (azure.yaml): the directory step where the person may do it, else what to do instead.
# The app reads nothing before: a token that its identity gets without the permissions is kept for about a day.
set -uo pipefail
cd "$(dirname "$0")/.."

if [ -n "${APP_REGISTRATION_ID:-}" ]; then
  echo "The directory step is done (app registration $APP_REGISTRATION_ID)."
  exit 0
fi
environment=${AZURE_ENV_NAME:?azd sets it} identity=${IDENTITY_PRINCIPAL_ID:?azd sets it} host=${APP_HOST:?azd sets it}
command=(infra/directory.sh --environment "$environment" --identity "$identity" --host "$host")
for person in ${AUDITORS:-}; do command+=(--auditor "$person"); done
for person in ${OPERATORS:-}; do command+=(--operator "$person"); done

echo "The directory step (docs/deployment.md, step 3): ${command[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! "${command[@]}" 2>&1 | tee "$log"; then
  cat <<TEXT

The directory step is NOT done; the app is deployed and reads nothing until it is. An administrator of the directory
(Privileged Role Administrator or Global Administrator) runs the command above from a clone of this repository. Then:
  azd env set APP_REGISTRATION_ID <what it printed>
  azd provision
TEXT
  exit 0 # the deployment itself is sound
fi

registration=$(sed -n 's/^APP_REGISTRATION_ID=//p' "$log" | tail -n 1)
azd env set APP_REGISTRATION_ID "$registration" || exit 1
az functionapp config appsettings set --resource-group "${AZURE_RESOURCE_GROUP:?azd sets it}" \
  --name "${APP_NAME:?azd sets it}" --settings READING=on --output none || exit 1
echo 'Reading is on. Run azd provision once more: it switches on the sign-in for people.'
