import { loadFunctions, messageOf } from '../../cli/local-host/functions-core';

/**
 * Runs in a process of its own: invokes timer functions of a bundle, as often as it can until its standard input ends.
 * The first output says that they are loaded.
 */
async function run(bundle: string, functions: readonly string[]): Promise<void> {
  const host = await loadFunctions(bundle);
  process.stdin.resume();
  do {
    for (const name of functions) {
      await host.invoke(name, { input: { json: '{"isPastDue":false}' } });
    }
    process.stdout.write('.');
  } while (!process.stdin.readableEnded);
  await host.close();
}

const [bundle = '', ...functions] = process.argv.slice(2);
run(bundle, functions).catch((error: unknown) => {
  // Whoever waits for it must not wait for ever: its standard input keeps the process alive.
  process.stderr.write(messageOf(error), () => process.exit(1));
});
