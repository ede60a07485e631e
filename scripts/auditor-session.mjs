// Plays the session of an auditor against the demo tenant and prints it; with --write into docs/auditor.md, with
// --check it fails when that page shows another session. Ids, times and hashes differ from run to run: only the shape
// is compared. Needs dist/ (npm run build).
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const PAGE = 'docs/auditor.md';
const CLI = resolve('dist/cli.cjs');
const PATIENCE = 60_000;
const DETECTOR = 'mfa-registration-unfinished';

if (!existsSync(CLI)) {
  console.error(`${CLI} is not there: run npm run build`);
  process.exit(1);
}
const folder = mkdtempSync(join(tmpdir(), 'crosscheck-auditor-'));
const host = spawn(process.execPath, [CLI, 'start', '--port', '0'], {
  cwd: folder,
  stdio: ['ignore', 'pipe', 'inherit'],
});
let said = '';
host.stdout.on('data', (chunk) => (said += chunk));
try {
  const parts = await session();
  const page = pageOf(parts);
  if (process.argv.includes('--write')) {
    writeFileSync(PAGE, page);
  } else if (process.argv.includes('--check')) {
    const shown = readFileSync(PAGE, 'utf8');
    if (shapeOf(shown) !== shapeOf(page)) {
      console.error(`${PAGE} shows another session: run node scripts/auditor-session.mjs --write`);
      console.error(firstDifference(shapeOf(shown), shapeOf(page)));
      process.exitCode = 1;
    }
  } else {
    console.log(page);
  }
} finally {
  host.kill('SIGTERM');
  await new Promise((done) => (host.exitCode === null ? host.once('exit', done) : done()));
  rmSync(folder, { recursive: true, force: true });
}

async function session() {
  const mary = await firstFinding();
  const api = /^ {2}findings +(http\S+)\/api\/findings$/m.exec(said)?.[1] ?? '';
  const who = mary.subject.name;
  const id = mary.id;
  await sealed();
  await allRead();
  // What happened before the auditor came.
  run(`ack ${id} --note 'Calling the user.'`);
  run(
    `resolve ${id} --reason fixed --note 'Set up again on the phone, verified with number matching.'`,
  );
  const name = who.split('@')[0];
  const ask = (path, then) => shell(`curl -s "${api}${path}" ${then}`, { api });
  return {
    found: [run(`findings --name ${name}`)],
    evidence: [run(`show ${id}`)],
    watch: [run('coverage'), run('findings --detector log-reading')],
    altered: [run('verify')],
    export: [
      run(`export --format ndjson --name ${name} --out findings.ndjson`),
      shell('sha256sum findings.ndjson'),
    ],
    curl: [
      ask(`/api/findings?name=${name}`, "| jq -c '.findings[] | [.id, .status, .title]'"),
      ask(`/api/findings/${id}`, "| jq -c '.evidence[] | [.source, .eventId, .at, .what]'"),
      ask(`/api/findings/${id}`, "| jq -c '.history[] | [.at, .verb, .by, .reason, .note]'"),
      ask(
        '/api/coverage',
        "| jq -c '.sources[] | [.source, (.stretches[] | [.from, .to, .state])]'",
      ),
      ask('/api/verify', "| jq -c '{isSound, tamperings, unseen}'"),
      ask('/api/export?format=ndjson&status=resolved', '> export.ndjson'),
      shell(
        'head -n -1 export.ndjson | sha256sum; tail -n 1 export.ndjson | jq -r .manifest.sha256',
      ),
    ],
  };
}

async function firstFinding() {
  for (const end = Date.now() + PATIENCE; Date.now() < end; await wait(500)) {
    const listed = spawnSync(
      process.execPath,
      [CLI, 'findings', '--json', '--detector', DETECTOR, '--status', 'open'],
      { cwd: folder, encoding: 'utf8' },
    );
    const found = listed.status === 0 ? JSON.parse(listed.stdout).findings : [];
    const [one] = found.filter((each) => each.stage === 'alert');
    if (one !== undefined) {
      return one;
    }
  }
  throw new Error(`the demo tenant showed no finding within ${PATIENCE / 1_000} s`);
}

/** The first seal is written soon after the start. */
async function sealed() {
  for (const end = Date.now() + PATIENCE; Date.now() < end; await wait(500)) {
    if (run('verify', { isQuiet: true }).includes('Sealed to ')) {
      return;
    }
  }
  throw new Error(`nothing was sealed within ${PATIENCE / 1_000} s`);
}

/** The last of the feeds may have to wait for Graph's limit. */
async function allRead() {
  for (const end = Date.now() + PATIENCE; Date.now() < end; await wait(500)) {
    if (!run('coverage', { isQuiet: true }).includes('never read')) {
      return;
    }
  }
  throw new Error(`a log was not read within ${PATIENCE / 1_000} s`);
}

function run(command, { isQuiet = false } = {}) {
  const args = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(
    ([, quoted, plain]) => quoted ?? plain,
  );
  const { stdout, stderr, status } = spawnSync(process.execPath, [CLI, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, COLUMNS: '100' },
  });
  if (status !== 0 && !(args[0] === 'verify' && status === 1)) {
    throw new Error(`crosscheck ${command} ended with ${status}: ${stderr}`);
  }
  return isQuiet ? stdout : `$ crosscheck ${command}\n${stdout}`;
}

function shell(command, { api = '' } = {}) {
  const { stdout, stderr, status } = spawnSync('bash', ['-c', command], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (status !== 0) {
    throw new Error(`${command} ended with ${status}: ${stderr}`);
  }
  return `$ ${api === '' ? command : command.replaceAll(api, '$API')}\n${stdout}`;
}

/** Whose machine wrote it is nobody's business. */
function named(text) {
  return text.replaceAll(`${userInfo().username}@${hostname()}`, 'ann@workstation');
}

function pageOf(parts) {
  const block = (name) => ['```console', named(parts[name].join('\n')).trimEnd(), '```', ''];
  return [
    '# A session of an auditor',
    '',
    '<!-- Written by `node scripts/auditor-session.mjs --write` from a run against the demo tenant. -->',
    '',
    'Five questions about one person, asked at a terminal. While `npm start` runs, the commands look at its findings;',
    'elsewhere set `TENANT_ID`, `GRAPH_AUTH=azure-cli` and `TABLES_ENDPOINT`, and sign in with `az login`: reading needs',
    'the role Storage Table Data Reader on the storage account and nothing else.',
    '',
    '## What was found about this person?',
    '',
    ...block('found'),
    '## On what evidence? Who closed it, and why?',
    '',
    'The evidence names each event by its source and id: the same id finds it in the Entra admin center and in Graph.',
    'The history is every change of status, with who, why and when. Each row carries the hash of the row before it.',
    '',
    ...block('evidence'),
    '## Was the watch interrupted?',
    '',
    'Absence is concluded only where a log was completely read. A gap would stand here with its reason, and an interruption of the watch is a finding of its own.',
    '',
    ...block('watch'),
    '## Has anyone altered the record?',
    '',
    ...block('altered'),
    '## To take away',
    '',
    'The manifest lies beside the file: what was asked, how much it is, who asked, and the SHA-256 of the file.',
    '',
    ...block('export'),
    '## The same with curl and a role',
    '',
    'Deployed, send a token of your own: `curl -H "Authorization: Bearer $TOKEN"`, with `TOKEN=$(az account get-access-token',
    '--resource api://<tenant id>/crosscheck-<environment> --query accessToken -o tsv)` and the role `Auditor`. The last line of an export',
    'is its manifest; the SHA-256 in it covers every line before. All of it stands in [api.md](api.md).',
    '',
    ...block('curl'),
  ].join('\n');
}

function shapeOf(text) {
  return text
    .replace(/Directory_[\w-]+/g, 'EVENT')
    .replace(/\b[0-9a-f]{16}-[0-9a-f]{12}(-\d+)?\b/g, 'ID')
    .replace(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, 'GUID')
    .replace(/\b[0-9a-f]{64}\b/g, 'SHA256')
    .replace(/\b[0-9a-f]{12,32}\b/g, 'HASH')
    .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?( UTC|Z)?/g, 'TIME')
    .replace(/\b\d\d:\d\d\b/g, 'TIME')
    .replace(/[\w.-]+@[\w.-]+( \(terminal\))?/g, 'NAME')
    .replace(/(--name|name=) ?[\w.-]+/g, '$1 NAME')
    .replace(/(with|authenticator)\s+\\?"[^"\\]*\\?"/g, '$1 DEVICE')
    .replace(/\b(No|\d+) (\w+?)s?\b/g, 'N $2')
    .replace(/\d+/g, 'N')
    .replace(/[ \n]+/g, ' ');
}

function firstDifference(a, b) {
  let at = 0;
  while (a[at] === b[at] && at < a.length) {
    at += 1;
  }
  const around = (text) => text.slice(Math.max(0, at - 60), at + 60);
  return `shown: ${around(a)}\nnow:   ${around(b)}`;
}
