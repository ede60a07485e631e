import { readConfig } from '../../shared/config/config';
import type { Json, JsonObject } from '../../shared/domain/json';
import {
  isInForce,
  isSuppression,
  type Rule,
  type RuleScope,
} from '../../shared/domain/findings/suppression';
import {
  parseDuration,
  plus,
  TimeError,
  toInstant,
  toMinute,
  type Instant,
} from '../../shared/domain/time';
import {
  addRule,
  listRules,
  removeRule,
  type RuleKind,
} from '../../shared/pipeline/findings/rules';
import { EXIT, UsageError } from '../exit';
import { count } from '../finding-text';
import { withLocalHost } from '../local-environment';
import { answer, printable, table } from '../print';
import { openMonitor, type World } from '../stores';
import { whoIsHere } from '../who';

export interface AddOptions {
  readonly detector?: string;
  readonly subject?: string;
  readonly finding?: string;
  readonly fact?: readonly string[];
  readonly owner?: string;
  readonly reason?: string;
  readonly expires?: string;
  readonly json?: boolean;
}

export interface ListOptions {
  readonly all?: boolean;
  readonly json?: boolean;
}

export interface RemoveOptions {
  readonly reason?: string;
  readonly json?: boolean;
}

type Kind = RuleKind;

/**
 * `crosscheck suppress add`, `crosscheck hold add`
 * @throws UsageError, ConfigError
 */
export async function addCommand(
  kind: Kind,
  options: AddOptions,
  world: World,
  who: typeof whoIsHere = whoIsHere,
): Promise<number> {
  const owner = required('--owner', options.owner, 'who answers for it');
  const reason = required('--reason', options.reason, 'why');
  const scope = scopeOf(options, world);
  const createdBy = await who(withLocalHost(world.environment));
  const rest = { scope, owner, reason, createdBy };
  const draft =
    kind === 'hold'
      ? { kind, ...rest }
      : { kind, ...rest, expiresAt: expiryOf(options.expires, world.clock.now()) };
  const rule = await addRule(await openMonitor(world), draft);
  const until = isSuppression(rule) ? ` until ${toMinute(rule.expiresAt)}` : '';
  answer(
    world.terminal,
    options,
    rule,
    () =>
      `${kind === 'hold' ? 'Hold' : 'Rule'} ${rule.id} holds${until}: ${printable(wordsOf(rule.scope))}\n` +
      (kind === 'hold'
        ? 'What it speaks of is not purged.\n'
        : 'What it speaks of is stored and shown, and alerts nobody. The monitor takes it up within five minutes.\n'),
  );
  return EXIT.done;
}

/**
 * `crosscheck suppress list`, `crosscheck hold list`
 * @throws ConfigError
 */
export async function listCommand(kind: Kind, options: ListOptions, world: World): Promise<number> {
  const { terminal, clock } = world;
  const now = clock.now();
  const desk = await openMonitor(world);
  const rules = (await listRules(desk, kind)).filter(
    (rule) => options.all === true || isInForce(rule, now),
  );
  const shown = rules.map((rule) => ({ ...rule, isInForce: isInForce(rule, now) }));
  const none = kind === 'hold' ? 'No holds' : 'No suppression rules';
  answer(terminal, options, { asOf: now, rules: shown }, () =>
    rules.length === 0
      ? `${none}${options.all === true ? '' : ' in force (--all shows those that have ended)'}\n`
      : table([
          ['id', 'speaks of', 'owner', 'reason', 'made', 'holds'],
          ...rules.map((rule) => [
            rule.id,
            wordsOf(rule.scope),
            rule.owner,
            rule.reason,
            `${toMinute(rule.createdAt)} by ${rule.createdBy}`,
            standing(rule, now),
          ]),
        ]),
  );
  return sayingWhatIsMissing(desk, terminal);
}

/** A hold that cannot be read must not be taken for one that is not there. @returns the exit code. */
async function sayingWhatIsMissing(
  { stores }: Awaited<ReturnType<typeof openMonitor>>,
  terminal: World['terminal'],
): Promise<number> {
  const missing = (await stores.damaged.list()).filter((row) => row.kind === 'suppression').length;
  if (missing === 0) {
    return EXIT.done;
  }
  terminal.err(
    `crosscheck: ${count(missing, 'step')} of rules or holds cannot be read, so that the list may lack some; nothing is purged meanwhile; run: crosscheck verify\n`,
  );
  return EXIT.failed;
}

/**
 * `crosscheck suppress remove`, `crosscheck hold remove`
 * @throws UsageError, ConfigError
 */
export async function removeCommand(
  kind: Kind,
  id: string,
  options: RemoveOptions,
  world: World,
  who: typeof whoIsHere = whoIsHere,
): Promise<number> {
  const reason = required('--reason', options.reason, 'why');
  const by = await who(withLocalHost(world.environment));
  const rule = await removeRule(await openMonitor(world), { id, kind, by, reason });
  answer(world.terminal, options, rule, () =>
    kind === 'hold'
      ? `Hold ${rule.id} is removed; what it kept may be purged when it is old enough.\n`
      : `Rule ${rule.id} is removed; what is still open is alerted once, within five minutes.\n`,
  );
  return EXIT.done;
}

function scopeOf(options: AddOptions, { environment }: World): RuleScope {
  const { detector, subject, finding, fact = [] } = options;
  if (detector !== undefined) {
    const { detectors } = readConfig({ LOG_LEVEL: 'warn', ...withLocalHost(environment) });
    const known = detectors.map((each) => each.detector.id);
    if (!known.includes(detector)) {
      throw new UsageError(`--detector takes one of ${known.join(', ')}, not "${detector}"`);
    }
  }
  if (finding !== undefined && !/^[0-9a-f]{16}-[0-9a-f]{12}$/.test(finding)) {
    throw new UsageError(`--finding takes the id of a finding, not "${finding}"`);
  }
  return {
    ...(detector !== undefined && { detector }),
    ...(subject !== undefined && { subjectId: subject }),
    ...(finding !== undefined && { findingId: finding }),
    ...(fact.length > 0 && { facts: factsOf(fact) }),
  };
}

function factsOf(texts: readonly string[]): JsonObject {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) {
        throw new UsageError(`--fact takes name=value, like device=android, not "${text}"`);
      }
      return [text.slice(0, at), valueOf(text.slice(at + 1))];
    }),
  );
}

/** Numbers, true and false are those; everything else is a text. */
function valueOf(text: string): Json {
  return /^(-?\d{1,15}(\.\d{1,10})?|true|false)$/.test(text) ? (JSON.parse(text) as Json) : text;
}

function expiryOf(text: string | undefined, now: Instant): Instant {
  const given = required('--expires', text, 'until when: a duration like 30d, or a time');
  try {
    return /^\d{1,6}[smhd]$/.test(given) ? plus(now, parseDuration(given)) : toInstant(given);
  } catch (error) {
    throw error instanceof TimeError
      ? new UsageError(
          `--expires takes a duration like 30d or a time like 2026-01-31T12:00:00Z, not "${given}"`,
        )
      : error;
  }
}

function required(option: string, text: string | undefined, what: string): string {
  if (text === undefined || text.trim() === '') {
    throw new UsageError(`${option} is needed: ${what}`);
  }
  return text.trim();
}

function wordsOf({ detector, subjectId, findingId, facts = {} }: RuleScope): string {
  return [
    ...(detector === undefined ? [] : [`detector ${detector}`]),
    ...(subjectId === undefined ? [] : [`subject ${subjectId}`]),
    ...(findingId === undefined ? [] : [`finding ${findingId}`]),
    ...Object.entries(facts).map(([name, value]) => `${name}=${asText(value)}`),
  ].join(', ');
}

function asText(value: Json | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function standing(rule: Rule, now: Instant): string {
  if (rule.ended !== undefined) {
    const { how, at, by, reason } = rule.ended;
    const why = reason === undefined ? '' : `: ${reason}`;
    return `${how} ${toMinute(at)}${how === 'removed' ? ` by ${by}${why}` : ''}`;
  }
  return !isSuppression(rule)
    ? 'until removed'
    : `${isInForce(rule, now) ? 'until' : 'expired'} ${toMinute(rule.expiresAt)}`;
}
