import { between, type Duration, type Instant } from '../../domain/time';
import type { Now } from '../ports/clock';

/**
 * Work whose answer is kept for a while, so that whoever asks often costs no more than whoever asks seldom. Those who
 * ask meanwhile wait for the same answer, made for the first of them; a failure is kept like any other answer.
 */
export function keptFor<A, T>(
  age: Duration,
  clock: Now,
  work: (asking: A) => Promise<T>,
): (asking: A) => Promise<T> {
  let last: { readonly at: Instant; readonly answer: Promise<T> } | undefined;
  return (asking) => {
    const now = clock.now();
    // A clock that was set back must not keep an answer for hours.
    if (last === undefined || now < last.at || between(last.at, now) >= age) {
      last = { at: now, answer: work(asking) };
    }
    return last.answer;
  };
}
