import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { teamsChannel } from '../../../../shared/adapters/channels/teams/teams-channel';
import { DAY, HOUR, MINUTE, SECOND, toInstant } from '../../../../shared/domain/time';
import type { DeliveryResult } from '../../../../shared/domain/findings/delivery';
import { VirtualClock } from '../../../fakes/clock';
import { postOf, TENANT, worded } from './findings';

const NOW = toInstant('2023-08-08T16:45:00Z');
const SECRET = 'TopSecretSignature';
/** A status, or what the network says. */
const CODE = /^(\d{3}|[A-Z_]+)$/;
/** Of those that are tried later: the post was sent, and nobody knows what came of it. */
const MAY_HAVE_ARRIVED = new Set(['500', 'a reset', '200 with a failed body']);
const POST = postOf(worded('mfa-registration-unfinished', 'unfinished', {}));

type Reply = (response: ServerResponse, request: IncomingMessage, body: string) => void;

let server: Server;
let reply: Reply;
const received: { headers: IncomingMessage['headers']; url: string | undefined; body: string }[] =
  [];

beforeAll((done) => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      received.push({ headers: request.headers, url: request.url, body });
      reply(response, request, body);
    });
  }).listen(0, '127.0.0.1', done);
});
beforeEach(() => {
  received.length = 0;
});
afterAll((done) => {
  server.closeAllConnections();
  server.close(done);
});

const says =
  (status: number, body = '', headers: Record<string, string> = {}): Reply =>
  (response) =>
    response.writeHead(status, headers).end(body);

async function send(answer: Reply, clock = new VirtualClock(NOW)): Promise<DeliveryResult> {
  reply = answer;
  const { port } = server.address() as AddressInfo;
  const url = new URL(`http://127.0.0.1:${port}/hook?sp=%2Ftriggers&sig=${SECRET}`);
  const context = { runbookOf: () => [], tenantId: TENANT };
  const result = await teamsChannel({ url, fetch, clock, context }).post(POST);
  expect(JSON.stringify(result)).not.toMatch(/TopSecret|127\.0\.0\.1|\/hook/);
  return result;
}

describe('adapters/channels/teams/teams-channel', () => {
  it('posts the card as JSON, to the URL as it is, under the id of the post', async () => {
    const result = await send(says(202));

    expect(result).toEqual({ outcome: 'accepted' });
    const [{ headers, url, body }] = received as [(typeof received)[number]];
    expect(url).toBe(`/hook?sp=%2Ftriggers&sig=${SECRET}`);
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'x-ms-client-tracking-id': POST.id,
    });
    expect(JSON.parse(body)).toMatchObject({ type: 'message', attachments: [{}] });
    expect(body).toContain(POST.id);
  });

  describe('takes as accepted', () => {
    it.each<[string, Reply]>([
      ['200 with nothing', says(200)],
      ['200 with the connector\'s "1"', says(200, '1')],
      ['201', says(201, '{}')],
      ['204', says(204)],
      [
        '200 that echoes the post',
        (response, _, body) => {
          says(200, `${body} throttled`)(response, _, body);
        },
      ],
      [
        'an answer that breaks off after its status',
        (response) => {
          response.writeHead(202, { 'content-length': '100' });
          response.write('half', () => response.destroy());
        },
      ],
      [
        'an answer without end',
        (response) => {
          response.writeHead(202);
          const more = (): void => {
            if (!response.destroyed) {
              response.write('x'.repeat(4_096), more);
            }
          };
          more();
        },
      ],
    ])('%s', async (_, answer) => {
      expect(await send(answer)).toEqual({ outcome: 'accepted' });
    });
  });

  describe('tries later', () => {
    it.each<[string, Reply, RegExp, number | undefined]>([
      ['429', says(429), /throttled \(429\)/, undefined],
      ['429 with seconds', says(429, '', { 'retry-after': '120' }), /throttled/, 2 * MINUTE],
      ['429 with a fraction', says(429, '', { 'retry-after': '1.25' }), /throttled/, 1.25 * SECOND],
      [
        '429 with a date',
        says(429, '', { 'retry-after': 'Tue, 08 Aug 2023 17:45:00 GMT' }),
        /throttled/,
        HOUR,
      ],
      [
        '429 with a past date',
        says(429, '', { 'retry-after': 'Tue, 08 Aug 2023 11:45:00 GMT' }),
        /throttled/,
        undefined,
      ],
      [
        '429 with a far date',
        says(429, '', { 'retry-after': 'Tue, 08 Aug 2028 11:45:00 GMT' }),
        /throttled/,
        DAY,
      ],
      ['429 with nonsense', says(429, '', { 'retry-after': '-5' }), /throttled/, undefined],
      ['500', says(500, 'secret inner workings'), /failed \(500\)$/, undefined],
      ['503 with a wait', says(503, '', { 'retry-after': '30' }), /failed \(503\)/, 30 * SECOND],
      ['408', says(408), /not ready \(408\)/, undefined],
      [
        'a reset',
        (response) => {
          response.socket?.resetAndDestroy();
        },
        /could not be reached \(\w+\)$/,
        undefined,
      ],
      [
        '200 with a throttled body',
        says(
          200,
          'Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId tcid=0',
        ),
        /throttled \(429\)/,
        undefined,
      ],
      [
        '200 with another throttled body',
        says(200, '{"error":"Too Many Requests"}'),
        /throttled/,
        undefined,
      ],
      [
        '200 with a failed body',
        says(200, 'endpoint returned HTTP error 502'),
        /failed \(502\)/,
        undefined,
      ],
    ])('%s', async (name, answer, error, retryAfter) => {
      expect(await send(answer)).toEqual({
        ...{ outcome: 'later', code: expect.stringMatching(CODE) as string },
        error: expect.stringMatching(error) as string,
        ...(retryAfter !== undefined && { retryAfter }),
        ...(MAY_HAVE_ARRIVED.has(name) && { mayHaveArrived: true }),
      });
    });

    it('silence, after 15 seconds', async () => {
      const clock = new VirtualClock(NOW);

      const result = await send(() => {
        clock.advance(15 * SECOND);
      }, clock);

      expect(result).toEqual({
        outcome: 'later',
        error: 'the Teams webhook did not answer within 15 seconds',
        mayHaveArrived: true,
      });
    });

    it('an answer whose body hangs counts by its status', async () => {
      const clock = new VirtualClock(NOW);

      const result = await send((response) => {
        response.writeHead(500);
        response.write('begin', () =>
          setImmediate(() => {
            clock.advance(15 * SECOND);
          }),
        );
      }, clock);

      expect(result.outcome).toBe('later');
    });

    it('a host that is not there', async () => {
      const other = createServer();
      const closed = await new Promise<number>((resolve) =>
        other.listen(0, '127.0.0.1', () => {
          const { port } = other.address() as AddressInfo;
          other.close(() => {
            resolve(port);
          });
        }),
      );
      const url = new URL(`http://127.0.0.1:${closed}/hook`);
      const context = { runbookOf: () => [], tenantId: TENANT };

      const result = await teamsChannel({ url, fetch, clock: new VirtualClock(NOW), context }).post(
        POST,
      );

      expect(result).toEqual({
        ...{ outcome: 'later', code: 'ECONNREFUSED' },
        error: 'the Teams webhook could not be reached (ECONNREFUSED)',
      });
    });

    it('a failure that says nothing of itself', async () => {
      const broken = (): never => {
        throw new Error(`cannot fetch http://x/?sig=${SECRET}`);
      };
      const context = { runbookOf: () => [], tenantId: TENANT };

      const result = await teamsChannel({
        url: new URL('http://127.0.0.1:1/'),
        fetch: broken,
        clock: new VirtualClock(NOW),
        context,
      }).post(POST);

      expect(result).toEqual({
        ...{ outcome: 'later', mayHaveArrived: true },
        error: 'the Teams webhook could not be reached',
      });
    });
  });

  describe('takes as refused, with the remedy', () => {
    it.each<[string, Reply, RegExp]>([
      ['400', says(400), /switched on and was made from the template/],
      [
        '400 with a code',
        says(400, '{"error":{"code":"WorkflowTriggerIsNotEnabled","message":"secret"}}'),
        /\(400\), WorkflowTriggerIsNotEnabled\. Check/,
      ],
      ['401', says(401), /"Who can trigger the flow" to "Anyone"/],
      [
        '401 whose code is part of the URL',
        says(401, `{"code":"${SECRET}"}`),
        /\(401\)\. In the flow/,
      ],
      ['403', says(403), /did not let Crosscheck in \(403\)/],
      ['404', says(404), /gone \(404\): it was deleted or its owner left/],
      ['410', says(410), /gone \(410\)/],
      ['413', says(413), /too large/],
      ['418', says(418, '<html>secret</html>'), /refused the card \(418\)/],
      ['200 with a refused body', says(200, 'endpoint returned HTTP error 413'), /too large/],
      ['a redirect', says(302, '', { location: '/elsewhere' }), /redirect, which is not followed/],
    ])('%s', async (name, answer, error) => {
      const result = await send(answer);

      expect(result).toMatchObject({
        ...{ outcome: 'refused', error: expect.stringMatching(error) as string },
        ...(name !== 'a redirect' && { code: expect.stringMatching(/^4\d\d$/) as string }),
      });
      expect(JSON.stringify(result)).not.toContain('secret');
      expect(received).toHaveLength(1);
    });
  });
});
