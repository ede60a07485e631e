/** Secrets by their look, wherever they stand: signed URLs, bearer tokens, push tokens, account keys. */
const SECRETS: readonly [look: RegExp, instead: string][] = [
  [/([?&](?:sig|code|sv|se|sp)=)[^&"\s\\]+/gi, '$1[redacted]'],
  [/\bBearer\s+[\w.~+/-]+=*/gi, 'Bearer [redacted]'],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, '[redacted token]'],
  [/\b(?:apns2?|gcm|fcm)-[\w:-]{16,}/gi, '[redacted push token]'],
  [/\b(AccountKey|SharedAccessSignature)=[^;"\s]+/gi, '$1=[redacted]'],
];

/** Takes every secret out of a text, by value: fields can be named anything. */
export function redact(text: string): string {
  return SECRETS.reduce((line, [look, instead]) => line.replace(look, instead), text);
}
