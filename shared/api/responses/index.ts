/** What the API answers: the types of the handlers and the source of `openapi.json`. Unknown fields are errors. */
export * from './findings';
export * from './coverage';
export * from './monitor';
export * from './readiness';
export type { Body } from './parts';
