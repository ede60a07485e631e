import { faultsInWords, setupInWords, tableOf, type Report } from './report';

const TITLES = { easy: 'Ordinary lateness', hard: 'The harder mode' } as const;

/** The page with the part of this mode written anew; the other part stays as it is. */
export function pageWith(page: string, report: Report, commit: string): string {
  const { mode } = report.setup;
  const [begin, end] = [`<!-- ${mode}: begin -->`, `<!-- ${mode}: end -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from === -1 || to < from) {
    throw new Error(`the page has no part between "${begin}" and "${end}"`);
  }
  return `${page.slice(0, from)}${begin}\n\n${partOf(report, commit)}\n\n${page.slice(to)}`;
}

function partOf(report: Report, commit: string): string {
  const { mode } = report.setup;
  const faults = faultsInWords(report);
  const list = faults.map((fault) => `- ${fault}`).join('\n');
  return [
    `## ${TITLES[mode]}`,
    `Commit ${commit}. ${setupInWords(report)}`,
    tableOf(report),
    faults.length === 0 ? 'Nothing was wrong.' : `What was wrong:\n\n${list}`,
  ].join('\n\n');
}
