// `npm run test:fast`: what needs no process, no storage emulator, no bundle and no browser, in seconds.
const all = require('../jest.config.cjs');

/** @type {import('jest').Config} */
module.exports = {
  ...all,
  rootDir: '..',
  testPathIgnorePatterns: [
    ...all.testPathIgnorePatterns,
    ...['bundle', 'cli', 'evaluate', 'functions', 'house', 'infra', 'properties', 'simulate'].map(
      (room) => `<rootDir>/test/${room}/`,
    ),
    ...['blobs', 'tables'].map((room) => `<rootDir>/test/adapters/${room}/`),
    '<rootDir>/test/contracts/tables',
    // Many people or findings each: seconds.
    '<rootDir>/test/pipeline/many-',
  ],
};
