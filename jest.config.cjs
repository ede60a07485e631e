/** @type {import('jest').Config} */
module.exports = {
  roots: ['<rootDir>/test'],
  testEnvironment: 'node',
  testPathIgnorePatterns: [
    '/node_modules/',
    '<rootDir>/test/cases/',
    '<rootDir>/test/samples/',
    '<rootDir>/test/bench/',
    // Minutes long: npm run test:faults, test:crash, test:scale; .ci/run runs them all.
    '<rootDir>/test/faults/',
    '<rootDir>/test/crash/',
    '<rootDir>/test/scale/',
  ],
  transform: {
    '^.+\\.tsx?$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript', tsx: true }, target: 'es2023' },
        module: { type: 'commonjs' },
      },
    ],
  },
  collectCoverageFrom: ['shared/**/*.ts', 'cli/**/*.ts', 'functions/**/*.ts'],
  coverageReporters: ['text-summary', 'lcovonly'],
  coverageThreshold: {
    global: { lines: 90, functions: 90, statements: 90 },
    './shared/domain/': { lines: 100, functions: 100 },
    './shared/detectors/': { lines: 100, functions: 100 },
  },
};
