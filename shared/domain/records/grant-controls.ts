/** Grant controls as people know them; Graph, Log Analytics and streamed records spell them differently. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/^(?:require)?mfa$/i, 'MFA'],
  [/^(?:require)?(?:compliant|managed)device$/i, 'a compliant device'],
  [/^(?:require)?domainjoineddevice$/i, 'a hybrid joined device'],
  [/^(?:require)?approved(?:client)?app(?:lication)?$/i, 'an approved app'],
  [/^(?:require)?compliantapp(?:lication)?$/i, 'an app protection policy'],
  [/^(?:require)?passwordchange$/i, 'a password change'],
];

/** What a policy asked for, in words; a control that is not known keeps its name. */
export function controlInWords(control: string): string {
  return WORDS.find(([spelling]) => spelling.test(control.trim()))?.[1] ?? control;
}
