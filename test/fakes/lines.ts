import { lineOf, listsOf, textOfLine } from '../../shared/pipeline/finding-lines';
import type { Stores } from '../../shared/pipeline/ports';
import { must } from './law';

/** The lists say what the findings say, all of it and nothing else. */
export async function linesAgree({
  findings,
  index,
}: Pick<Stores, 'findings' | 'index'>): Promise<void> {
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
}
