import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DETECTORS } from '../../shared/detectors';
import { PROPERTIES } from '../../shared/domain/reading/feed';
import { forEachSource, LOGS, REGISTER, SOURCES, titleAtStart } from '../../shared/sources';

const FOLDERS = readdirSync(join(__dirname, '..', '..', 'shared', 'sources'), {
  withFileTypes: true,
}).filter((each) => each.isDirectory());
const kebab = (id: string): string => id.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

describe('house/sources', () => {
  it('the register lists the folders, each once, in order', () => {
    expect(SOURCES.map(kebab)).toEqual(FOLDERS.map(({ name }) => name).sort());
    expect(SOURCES.map((source) => REGISTER[source].id)).toEqual(SOURCES);
  });

  it.each(LOGS)('%s is asked for by properties that Graph filters by', (source) => {
    const { time, feeds, filterables } = REGISTER[source];

    expect(filterables[time]).toEqual({ kind: 'time' });
    expect(Object.keys(feeds).filter((each) => filterables[each] === undefined)).toEqual([]);
  });

  it('every feed is of a source', () => {
    const known = SOURCES.flatMap((source) => Object.keys(REGISTER[source].feeds));

    expect([...new Set(known)].sort()).toEqual([...PROPERTIES].sort());
  });

  it.each(DETECTORS)('$id reads and expects properties that their source has', (detector) => {
    const named = [...detector.reads, ...detector.expects];
    const isUnknown = ({ source, property }: (typeof named)[number]): boolean => {
      const spec = REGISTER[source];
      return spec.kind === 'log' && spec.filterables[property] === undefined;
    };

    expect(named.filter(isUnknown)).toEqual([]);
    expect(
      detector.reads.filter((read) => !(read.property in REGISTER[read.source].feeds)),
    ).toEqual([]);
  });

  it('has a title that can stand inside a sentence, and at its beginning', () => {
    expect(forEachSource((source) => REGISTER[source].title)).toEqual({
      directoryAudits: 'the audit log',
      directoryObjects: 'the directory',
      signIns: 'the sign-in log',
    });
    expect(titleAtStart('signIns')).toBe('The sign-in log');
  });
});
