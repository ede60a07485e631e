import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const list = (pattern: string): string[] =>
  globSync(pattern, { cwd: ROOT }).filter((path) => !path.includes('node_modules'));

/** Words that were replaced, and by what. One thing has one word; `docs/architecture.md` names it. */
const REPLACED: Readonly<Record<string, string>> = {
  mend: 'remedy',
  mendOf: 'remedyOf',
  trouble: 'failure',
  dayTrouble: 'dayFailure',
  Trouble: 'FaultCount',
  TroubleState: 'SourceFailure',
  SourceTrouble: 'SourceFailureKind',
  Told: 'MessageContext',
  wasTold: 'wasNotified',
  Stated: 'Conclusion',
  restsOn: 'absenceWindow',
  speaksOf: 'matches',
  unheard: 'unpropagated',
  unsaid: 'undelivered',
  unwatched: 'expired',
  whileWatched: 'expire',
  spreadRules: 'propagateSuppressions',
  whyNot: 'rejectionReason',
  newsFor: 'alertVerb',
  isBeginning: 'isOpening',
  givingUp: 'markGap',
  isHopeless: 'isUnrecoverable',
  transit: 'makeTransition',
  restate: 'recomputeStatus',
  Exhibit: 'StoredText',
  Tampering: 'IntegrityFault',
  Decree: 'RuleBase',
  RuleDesk: 'RuleDeps',
  SealDesk: 'SealDeps',
  Archive: 'RetentionDeps',
  RecordChain: 'AuditTrail',
  RecordRows: 'AuditTrailRows',
  RecordEntry: 'TrailEntry',
};
const LIMIT = /\b(MOST|LEAST|LONGEST)(_[A-Z0-9_]+)/g;

function replacedIn(code: string): string[] {
  const bare = code.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
  const words = [...bare.matchAll(/[A-Za-z]\w*/g)].map(([word]) => word);
  return [
    ...words.flatMap((word) =>
      Object.hasOwn(REPLACED, word) ? [`${word}: say ${REPLACED[word]!}`] : [],
    ),
    ...[...bare.matchAll(LIMIT)].map(
      ([word, bound, of]) => `${word}: say ${bound === 'LEAST' ? 'MIN' : 'MAX'}${of!}`,
    ),
  ];
}

describe('words', () => {
  it.each(list('{shared,functions,cli}/**/*.ts'))('%s uses those of the glossary', (path) => {
    expect(replacedIn(read(path))).toEqual([]);
  });

  it.each(['README.md', 'CONTRIBUTING.md', 'SECURITY.md', ...list('docs/*.md')])(
    '%s says remedy and failure',
    (path) => {
      expect([...read(path).matchAll(/\b(?:mend|mends|unsaid|unwatched)\b/gi)].map(String)).toEqual(
        [],
      );
    },
  );

  it('would be missed', () => {
    expect(
      replacedIn("const MOST_ROWS = 5; // trouble\nthrow { trouble: 'denied', mend }"),
    ).toEqual(['trouble: say failure', 'mend: say remedy', 'MOST_ROWS: say MAX_ROWS']);
  });

  it('are explained once each in the glossary', () => {
    const [, glossary = ''] = read('docs/architecture.md').split('## Words');
    const words = [...glossary.matchAll(/^\| ([a-z ]+?) +\|/gm)].map(([, word]) => word);

    expect(words.length).toBeGreaterThan(25);
    expect(new Set(words).size).toBe(words.length);
  });
});

describe('docs/architecture.md', () => {
  const page = read('docs/architecture.md');

  it('names every room, and no other', () => {
    const named = [...page.matchAll(/^\| `([a-z/-]+)\/` +\|/gm)].map(([, room]) => room);
    const folders = [
      ...['functions', 'cli', 'test'],
      ...list('shared/*/').map((path) => path.replace(/\/$/, '')),
      ...list('shared/{domain,pipeline}/*/').map((path) => path.replace(/\/$/, '')),
    ].filter((path) => list(`${path}/**/*.ts`).length > 0);

    expect(named.toSorted()).toEqual(folders.toSorted());
  });

  it('fits two pages', () => {
    expect(page.split(/\s+/).filter((word) => /\w/.test(word)).length).toBeLessThan(1_400);
  });

  it.each(['from Graph to card', 'from HTTP to answer'])(
    'walks %s in at most ten stops',
    (walk) => {
      const [, section = ''] = page.split(new RegExp(`## .*${walk}\n`));
      const stops = [...(section.split('\n## ')[0] ?? '').matchAll(/^\d+\. /gm)];

      expect(stops.length).toBeGreaterThan(3);
      expect(stops.length).toBeLessThanOrEqual(10);
    },
  );

  it('names files that are there', () => {
    const paths = [
      ...page.matchAll(
        /`((?:adapters|api|domain|pipeline|functions|cli|scripts|test)\/[a-z/.-]+)`/g,
      ),
    ];
    const gone = paths
      .map(([, path = '']) => path)
      .filter((path) => list(`{shared/,}${path}{,.ts,.mjs}`).length === 0);

    expect(paths.length).toBeGreaterThan(20);
    expect(gone).toEqual([]);
  });
});
