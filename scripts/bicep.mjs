// Compiles and checks infra/ with the real Bicep compiler. With --write it renews infra/snapshot/ instead of comparing.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { format, resolveConfig } from 'prettier';

const VERSION = '0.49.2';
/** The types of the Graph extension. The compiler would ask a container registry for them. */
const GRAPH_TYPES = resolve('../shared/graph-bicep-types/index.json');
/** Nothing of this machine gets into a snapshot; ids are made up. */
const ENVIRONMENT = {
  ALERT_EMAILS: 'security@example.com',
  APP_REGISTRATION_ID: '00000000-0000-0000-0000-000000000003',
};
const IDS = [
  ...['--subscription-id', '00000000-0000-0000-0000-000000000001'],
  ...['--tenant-id', '00000000-0000-0000-0000-000000000002'],
];

const isWriting = process.argv.includes('--write');
const problems = new Set(); // a module is compiled several times

if (spawnSync('dotnet', ['--version']).status !== 0) {
  console.log('dotnet is not here: infra/ was NOT compiled, only its committed snapshot is tested');
} else {
  const folder = mkdtempSync(join(tmpdir(), 'crosscheck-bicep-'));
  try {
    const infra = join(folder, 'infra'); // a copy: the compiler writes beside what it reads
    cpSync('infra', infra, { recursive: true });
    await check(restore(), infra);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  problems.forEach((each) => console.error(each));
  console.log(problems.size === 0 ? 'infra/ compiles' : `infra/: ${problems.size} problems`);
  process.exitCode = problems.size === 0 ? 0 : 1;
}

/** Fetches the compiler from NuGet with a project that is nothing else, and keeps it beside the other caches. */
function restore() {
  const system = { linux: 'linux', darwin: 'osx', win32: 'win' }[process.platform];
  const id = `Azure.Bicep.CommandLine.${system}-${process.arch}`;
  const cache = resolve('node_modules/.cache/crosscheck-bicep');
  const tool = join(cache, 'packages', id.toLowerCase(), VERSION, 'tools', 'bicep');
  const compiler = system === 'win' ? `${tool}.exe` : tool;
  if (!existsSync(compiler)) {
    mkdirSync(cache, { recursive: true });
    const project = join(cache, 'restore.csproj');
    writeFileSync(
      project,
      `<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <TargetFramework>net8.0</TargetFramework>
    <RestorePackagesPath>packages</RestorePackagesPath>
    <DisableImplicitFrameworkReferences>true</DisableImplicitFrameworkReferences>
  </PropertyGroup>
  <ItemGroup>
    <PackageDownload Include="${id}" Version="[${VERSION}]" />
  </ItemGroup>
</Project>
`,
    );
    const { status } = spawnSync('dotnet', ['restore', project, '--verbosity', 'quiet'], {
      stdio: 'inherit',
    });
    if (status !== 0) {
      throw new Error(`${id} ${VERSION} could not be restored from NuGet`);
    }
  }
  spawnSync('chmod', ['+x', compiler]); // a package keeps no modes
  return compiler;
}

async function check(compiler, infra) {
  const run = (...args) => {
    const { status, stdout, stderr } = spawnSync(compiler, args, {
      cwd: infra,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...ENVIRONMENT },
    });
    const said = `${args.includes('--stdout') ? '' : stdout}${stderr}`;
    return { status, stdout, said: said.replaceAll(join(infra, ''), 'infra').trim() };
  };
  /** A warning counts: a property that does not exist is no more than that to the compiler. */
  const clean = (...args) => {
    const { status, stdout, said } = run(...args);
    if (status !== 0 || said !== '') {
      const lines =
        said === '' ? [`bicep ${args.join(' ')}: exit code ${status}`] : said.split('\n');
      lines.forEach((each) => problems.add(each));
    }
    return stdout;
  };

  const hasGraphTypes = provideGraphTypes(infra, run);
  clean('lint', '--pattern', '**/*.bicep');
  clean('lint', '--pattern', '*.bicepparam');
  clean('build-params', 'main.dev.bicepparam', '--stdout');
  await compare('main.json', clean('build', 'main.bicep', '--stdout'));
  // What would be there after a deployment with the production parameters, as far as that is known before.
  clean('snapshot', 'main.prod.bicepparam', ...IDS);
  await compare('main.prod.json', read(infra, 'main.prod.snapshot.json'));
  writeFileSync(
    join(infra, 'private.bicepparam'),
    `${read(infra, 'main.prod.bicepparam')}param privateNetwork = true\nparam monthlyBudget = 50\nparam budgetFrom = '2026-01-01'\n`,
  );
  clean('snapshot', 'private.bicepparam', ...IDS);
  await compare('main.private.json', read(infra, 'private.snapshot.json'));
  rmSync(join(infra, 'private.bicepparam'));
  if (hasGraphTypes) {
    await compare('directory.json', clean('build', 'directory.bicep', '--stdout'));
  } else {
    console.log(`${GRAPH_TYPES} is not here: infra/directory.bicep was NOT compiled`);
  }
  plantFaults(infra, run);

  run('format', '--pattern', '**/*.bicep');
  run('format', '--pattern', '*.bicepparam');
  for (const file of readdirSync('infra', { recursive: true })) {
    const isChecked = /\.bicep(param)?$/.test(file) && existsSync(join(infra, file));
    if (isChecked && read('infra', file) !== read(infra, file)) {
      problems.add(`infra/${file} is not formatted: bicep format infra/${file}`);
    }
  }
}

function read(...path) {
  return readFileSync(join(...path), 'utf8');
}

/** Puts the Graph types from a file in place of those in the registry. */
function provideGraphTypes(infra, run) {
  if (!existsSync(GRAPH_TYPES)) {
    rmSync(join(infra, 'directory.bicep'));
    return false;
  }
  run('publish-extension', GRAPH_TYPES, '--target', join(infra, 'graph.tgz'));
  const config = join(infra, 'bicepconfig.json');
  const shipped = JSON.parse(readFileSync(config, 'utf8'));
  const extensions = { microsoftGraphV1: './graph.tgz' };
  writeFileSync(config, JSON.stringify({ ...shipped, extensions }));
  return true;
}

async function compare(name, text) {
  const path = join('infra', 'snapshot', name);
  const options = await resolveConfig(path);
  const now = await format(JSON.stringify(stable(JSON.parse(text))), {
    ...options,
    parser: 'json',
  });
  if (isWriting) {
    writeFileSync(path, now);
  } else if (!existsSync(path) || readFileSync(path, 'utf8') !== now) {
    problems.add(
      `${path} is not what infra/ compiles to: npm run bicep -- --write, and look at the diff`,
    );
  }
}

/** Without what changes from run to run or from compiler to compiler and says nothing. */
function stable({ predictedResources, outputs, ...rest }) {
  const byName = Object.entries(outputs).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const value = {
    ...rest,
    outputs: Object.fromEntries(byName),
    ...(predictedResources && {
      predictedResources: predictedResources.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    }),
  };
  return JSON.parse(JSON.stringify(value), (key, each) =>
    key === '_generator' ? undefined : each,
  );
}

/** Faults that only the compiler can see. One that it lets through means that the checks above prove nothing. */
function plantFaults(infra, run) {
  const faults = [
    ['a wrong property', 'modules/data-storage.bicep', 'allowSharedKeyAccess:', 'allowSharedKey:'],
    ['a wrong type', 'modules/app.bicep', 'httpsOnly: true', "httpsOnly: 'yes'"],
    ['a missing parameter', 'main.bicep', 'replication: dataReplication', ''],
    ['an unknown output', 'main.bicep', 'outputs.clientId', 'outputs.client'],
    [
      'a secret in an output',
      'modules/vault.bicep',
      '= vault.name',
      '= listKeys(vault.id, vault.apiVersion).key',
    ],
  ];
  const planted = mkdtempSync(join(infra, 'faults-'));
  faults.forEach(([, file, from, to], index) => {
    const copy = join(planted, `fault-${index}`);
    cpSync('infra', copy, { recursive: true });
    rmSync(join(copy, 'directory.bicep')); // not among the faults
    const sound = read(copy, file);
    writeFileSync(
      join(copy, file),
      sound.replace(from, () => to),
    );
    if (!sound.includes(from)) {
      problems.add(`a fault cannot be planted: infra/${file} has no "${from}"`);
    }
  });
  const { said } = run('lint', '--pattern', `${relative(infra, planted)}/**/*.bicep`);
  faults.forEach(([what, file], index) => {
    if (!said.includes(join(`fault-${index}`, file))) {
      problems.add(`planted fault not found: ${what} in infra/${file}`);
    }
  });
  rmSync(planted, { recursive: true });
}
