#!/usr/bin/env bash
# Does with az rest what directory.bicep does, for those who cannot use the Graph extension. Can be run again: what is
# there already is left or brought up to date.
set -euo pipefail

usage() {
  cat <<'TEXT'
Grants Crosscheck what only an administrator of the directory can give.

  infra/directory.sh --environment prod --identity <object id> --host <host name>
                     [--auditor <object id>]... [--operator <object id>]...

  --environment  as in main.bicep; names the app registration crosscheck-<environment>
  --identity     object id of the app's identity: output IDENTITY_PRINCIPAL_ID of main.bicep
  --host         host name of the app: output APP_HOST of main.bicep
  --auditor      a user or group who may read findings
  --operator     a user or group who may also acknowledge, resolve and resend

Needs az, signed in (az login) as Privileged Role Administrator or Global Administrator of the tenant. It prints each
thing that it grants, and last the id that main.bicep takes as appRegistrationId. A directory needs a while to know a
new identity everywhere: the script tries again for some minutes.
TEXT
}

GUID='^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
environment='' identity='' host='' auditors='' operators=''

fail() {
  echo "directory.sh: $1" >&2
  exit "${2:-1}"
}

check_id() {
  [[ "$2" =~ $GUID ]] || fail "$1 takes an object id like 00000000-0000-0000-0000-000000000000, not \"$2\"" 2
}

while [ $# -gt 0 ]; do
  case "$1" in
    --help | -h) usage; exit 0 ;;
    --environment | --identity | --host | --auditor | --operator) [ $# -gt 1 ] || fail "$1 takes a value" 2 ;;
    *) fail "$1 is unknown; see --help" 2 ;;
  esac
  case "$1" in
    --environment) environment=$2 ;;
    --identity) check_id "$1" "$2"; identity=$2 ;;
    --host) host=$2 ;;
    --auditor) check_id "$1" "$2"; auditors="$auditors $2" ;;
    --operator) check_id "$1" "$2"; operators="$operators $2" ;;
  esac
  shift 2
done
[[ "$environment" =~ ^[a-z0-9-]{1,12}$ ]] || fail '--environment is missing, or not 1 to 12 of a-z, 0-9 and -' 2
[ -n "$identity" ] || fail '--identity is missing' 2
[[ "$host" =~ ^[a-zA-Z0-9.-]+$ ]] || fail '--host is missing, or no host name' 2

GRAPH_APP=00000003-0000-0000-c000-000000000000
PERMISSIONS='AuditLog.Read.All Directory.Read.All Policy.Read.All'
# The same ids as in directory.bicep.
AUDITOR=792320dc-d31d-4196-b798-d9a7e03565d0
OPERATOR=67212548-00fa-41e4-8631-30ec04540240
USER_SCOPE=5f0d4d1c-8e0b-4a53-9a0e-6a0f5c2f7d11
AZURE_CLI=04b07795-8ddb-461a-bbee-02f9e1bf7b46 # the same in every tenant
WAIT=${DIRECTORY_WAIT:-10} # seconds between tries
TRIES=12

# Clouds have their own addresses.
tenant=$(az account show --query tenantId --output tsv)
graph_url=$(az cloud show --query endpoints.microsoftGraphResourceId --output tsv)
login_url=$(az cloud show --query endpoints.activeDirectory --output tsv)

# graph <method> <path> <query> [body]: one request, tried again while the directory does not know a new object yet.
graph() {
  local try answer problem
  problem=$(mktemp)
  for ((try = 1; try <= TRIES; try++)); do
    if answer=$(az rest --method "$1" --uri "${graph_url%/}/v1.0$2" --query "$3" --output tsv \
      --headers Content-Type=application/json Prefer=create-if-missing ${4:+--body "$4"} 2>"$problem"); then
      rm -f "$problem"
      printf '%s' "$answer"
      return
    fi
    if grep -qE 'Authorization_RequestDenied|Forbidden|Unauthorized' "$problem"; then
      cat "$problem" >&2
      fail 'the directory refuses; sign in as Privileged Role Administrator or Global Administrator'
    fi
    if grep -q 'already exists' "$problem"; then
      rm -f "$problem"
      printf 'already'
      return
    fi
    [ "$try" -eq "$TRIES" ] || { echo "  not yet, trying again in $WAIT s" >&2; sleep "$WAIT"; }
  done
  cat "$problem" >&2
  fail "$1 $2 failed $TRIES times"
}

# grant <who> <service principal> <role id> <what it is called>
grant() {
  local answer
  answer=$(graph POST "/servicePrincipals/$2/appRoleAssignedTo" id \
    "{\"principalId\":\"$1\",\"resourceId\":\"$2\",\"appRoleId\":\"$3\"}")
  if [ "$answer" = already ]; then
    echo "has already: $4 for $1"
  else
    echo "granted:     $4 for $1"
  fi
}

echo "tenant $tenant"
graph_principal=$(graph GET "/servicePrincipals(appId='$GRAPH_APP')" id)

for permission in $PERMISSIONS; do
  # By name: the ids of these permissions differ between clouds.
  role=$(graph GET "/servicePrincipals(appId='$GRAPH_APP')" \
    "appRoles[?value=='$permission' && contains(allowedMemberTypes, 'Application')].id | [0]")
  [ -n "$role" ] || fail "Microsoft Graph has no application permission $permission here"
  grant "$identity" "$graph_principal" "$role" "$permission"
done

name="crosscheck-$environment"
registration="/applications(uniqueName='$name')"
identifier="api://$tenant/$name"
graph PATCH "$registration" id "{
  \"displayName\": \"Crosscheck $environment\",
  \"signInAudience\": \"AzureADMyOrg\",
  \"identifierUris\": [\"$identifier\"],
  \"api\": {
    \"requestedAccessTokenVersion\": 2,
    \"oauth2PermissionScopes\": [
      { \"id\": \"$USER_SCOPE\", \"value\": \"user_impersonation\", \"type\": \"User\", \"isEnabled\": true,
        \"adminConsentDisplayName\": \"Use Crosscheck as the signed-in person\",
        \"adminConsentDescription\": \"Reads and decides findings with the roles of the signed-in person.\" }
    ]
  },
  \"web\": {
    \"redirectUris\": [\"https://$host/.auth/login/aad/callback\"],
    \"implicitGrantSettings\": { \"enableIdTokenIssuance\": true }
  },
  \"appRoles\": [
    { \"id\": \"$AUDITOR\", \"value\": \"Auditor\", \"displayName\": \"Auditor\", \"isEnabled\": true,
      \"description\": \"Reads findings, their evidence and history.\", \"allowedMemberTypes\": [\"User\"] },
    { \"id\": \"$OPERATOR\", \"value\": \"Operator\", \"displayName\": \"Operator\", \"isEnabled\": true,
      \"description\": \"Reads, and acknowledges, resolves and resends.\", \"allowedMemberTypes\": [\"User\"] }
  ]
}" >/dev/null
app_id=$(graph GET "$registration" appId)
object_id=$(graph GET "$registration" id)
echo "set:         app registration $name, sign-in at https://$host"

# By itself: the scope must be there before a client can be trusted with it.
graph PATCH "/applications/$object_id" id "{ \"api\": { \"preAuthorizedApplications\": [
  { \"appId\": \"$AZURE_CLI\", \"delegatedPermissionIds\": [\"$USER_SCOPE\"] } ] } }" >/dev/null
echo "set:         the Azure command line gets tokens for $identifier"

# The app proves who it is with its identity, so there is no secret to keep or renew.
graph PATCH "/applications/$object_id/federatedIdentityCredentials(name='app-identity')" id "{
  \"description\": \"Sign-in in front of the app\",
  \"issuer\": \"${login_url%/}/$tenant/v2.0\",
  \"subject\": \"$identity\",
  \"audiences\": [\"api://AzureADTokenExchange\"]
}" >/dev/null
echo "set:         $name trusts identity $identity"

graph PATCH "/servicePrincipals(appId='$app_id')" id '{"appRoleAssignmentRequired": true}' >/dev/null
principal=$(graph GET "/servicePrincipals(appId='$app_id')" id)
echo 'set:         only who is assigned a role can sign in'

# Where assignment is required people cannot consent for themselves: who they are, and nothing else.
consent=$(graph GET "/oauth2PermissionGrants?\$filter=clientId%20eq%20'$principal'" \
  "value[?consentType=='AllPrincipals' && resourceId=='$graph_principal'].id | [0]")
if [ -n "$consent" ]; then
  echo 'has already: consent to sign-in (openid profile email)'
else
  graph POST /oauth2PermissionGrants id "{\"clientId\":\"$principal\",\"consentType\":\"AllPrincipals\",\
\"resourceId\":\"$graph_principal\",\"scope\":\"openid profile email\"}" >/dev/null
  echo 'granted:     consent to sign-in (openid profile email)'
fi

for person in $auditors; do grant "$person" "$principal" "$AUDITOR" Auditor; done
for person in $operators; do grant "$person" "$principal" "$OPERATOR" Operator; done

echo
echo "APP_REGISTRATION_ID=$app_id"
