import { randomUUID } from 'node:crypto';
import { Server } from 'node:http';
import { createRequire, Module } from 'node:module';
import { version } from '../../package.json';
import { CrosscheckError } from '../../shared/domain/errors';

/**
 * A stand-in for `@azure/functions-core`, the module that the Functions worker gives to the library
 * `@azure/functions`. With it the built bundle registers and runs here as it does in Azure: arguments, hooks and
 * responses go through the library's own conversions, only the .NET host is missing.
 */

/** A value as it crosses between host and worker. */
export interface RpcTypedData {
  readonly json?: string;
  readonly string?: string;
  readonly bytes?: Uint8Array;
  readonly http?: RpcHttp;
}

export interface RpcNullableString {
  readonly value: string;
}

export interface RpcHttp {
  readonly url?: string;
  readonly method?: string;
  readonly nullableHeaders?: Readonly<Record<string, RpcNullableString>>;
  readonly nullableQuery?: Readonly<Record<string, RpcNullableString>>;
  readonly nullableParams?: Readonly<Record<string, RpcNullableString>>;
  readonly statusCode?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: readonly unknown[];
  readonly body?: RpcTypedData | null;
}

export interface Binding {
  readonly type: string;
  readonly direction: 'in' | 'out';
  readonly name?: string;
  /** Of a timer. */
  readonly schedule?: string;
  /** Of an HTTP trigger. */
  readonly route?: string;
  readonly methods?: readonly string[];
  readonly authLevel?: string;
}

export interface RegisteredFunction {
  readonly name: string;
  readonly trigger: Binding & { readonly name: string };
}

/** What a function is called with, in the shape the host would send. */
export interface Invocation {
  readonly input: RpcTypedData;
  readonly triggerMetadata?: Readonly<Record<string, RpcTypedData>>;
}

export interface InvocationResult {
  readonly invocationId: string;
  readonly returnValue?: RpcTypedData | null;
}

export interface LogLine {
  readonly level: string;
  readonly category: string;
  readonly message: string;
  /** Absent for what is logged outside of an invocation. */
  readonly functionName?: string;
}

/** The bundle cannot be loaded, or does not do what a bundle must. */
export class BundleError extends CrosscheckError {
  override readonly name = 'BundleError';
}

export interface LoadOptions {
  readonly log?: (line: LogLine) => void;
  /** The real module system, where a test runner has put its own in front of it. */
  readonly moduleSystem?: ModuleSystem;
}
export interface ModuleSystem {
  readonly Module: typeof Module;
  readonly createRequire: typeof createRequire;
}

/** A bundle that has been loaded and is ready to be invoked. */
export interface FunctionsHost {
  readonly functions: readonly RegisteredFunction[];
  /** Where the library takes streamed requests; only when the bundle asked for streaming. */
  readonly streamPort?: number;
  /**
   * Runs a function as the worker does.
   * @throws what the function throws, after its hooks have seen it.
   */
  invoke(name: string, invocation: Invocation, invocationId?: string): Promise<InvocationResult>;
  /** Runs the bundle's own ends, and closes what the library opened. */
  close(): Promise<void>;
}

/**
 * Loads a built bundle and lets it register its functions.
 * @throws BundleError when it throws at load, or registers nothing.
 */
export async function loadFunctions(
  bundle: string,
  options: LoadOptions = {},
): Promise<FunctionsHost> {
  const core = new Core(options.log ?? (() => undefined));
  const { Module: system, createRequire: requireFrom } = options.moduleSystem ?? {
    Module,
    createRequire,
  };
  const replaced = intercept(system, core.api);
  try {
    const load = requireFrom(bundle);
    // A second load is a new start, as in a new worker.
    Reflect.deleteProperty(load.cache, bundle);
    load(bundle);
  } catch (error) {
    throw new BundleError(`${bundle} throws when it is loaded: ${messageOf(error)}`, {
      cause: error,
    });
  } finally {
    replaced.restore();
  }
  await core.start();
  if (core.functions.length === 0) {
    throw new BundleError(`${bundle} registers no function`);
  }
  return core;
}

// ------------------------------------------------------------------------------------------- what the library knows

type Callback = (this: unknown, ...args: unknown[]) => unknown;
type HookContext = Record<string, unknown>;
type Hook = (context: HookContext) => unknown;

/** The part of the library that the worker drives. */
interface ProgrammingModel {
  readonly name: string;
  readonly version: string;
  getInvocationModel(context: object): InvocationModel;
  getCapabilities(capabilities: Record<string, string>): Promise<Record<string, string>>;
}

interface InvocationModel {
  getArguments(): Promise<{ context: object; inputs: unknown[] }>;
  invokeFunction(context: object, inputs: unknown[], handler: Callback): Promise<unknown>;
  getResponse(context: object, result: unknown): Promise<InvocationResult>;
}

interface Registered extends RegisteredFunction {
  readonly metadata: Metadata;
  readonly callback: Callback;
}

interface Metadata {
  readonly name: string;
  readonly bindings: Readonly<Record<string, Binding>>;
}

class Core implements FunctionsHost {
  readonly #registered = new Map<string, Registered>();
  readonly #hooks = new Map<string, Hook[]>();
  readonly #log: (line: LogLine) => void;
  readonly #appHookData = {};
  #model: ProgrammingModel | undefined;
  #isStarted = false;
  #streamServer: Server | undefined;
  streamPort?: number;

  constructor(log: (line: LogLine) => void) {
    this.#log = log;
  }

  /** What `require('@azure/functions-core')` gives. */
  readonly api = {
    version,
    hostVersion: '4.1040.0',
    Disposable: class Disposable {
      readonly #end: () => void;
      constructor(end: () => void) {
        this.#end = end;
      }
      dispose(): void {
        this.#end();
      }
    },
    registerFunction: (metadata: Metadata, callback: Callback): object =>
      this.#register(metadata, callback),
    registerHook: (name: string, hook: Hook): object => this.#registerHook(name, hook),
    setProgrammingModel: (model: ProgrammingModel): void => {
      this.#model = model;
    },
    getProgrammingModel: (): ProgrammingModel | undefined => this.#model,
    log: (level: string, category: string, message: string): void => {
      this.#log({ level, category, message });
    },
  };

  get functions(): readonly RegisteredFunction[] {
    return [...this.#registered.values()].map(({ name, trigger }) => ({ name, trigger }));
  }

  async start(): Promise<void> {
    await this.#runHooks('appStart', { hookData: this.#appHookData });
    this.#isStarted = true;
    if (this.#model !== undefined) {
      await this.#openStream(this.#model);
    }
  }

  async invoke(
    name: string,
    { input, triggerMetadata }: Invocation,
    invocationId: string = randomUUID(),
  ): Promise<InvocationResult> {
    const registered = this.#registered.get(name);
    if (registered === undefined || this.#model === undefined) {
      throw new BundleError(`there is no function ${name}`);
    }
    const { metadata, trigger } = registered;
    const current: { context?: object } = {};
    const coreContext = {
      invocationId,
      metadata,
      request: {
        invocationId,
        functionId: name,
        inputData: [{ name: trigger.name, data: input }],
        ...(triggerMetadata && { triggerMetadata }),
      },
      state: undefined as string | undefined,
      log: (level: string, category: string, message: string): void => {
        this.#write({ level, category, message, functionName: name }, current.context);
      },
    };
    const model = this.#model.getInvocationModel(coreContext);
    const args = await model.getArguments();
    const { context } = args;
    current.context = context;
    const shared = {
      hookData: {},
      appHookData: this.#appHookData,
      invocationContext: context,
      inputs: args.inputs,
    };
    const before = { ...shared, functionCallback: registered.callback };
    coreContext.state = 'preInvocationHooks';
    await this.#runHooks('preInvocation', before);
    const after: HookContext = { ...shared, inputs: before.inputs, result: null, error: null };
    coreContext.state = 'invocation';
    try {
      after['result'] = await model.invokeFunction(context, before.inputs, before.functionCallback);
    } catch (error) {
      after['error'] = error;
    }
    coreContext.state = 'postInvocationHooks';
    await this.#runHooks('postInvocation', after);
    if (after['error'] !== null && after['error'] !== undefined) {
      throw after['error'] as Error;
    }
    return model.getResponse(context, after['result']);
  }

  async close(): Promise<void> {
    await this.#runHooks('appTerminate', { hookData: this.#appHookData });
    this.#streamServer?.closeAllConnections();
    this.#streamServer?.close();
  }

  #register(metadata: Metadata, callback: Callback): object {
    const { name, bindings } = metadata;
    if (this.#isStarted) {
      throw new BundleError(
        `A function can only be registered during app startup, but ${name} was not`,
      );
    }
    if (this.#registered.has(name)) {
      throw new BundleError(`A function with the name ${name} is registered twice`);
    }
    const [bindingName, trigger] =
      Object.entries(bindings).find(([, each]) => /trigger$/i.test(each.type)) ?? [];
    if (bindingName === undefined || trigger === undefined) {
      throw new BundleError(`the function ${name} has no trigger`);
    }
    this.#registered.set(name, {
      ...{ name, metadata, callback },
      trigger: { ...trigger, name: bindingName },
    });
    return new this.api.Disposable(() => this.#registered.delete(name));
  }

  #registerHook(name: string, hook: Hook): object {
    const hooks = this.#hooks.get(name) ?? [];
    this.#hooks.set(name, [...hooks, hook]);
    return new this.api.Disposable(() =>
      this.#hooks.set(name, this.#hooks.get(name)?.filter((each) => each !== hook) ?? []),
    );
  }

  async #runHooks(name: string, context: HookContext): Promise<void> {
    for (const hook of this.#hooks.get(name) ?? []) {
      await hook(context);
    }
  }

  /** Log hooks may change level and text. */
  #write(line: LogLine, invocationContext: object | undefined): void {
    const { level, message, category } = line;
    const context: HookContext = { hookData: {}, level, message, category, invocationContext };
    for (const hook of this.#hooks.get('log') ?? []) {
      hook(context);
    }
    this.#log({ ...line, level: String(context['level']), message: String(context['message']) });
  }

  /** The library opens its door for streamed requests on every address; here it opens on loopback alone. */
  async #openStream(model: ProgrammingModel): Promise<void> {
    const prototype = Server.prototype as unknown as { listen: Callback };
    const original = prototype.listen;
    const opened: Server[] = [];
    prototype.listen = function onLoopback(...args) {
      opened.push(this as Server);
      const callbacks = args.filter((each) => typeof each === 'function');
      return original.call(this, 0, '127.0.0.1', ...callbacks);
    };
    try {
      const { HttpUri } = await model.getCapabilities({});
      if (HttpUri !== undefined) {
        this.streamPort = Number(new URL(HttpUri).port);
      }
    } finally {
      prototype.listen = original;
    }
    this.#streamServer = opened[0];
  }
}

// The bundle asks for the module as any CommonJS file does; nobody else's requests are touched.
function intercept(system: typeof Module, api: object): { readonly restore: () => void } {
  const prototype = system.prototype as unknown as { require: Callback };
  const original = prototype.require;
  prototype.require = function stepIn(id) {
    return id === '@azure/functions-core' ? api : original.call(this, id);
  };
  return {
    restore() {
      prototype.require = original;
    },
  };
}

/** What an error says. Those of a bundle may be of another realm, which `instanceof` does not know. */
export function messageOf(error: unknown): string {
  return (error as Partial<Error> | null | undefined)?.message ?? String(error);
}
