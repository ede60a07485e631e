import { createLogger, loggingTo } from '../../../shared/adapters/logging/logger';
import { redact } from '../../../shared/adapters/logging/redact';

const FLOW = 'https://x.environment.api.powerplatform.com/run?sp=%2Frun&sv=1.0&sig=S3cr-et_x';

describe('the logger', () => {
  it('writes one JSON line to the invocation that it is in, by level', async () => {
    const lines: [string, string][] = [];
    const to = (level: string) => (line: string) => void lines.push([level, line]);
    const log = { debug: to('debug'), info: to('info'), warn: to('warn'), error: to('error') };
    const logger = createLogger('info');

    await loggingTo(log, () => {
      logger.debug({}, 'not this');
      logger.info({ run: 'poll', rows: 3 }, 'log read');
      logger.error({ run: 'poll' }, 'failed');
      return Promise.resolve();
    });

    expect(lines.map(([level]) => level)).toEqual(['info', 'error']);
    expect(JSON.parse(lines[0]![1])).toMatchObject({
      level: 'info',
      run: 'poll',
      rows: 3,
      msg: 'log read',
    });
  });

  it('falls back where there is no invocation', () => {
    const lines: string[] = [];

    createLogger('warn', (line) => lines.push(line)).warn({ source: 'signIns' }, 'slow');

    expect(lines).toHaveLength(1);
  });

  it.each([
    ['a signed address', FLOW],
    ['a bearer token', 'Authorization: Bearer abc.def-ghi'],
    ['a JSON web token', 'eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl'],
    ['a push token', 'apns2-41a5642b6047a6ceb39c327a26c9147b'],
    ['an account key', 'AccountName=a;AccountKey=c2VjcmV0a2V5;EndpointSuffix=x'],
  ])('takes %s out of any field', (_what, secret) => {
    const lines: string[] = [];

    createLogger('info', (line) => lines.push(line)).info({ anything: { deep: secret } }, 'text');

    for (const part of [
      'S3cr-et_x',
      'abc.def-ghi',
      'c2lnbmF0dXJl',
      '41a5642b6047',
      'c2VjcmV0a2V5',
    ]) {
      expect(lines.join()).not.toContain(part);
    }
    expect(() => JSON.parse(lines[0]!) as unknown).not.toThrow();
  });

  it('leaves ordinary text alone', () => {
    expect(redact('{"msg":"log read","source":"signIns"}')).toBe(
      '{"msg":"log read","source":"signIns"}',
    );
  });
});
