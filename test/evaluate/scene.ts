import type { Random } from '../../cli/demo-tenant/random';
import type { DemoRow, Stamp } from '../../cli/demo-tenant/rows';
import { MINUTE, plus, type Duration, type Instant } from '../../shared/domain/time';
import { lateStamp, type Mode } from './arrival';
import type { Employee } from './people';

/**
 * What a detector must come to about a story, written by the story.
 *
 * - `alert`: somebody must be alerted.
 * - `record`: it must be stored, and nobody alerted.
 * - `may`: either is right, and so is silence.
 */
export interface Truth {
  readonly story: string;
  readonly detector: string;
  /** Its id or its name. */
  readonly subject: string;
  readonly due: 'alert' | 'record' | 'may';
  /** The event that somebody would want to hear of, and the stretch in which all that belongs to it lies. */
  readonly event: Instant;
  readonly from: Instant;
  readonly to: Instant;
}

/** Who can be in a story. */
export type Who = 'registered' | 'unregistered' | 'member';

/** One story: about whom, when in the working day it begins at the latest, and what happens. */
export interface Tale {
  readonly who: Who;
  readonly tell: (scene: Scene) => void;
}

/** The stage of a story: who is on it, and the rows and the truth that it leaves. */
export class Scene {
  readonly rows: DemoRow[] = [];
  readonly truths: Truth[] = [];
  readonly person: Employee;
  readonly admin: Employee;
  readonly at: Instant;
  readonly random: Random;
  readonly #story: string;
  readonly #mode: Mode;

  constructor(cast: {
    readonly story: string;
    readonly person: Employee;
    readonly admin: Employee;
    readonly at: Instant;
    readonly random: Random;
    readonly mode: Mode;
  }) {
    this.person = cast.person;
    this.admin = cast.admin;
    this.at = cast.at;
    this.random = cast.random;
    this.#story = cast.story;
    this.#mode = cast.mode;
  }

  /** When a row happens, after the beginning, and when it shows. */
  stamp(after: Duration = 0): Stamp {
    return lateStamp(plus(this.at, after), this.random, this.#mode);
  }

  tell(...rows: readonly DemoRow[]): void {
    this.rows.push(...rows);
  }

  /** What is true from the beginning, or from `from` after it, to `to`. */
  expect(
    detector: string,
    {
      subject = this.person.id,
      due = 'alert',
      from = 0,
      to = from,
      event = from,
    }: {
      /** The name or the id of what it is about; the person unless told. */
      readonly subject?: string;
      readonly due?: Truth['due'];
      readonly from?: Duration;
      readonly to?: Duration;
      readonly event?: Duration;
    } = {},
  ): void {
    const instant = (after: Duration): Instant => plus(this.at, after);
    this.truths.push({
      ...{ story: this.#story, detector, subject, due },
      // Clocks of services differ.
      ...{ event: instant(event), from: instant(from - 5 * MINUTE), to: instant(to + 5 * MINUTE) },
    });
  }
}
