import type { createRequire } from 'node:module';
import { runInThisContext } from 'node:vm';

/** The columns that are used, of the tables that are asked. Names as Microsoft documents them. */
const TABLES: Readonly<Record<string, string>> = {
  traces: 'timestamp: datetime, message: string, operation_Name: string', // the same, asked through Application Insights
  AppTraces: 'TimeGenerated: datetime, Message: string, SeverityLevel: int, OperationName: string',
  AppRequests:
    'TimeGenerated: datetime, Name: string, Url: string, Success: bool, DurationMs: real',
  AppExceptions:
    'TimeGenerated: datetime, OperationName: string, ExceptionType: string, OuterMessage: string',
  AZKVAuditLogs:
    'TimeGenerated: datetime, OperationName: string, Identity: dynamic, CallerIpAddress: string, ResultType: string',
  AzureDiagnostics:
    'TimeGenerated: datetime, OperationName: string, ResourceProvider: string, CallerIPAddress: string',
  StorageTableLogs:
    'TimeGenerated: datetime, AccountName: string, OperationName: string, StatusText: string, AuthenticationType: string, RequesterObjectId: string, CallerIpAddress: string, Uri: string',
  StorageBlobLogs:
    'TimeGenerated: datetime, AccountName: string, OperationName: string, StatusText: string, AuthenticationType: string, RequesterObjectId: string, CallerIpAddress: string, Uri: string',
  Usage: 'TimeGenerated: datetime, DataType: string, Quantity: real, IsBillable: bool',
};

/** The little that is used of Microsoft's parser, which is written in C# and translated. */
interface Kusto {
  readonly Symbols: {
    readonly TableSymbol: { From: (columns: string) => { WithName: (name: string) => object } };
    readonly DatabaseSymbol: { readonly $ctor1: new (name: string, tables: object[]) => object };
  };
  readonly GlobalState: { readonly Default: { WithDatabase: (database: object) => object } };
  readonly KustoCode: {
    ParseAndAnalyze: (text: string, globals: object) => { GetDiagnostics: () => Diagnostics };
  };
}

interface Diagnostics {
  readonly Count: number;
  getItem: (index: number) => { readonly Message: string };
}

const { Language } = load();
const { TableSymbol, DatabaseSymbol } = Language.Symbols;
const database = new DatabaseSymbol.$ctor1(
  'workspace',
  Object.entries(TABLES).map(([name, columns]) => TableSymbol.From(`(${columns})`).WithName(name)),
);
const globals = Language.GlobalState.Default.WithDatabase(database);

/** What Kusto would say against a query, unknown tables and columns included. */
export function kustoProblems(query: string): readonly string[] {
  // A query that holds what is known only at deployment is the text inside of a format().
  const text = /^\[format\('([\s\S]*?)\n',/.exec(query)?.[1] ?? query;
  const found = Language.KustoCode.ParseAndAnalyze(text, globals).GetDiagnostics();
  return Array.from({ length: found.Count }, (_, index) => found.getItem(index).Message);
}

/** It hangs itself on the global object, which under jest is not the one that Node's own modules see. */
function load(): { readonly Language: Kusto } {
  const real = runInThisContext('globalThis') as Record<string, unknown>;
  const requireReal = (
    runInThisContext("process.getBuiltinModule('node:module')") as {
      createRequire: typeof createRequire;
    }
  ).createRequire(__filename);
  requireReal('@kusto/language-service-next/bridge.js');
  requireReal('@kusto/language-service-next/Kusto.Language.Bridge.js');
  return real['Kusto'] as { readonly Language: Kusto };
}
