import { cutText, plainText, safeJson } from '../../shared/domain/text';
import { RunningHash } from '../../shared/domain/running-hash';
import { sha256 } from '../../shared/domain/json';
import { HOSTILE } from '../contracts/samples';

// eslint-disable-next-line no-control-regex -- what must not be there
const RISKY = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\ufeff]/;

describe('domain/plain-text', () => {
  it.each(HOSTILE)('%j is one line that nobody acts on', (text) => {
    expect(plainText(text)).not.toMatch(RISKY);
    expect(plainText(text)).toHaveLength(text.length);
  });

  it('cuts what is too long', () => {
    expect(plainText('abcdef', 3)).toBe('abc...');
  });

  it.each([...HOSTILE, '</script>'])('%j is the same again after JSON', (text) => {
    const json = safeJson({ [text]: [text] });

    const whole = text.toWellFormed();
    expect(JSON.parse(json)).toEqual({ [whole]: [whole] });
    expect(json).not.toMatch(RISKY);
    expect(json).not.toMatch(/[<>]/);
  });

  it('never leaves half a character', () => {
    expect(plainText('cut \ud83d')).toBe('cut \ufffd');
    expect(plainText('ab\u{1f600}cd', 3)).toBe('ab...');
    expect(cutText('ab\u{1f600}cd', 4)).toBe('ab\u{1f600}');
    expect(safeJson({ note: 'cut \ud83d', '\udc00': '\u{1f600}' })).toBe(
      '{"note":"cut \\ufffd","\\ufffd":"\u{1f600}"}',
    );
    expect(JSON.parse(safeJson('a \\ud83d b'))).toBe('a \\ud83d b');
  });

  it('hashes pieces as the whole', () => {
    const hash = new RunningHash();
    hash.add('Zo');
    hash.add('ë');

    expect(hash.end()).toBe(sha256('Zoë'));
  });
});
