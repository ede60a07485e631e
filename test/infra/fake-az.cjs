// Stands in for az: a directory in a file, as much of Graph as infra/directory.sh asks. Named by AZ_STATE.
const { readFileSync, writeFileSync } = require('node:fs');

const [, , command, ...rest] = process.argv;
const argument = (name) => rest[rest.indexOf(`--${name}`) + 1];
const state = JSON.parse(readFileSync(process.env['AZ_STATE'], 'utf8'));
const fail = (message) => {
  save();
  console.error(`ERROR: ${message}`);
  process.exit(1);
};
const save = () => writeFileSync(process.env['AZ_STATE'], JSON.stringify(state, null, 1));

if (command === 'account') {
  console.log('00000000-0000-0000-0000-0000000000aa');
} else if (command === 'functionapp') {
  state.settings = [...(state.settings ?? []), `${argument('name')} ${argument('settings')}`];
  save();
} else if (command === 'cloud') {
  console.log(
    argument('query').includes('Graph')
      ? 'https://graph.example.com/'
      : 'https://login.example.com',
  );
} else {
  const method = argument('method');
  const path = decodeURIComponent(argument('uri').replace('https://graph.example.com/v1.0', ''));
  const body = rest.includes('--body') ? JSON.parse(argument('body')) : undefined;
  state.requests.push(`${method} ${path}`);
  if (method !== 'GET' && state.failure.length > 0) {
    fail(state.failure.shift());
  }
  const answer = { GET: read, PATCH: upsert, POST: create }[method](path, body);
  save();
  const found = select(answer, argument('query'));
  if (found !== undefined) {
    console.log(found);
  }
}

function read(path) {
  if (path.startsWith('/oauth2PermissionGrants?')) {
    const [, client] = /clientId eq '(.+)'/.exec(path);
    return { value: state.consents.filter((each) => each.clientId === client) };
  }
  return state.objects[path] ?? fail(`Not Found: ${path} does not exist or is not yet replicated`);
}

function upsert(path, body) {
  const isNew = state.objects[path] === undefined;
  const id = state.objects[path]?.id ?? `id-${Object.keys(state.objects).length}`;
  const appId = `app-of-${id}`;
  state.objects[path] = {
    ...state.objects[path],
    ...body,
    id,
    ...(path.startsWith('/applications(') && { appId }),
  };
  return isNew ? state.objects[path] : undefined; // 204
}

function create(path, body) {
  if (path === '/oauth2PermissionGrants') {
    state.consents.push({ id: `consent-${state.consents.length}`, ...body });
    return state.consents.at(-1);
  }
  const text = JSON.stringify(body);
  if (state.grants.includes(text)) {
    fail('Bad Request: Permission being assigned already exists on the object');
  }
  state.grants.push(text);
  return { id: `grant-${state.grants.length}` };
}

/** The three forms of --query that the script uses. */
function select(answer, query) {
  const filter = /^(\w+)\[\?(.+)\]\.id \| \[0\]$/.exec(query);
  if (filter === null) {
    return answer?.[query];
  }
  const wanted = [...filter[2].matchAll(/(\w+)=='([^']+)'/g)];
  const contained = /contains\((\w+), '(\w+)'\)/.exec(filter[2]);
  return answer[filter[1]].find(
    (each) =>
      wanted.every(([, key, value]) => each[key] === value) &&
      (contained === null || each[contained[1]].includes(contained[2])),
  )?.id;
}
