import { entriesOf, keyOfEntry, nameInCount } from '../../shared/pipeline/findings/finding-counts';
import { lineOf, listsOf, textOfLine } from '../../shared/pipeline/findings/finding-lines';
import type { Stores } from '../../shared/pipeline/ports/stores';
import { must } from './law';

/** The lists say what the findings say, all of it and nothing else; the counts per day what the histories say. */
export async function linesAgree(
  stores: Pick<Stores, 'findings' | 'index' | 'counts'>,
): Promise<void> {
  const { findings, index } = stores;
  const expected = new Set<string>();
  for await (const finding of findings.all()) {
    for (const list of listsOf(finding)) {
      expected.add(`${list} ${textOfLine(lineOf(finding))}`);
    }
  }
  for await (const { list, line, isMisplaced, key } of index.rows()) {
    const text = `${list} ${line === undefined ? 'unreadable' : textOfLine(line)}`;
    must(!isMisplaced, () => `a row lies where it should not: ${key}`);
    must(expected.delete(text), () => `no finding is like the line ${text}`);
  }
  must(expected.size === 0, () => `lines are missing: ${[...expected].join('\n')}`);
  await countsAgree(stores);
}

/** What is counted of findings that were purged stays. */
async function countsAgree({
  findings,
  counts,
}: Pick<Stores, 'findings' | 'counts'>): Promise<void> {
  const expected = new Set<string>();
  const names = new Set<string>();
  for await (const { found } of findings.scan({ hasHistory: true })) {
    for (const { finding, history } of found) {
      names.add(nameIn(finding.id));
      history
        .flatMap((each) => entriesOf(finding, each))
        .forEach((each) => {
          expected.add(keyOfEntry(each));
        });
    }
  }
  for await (const { counted } of counts.rows()) {
    counted.forEach((key) => {
      const isOfAnother = !names.has(key.split(' ').slice(3).join(' '));
      must(expected.delete(key) || isOfAnother, () => `nothing in a history is counted as ${key}`);
    });
  }
  must(expected.size === 0, () => `not counted: ${[...expected].join('\n')}`);
}

function nameIn(findingId: string): string {
  return [findingId[0], nameInCount(findingId)].join(' ');
}
