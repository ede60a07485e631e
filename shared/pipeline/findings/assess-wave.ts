import { isStorageGone } from '../ports/unreadable-row';
import type { Bench, WaveReport } from './bench';
import { Wave } from './wave';
import type { Work } from './work';

/** How often a timeline is looked at again because it moved; then the mark is left for the next run. */
const ROUNDS = 5;

/**
 * Judges many timelines and writes what follows, in rounds, until each stands still. Most have no findings and get
 * none: they share all their requests. Only what is about findings is done one by one. One timeline is the unit of
 * failure: when a request that several share fails, they are judged by halves, down to the one at fault.
 */
export async function assessWave(
  bench: Bench,
  works: readonly Work[],
  report: WaveReport,
): Promise<void> {
  const open = new Map(works.map((work) => [work.timeline.id, work]));
  const noted = noting(report, ({ timeline }) => open.delete(timeline.id));
  try {
    await assessTogether(bench, works, noted);
  } catch (error) {
    if (isStorageGone(error)) {
      throw error;
    }
    const left = [...open.values()];
    const [first] = left;
    if (left.length === 1 && first !== undefined) {
      report.onFault(first, error);
    } else if (await report.mayGoOn()) {
      const middle = Math.ceil(left.length / 2);
      for (const half of [left.slice(0, middle), left.slice(middle)]) {
        await (half.length === 0 ? undefined : assessWave(bench, half, report));
      }
    } else {
      left.forEach((work) => {
        report.onLeft(work);
      });
    }
  }
}

/** The same report, with a note of each timeline that needs no more. */
function noting(report: WaveReport, onSettled: (work: Work) => void): WaveReport {
  return {
    ...report,
    onDone: async (work, judgement) => {
      await report.onDone(work, judgement);
      onSettled(work);
    },
    onLeft: (work) => {
      report.onLeft(work);
      onSettled(work);
    },
    onFault: (work, error) => {
      report.onFault(work, error);
      onSettled(work);
    },
  };
}

async function assessTogether(
  bench: Bench,
  works: readonly Work[],
  report: WaveReport,
): Promise<void> {
  const wave = new Wave(bench, report);
  let left = works;
  for (let round = 0; round < ROUNDS && left.length > 0; round++) {
    left = await wave.round(left);
  }
  left.forEach((work) => {
    report.onLeft(work);
  });
}
