import type { z } from 'zod';
import type { AuthMode } from '../domain/access';
import type { ConfiguredDetector } from '../domain/detector';
import { capitalized, safeJson } from '../domain/text';
import type { Instant } from '../domain/time';
import type { CoverageReport } from '../pipeline/queries/coverage-report';
import {
  ActRefusedError,
  FindingBusyError,
  FindingChangedError,
  FindingNotFoundError,
} from '../pipeline/findings/decide';
import type { ExportFormat, ExportFormatName } from '../pipeline/queries/export-findings';
import type { Health } from '../pipeline/queries/health';
import { GroupNotFoundError, type Readiness } from '../pipeline/queries/readiness';
import { SourceError } from '../pipeline/ports/record-source';
import { PositionError } from '../pipeline/ports/finding-index';
import type { Now } from '../pipeline/ports/clock';
import type { Stores } from '../pipeline/ports/stores';
import { AlertNotFoundError, ResendRefusedError } from '../pipeline/delivery/resend';
import type { Verification } from '../pipeline/audit-trail/verify';
import type { Principal } from './access';
import {
  answer,
  problem,
  Refusal,
  wrongParameters,
  type Answer,
  type ApiRequest,
  type ProblemName,
} from './answer';
import { readInput, readQuery } from './requests';
import type { Body, statusReport } from './responses';

interface Range {
  readonly from?: Instant;
  readonly to?: Instant;
}

/** What the API needs of the monitor. */
export interface ApiMonitor {
  readonly config: {
    readonly tenantId: string;
    readonly access: AuthMode;
    /** The settings as shown: of a secret only whether it is set. */
    readonly shown: Body<typeof statusReport>['settings'];
    readonly detectors: readonly ConfiguredDetector[];
  };
  readonly version: string;
  readonly clock: Now;
  readonly logger: { readonly warn: (fields: object, message: string) => void };
  readonly stores: Stores;
  /** Of which there may be findings. */
  readonly detectorIds: readonly string[];
  readonly health: () => Promise<Health>;
  readonly coverage: (range: Range) => Promise<CoverageReport>;
  readonly verify: (range: Range) => Promise<Verification>;
  readonly readiness: (options: { readonly group?: string }) => Promise<Readiness>;
  readonly exportFormat: (name: ExportFormatName) => Promise<ExportFormat>;
}

/** What an endpoint has at hand for people with a role. */
export interface Call {
  readonly monitor: ApiMonitor;
  readonly principal: Principal;
}

/** What an endpoint has at hand that anybody may call. */
export interface PublicCall {
  readonly isUp: () => Promise<boolean>;
  readonly monitor?: undefined;
}

/** What a request may hold. A query that is not described is not looked at. */
interface Takes {
  readonly path?: z.ZodType;
  readonly query?: z.ZodType;
  /** For the description only: the endpoint reads headers itself. */
  readonly headers?: z.ZodType;
  readonly body?: {
    readonly schema: z.ZodType;
    readonly maxBytes: number;
    readonly tooLarge: string;
  };
}

/** What an endpoint is, for the description. */
export interface Described {
  readonly summary: string;
  readonly takes: Takes;
  readonly response: z.ZodType;
  readonly hasEtag?: boolean;
  /** Other answers than that, and than problems. */
  readonly others?: Readonly<
    Record<number, { readonly description: string; readonly content?: object }>
  >;
  /** Besides those that every endpoint with a role may answer. */
  readonly problems?: readonly ProblemName[];
}

/** One method of one path: what it takes, what it answers, and how. */
export interface Endpoint<C = Call> extends Described {
  readonly answer: (request: ApiRequest, call: C) => Promise<Answer>;
}

/** A body as the schema of the response describes it. */
export interface Ok<T> {
  readonly value: T;
  readonly status?: number;
  readonly headers?: Answer['headers'];
}

type In<T extends Takes, K extends keyof Takes> = T[K] extends z.ZodType ? z.infer<T[K]> : unknown;

/** An endpoint: input is read and problems are made here, so that `handle` has neither. */
export function endpoint<
  T extends Takes,
  R extends z.ZodType,
  C extends Partial<Call> | PublicCall = Call,
>({
  takes,
  handle,
  ...described
}: Omit<Described, 'takes' | 'response'> & {
  readonly takes: T;
  readonly response: R;
  readonly handle: (
    input: {
      readonly path: In<T, 'path'>;
      readonly query: In<T, 'query'>;
      readonly body: T['body'] extends { readonly schema: infer S extends z.ZodType }
        ? z.infer<S>
        : unknown;
      readonly headers: ApiRequest['headers'];
    },
    call: C,
  ) => Promise<Ok<Body<R>> | Answer>;
}): Endpoint<C> {
  return {
    ...{ ...described, takes },
    answer: (request, call) =>
      orRefusal(async () => {
        const { path, query, body } = takes;
        const input = {
          path: path && readInput(path, request.params),
          query: query && readQuery(query, request.query, call.monitor?.detectorIds),
          body: body && (await readBody(body, request)),
          headers: request.headers,
        };
        const found = await handle(input as never, call);
        return 'value' in found
          ? answer(found.status ?? 200, 'application/json', safeJson(found.value), found.headers)
          : found;
      }),
  };
}

async function readBody(
  { schema, maxBytes, tooLarge }: NonNullable<Takes['body']>,
  { text }: ApiRequest,
): Promise<unknown> {
  const body = await text(maxBytes);
  if (Buffer.byteLength(body) > maxBytes) {
    throw new Refusal(problem('content-too-large', tooLarge));
  }
  let value: unknown; // what no schema takes, when it is no JSON
  try {
    value = JSON.parse(body);
  } catch {
    value = undefined;
  }
  return readInput(schema, value);
}

/** Turns what ends a request, and is no failure, into its answer. */
export async function orRefusal(work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    const refusal = error instanceof Refusal ? error.answer : problemOf(error);
    if (refusal === undefined) {
      throw error;
    }
    return refusal;
  }
}

/** What a use case throws that the caller can do something about. */
function problemOf(error: unknown): Answer | undefined {
  if (error instanceof PositionError) {
    return wrongParameters([{ parameter: 'after', detail: error.message }]);
  }
  if (error instanceof FindingNotFoundError) {
    const why = 'it was never written, or its retention is over.';
    return problem('not-found', `There is no finding ${error.findingId} in this tenant; ${why}`);
  }
  if (error instanceof AlertNotFoundError || error instanceof GroupNotFoundError) {
    return problem('not-found', sentence(error.message));
  }
  if (error instanceof FindingChangedError) {
    return problem('precondition-failed', sentence(error.message));
  }
  if (error instanceof SourceError) {
    return problem('unavailable', `${sentence(error.message)} ${error.remedy}`);
  }
  return error instanceof ActRefusedError ||
    error instanceof FindingBusyError ||
    error instanceof ResendRefusedError
    ? problem('conflict', sentence(error.message))
    : undefined;
}

function sentence(text: string): string {
  return `${capitalized(text)}.`;
}
