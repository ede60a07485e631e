import { app, type InvocationContext } from '@azure/functions';
import { withMonitor } from '../invocation';
import { carried } from './door';

/** Anybody may ask, as often as they like: the storage is asked once in this time. */
const KEPT_SECONDS = 30;

let isUp: Promise<(context: InvocationContext) => Promise<boolean>> | undefined;

async function makeIsUp(): Promise<(context: InvocationContext) => Promise<boolean>> {
  const { keptFor } = await import('../../shared/pipeline/kept-for');
  const { systemClock } = await import('../../shared/adapters/system-clock');
  const { SECOND } = await import('../../shared/domain/time');
  return keptFor(KEPT_SECONDS * SECOND, systemClock, async (context: InvocationContext) => {
    try {
      return (await withMonitor(context, (monitor) => monitor.health())).status === 'up';
    } catch {
      return false; // the log says why
    }
  });
}

/** For anybody: up or down. What is wrong stands in the log and in `api/status`. */
app.http('health', {
  route: 'api/health',
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: async (_request, context) => {
    const { answerHealth } = await import('../../shared/pipeline/elsewhere');
    isUp ??= makeIsUp();
    return carried(answerHealth(await (await isUp)(context)));
  },
});
